//! The one way to call a tool, and everything that happens around a call.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer::{self, ANSWER_LIMIT, FULL_LIMIT, INTERACTION_ID};
use super::arguments::{self, Rejected};
use super::catalogue::{Catalogue, Entry, Refused};
use super::list::{ListPlan, ListSettings};
use super::nearest::nearest;
use super::observer::{Finished, InteractionId, Observer, Started};
use super::provider::{Provider, ToolSet};
use super::redact;
use super::run::{relay, run};
use super::sessions::Sessions;
use super::sources::Sources;
use crate::base::json::Object;
use crate::base::slots::Slots;
use crate::base::{Clock, Entropy, ErrorKind};
use crate::config::{NextSteps, Redaction};
use crate::contract::{
    Binding, CallFailure, CallTool, Known, Origin, Pinned, ToolCall, ToolDefinition, ToolOutput, sought,
};
use crate::intelligence::Entry as Suggestible;

/// How long the list waits for servers that were never seen before.
pub const SETTLE_WAIT: Duration = Duration::from_secs(2);

/// What a registry is made of.
pub struct RegistryParts {
    /// Told of every call; proposes next steps.
    pub observer: Arc<dyn Observer>,
    /// Takes secrets out of recorded arguments.
    pub redaction: Redaction,
    /// How the list is made.
    pub list: ListSettings,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub entropy: Arc<dyn Entropy>,
}

/// The catalogue of all tools, and the way to call them.
pub struct Registry {
    parts: RegistryParts,
    sources: Sources,
    shown: Mutex<Option<Shown>>,
    changed: watch::Sender<u64>,
    sessions: Sessions,
}

/// The list, and the tools that it was made of.
struct Shown {
    plan: Arc<ListPlan>,
    of: Arc<Catalogue>,
}

impl Registry {
    /// A registry without tools.
    #[must_use]
    pub fn new(parts: RegistryParts) -> Self {
        Self {
            parts,
            sources: Sources::default(),
            shown: Mutex::default(),
            changed: watch::Sender::new(0),
            sessions: Sessions::default(),
        }
    }

    /// Adds a source of tools. It comes after those already there: of two tools
    /// with one name the earlier stays.
    pub fn add(&self, provider: Arc<dyn Provider>) {
        self.sources.add(provider);
    }

    /// Asks every source for its tools again, also those that do not say when
    /// theirs changed.
    pub fn refresh(&self) {
        self.sources.refresh();
    }

    /// What `tools/list` shows. Made when first asked for; from then on what is
    /// listed keeps its place for as long as it is there.
    #[must_use]
    pub fn list(&self) -> Arc<ListPlan> {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let of = self.catalogue();
        let before = match &*shown {
            Some(shown) if Arc::ptr_eq(&shown.of, &of) => return Arc::clone(&shown.plan),
            Some(shown) => Some(Arc::clone(&shown.plan)),
            None => None,
        };
        let plan = ListPlan::make(of.listed(), &self.parts.list, before.as_deref());
        let plan = match before {
            Some(before) if before.listed == plan.listed => before,
            Some(_) => {
                self.changed.send_modify(|times| *times += 1);
                Arc::new(plan)
            }
            None => Arc::new(plan),
        };
        *shown = Some(Shown { plan: Arc::clone(&plan), of });
        plan
    }

    /// Fires when the list is another than the one that was last asked for.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Looks for changes of the tools as they come, so that [`Registry::changed`]
    /// fires unasked. Never ends.
    pub async fn follow(&self) -> Infallible {
        self.sources
            .follow(|| {
                let listed = self.shown.lock().unwrap_or_else(PoisonError::into_inner).is_some();
                if listed {
                    // Nobody is told of a change to a list that nobody has.
                    drop(self.list());
                }
            })
            .await
    }

    /// Tools that are not in the catalogue because their names are taken.
    #[must_use]
    pub fn refused(&self) -> Vec<Refused> {
        self.catalogue().refused.clone()
    }

    /// Waits until every source knows its tools; the list is whole then. Bound
    /// it: a server may take long to start, or hang.
    pub async fn settled(&self) {
        self.sources.settled().await;
    }

