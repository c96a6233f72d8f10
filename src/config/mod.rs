//! The configuration, and what surrounds it: where it is read from, which parts
//! of a project's file count, the data folder, the roots.
//!
//! Knows only `base`. Must not know what the values are used for. A new key
//! begins in `model.rs` (or `server.rs`); a new way of writing one in `jsonc.rs`
//! or `expand.rs`.

mod data_dir;
mod deserialize;
mod environment;
mod error;
mod expand;
mod gate;
mod jsonc;
mod layers;
mod load;
mod model;
mod mounts;
mod number;
mod redaction;
mod roots;
mod schema;
mod server;
mod trust;

pub use data_dir::{DataDir, DataDirError};
pub use environment::Environment;
pub use error::{ConfigError, ConfigWarning};
pub use gate::gated_parts;
pub use load::{Loaded, PROJECT_FILE, Request, Source, SourceKind, fallback, load};
pub use model::{
    Agent, AutoResume, Config, Expose, Intelligence, LogParameters, OnRequestCancelled, OnUnknown, Packs, Retention,
    Security, ToolSet, Tools, Workflows,
};
pub use number::{Count, Days, Factor, Seconds, Secret, Share};
pub use redaction::{REDACTED, Redaction};
pub use schema::schema_text;
pub use server::{Capabilities, NextSteps, RateLimit, Server, Transport};
pub use trust::{Standing, Trust, TrustError};
