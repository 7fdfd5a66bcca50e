//! Fold work in slices. Every two seconds at most a round begins: it folds every key that has unfolded events, a few keys
//! in each commit; when it is through, the arrivals up to its beginning can be dropped. The folds of a slice are planned
//! here and worked out elsewhere (`planned.rs`); until they are back, no other slice does anything, so that what they
//! were made from stays true. What a slice does is noted here and applied to memory only when its commit succeeds.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::engine::{Engine, UNFOLDED_BYTES};
use super::head::{HEADS, Head};
use super::planned::{Aside, Worked, WorkedFold};
use super::seen::{SEEN, Step};
use super::shared::{KeyCell, Second, Shared, lock};
use super::sweep::{Chore, Swept, drop_first};
use crate::error::Result;
use crate::model::Id;
use crate::redb::port::{RawOp, RawRead, Slice};
use crate::table::{KeyRange, Table};

/// Rounds begin at least this far apart, unless much is unfolded: each unpacks the last block of a key and packs it again.
const ROUND_EVERY: Duration = Duration::from_secs(2);
pub(super) const ROUND_BYTES: usize = 16 << 20;
/// Cells wait this long in the head before they are spread over the rollup rows.
const SPREAD_AFTER: Duration = Duration::from_secs(60);
/// From one slice to the next while a question about many keys is under way, unless room runs out: such a question takes all
/// cores, and waits for a slice as long as that takes.
const ASKED_EVERY: Duration = Duration::from_millis(60);
/// With more than this in memory, folding makes no room for questions.
const ASKED_BYTES: usize = UNFOLDED_BYTES / 4 * 3;
/// With more than this in memory, reports wait for the folds under way: a question adds up what is not folded, event by event.
pub(super) const PRESSING_BYTES: usize = UNFOLDED_BYTES / 4;

/// A pass over all keys that had unfolded events when it began.
pub(super) struct Round {
    through: u64,
    /// The ids taken before it began.
    ids: u64,
    pub(super) keys: VecDeque<Id>,
}

/// What waits to be done, and what the commit in flight does of it.
pub(super) struct Work {
    /// Keys with events that no round has taken up.
    pub(super) dirty: Vec<Id>,
    pub(super) round: Option<Round>,
    pub(super) round_began: Option<Instant>,
    /// Room is running out, and a round makes some.
    pub(super) pressed: bool,
    /// Keys whose cells wait to be spread, by rising time; out of date where the key says otherwise.
    pub(super) cooling: VecDeque<(Second, Id)>,
    /// Keys with waiting cells found at the start, when no time was known.
    thawed: Vec<Id>,
    /// Arrivals up to this number are folded, all of them.
    folded_through: u64,
    /// When the engine began, from where [`Second`] counts.
    began: Instant,
    /// The time of the last slice.
    pub(super) now: Instant,
    pub(super) forgetting: Vec<Id>,
    /// Forgotten keys whose rows go once arrivals up to the number are folded.
    pub(super) graves: Vec<(u64, Id)>,
    pub(super) chores: VecDeque<Chore>,
    pub(super) aside: Aside,
    flight: Flight,
}

/// What the commit in flight does.
#[derive(Default)]
struct Flight {
    folds: Vec<WorkedFold>,
    from_round: usize,
    from_cooling: usize,
    seen: Step,
    round_done: bool,
    buried: Vec<KeyCell>,
    swept: Swept,
}

