//! What a run needs of the process that drives it (P5): written down when the
//! run is made, compared before another process takes it over. Must not know
//! how a process comes by any of it.

use std::path::{Path, PathBuf};

use super::shared::Shared;
use crate::contract::CallTool;
use crate::store::Needs;
use crate::workflow::plan::{Plan, StepKind};

/// What this process lacks for a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lack {
    /// What its configuration would have to say, in words.
    pub(super) configured: Vec<String>,
    /// Tools that are not there now and may come.
    pub(super) tools: Vec<String>,
}

impl Lack {
    pub(super) fn is_empty(&self) -> bool {
        self.configured.is_empty() && self.tools.is_empty()
    }

    /// For people.
    pub(super) fn told(&self) -> Vec<String> {
        let tools = self.tools.iter().map(|tool| format!("tool `{tool}`"));
        self.configured.iter().cloned().chain(tools).collect()
    }
}

/// What a run of this plan, whose text is `text`, needs of its process.
pub(super) fn of(plan: &Plan, text: &str, shared: &Shared) -> Needs {
    let tools = shared.tools();
    let mut needs = Needs { tools: called(plan).map(str::to_owned).collect(), ..Needs::default() };
    let optional = plan.steps.iter().flat_map(|step| {
        step.alternatives.iter().map(String::as_str).chain(step.compensate.iter().map(|call| call.tool.as_str()))
    });
    let mut ours = plan.steps.iter().any(|step| !matches!(step.kind, StepKind::Action(_)) && may_call(&step.kind));
    for tool in called(plan).chain(optional) {
        let server = tools.server_of(tool).and_then(|server| Some((tools.launch(&server)?, server)));
        match server {
            Some((launch, server)) => drop(needs.servers.insert(server, launch)),
            None => ours = true,
        }
    }
    // Servers know nothing of our roots.
    if ours {
        needs.roots = shared.roots.iter().map(|root| root.to_string_lossy().into_owned()).collect();
    }
    needs.secrets = named(text).filter(|name| shared.secrets.knows(name)).map(str::to_owned).collect();
    needs
}

/// Tools that the steps of a plan call.
fn called(plan: &Plan) -> impl Iterator<Item = &str> {
    plan.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Action(call) => Some(call.tool.as_str()),
        StepKind::AgentTask { .. }
        | StepKind::Capability { .. }
        | StepKind::Condition { .. }
        | StepKind::Parallel { .. }
        | StepKind::Loop { .. }
        | StepKind::Wait(_)
        | StepKind::HumanTask { .. }
        | StepKind::Webhook(_)
        | StepKind::Workflow { .. }
        | StepKind::Transform { .. } => None,
    })
}

/// Whether a step may come to a tool that the plan does not name.
fn may_call(kind: &StepKind) -> bool {
    matches!(kind, StepKind::Capability { .. })
}

/// The names after `secrets.` in a plan's text.
fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split("secrets.").skip(1).map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        &rest[..end]
    })
}

/// What this process lacks of it.
pub(super) fn lack(needs: &Needs, shared: &Shared) -> Lack {
    lacking(needs, &*shared.tools(), &|name| shared.secrets.knows(name), &shared.roots)
}

fn lacking(needs: &Needs, tools: &dyn CallTool, knows: &dyn Fn(&str) -> bool, roots: &[PathBuf]) -> Lack {
    let mut lack = Lack::default();
    for (server, launch) in &needs.servers {
        match tools.launch(server) {
            None => lack.configured.push(format!("server `{server}`")),
            Some(here) if here != *launch => {
                lack.configured.push(format!("server `{server}` started as when the run began"));
            }
            Some(_) => {}
        }
    }
    let secrets = needs.secrets.iter().filter(|name| !knows(name));
    lack.configured.extend(secrets.map(|name| format!("secret `{name}`")));
    let within = |root: &str| roots.iter().any(|own| Path::new(root).starts_with(own));
    lack.configured.extend(needs.roots.iter().filter(|root| !within(root)).map(|root| format!("root `{root}`")));
    lack.tools = needs.tools.iter().filter(|tool| tools.definition(tool).is_none()).cloned().collect();
    lack
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use futures::future::BoxFuture;

    use super::{Lack, lacking, named};
    use crate::contract::{Annotations, CallFailure, CallTool, ToolCall, ToolDefinition, ToolOutput};
    use crate::store::Needs;

    /// A process with one server and its tool.
    struct One;

    impl CallTool for One {
        fn call(&self, _: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
            unreachable!("nothing is called")
        }

        fn definition(&self, name: &str) -> Option<ToolDefinition> {
            (name == "crm__list").then(|| ToolDefinition {
                name: name.to_owned(),
                title: None,
                description: String::new(),
                input_schema: serde_json::json!({}),
                output_schema: None,
                annotations: Annotations::default(),
            })
        }

        fn launch(&self, server: &str) -> Option<String> {
            (server == "crm").then(|| "h1".to_owned())
        }

        fn names(&self) -> Vec<String> {
            Vec::new()
        }
    }

    fn told(needs: &Needs) -> Vec<String> {
        lacking(needs, &One, &|name| name == "TOKEN", &[PathBuf::from("/data")]).told()
    }

    #[test]
    fn a_process_that_has_all_of_it_lacks_nothing() {
        let needs = Needs {
            tools: ["crm__list".to_owned()].into(),
            servers: [("crm".to_owned(), "h1".to_owned())].into(),
            secrets: ["TOKEN".to_owned()].into(),
            roots: ["/data".to_owned(), "/data/sub".to_owned()].into(),
        };
        assert_eq!(lacking(&needs, &One, &|_| true, &[PathBuf::from("/data")]), Lack::default());
        assert_eq!(told(&needs), [""; 0]);
    }

    #[test]
    fn what_is_lacking_is_named() {
        let needs = Needs {
            tools: ["crm__gone".to_owned()].into(),
            servers: [("crm".to_owned(), "h2".to_owned()), ("git".to_owned(), "h".to_owned())].into(),
            secrets: ["OTHER".to_owned()].into(),
            roots: ["/database".to_owned()].into(),
        };
        assert_eq!(
            told(&needs),
            [
                "server `crm` started as when the run began",
                "server `git`",
                "secret `OTHER`",
                "root `/database`",
                "tool `crm__gone`"
            ]
        );
    }

    #[test]
    fn the_names_of_secrets_are_found_in_a_plan() {
        let text = r#"{"a":"Bearer {{ secrets.TOKEN }}","b":"{{ 'x' ~ secrets.K_2~'' }}"}"#;
        assert_eq!(named(text).collect::<Vec<_>>(), ["TOKEN", "K_2"]);
        assert_eq!(named("nothing").count(), 0);
    }
}
