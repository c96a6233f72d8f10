//! What can be proposed: the registry's tools and the workflows there are.
//!
//! Workflows are files, so they are listed off the path of calls: a call uses
//! the last listing and, when that is old, asks for a new one.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use crate::base::Clock;
use crate::intelligence::{Catalogue, Entry};
use crate::registry::dispatch::Registry;
use crate::workflow::Library;

/// An older listing is renewed.
const FRESH: Duration = Duration::from_secs(2);

/// A workflow that can be started where its tools are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Startable {
    /// Its id, what it is for, its parameters.
    pub entry: Entry,
    /// The tools that its steps call.
    pub tools: Vec<String>,
}

/// Lists workflows. Called off the path of calls; may block.
pub type Workflows = Arc<dyn Fn() -> Vec<Startable> + Send + Sync>;

/// The templates of `library` that this version can run.
#[must_use]
pub fn workflows_of(library: Arc<Library>) -> Workflows {
    Arc::new(move || {
        let loaded = library.list().entries.into_iter().filter_map(|entry| entry.template.ok());
        let startable = loaded.filter(|loaded| crate::machine::unsupported(&loaded.plan).is_empty()).map(|loaded| {
            let plan = &loaded.plan;
            let entry = Entry {
                name: plan.template_id.clone(),
                description: plan.description.clone(),
                parameters: plan.parameters.iter().map(|parameter| parameter.name.clone()).collect(),
                repeat_safe: false,
            };
            Startable { entry, tools: plan.tools().into_iter().map(ToOwned::to_owned).collect() }
        });
        startable.collect()
    })
}

#[derive(Default)]
struct Listing {
    workflows: Arc<[Startable]>,
    /// None before the first.
    at: Option<Duration>,
}

/// A catalogue, and what it was made of.
struct Made {
    tools: Arc<[Entry]>,
    workflows: Arc<[Startable]>,
    catalogue: Catalogue,
}

/// The tools and workflows that can be called.
pub(super) struct Callable {
    source: Workflows,
    switched_off: Vec<String>,
    clock: Arc<dyn Clock>,
    registry: OnceLock<Weak<Registry>>,
    listing: Arc<RwLock<Listing>>,
    listing_now: Arc<AtomicBool>,
    made: RwLock<Option<Made>>,
}

impl Callable {
    pub(super) fn new(source: Workflows, switched_off: Vec<String>, clock: Arc<dyn Clock>) -> Self {
        Self {
            source,
            switched_off,
            clock,
            registry: OnceLock::new(),
            listing: Arc::default(),
            listing_now: Arc::default(),
            made: RwLock::default(),
        }
    }

    /// Says whose tools there are. The registry holds its observer, so it is held weakly.
    pub(super) fn attach(&self, registry: Weak<Registry>) {
        if self.registry.set(registry).is_err() {
            tracing::warn!("the recorder has a registry already");
        }
    }

    /// Lists the workflows now. Blocks.
    pub(super) fn refresh(&self) {
        refresh(&self.source, &self.listing, self.clock.as_ref());
    }

    /// All that can be called.
    pub(super) fn catalogue(&self) -> Catalogue {
        let tools = self.registry.get().and_then(Weak::upgrade).map(|registry| registry.entries()).unwrap_or_default();
        let workflows = self.workflows();
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*made
            && Arc::ptr_eq(&made.tools, &tools)
            && Arc::ptr_eq(&made.workflows, &workflows)
        {
            return made.catalogue.clone();
        }
        drop(made);
        let on = tools.iter().filter(|tool| !self.switched_off.contains(&tool.name)).cloned();
        let there: HashSet<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
        let ready = workflows.iter().filter(|workflow| workflow.tools.iter().all(|tool| there.contains(tool.as_str())));
        let catalogue = Catalogue::new(on, ready.map(|workflow| workflow.entry.clone()));
        let made = Made { tools, workflows, catalogue: catalogue.clone() };
        *self.made.write().unwrap_or_else(PoisonError::into_inner) = Some(made);
        catalogue
    }

    fn workflows(&self) -> Arc<[Startable]> {
        let (workflows, at) = {
            let listing = self.listing.read().unwrap_or_else(PoisonError::into_inner);
            (Arc::clone(&listing.workflows), listing.at)
        };
        // The first listing is made at the start.
        let old = at.is_some_and(|at| self.clock.monotonic().saturating_sub(at) > FRESH);
        if old && !self.listing_now.swap(true, Ordering::AcqRel) {
            self.renew();
        }
        workflows
    }

    fn renew(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            self.listing_now.store(false, Ordering::Release);
            return;
        };
        let (source, listing, clock) = (Arc::clone(&self.source), Arc::clone(&self.listing), Arc::clone(&self.clock));
        let listing_now = Arc::clone(&self.listing_now);
        runtime.spawn_blocking(move || {
            refresh(&source, &listing, clock.as_ref());
            listing_now.store(false, Ordering::Release);
        });
    }
}

fn refresh(source: &Workflows, listing: &RwLock<Listing>, clock: &dyn Clock) {
    let workflows = source();
    let mut listing = listing.write().unwrap_or_else(PoisonError::into_inner);
    // The same again stays the same, so that no catalogue is made anew.
    if *listing.workflows != *workflows {
        listing.workflows = workflows.into();
    }
    listing.at = Some(clock.monotonic());
}
