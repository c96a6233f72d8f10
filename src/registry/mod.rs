//! The catalogue of every tool that can be called, and the one way to call it.
//!
//! Our own tools, packs and the tools of the user's servers are all
//! [`Provider`]s here and are treated alike: [`Registry`] looks the name up,
//! checks the arguments against the schema, records the call and its end,
//! keeps what a session is bound to, and attaches the next steps. Must not know
//! the protocol's wire, nor what any tool does.
//!
//! A new source of tools implements [`Provider`]; what is to happen around
//! every call goes into `dispatch.rs`; what is listed, into `list.rs`; what is
//! noted of calls, into `recorder`.

mod answer;
mod arguments;
mod catalogue;
mod dispatch;
mod example;
mod list;
mod nearest;
mod observer;
mod provider;
mod recorder;
mod redact;
mod run;
mod servers;
mod sessions;
mod sources;

pub use answer::{ANSWER_LIMIT, failure_output, fit};
pub use catalogue::Refused;
pub use dispatch::{Registry, RegistryParts, SETTLE_WAIT};
pub use list::{ListPlan, ListSettings, listed_json};
pub use nearest::nearest;
pub use observer::{Finished, InteractionId, NoObserver, Observer, Started};
pub use provider::{Listed, Provider, ToolSet};
pub use recorder::{
    LogUnavailable, Question, Recommended, Recorder, RecorderParts, Startable, Workflows, workflows_of,
};
pub use servers::ServerTools;
