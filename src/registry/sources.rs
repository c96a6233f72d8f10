//! Where the tools come from, and the catalogue that is made of what they have.
//!
//! A source says by a number that its tools changed; the catalogue is made
//! again when somebody looks and a number is another one. Must not know what is
//! listed or how a call is made.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use futures::future::{join_all, select_all};
use tokio::sync::watch;

use super::catalogue::Catalogue;
use super::provider::Provider;
use crate::contract::CallFailure;

#[derive(Clone)]
struct Source {
    provider: Arc<dyn Provider>,
    changes: Option<watch::Receiver<u64>>,
}

/// A catalogue and the sources' numbers that it was made of.
struct Made {
    catalogue: Arc<Catalogue>,
    revisions: Vec<u64>,
}

/// All sources of one process.
pub(super) struct Sources {
    all: RwLock<Arc<[Source]>>,
    made: RwLock<Made>,
    making: Mutex<()>,
    added: watch::Sender<usize>,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            all: RwLock::new(Arc::from([])),
            made: RwLock::new(Made { catalogue: Arc::default(), revisions: Vec::new() }),
            making: Mutex::default(),
            added: watch::Sender::new(0),
        }
    }
}

impl Sources {
    /// One more, behind those that are there.
    pub(super) fn add(&self, provider: Arc<dyn Provider>) {
        let changes = provider.changed();
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        *all = all.iter().cloned().chain([Source { provider, changes }]).collect();
        drop(all);
        self.added.send_modify(|count| *count += 1);
    }

    fn all(&self) -> Arc<[Source]> {
        Arc::clone(&self.all.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// All tools as they are now.
    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        let all = self.all();
        if let Some(made) = self.up_to_date(&all) {
            return made;
        }
        // One makes it, the others wait: asking the sources is not for nothing.
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = self.up_to_date(&all) {
            return made;
        }
        self.make(&all)
    }

    /// Asks every source again.
    pub(super) fn refresh(&self) {
        let all = self.all();
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        self.make(&all);
    }

    fn make(&self, all: &[Source]) -> Arc<Catalogue> {
        // The numbers first: what changes meanwhile is seen at the next look.
        let revisions = revisions(all).collect();
        let before = Arc::clone(&self.made.read().unwrap_or_else(PoisonError::into_inner).catalogue);
        let providers: Vec<Arc<dyn Provider>> = all.iter().map(|source| Arc::clone(&source.provider)).collect();
        let catalogue = Arc::new(Catalogue::build(&providers, &before));
        *self.made.write().unwrap_or_else(PoisonError::into_inner) =
            Made { catalogue: Arc::clone(&catalogue), revisions };
        catalogue
    }

    fn up_to_date(&self, all: &[Source]) -> Option<Arc<Catalogue>> {
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        let same = made.revisions.len() == all.len() && made.revisions.iter().copied().eq(revisions(all));
        same.then(|| Arc::clone(&made.catalogue))
    }

    /// Why a tool that a source knows is not in the catalogue.
    pub(super) fn refusal(&self, tool: &str) -> Option<CallFailure> {
        self.all().iter().find_map(|source| source.provider.refusal(tool))
    }

    /// The server that has a tool or by its name would have it.
    pub(super) fn server_of(&self, tool: &str) -> Option<String> {
        self.all().iter().find_map(|source| source.provider.server_of(tool))
    }

    /// How a server is started here, as a hash.
    pub(super) fn launch(&self, server: &str) -> Option<String> {
        self.all().iter().find_map(|source| source.provider.launch(server))
    }

    /// Until every source has told its tools or failed to.
    pub(super) async fn settled(&self) {
        let all = self.all();
        join_all(all.iter().map(|source| source.provider.settled())).await;
        self.refresh();
    }

    /// Until every source knows whether it has tools of these names.
    pub(super) async fn seek(&self, names: &[String]) {
        let all = self.all();
        join_all(all.iter().map(|source| source.provider.seek(names))).await;
        self.refresh();
    }

    /// Calls `seen` whenever a source's tools changed, and once at the beginning.
    pub(super) async fn follow(&self, mut seen: impl FnMut()) -> Infallible {
        let mut added = self.added.subscribe();
        loop {
            let all = self.all();
            let mut changes: Vec<_> = all.iter().filter_map(|source| source.changes.clone()).collect();
            seen();
            loop {
                let next = changes.iter_mut().map(|changes| Box::pin(changes.changed()));
                let changed = async {
                    let next: Vec<_> = next.collect();
                    if next.is_empty() { std::future::pending().await } else { select_all(next).await }
                };
                let (gone, at) = tokio::select! {
                    (done, at, _) = changed => (done.is_err(), at),
                    _ = added.changed() => break,
                };
                if gone {
                    changes.remove(at);
                } else {
                    seen();
                }
            }
        }
    }
}

fn revisions(all: &[Source]) -> impl Iterator<Item = u64> {
    all.iter().map(|source| source.changes.as_ref().map_or(0, |changes| *changes.borrow()))
}