    /// Makes a call.
    ///
    /// For a client or the command line every failure is an `isError` output,
    /// and the only `Err` is a name that nobody knows. A step also gets the
    /// `Err` of a call that brought no output, to decide on.
    pub async fn dispatch(&self, mut call: ToolCall) -> Result<ToolOutput, CallFailure> {
        let entry = match self.find(&call).await {
            Some(entry) => Ok(entry),
            None => Err(self.refusal(&call.name).ok_or_else(|| self.unknown(&call.name))?),
        };
        let set = entry.as_ref().map_or(ToolSet::Server, |entry| entry.listed.set);
        let place = entry.as_ref().map_or(NextSteps::default(), |entry| entry.listed.next_steps);
        if let Ok(entry) = &entry
            && set.is_ours()
        {
            normalise(&mut call.arguments, entry);
        }
        let asked_by_person = matches!(call.origin, Origin::Client { .. } | Origin::Cli { .. });
        let session = call.origin.session().filter(|_| asked_by_person).map(ToOwned::to_owned);
        if call.binding.is_none() {
            call.binding = session.as_deref().and_then(|session| self.sessions.binding(session));
        }
        let limit = call.arguments.get("limit_bytes").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        // Who asks for everything gets it, up to what a client can be expected to take.
        let full = call.arguments.get("detail").is_some_and(|detail| detail == "full");
        let limit = limit.or(full.then_some(FULL_LIMIT));

        let now = self.parts.clock.now();
        let started = Started {
            id: InteractionId(self.parts.entropy.uuid(now)),
            tool: call.name.clone(),
            set,
            parameters: redact::parameters(&call.arguments, &self.parts.redaction),
            unrecorded: call.unrecorded,
            origin: call.origin.clone(),
            at: now,
        };
        let about = About::of(call.binding.as_ref(), &started.parameters);
        let ready = match &entry {
            Ok(entry) => check(entry, &call).map(|()| entry).map_err(|rejected| (rejected.into_output(), None)),
            Err(refusal) => Err((answer::of_failure(refusal), Some(refusal.clone()))),
        };
        let mut refused = None;
        if let Ok(entry) = &ready
            && entry.listed.relays
        {
            match relay(&*entry.provider, call.clone()).await {
                Ok(own) if !own.meta.contains_key(INTERACTION_ID) => refused = Some(own),
                // The other tool's call: recorded and answered as that.
                done => return done,
            }
        }
        let open = Open::new(self, started);
        let ran = match (ready, refused) {
            (Err(failed), _) => Err(failed),
            (Ok(_), Some(refused)) => Ok(refused),
            (Ok(entry), None) => match run(&*entry.provider, call).await {
                Ok(output) => Ok(ToolOutput { untouched: !set.is_ours(), ..output }),
                Err(failure) => Err((answer::of_failure(&failure), Some(failure))),
            },
        };
        let (mut output, failure) = match ran {
            Ok(output) => (output, None),
            Err(failed) => failed,
        };
        let (id, steps) = open.close(&output, &about);
        if let Some(failure) = failure.filter(|_| !asked_by_person) {
            return Err(failure);
        }
        if let Some(session) = &session {
            if let Some(binding) = &output.binds {
                self.sessions.bind(session, binding.clone());
            }
            if !output.untouched {
                answer::attach_own(&mut output, steps, limit.unwrap_or(ANSWER_LIMIT).max(ANSWER_LIMIT));
            } else if let Some(steps) = steps {
                let last = self.sessions.last_steps(session);
                if let Some(shown) = answer::attach_foreign(&mut output, steps, place, last.as_deref()) {
                    self.sessions.showed(session, shown);
                }
            }
        }
        output.meta.insert(INTERACTION_ID.to_owned(), json!(id.0));
        Ok(output)
    }

    /// Every tool that can be called, as what can be proposed. The same while the tools are the same.
    #[must_use]
    pub fn entries(&self) -> Arc<[Suggestible]> {
        self.catalogue().entries()
    }

    /// Whether calls of the tool are handed on to a server and nothing else.
    #[must_use]
    pub fn forwards(&self, name: &str) -> bool {
        self.catalogue().get(name).is_some_and(|entry| entry.listed.set == ToolSet::Server && !entry.listed.relays)
    }

    /// A text without the secrets of the configuration; `None` when it holds none.
    #[must_use]
    pub fn redact(&self, text: &str) -> Option<String> {
        self.parts.redaction.redact(text)
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        self.sources.catalogue()
    }

    /// The tool that a call names. A client that remembers our list from before
    /// may name one of a server that has not been asked yet.
    async fn find(&self, call: &ToolCall) -> Option<Arc<Entry>> {
        if let Some(entry) = self.catalogue().get(&call.name) {
            return Some(Arc::clone(entry));
        }
        sought(self, std::slice::from_ref(&call.name), call.timeout, &call.cancel).await;
        self.catalogue().get(&call.name).map(Arc::clone)
    }

    /// What the source of a tool says that it knows and does not give out.
    fn refusal(&self, name: &str) -> Option<CallFailure> {
        self.sources.refusal(name)
    }

    fn unknown(&self, name: &str) -> CallFailure {
        let shown: String = name.chars().take(100).collect();
        let catalogue = self.catalogue();
        let close = nearest(name, catalogue.names());
        let hint = if close.is_empty() {
            "`tools/list` has the names".to_owned()
        } else {
            format!("did you mean {}?", close.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or "))
        };
        CallFailure::new(ErrorKind::NotFound, format!("there is no tool `{shown}`")).with_hint(hint)
    }
}

impl CallTool for Registry {
    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        Box::pin(self.dispatch(call))
    }

    fn definition(&self, name: &str) -> Option<ToolDefinition> {
        self.catalogue().get(name).map(|entry| entry.listed.definition.clone())
    }

    fn known(&self, name: &str) -> Option<Known> {
        let catalogue = self.catalogue();
        let listed = &catalogue.get(name)?.listed;
        Some(Known { definition: listed.definition.clone(), aliases: listed.aliases.clone() })
    }