impl Work {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            dirty: Vec::new(),
            round: None,
            round_began: None,
            pressed: false,
            cooling: VecDeque::new(),
            thawed: Vec::new(),
            folded_through: 0,
            began: now,
            now,
            forgetting: Vec::new(),
            graves: Vec::new(),
            chores: VecDeque::new(),
            aside: Aside::default(),
            flight: Flight::default(),
        }
    }

    /// The second that a time lies in.
    pub(super) fn second(&self, at: Instant) -> Second {
        let seconds = at.saturating_duration_since(self.began).as_secs();
        Second(NonZeroU32::MIN.saturating_add(u32::try_from(seconds).unwrap_or(u32::MAX)))
    }

    /// When a second begins.
    fn begins(&self, second: Second) -> Instant {
        self.began + Duration::from_secs(u64::from(second.0.get() - 1))
    }

    /// Lets a key's cells be spread in a while.
    fn cool(&mut self, api_key: Id) -> Second {
        let due = self.second(self.now + SPREAD_AFTER);
        self.cooling.push_back((due, api_key));
        due
    }

    /// Takes up work that a stop has left behind: `last` is the last arrival, of those up to `folded_through` none is
    /// left.
    pub(super) fn resume(
        &mut self,
        shared: &Shared,
        last: u64,
        folded_through: u64,
        garbage: impl Iterator<Item = (Table, KeyRange)>,
    ) {
        self.folded_through = folded_through;
        self.chores.extend(garbage.map(|(table, range)| Chore::Remove(table, range)));
        for (api_key, key) in shared.keys().iter() {
            let state = lock(key);
            if state.head.forgotten {
                self.graves.push((last, *api_key));
            } else if state.head.has_waiting() {
                self.thawed.push(*api_key);
            }
        }
    }
}

impl Engine {
    /// When the writer should make a commit although nobody asks for one.
    pub(crate) fn wants_commit_at(&self) -> Option<Instant> {
        let work = &self.work;
        match work.aside {
            Aside::Unplanned => {}
            Aside::Away => return None,
            Aside::Back(_) => return Some(work.now),
        }
        let busy = work.round.is_some() || !work.chores.is_empty() || self.seen.has_work();
        if busy || !work.forgetting.is_empty() || !work.thawed.is_empty() || self.shared.requests().waiting()
        {
            return Some(if self.makes_room() { work.now + ASKED_EVERY } else { work.now });
        }
        let began = work.round_began.filter(|_| self.unfolded_bytes < ROUND_BYTES);
        let round = self.wants_round().then(|| began.map_or(work.now, |began| began + ROUND_EVERY));
        let spread = work.cooling.front().map(|(due, _)| work.begins(*due));
        round.into_iter().chain(spread).min()
    }

    /// Whether folding lets those who ask go first.
    pub(super) fn makes_room(&self) -> bool {
        self.shared.is_asked() && !self.work.pressed && self.unfolded_bytes < ASKED_BYTES
    }

    pub(super) fn run_slice(&mut self, now: Instant, read: &dyn RawRead) -> Result<Slice> {
        let mut slice = Slice::default();
        match std::mem::take(&mut self.work.aside) {
            Aside::Away => {
                self.work.aside = Aside::Away;
                return Ok(slice);
            }
            Aside::Back(worked) => self.bring_in(worked, &mut slice.ops),
            Aside::Unplanned => {
                self.take_requests();
                self.bury(&mut slice.ops);
            }
        }
        self.work.now = now;
        let step = self.seen.slice(self.work.round.is_some(), &mut slice.ops);
        slice.folded_through = self.finish_round(&step);
        self.work.flight.seen = step;
        self.work.flight.swept = self.sweep(read, &mut slice.ops)?;
        if slice.ops.is_empty() && slice.folded_through.is_none() {
            // Nothing for a commit, so perhaps none will come; what was only looked at is done with.
            self.apply_slice();
        }
        Ok(slice)
    }

    /// Puts what was worked out into the commit that is being made.
    fn bring_in(&mut self, worked: Worked, ops: &mut Vec<RawOp>) {
        let flight = &mut self.work.flight;
        (flight.from_round, flight.from_cooling) = (worked.from_round, worked.from_cooling);
        *ops = worked.ops;
        for (fold, head) in worked.folds {
            lock(&fold.key).next = Some(head);
            flight.folds.push(fold);
        }
    }

    pub(super) fn warm(&mut self) {
        let mut thawed = std::mem::take(&mut self.work.thawed);
        thawed.sort_unstable();
        for api_key in thawed {
            if let Some(key) = self.shared.key(api_key) {
                lock(&key).spread_at = Some(self.work.cool(api_key));
            }
        }
    }

    /// Marks deleted keys, so that no replay can bring them back.
    fn bury(&mut self, ops: &mut Vec<RawOp>) {
        let Self { shared, work, last_arrival, .. } = self;
        work.forgetting.retain(|api_key| {
            let Some(key) = shared.key(*api_key) else { return false };
            let mut state = lock(&key);
            if state.head.forgotten {
                return false;
            }
            let (through, spread) = (*last_arrival, state.head.spread + 1);
            let head = Head { through, spread, forgotten: true, ..Head::default() };
            ops.push(RawOp { table: HEADS, key: api_key.as_bytes().to_vec(), value: Some(head.encode()) });
            state.next = Some(Box::new(head));
            drop(state);
            work.flight.buried.push(key);
            true
        });
    }

