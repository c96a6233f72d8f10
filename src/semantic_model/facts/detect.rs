//! `01_detect_pbi_instances`: which models lie in the roots.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::json::sha256_hex;
use crate::semantic_model::discovery::{Instance, detect};
use crate::semantic_model::error::Error;
use crate::semantic_model::facts::page::{Page, Shorten};
use crate::semantic_model::models::Models;
use crate::semantic_model::roots::resolve_in_roots;

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// Folders to look in, inside the open ones; without it all that are open.
    #[serde(default)]
    pub roots: Option<Vec<String>>,
    /// Models per page, 1 to 500; 50 when not given.
    #[serde(default, alias = "limit")]
    #[schemars(range(min = 1, max = 500))]
    pub page_size: Option<u32>,
    /// The `next_token` of the page before.
    #[serde(default)]
    pub next_token: Option<String>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The models, in a fixed order.
    pub instances: Vec<Instance>,
    /// How many were found in all.
    pub count: usize,
    /// The search stopped at its bound: depth 8, 20,000 files and folders.
    pub truncated: bool,
    /// `.pbix` files, which cannot be read: save them as PBIP.
    pub unsupported: Vec<String>,
    /// Folders that could not be read.
    pub warnings: Vec<String>,
    /// Ask for the next page with this.
    pub next_token: Option<String>,
}

impl Shorten for Instance {
    fn shorten(&mut self, _bytes: usize) {}
}

/// Looks for models.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let found = match &args.roots {
        None => models.detect()?,
        Some(folders) => {
            let folders: Vec<_> =
                folders.iter().map(|folder| resolve_in_roots(folder, &models.roots)).collect::<Result<_, _>>()?;
            detect(&folders, &models.limits)?
        }
    };
    let list: Vec<&str> = found.instances.iter().map(|instance| instance.path.as_str()).collect();
    let mark = sha256_hex(list.join("\n").as_bytes());
    let count = found.instances.len();
    let page = Page::new(args.page_size, args.next_token.as_deref(), &mark)?;
    let taken = page.take(found.instances.into_iter(), 2048)?;
    Ok(Answer {
        instances: taken.rows,
        count,
        truncated: found.truncated,
        unsupported: found.unsupported,
        warnings: found.warnings,
        next_token: taken.next_token,
    })
}
