//! The commands, one file each.

mod cancel;
mod check;
mod doctor;
mod guard;
mod inbox;
mod pause;
mod respond;
mod resume;
mod run;
mod runs;
mod show;
mod signal;
mod summary;
mod templates;
mod tools;
mod trust;
mod validate;

pub(super) use cancel::cancel;
pub(super) use check::check;
pub(super) use doctor::doctor;
pub(super) use guard::guard;
pub(super) use inbox::inbox;
pub(super) use pause::pause;
pub(super) use respond::respond;
pub(super) use resume::resume;
pub(super) use run::run;
pub(super) use runs::runs;
pub(super) use show::show;
pub(super) use signal::signal;
pub(super) use templates::templates;
pub(super) use tools::tools;
pub(super) use trust::trust;
pub(super) use validate::validate;
