//! What a tool of ours is, and its line in the table.

use std::sync::Arc;

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::failure::ToolFailure;
use super::schema;
use super::services::Services;
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::contract::{Annotations, Binding, CallFailure, ToolCall, ToolDefinition, ToolOutput};
use crate::registry::{Listed, ToolSet};

/// A tool of ours.
pub trait Tool: 'static {
    /// Its arguments: `#[serde(deny_unknown_fields)]`, optional ones as
    /// `Option` or with a default. Field comments become descriptions: short
    /// ones, since the whole list is sent to every client.
    type Arguments: DeserializeOwned + JsonSchema + Send;
    /// Its answer, without `success` and `_next_steps`. A struct with fields.
    type Answer: Serialize + JsonSchema;

    /// The name clients and templates use.
    const NAME: &'static str;
    /// A title for people.
    const TITLE: &'static str;
    /// What it is for and when to use another, for a model that chooses.
    const DESCRIPTION: &'static str;
    /// Its group.
    const SET: ToolSet;
    /// Its hints.
    const ANNOTATIONS: Annotations;
    /// Other names of arguments, as (alias, name).
    const ALIASES: &'static [(&'static str, &'static str)] = &[];

    /// Does the work. `call.arguments` is empty here. What computes for more
    /// than a few milliseconds or reads files goes through [`blocking`].
    fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> impl Future<Output = Result<Answered<Self::Answer>, ToolFailure>> + Send;
}

/// A tool of ours whose call is the call of another, which answers it.
pub trait Relay: 'static {
    /// As [`Tool::Arguments`].
    type Arguments: DeserializeOwned + JsonSchema + Send;

    /// As [`Tool::NAME`].
    const NAME: &'static str;
    /// As [`Tool::TITLE`].
    const TITLE: &'static str;
    /// As [`Tool::DESCRIPTION`].
    const DESCRIPTION: &'static str;
    /// As [`Tool::SET`].
    const SET: ToolSet;
    /// As [`Tool::ANNOTATIONS`].
    const ANNOTATIONS: Annotations;

    /// Makes the other call through [`Services::all_tools`] and gives what comes
    /// of it; the outer `Err` is for a call that is not made.
    fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> impl Future<Output = Result<Relayed, ToolFailure>> + Send;
}

/// What came of another tool's call.
pub type Relayed = Result<ToolOutput, CallFailure>;

/// A tool's answer and what goes with it.
#[derive(Debug)]
pub struct Answered<T> {
    /// The answer.
    pub answer: T,
    /// Makes it an `isError` result that still has the answer's fields, as a
    /// failed run has its steps.
    pub failure: Option<ToolFailure>,
    /// What the caller's run or session is bound to from now on.
    pub binds: Option<Binding>,
}

impl<T> From<T> for Answered<T> {
    fn from(answer: T) -> Self {
        Self { answer, failure: None, binds: None }
    }
}

type Run = fn(Arc<Services>, ToolCall) -> BoxFuture<'static, Result<Relayed, ToolFailure>>;

/// A tool's line in the table.
#[derive(Clone, Copy)]
pub struct Spec {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    set: ToolSet,
    annotations: Annotations,
    aliases: &'static [(&'static str, &'static str)],
    input: fn() -> Value,
    /// None where another tool answers.
    output: Option<fn() -> Value>,
    run: Run,
}

impl Spec {
    /// The line of `T`.
    #[must_use]
    pub const fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            title: T::TITLE,
            description: T::DESCRIPTION,
            set: T::SET,
            annotations: T::ANNOTATIONS,
            aliases: T::ALIASES,
            input: schema::input::<T::Arguments>,
            output: Some(schema::output::<T::Answer>),
            run: run::<T>,
        }
    }

    /// The line of a tool that relays.
    #[must_use]
    pub const fn relaying<T: Relay>() -> Self {
        Self {
            name: T::NAME,
            title: T::TITLE,
            description: T::DESCRIPTION,
            set: T::SET,
            annotations: T::ANNOTATIONS,
            aliases: &[],
            input: schema::input::<T::Arguments>,
            output: None,
            run: relay::<T>,
        }
    }

    /// The tool's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The tool's group.
    #[must_use]
    pub fn set(&self) -> ToolSet {
        self.set
    }

    /// The tool as the registry takes it.
    #[must_use]
    pub fn listed(&self) -> Listed {
        let definition = ToolDefinition {
            name: self.name.to_owned(),
            title: Some(self.title.to_owned()),
            description: self.description.to_owned(),
            input_schema: (self.input)(),
            output_schema: self.output.map(|output| output()),
            annotations: self.annotations,
        };
        let aliases = self.aliases.iter().map(|(alias, name)| ((*alias).to_owned(), (*name).to_owned()));
        Listed { aliases: aliases.collect(), relays: self.output.is_none(), ..Listed::new(definition, self.set) }
    }

    pub(super) fn run(&self, services: Arc<Services>, call: ToolCall) -> BoxFuture<'static, Relayed> {
        let done = (self.run)(services, call);
        Box::pin(async move { done.await.unwrap_or_else(|failure| Ok(failure.into_output())) })
    }
}

/// The arguments of a call, taken out of it.
fn arguments<A: DeserializeOwned>(name: &str, call: &mut ToolCall) -> Result<A, ToolFailure> {
    serde_json::from_value(Value::Object(std::mem::take(&mut call.arguments))).map_err(|error| {
        ToolFailure::new(ErrorKind::InvalidInput, format!("the arguments of `{name}` are not valid: {error}"))
    })
}

fn relay<T: Relay>(services: Arc<Services>, mut call: ToolCall) -> BoxFuture<'static, Result<Relayed, ToolFailure>> {
    Box::pin(async move {
        let arguments = arguments(T::NAME, &mut call)?;
        T::run(services, arguments, call).await
    })
}

fn run<T: Tool>(services: Arc<Services>, mut call: ToolCall) -> BoxFuture<'static, Result<Relayed, ToolFailure>> {
    Box::pin(async move {
        let arguments = arguments(T::NAME, &mut call)?;
        let answered = T::run(services, arguments, call).await?;
        let answer = serde_json::to_value(answered.answer).map_err(|error| {
            ToolFailure::new(ErrorKind::Internal, format!("the answer of `{}` cannot be written: {error}", T::NAME))
        })?;
        let Value::Object(fields) = answer else {
            return Err(ToolFailure::new(ErrorKind::Internal, format!("the answer of `{}` is no object", T::NAME)));
        };
        let mut output = if let Some(mut failure) = answered.failure {
            // The answer's own `error` may be an object; the sentence is what every failure has.
            failure.extra.extend(fields);
            failure.into_output()
        } else {
            let mut body = Object::new();
            body.insert("success".to_owned(), json!(true));
            body.extend(fields);
            ToolOutput::structured(Value::Object(body))
        };
        output.binds = answered.binds;
        Ok(Ok(output))
    })
}

/// Runs work that would hold up other calls on a thread of its own.
pub async fn blocking<T, F>(work: F) -> Result<T, ToolFailure>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, ToolFailure> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => Err(ToolFailure::new(ErrorKind::Interrupted, "the process is ending")),
    }
}

#[cfg(test)]
mod tests;
