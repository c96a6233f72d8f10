//! Changing the files of a model: bytes are spliced, nothing is written anew.
//!
//! A [`Draft`] holds a model's files as they were read and as they are to be.
//! [`Draft::set`], [`Draft::clear`], [`Draft::insert`] and [`Draft::remove`]
//! change one property or object, named by an [`ObjectPath`], in TMDL and in a
//! `model.bim` alike; everything else keeps its bytes: byte order mark, line
//! ends, indentation, tags, annotations, the form of expressions.
//! [`Draft::after`] reads the changed files and fails when anything but the
//! named objects became another; [`Draft::diff`] shows the change;
//! [`Draft::commit`] replaces the files, if they are still what was read.
//!
//! ```text
//! let mut draft = Draft::open(models, None)?;
//! let column = ObjectPath::Column("Sales".into(), "Key".into());
//! draft.set(&column, "isHidden", &Value::Flag(true))?;
//! draft.set(&column, "summarizeBy", &Value::Word("none".into()))?;
//! draft.after()?;
//! println!("{}", draft.diff());
//! draft.commit()?;
//! ```
//!
//! `tmdl` and `bim` find the place and make the splice, `json` knows where each
//! value of a JSON text stands, `replace` changes files on disk. Must not know
//! tools. `measure` and `calculation_group` say what a caller wants as such
//! changes; a new kind of change is a file beside them.

mod bim;
pub mod calculation_group;
mod diff;
mod draft;
mod json;
pub mod measure;
mod path;
mod replace;
mod splice;
mod tmdl;
mod value;

pub use draft::Draft;
pub use path::ObjectPath;
pub use value::Value;

#[cfg(test)]
mod tests;