    /// Also when a stop came after the last fold of a round and before its end: only a round drops arrivals.
    fn wants_round(&self) -> bool {
        self.has_unfolded() || !self.work.graves.is_empty()
    }

    /// Whether arrivals are kept, for they may hold what is not folded.
    pub(crate) fn has_unfolded(&self) -> bool {
        self.last_arrival > self.work.folded_through
    }

    pub(super) fn begin_round(&mut self, now: Instant) {
        let wanted = self.wants_round();
        let work = &mut self.work;
        let due = work.round_began.is_none_or(|began| now.saturating_duration_since(began) >= ROUND_EVERY);
        if work.round.is_none() && wanted && (due || self.unfolded_bytes >= ROUND_BYTES) {
            let mut keys = std::mem::take(&mut work.dirty);
            // What lies beside each other is written by the same commit: a third of the pages, when many keys were called.
            keys.sort_unstable();
            work.round = Some(Round { through: self.last_arrival, ids: self.seen.mark(), keys: keys.into() });
            work.round_began = Some(now);
        }
    }

    /// Whether the round is through with the commit in flight: then every arrival it covers is folded.
    fn finish_round(&mut self, step: &Step) -> Option<u64> {
        let round = self.work.round.as_ref()?;
        let done = self.work.flight.from_round == round.keys.len() && self.seen.is_logged(round.ids, step);
        self.work.flight.round_done = done;
        (done && round.through > 0).then_some(round.through)
    }

    pub(super) fn apply_slice(&mut self) {
        let flight = std::mem::take(&mut self.work.flight);
        let garbage = self.seen.apply(flight.seen);
        self.work.chores.extend(garbage.into_iter().map(|range| Chore::Remove(SEEN, range)));
        drop_first(&mut self.work.cooling, flight.from_cooling);
        if let Some(round) = &mut self.work.round {
            round.keys.drain(..flight.from_round);
        }
        flight.folds.into_iter().for_each(|folded| self.apply_fold(&folded));
        for key in flight.buried {
            self.apply_burial(&key);
        }
        if flight.round_done
            && let Some(round) = self.work.round.take()
        {
            self.work.folded_through = round.through;
            self.work.pressed = false;
        }
        self.apply_sweep(flight.swept);
        self.open_graves();
    }

    fn apply_fold(&mut self, folded: &WorkedFold) {
        let mut state = lock(&folded.key);
        let Some(next) = state.next.take() else { return };
        state.head = *next;
        self.unfolded_bytes -= state.folded(folded.runs.len());
        if !state.head.has_waiting() {
            state.spread_at = None;
        } else if state.spread_at.is_none() {
            state.spread_at = Some(self.work.cool(folded.api_key));
        }
    }

    fn apply_burial(&mut self, key: &KeyCell) {
        let mut state = lock(key);
        let Some(head) = state.next.take() else { return };
        self.unfolded_bytes -= state.forget();
        state.head = *head;
    }

    /// A forgotten key's rows stay until the arrivals are folded that may still hold events of it: those up to and with
    /// the commit that forgot it.
    pub(super) fn dig_graves(&mut self) {
        let last = self.last_arrival;
        let buried = std::mem::take(&mut self.work.forgetting);
        self.work.graves.extend(buried.into_iter().map(|api_key| (last, api_key)));
    }

    /// Forgotten keys that no arrival can bring back any more: their rows go.
    fn open_graves(&mut self) {
        let folded_through = self.work.folded_through;
        let opened: Vec<_> = self.work.graves.extract_if(.., |grave| grave.0 <= folded_through).collect();
        opened.into_iter().for_each(|(_, api_key)| self.work.chores.extend(Chore::burial(api_key)));
    }

    pub(super) fn abort_slice(&mut self) {
        let flight = std::mem::take(&mut self.work.flight);
        flight
            .folds
            .iter()
            .map(|folded| &folded.key)
            .chain(&flight.buried)
            .for_each(|key| lock(key).next = None);
    }
}
