//! The memory that the writer's thread changes and queries read: one small lock a key, held for microseconds. It must
//! never be locked while reading the file.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::HashMap;

use super::event::Stored;
use super::head::Head;
use super::live::Recent;
use super::totals::Sums;
use crate::model::Id;
use crate::redb::port::RawSnapshot;

/// Events of one key, of whole groups that came one after another, with the number of the last of them. They are folded
/// together. Once somebody reads them they do not change any more.
pub(super) type Run = (u64, Arc<Vec<Stored>>);

/// A run of this many events is not added to.
const LONG_RUN: usize = 256;

/// A time of the engine, in whole seconds since it began and one more: four bytes, for every key that was called has one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Second(pub(super) NonZeroU32);

/// A run in memory.
struct Held {
    run: Run,
    /// About how much memory its events take: to ask each of them later takes as long as to count it did.
    bytes: usize,
}

/// What of a key is durable as arrivals, and not yet folded.
struct Unfolded {
    /// Those of a fold in flight stay until its commit has succeeded.
    runs: VecDeque<Held>,
    /// Of folded and unfolded events together.
    sums: Sums,
}

/// Everything in memory about one key. Every key that was ever called has one, so what only a called key needs is made when it
/// is called and let go with its fold: a quiet key takes some 180 bytes here, and what waits in its head.
#[derive(Default)]
pub(super) struct KeyState {
    /// What the last commit known to have succeeded has made durable.
    pub(super) head: Head,
    /// What the commit in flight makes durable: a query that already sees that commit reads this one.
    pub(super) next: Option<Box<Head>>,
    unfolded: Option<Box<Unfolded>>,
    pub(super) recent: Recent,
    /// When its waiting cells are to be spread.
    pub(super) spread_at: Option<Second>,
    /// It waits for a fold.
    pub(super) queued: bool,
}

impl KeyState {
    pub(super) fn new(head: Head) -> Self {
        Self { head, ..Self::default() }
    }

    /// Of folded and unfolded events together.
    pub(super) fn sums(&self) -> &Sums {
        self.unfolded.as_deref().map_or(&self.head.sums, |unfolded| &unfolded.sums)
    }

    /// What is not folded, by rising number.
    pub(super) fn runs(&self) -> impl ExactSizeIterator<Item = &Run> {
        self.held().iter().map(|held| &held.run)
    }

    /// The first runs that fit in `room`, of which their memory is taken; one at least while there is any.
    pub(super) fn runs_within(&self, room: &mut usize) -> Vec<Run> {
        let mut runs = Vec::new();
        for held in self.held() {
            if *room == 0 {
                break;
            }
            *room = room.saturating_sub(held.bytes);
            runs.push(held.run.clone());
        }
        runs
    }

    fn held(&self) -> &VecDeque<Held> {
        let none = const { &VecDeque::new() };
        self.unfolded.as_deref().map_or(none, |unfolded| &unfolded.runs)
    }

    /// Lets go of the first runs, for they are folded, and with the last of what a key needs while it is called; answers about
    /// how much memory their events took.
    pub(super) fn folded(&mut self, runs: usize) -> usize {
        let Some(unfolded) = &mut self.unfolded else {
            self.queued = false;
            return 0;
        };
        let bytes = unfolded.runs.drain(..runs).map(|held| held.bytes).sum();
        self.queued = !unfolded.runs.is_empty();
        if !self.queued {
            self.unfolded = None;
        }
        bytes
    }

    /// Lets go of all that is not folded, for the key is forgotten; answers as [`KeyState::folded`] does.
    pub(super) fn forget(&mut self) -> usize {
        let runs = self.runs().len();
        let bytes = self.folded(runs);
        (self.recent, self.spread_at) = (Recent::default(), None);
        bytes
    }

    /// Takes in a group's events, which have just become durable; answers about how much memory they take.
    pub(super) fn push(&mut self, arrival: u64, events: impl Iterator<Item = Stored>) -> usize {
        let Self { head, unfolded, recent, .. } = self;
        let none = || Box::new(Unfolded { runs: VecDeque::with_capacity(1), sums: head.sums });
        let Unfolded { runs, sums } = &mut **unfolded.get_or_insert_with(none);
        let mut bytes = 0;
        let events = events.inspect(|event| {
            sums.add(event);
            recent.add(event);
            bytes += event.memory();
        });
        let open = runs.back_mut().filter(|held| held.run.1.len() < LONG_RUN);
        let open = open.and_then(|Held { run: (last, run), bytes }| Some((last, Arc::get_mut(run)?, bytes)));
        match open {
            Some((last, run, held)) => {
                run.extend(events);
                *last = arrival;
                *held += bytes;
            }
            None => {
                let mut run = Vec::with_capacity(events.size_hint().0);
                run.extend(events);
                runs.push_back(Held { run: (arrival, Arc::new(run)), bytes });
            }
        }
        bytes
    }
}

/// A key's state, shared.
pub(super) type KeyCell = Arc<Mutex<KeyState>>;

/// What callers have asked the writer's thread to do.
#[derive(Default)]
pub(super) struct Requests {
    /// Keys to forget.
    pub(super) forget: Vec<Id>,
    /// Remove raw events older than this, and what outlived the rollups' retention at this time.
    pub(super) prune: Option<Prune>,
}

impl Requests {
    pub(super) fn waiting(&self) -> bool {
        !self.forget.is_empty() || self.prune.is_some()
    }
}

/// One pass of pruning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prune {
    pub(super) now_ms: i64,
    pub(super) events_before_ms: i64,
}

#[derive(Default)]
pub(super) struct Shared {
    keys: RwLock<HashMap<Id, KeyCell>>,
    snapshot: RwLock<Option<RawSnapshot>>,
    requests: Mutex<Requests>,
    /// Questions about many keys that are under way.
    asking: AtomicUsize,
}

/// A question about many keys, which folding makes room for until this is dropped.
pub struct Asking(Arc<Shared>);

impl Asking {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        shared.asking.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.asking.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn keys(&self) -> RwLockReadGuard<'_, HashMap<Id, KeyCell>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keys_mut(&self) -> RwLockWriteGuard<'_, HashMap<Id, KeyCell>> {
        self.keys.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn key(&self, api_key: Id) -> Option<KeyCell> {
        self.keys().get(&api_key).cloned()
    }

    pub(super) fn snapshot(&self) -> Option<RawSnapshot> {
        self.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn publish(&self, snapshot: RawSnapshot) {
        let mut place = self.snapshot.write().unwrap_or_else(PoisonError::into_inner);
        let before = place.replace(snapshot);
        drop(place);
        drop(before);
    }

    /// Whether a question about many keys is under way.
    pub(super) fn is_asked(&self) -> bool {
        self.asking.load(Ordering::Relaxed) > 0
    }

    pub(super) fn requests(&self) -> MutexGuard<'_, Requests> {
        lock(&self.requests)
    }
}
