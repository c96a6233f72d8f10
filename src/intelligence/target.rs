//! What can come next: a tool, or a workflow through `execute_workflow`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::json::Object;
use crate::intelligence::catalogue::Catalogue;

/// The tool that starts workflows.
pub(crate) const EXECUTE_WORKFLOW: &str = "execute_workflow";
/// What a workflow's key begins with; no tool's name may hold a colon.
const WORKFLOW_KEY: &str = "workflow:";

/// A tool, or a workflow.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A tool's listed name.
    Tool(String),
    /// A template's id: `execute_workflow` with it.
    Workflow(String),
}

impl Target {
    /// What a call calls: the workflow, where it starts a named one.
    #[must_use]
    pub fn of(tool: &str, arguments: &Object) -> Self {
        let template = arguments.get("template_id").and_then(Value::as_str).filter(|_| tool == EXECUTE_WORKFLOW);
        template.map_or_else(|| Self::Tool(tool.to_owned()), |id| Self::Workflow(id.to_owned()))
    }

    /// One text for either, for the log of sequences.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Tool(name) => name.clone(),
            Self::Workflow(id) => format!("{WORKFLOW_KEY}{id}"),
        }
    }

    /// Reads a key.
    #[must_use]
    pub fn from_key(key: &str) -> Self {
        match key.strip_prefix(WORKFLOW_KEY) {
            Some(id) => Self::Workflow(id.to_owned()),
            None => Self::Tool(key.to_owned()),
        }
    }

    /// The tool's name or the workflow's id.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Tool(name) | Self::Workflow(name) => name,
        }
    }

    /// Whether it can be called now.
    #[must_use]
    pub fn callable(&self, catalogue: &Catalogue) -> bool {
        match self {
            Self::Tool(name) => catalogue.tool(name).is_some(),
            Self::Workflow(id) => catalogue.tool(EXECUTE_WORKFLOW).is_some() && catalogue.workflow(id).is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_call_that_starts_a_named_workflow_is_that_workflow() {
        let arguments = json!({"template_id": "model_inventory"});
        let arguments = arguments.as_object().unwrap();
        assert_eq!(Target::of("execute_workflow", arguments), Target::Workflow("model_inventory".to_owned()));
        assert_eq!(Target::of("optimize_workflow", arguments), Target::Tool("optimize_workflow".to_owned()));
        assert_eq!(Target::of("execute_workflow", &Object::new()), Target::Tool("execute_workflow".to_owned()));
    }

    #[test]
    fn keys_read_back() {
        for target in [Target::Tool("git__log".to_owned()), Target::Workflow("model_inventory".to_owned())] {
            assert_eq!(Target::from_key(&target.key()), target);
        }
    }
}
