//! The requests that are not answered yet.
//!
//! Those that rmcp handles are only counted; those that go past it can be
//! cancelled here, and are answered once or, when cancelled, not at all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rmcp::model::RequestId;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio_util::sync::CancellationToken;

/// More requests at once than this are refused: each is answered, but not all are begun.
const MAX_IN_FLIGHT: usize = 50_000;

/// Why a request is not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There are too many.
    TooMany,
    /// Its id belongs to another one.
    Taken,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Flights {
    open: Mutex<Open>,
    fewer: Notify,
}

#[derive(Debug, Default)]
struct Open {
    by_id: HashMap<RequestId, Mine>,
    last: u64,
}

/// Which of those that had the id, and how it is cancelled; rmcp knows its own.
#[derive(Debug)]
struct Mine {
    serial: u64,
    cancel: Option<CancellationToken>,
}

/// A request that goes past rmcp. Dropped, it is not answered.
pub(super) struct Flight {
    flights: Arc<Flights>,
    id: RequestId,
    serial: u64,
}

impl Flights {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, id: &RequestId, cancel: Option<CancellationToken>) -> Result<u64, Refused> {
        let mut open = self.open();
        if open.by_id.len() >= MAX_IN_FLIGHT {
            return Err(Refused::TooMany);
        }
        let serial = open.last + 1;
        match open.by_id.entry(id.clone()) {
            Entry::Occupied(_) => return Err(Refused::Taken),
            Entry::Vacant(free) => free.insert(Mine { serial, cancel }),
        };
        open.last = serial;
        Ok(serial)
    }

    /// One that rmcp answers.
    pub(super) fn begin(&self, id: &RequestId) -> Result<(), Refused> {
        self.add(id, None).map(drop)
    }

    /// One that goes past it.
    pub(super) fn begin_past(self: &Arc<Self>, id: &RequestId, cancel: CancellationToken) -> Result<Flight, Refused> {
        let serial = self.add(id, Some(cancel))?;
        Ok(Flight { flights: Arc::clone(self), id: id.clone(), serial })
    }

    /// rmcp answers it.
    pub(super) fn end(&self, id: &RequestId) {
        self.open().by_id.remove(id);
        self.fewer.notify_waiters();
    }

    /// The client wants no answer any more. False when that is for rmcp to know.
    pub(super) fn cancel(&self, id: &RequestId) -> bool {
        let cancel = self.open().by_id.remove(id).and_then(|mine| mine.cancel);
        self.fewer.notify_waiters();
        let past = cancel.is_some();
        if let Some(cancel) = cancel {
            cancel.cancel();
        }
        past
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open().by_id.is_empty()
    }

    /// Fires when there are fewer.
    pub(super) fn fewer(&self) -> Notified<'_> {
        self.fewer.notified()
    }
}

impl Flight {
    pub(super) fn id(&self) -> &RequestId {
        &self.id
    }

    /// Answers it with `send`, unless it was cancelled. Its id is free and
    /// its answer queued at one moment for everybody else.
    pub(super) fn land(self, send: impl FnOnce(&RequestId)) {
        let mut open = self.flights.open();
        if open.take(&self.id, self.serial) {
            send(&self.id);
        }
    }
}

impl Open {
    fn take(&mut self, id: &RequestId, serial: u64) -> bool {
        let is_open = self.by_id.get(id).is_some_and(|mine| mine.serial == serial);
        if is_open {
            self.by_id.remove(id);
        }
        is_open
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.flights.open().take(&self.id, self.serial);
        self.flights.fewer.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rmcp::model::RequestId;
    use tokio_util::sync::CancellationToken;

    use super::{Flights, MAX_IN_FLIGHT, Refused};

    #[test]
    fn a_cancelled_request_is_not_answered_even_when_its_id_is_used_again() {
        let flights = Arc::new(Flights::default());
        let id = RequestId::Number(1);
        let (first, second) = (CancellationToken::new(), CancellationToken::new());
        let one = flights.begin_past(&id, first.clone()).unwrap();
        assert_eq!(flights.begin(&id), Err(Refused::Taken));
        assert!(flights.cancel(&id) && first.is_cancelled());
        let two = flights.begin_past(&id, second.clone()).unwrap();
        one.land(|_| panic!("it was cancelled"));
        assert!(!flights.is_empty() && !second.is_cancelled());
        let mut answered = false;
        two.land(|_| answered = true);
        assert!(answered && flights.is_empty());
        assert!(!flights.cancel(&id), "nobody's");
    }

    #[test]
    fn there_is_a_bound() {
        let flights = Arc::new(Flights::default());
        for n in 0..MAX_IN_FLIGHT {
            flights.begin(&RequestId::Number(i64::try_from(n).unwrap())).unwrap();
        }
        assert_eq!(flights.begin(&RequestId::Number(-1)), Err(Refused::TooMany));
        flights.end(&RequestId::Number(3));
        drop(flights.begin_past(&RequestId::Number(3), CancellationToken::new()).unwrap());
        flights.begin(&RequestId::Number(3)).unwrap();
    }
}
