//! `01_connect_to_instance`.

use std::sync::Arc;

use super::super::failure::ToolFailure;
use super::super::services::Services;
use super::super::spec::{Answered, Tool};
use super::asked::{READS, ask};
use crate::contract::{Annotations, Binding, ToolCall};
use crate::registry::ToolSet;
use crate::semantic_model::facts::connect;

/// `01_connect_to_instance`.
pub(in crate::tools) struct ConnectToInstance;

impl Tool for ConnectToInstance {
    type Arguments = connect::Args;
    type Answer = connect::Answer;

    const NAME: &'static str = "01_connect_to_instance";
    const TITLE: &'static str = "Connect to a semantic model";
    const DESCRIPTION: &'static str =
        "Choose the model that later calls are about, by path, name or index, and count what is in it.";
    const SET: ToolSet = ToolSet::Pack;
    const ANNOTATIONS: Annotations = READS;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("index", "model_index")];

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        let answer = ask(&services, &call, move |models| connect::run(models, &arguments)).await?;
        let binds = Some(Binding {
            model_path: answer.model.path.clone(),
            model_name: answer.model.name.clone(),
            fingerprint: answer.fingerprint.clone(),
        });
        Ok(Answered { answer, failure: None, binds })
    }
}
