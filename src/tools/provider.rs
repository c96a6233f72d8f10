//! Our tools as a source of tools.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::services::Services;
use super::spec::Spec;
use crate::base::ErrorKind;
use crate::contract::{CallFailure, ToolCall, ToolOutput};
use crate::registry::{Listed, Provider};

/// The tools of a table over the parts they work with.
pub struct OwnTools {
    specs: &'static [Spec],
    by_name: HashMap<&'static str, &'static Spec>,
    services: Arc<Services>,
}

impl OwnTools {
    /// All tools of ours: `OwnTools::new(ALL, services)`.
    #[must_use]
    pub fn new(specs: &'static [Spec], services: Arc<Services>) -> Self {
        Self { specs, by_name: specs.iter().map(|spec| (spec.name(), spec)).collect(), services }
    }
}

impl Provider for OwnTools {
    fn tools(&self) -> Vec<Listed> {
        self.specs.iter().map(Spec::listed).collect()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        let spec = self.by_name.get(call.name.as_str()).copied();
        let services = Arc::clone(&self.services);
        Box::pin(async move {
            match spec {
                Some(spec) => spec.run(services, call).await,
                None => Err(CallFailure::new(ErrorKind::NotFound, format!("there is no tool `{}`", call.name))),
            }
        })
    }
}