    fn pinned(&self, name: &str) -> Option<Pinned> {
        self.catalogue().get(name).map(|entry| entry.pinned().clone())
    }

    fn pool(&self, name: &str) -> Option<Slots> {
        self.catalogue().get(name)?.provider.pool(name)
    }

    fn ready(&self, name: &str) -> Option<BoxFuture<'static, ()>> {
        self.catalogue().get(name)?.provider.ready(name)
    }

    fn server_of(&self, tool: &str) -> Option<String> {
        self.sources.server_of(tool)
    }

    fn launch(&self, server: &str) -> Option<String> {
        self.sources.launch(server)
    }

    fn absence(&self, name: &str) -> CallFailure {
        self.refusal(name).unwrap_or_else(|| self.unknown(name))
    }

    fn seek<'s>(&'s self, names: &'s [String]) -> BoxFuture<'s, ()> {
        Box::pin(async move {
            let catalogue = self.catalogue();
            let missing: Vec<String> = names.iter().filter(|name| catalogue.get(name).is_none()).cloned().collect();
            if missing.is_empty() {
                return;
            }
            self.sources.seek(&missing).await;
        })
    }

    fn names(&self) -> Vec<String> {
        self.catalogue().names().map(ToOwned::to_owned).collect()
    }

    fn keeps_time(&self) -> bool {
        true
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.sources.settled())
    }
}

/// Aliases become names, and `null` for an argument that need not be given is
/// the same as not giving it: models write both.
fn normalise(arguments: &mut Object, entry: &Entry) {
    for (alias, name) in &entry.listed.aliases {
        if !arguments.contains_key(name)
            && let Some(value) = arguments.shift_remove(alias)
        {
            arguments.insert(name.clone(), value);
        }
    }
    let required = entry.listed.definition.input_schema.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one.as_str() == Some(name)));
    arguments.retain(|name, value| !value.is_null() || is_required(name));
}

fn check(entry: &Entry, call: &ToolCall) -> Result<(), Box<Rejected>> {
    arguments::bounded(&call.name, &call.arguments)?;
    match entry.check() {
        Some(check) => check.run(&call.name, &entry.listed.definition.input_schema, &call.arguments),
        None => Ok(()),
    }
}

impl Rejected {
    fn into_output(self) -> ToolOutput {
        let mut extra = Object::new();
        extra.insert("errors".to_owned(), self.errors);
        if !self.example_call.is_null() {
            extra.insert("example_call".to_owned(), self.example_call);
        }
        answer::failure_output(ErrorKind::InvalidInput, &self.error, Some(&self.hint), extra)
    }
}

/// What a call is about, as far as its arguments and binding tell.
#[derive(Default)]
struct About {
    model: Option<String>,
    table: Option<String>,
}

impl About {
    /// From the parameters as they are recorded: a table's name may hold a secret like any text.
    fn of(binding: Option<&Binding>, parameters: &Object) -> Self {
        let text = |name: &str| parameters.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        Self {
            model: binding.map(|binding| binding.model_name.clone()),
            table: text("table").or_else(|| text("table_name")),
        }
    }
}

/// A call whose end is not recorded yet. A dropped one is recorded as
/// interrupted: its caller went away.
struct Open<'r> {
    registry: &'r Registry,
    begun: Duration,
    started: Option<Started>,
}

impl<'r> Open<'r> {
    fn new(registry: &'r Registry, started: Started) -> Self {
        registry.parts.observer.started(&started);
        Self { registry, begun: registry.parts.clock.monotonic(), started: Some(started) }
    }

    fn close(mut self, output: &ToolOutput, about: &About) -> (InteractionId, Option<Vec<Value>>) {
        match self.started.take() {
            Some(started) => {
                let steps = self.finish(&started, output, about, true);
                (started.id, steps)
            }
            None => (InteractionId(String::new()), None),
        }
    }

    fn finish(&self, started: &Started, output: &ToolOutput, about: &About, delivered: bool) -> Option<Vec<Value>> {
        let told =
            |pointer: &str| output.structured.as_ref().and_then(|body| body.pointer(pointer)).and_then(Value::as_str);
        let ours = started.set.is_ours();
        let model = output.binds.as_ref().map(|binding| binding.model_name.as_str());
        let model = model.or_else(|| told("/model/name").filter(|_| ours)).or(about.model.as_deref());
        let table = about.table.as_deref().or_else(|| told("/table").filter(|_| ours));
        let end = Finished {
            output,
            error_kind: output.error_kind(),
            duration: self.registry.parts.clock.monotonic().saturating_sub(self.begun),
            model,
            table,
            delivered,
        };
        self.registry.parts.observer.finished(started, &end)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if let Some(started) = self.started.take() {
            let gone = CallFailure::new(ErrorKind::Interrupted, "the caller went away");
            self.finish(&started, &answer::of_failure(&gone), &About::default(), false);
        }
    }
}

#[cfg(test)]
mod tests;
