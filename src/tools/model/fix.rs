//! The model of a run, fixed before its first step: what the run is bound to
//! does not change when files come and go beside it.

use serde_json::Value;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::asked::ask;
use crate::base::ErrorKind;
use crate::contract::{Binding, ToolCall};
use crate::semantic_model::models::ModelName;

/// The model that `named` means (a path, name or index; empty or null: the
/// connected one, else the only one), read to see that it can be.
pub(in crate::tools) async fn fix(
    services: &Services,
    call: &ToolCall,
    named: Option<&Value>,
) -> Result<Binding, ToolFailure> {
    let named = match named {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() => None,
        Some(value) => Some(serde_json::from_value::<ModelName>(value.clone()).map_err(|_| {
            ToolFailure::new(ErrorKind::InvalidInput, format!("`model` is {value}: not a path, name or index"))
                .with_hint("01_detect_pbi_instances lists the models")
        })?),
    };
    let opened = ask(services, call, move |models| models.open(named.as_ref())).await?;
    Ok(Binding { model_path: opened.identity.path, model_name: opened.identity.name, fingerprint: opened.fingerprint })
}
