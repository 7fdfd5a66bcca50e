//! The event ids of the last 24 hours, by which retries are recognised, also after a restart. New ids are in memory
//! and logged with each round of folding; once there are many, and with each pruning, they are written as a sorted run
//! and leave memory but for a filter. Event times tell nothing about when an id came, so only pruning, which is told the
//! time, lets ids go. It must not lose an id that was acknowledged.

use std::collections::VecDeque;

use foldhash::HashSet;

use super::calendar::DAY_MS;
use super::codec::{Input, Malformed, Read, put_varint};
use super::filter::Filter;
use crate::error::{Error, Result};
use crate::redb::port::{RawOp, RawRead};
use crate::table::{KeyRange, Order, Table};

/// Rows of three kinds, told apart by the key's first byte, each followed by the run's number.
pub(super) const SEEN: Table = Table("usage_seen");
/// A complete run: its number of ids, and the time of the first pruning after it was written (0 before).
const RUN: u8 = 0;
/// Ids as they came, 8 bytes each; the key ends with a serial number.
const LOGGED: u8 = 1;
/// Ids of a run in order, 8 bytes each; the key ends with the first of them.
const SORTED: u8 = 2;

/// Ids are remembered for this long after the first pruning that finds their run in the file.
const RETENTION_MS: i64 = DAY_MS;
/// The open run is closed when it holds this many ids, or with a pruning: as many as a table of a million places takes, for
/// each run is one more to look a new id up in.
const OPEN_IDS: usize = (1 << 20) / 8 * 7;
/// Runs waiting to be written; with more, new ids are refused until the writer has caught up.
const CLOSING_RUNS: usize = 4;
/// All filters together; runs beyond are looked up in the file each time.
const FILTER_BYTES: usize = 32 << 20;
/// Ids of one row: just under a page, and just under four.
const SORTED_IDS: usize = 490;
const LOGGED_IDS: usize = 2_000;
/// Rows of one slice.
const SORTED_ROWS: usize = 64;
const LOGGED_ROWS: usize = 16;

/// A run on its way to the file.
struct Closing {
    number: u32,
    ids: Vec<u64>,
    written: usize,
    filter: Option<Filter>,
}

/// A run in the file.
struct Run {
    number: u32,
    count: usize,
    /// All its ids came before this time.
    older_than_ms: Option<i64>,
    filter: Option<Filter>,
}

/// What a slice has put into the commit in flight.
#[derive(Default)]
pub(super) struct Step {
    logged: usize,
    logged_rows: u32,
    written: usize,
    completed: bool,
    expired: usize,
    /// Runs now known to be older than this.
    dated: Option<i64>,
}

#[derive(Default)]
pub(super) struct Seen {
    /// The open run's number.
    number: u32,
    open: HashSet<u64>,
    /// Those of them that are of the group in flight.
    staged: Vec<u64>,
    /// Committed with their arrivals, but not yet logged; in the order they came.
    unlogged: VecDeque<u64>,
    logged_rows: u32,
    /// Ids ever taken and ever logged since the start.
    taken: u64,
    logged: u64,
    closing: VecDeque<Closing>,
    runs: VecDeque<Run>,
    /// The time of a pruning that no slice has taken up.
    pruned_ms: Option<i64>,
}

impl Seen {
    /// Loads what the file knows.
    pub(super) fn recover(read: &dyn RawRead) -> Result<(Self, Vec<KeyRange>)> {
        let mut seen = Self::default();
        let mut garbage = Vec::new();
        let mut highest = 0;
        read.raw_scan(SEEN, &KeyRange::all(), Order::Ascending, &mut |key, value| {
            let number = seen.load(key, value, &mut garbage).map_err(damaged)?;
            highest = highest.max(number);
            Ok(true)
        })?;
        // A new number, so that nothing mixes with a half-written run.
        seen.number = highest + 1;
        Ok((seen, garbage))
    }

    fn load(&mut self, key: &[u8], value: &[u8], garbage: &mut Vec<KeyRange>) -> Read<u32> {
        let mut key = Input(key);
        let kind = key.byte()?;
        let number = u32::from_be_bytes(key.array()?);
        match kind {
            RUN => {
                let mut value = Input(value);
                let (count, dated_ms) = (value.narrow()?, value.narrow()?);
                let filter = self.room_for_filter(count).then(|| Filter::new(count));
                self.runs.push_back(Run {
                    number,
                    count,
                    older_than_ms: Some(dated_ms).filter(|ms| *ms > 0),
                    filter,
                });
            }
            LOGGED if self.runs.back().is_some_and(|run| run.number >= number) => {
                note_garbage(garbage, run_range(LOGGED, number));
            }
            LOGGED => self.open.extend(ids(value)),
            SORTED => match self.runs.iter_mut().find(|run| run.number == number) {
                Some(run) => {
                    if let Some(filter) = &mut run.filter {
                        ids(value).for_each(|id| filter.add(id));
                    }
                }
                None => note_garbage(garbage, run_range(SORTED, number)),
            },
            _ => return Err(Malformed),
        }
        Ok(number)
    }

    fn room_for_filter(&self, ids: usize) -> bool {
        let runs = self.runs.iter().map(|run| (run.count, &run.filter));
        let closing = self.closing.iter().map(|run| (run.ids.len(), &run.filter));
        let filtered = runs.chain(closing).filter(|(_, filter)| filter.is_some());
        let used: usize = filtered.map(|(count, _)| Filter::bytes(count)).sum();
        used + Filter::bytes(ids) <= FILTER_BYTES
    }

    /// Takes an id into the group in flight; `false` when it was seen before.
    pub(super) fn admit(&mut self, id: u64, read: &dyn RawRead) -> Result<bool> {
        if self.closing.len() >= CLOSING_RUNS {
            return Err(Error::Busy);
        }
        if self.is_closing(id) || self.in_runs(id, read)? || !self.open.insert(id) {
            return Ok(false);
        }
        self.staged.push(id);
        Ok(true)
    }

    /// Takes back an id of the group in flight.
    pub(super) fn withdraw(&mut self, id: u64) {
        if let Some(place) = self.staged.iter().rposition(|staged| *staged == id) {
            self.staged.swap_remove(place);
            self.open.remove(&id);
        }
    }

    /// An id from a replayed arrival.
    pub(super) fn replay(&mut self, id: u64) {
        if self.open.insert(id) {
            self.unlogged.push_back(id);
            self.taken += 1;
        }
    }

    fn is_closing(&self, id: u64) -> bool {
        self.closing.iter().any(|run| may_hold(&run.filter, id) && run.ids.binary_search(&id).is_ok())
    }

    fn in_runs(&self, id: u64, read: &dyn RawRead) -> Result<bool> {
        for run in self.runs.iter().rev() {
            if may_hold(&run.filter, id) && in_run(run.number, id, read)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The group in flight is durable.
    pub(super) fn commit(&mut self) {
        self.taken += self.staged.len() as u64;
        self.unlogged.extend(self.staged.drain(..));
        if self.open.len() >= OPEN_IDS {
            self.close_run();
        }
    }

    fn close_run(&mut self) {
        // What is in flight may never come: it is for the next run.
        self.staged.iter().for_each(|id| _ = self.open.remove(id));
        let mut ids: Vec<u64> = std::mem::take(&mut self.open).into_iter().collect();
        self.open.extend(&self.staged);
        ids.sort_unstable();
        // Made before it is written: to look each new id up among so many takes longer than all else about it.
        let filter = self.room_for_filter(ids.len()).then(|| {
            let mut filter = Filter::new(ids.len());
            ids.iter().for_each(|id| filter.add(*id));
            filter
        });
        self.closing.push_back(Closing { number: self.number, ids, written: 0, filter });
        (self.number, self.logged_rows) = (self.number + 1, 0);
    }

    /// Tells the time: runs older than a day go with one of the next commits.
    pub(super) fn prune(&mut self, now_ms: i64) {
        self.pruned_ms = Some(now_ms);
        if self.open.len() > self.staged.len() {
            self.close_run();
        }
    }

    /// The group in flight never came.
    pub(super) fn abort(&mut self) {
        self.staged.drain(..).for_each(|id| _ = self.open.remove(&id));
    }

    /// A mark that [`Seen::is_logged`] tells when all ids taken so far are logged.
    pub(super) fn mark(&self) -> u64 {
        self.taken
    }

    pub(super) fn is_logged(&self, mark: u64, step: &Step) -> bool {
        self.logged + step.logged as u64 >= mark
    }

    /// Whether there is work that should not wait for the next round.
    pub(super) fn has_work(&self) -> bool {
        !self.closing.is_empty() || self.pruned_ms.is_some()
    }

    /// Adds some rows to a commit. New ids are logged only `in_round`.
    pub(super) fn slice(&self, in_round: bool, ops: &mut Vec<RawOp>) -> Step {
        let mut step = Step::default();
        while in_round && (step.logged_rows as usize) < LOGGED_ROWS && step.logged < self.unlogged.len() {
            let row: Vec<u64> = self.unlogged.iter().skip(step.logged).take(LOGGED_IDS).copied().collect();
            let serial = (self.logged_rows + step.logged_rows).to_be_bytes();
            ops.push(put(LOGGED, self.number, &serial, id_bytes(&row)));
            step.logged += row.len();
            step.logged_rows += 1;
        }
        if let Some(run) = self.closing.front() {
            for row in run.ids[run.written..].chunks(SORTED_IDS).take(SORTED_ROWS) {
                ops.push(put(SORTED, run.number, &row[0].to_be_bytes(), id_bytes(row)));
                step.written += row.len();
            }
            step.completed = run.written + step.written == run.ids.len();
            if step.completed {
                ops.push(put_run(run.number, run.ids.len(), 0));
            }
        }
        if let Some(now_ms) = self.pruned_ms {
            step.dated = Some(now_ms);
            let expired = |run: &&Run| run.older_than_ms.is_some_and(|ms| ms < now_ms - RETENTION_MS);
            for run in self.runs.iter().take_while(expired) {
                ops.push(RawOp { table: SEEN, key: row_key(RUN, run.number, &[]), value: None });
                step.expired += 1;
            }
            for run in self.runs.iter().filter(|run| run.older_than_ms.is_none()) {
                ops.push(put_run(run.number, run.count, now_ms));
            }
        }
        step
    }

    /// The commit with this step succeeded; answers rows that can now be removed little by little.
    pub(super) fn apply(&mut self, step: Step) -> Vec<KeyRange> {
        let mut garbage = Vec::new();
        self.unlogged.drain(..step.logged);
        self.logged += step.logged as u64;
        self.logged_rows += step.logged_rows;
        for run in self.runs.drain(..step.expired) {
            garbage.push(run_range(SORTED, run.number));
        }
        if let Some(now_ms) = step.dated {
            self.runs.iter_mut().for_each(|run| run.older_than_ms = run.older_than_ms.or(Some(now_ms)));
            self.pruned_ms = self.pruned_ms.filter(|ms| *ms != now_ms);
        }
        if let Some(run) = self.closing.front_mut() {
            run.written += step.written;
        }
        if step.completed
            && let Some(run) = self.closing.pop_front()
        {
            garbage.push(KeyRange { start: vec![LOGGED], end: run_range(LOGGED, run.number).end });
            self.runs.push_back(Run {
                number: run.number,
                count: run.ids.len(),
                older_than_ms: None,
                filter: run.filter,
            });
        }
        garbage
    }
}

/// Whether a run can hold an id, by its filter, if it has one.
fn may_hold(filter: &Option<Filter>, id: u64) -> bool {
    filter.as_ref().is_none_or(|filter| filter.may_hold(id))
}

fn in_run(number: u32, id: u64, read: &dyn RawRead) -> Result<bool> {
    let start = row_key(SORTED, number, &[]);
    let end = id.checked_add(1).map(|after| row_key(SORTED, number, &after.to_be_bytes()));
    let range = KeyRange { start, end: end.or(run_range(SORTED, number).end) };
    let mut found = false;
    read.raw_scan(SEEN, &range, Order::Descending, &mut |_, value| {
        found =
            value.as_chunks::<8>().0.binary_search_by_key(&id, |bytes| u64::from_be_bytes(*bytes)).is_ok();
        Ok(false)
    })?;
    Ok(found)
}

fn note_garbage(garbage: &mut Vec<KeyRange>, range: KeyRange) {
    if garbage.last().is_none_or(|last| last.start != range.start) {
        garbage.push(range);
    }
}

fn run_range(kind: u8, number: u32) -> KeyRange {
    KeyRange::prefix(&row_key(kind, number, &[]))
}

fn row_key(kind: u8, number: u32, rest: &[u8]) -> Vec<u8> {
    [&[kind], number.to_be_bytes().as_slice(), rest].concat()
}

fn put_run(number: u32, count: usize, dated_ms: i64) -> RawOp {
    let mut value = Vec::new();
    put_varint(&mut value, count as u64);
    put_varint(&mut value, dated_ms.max(0) as u64);
    put(RUN, number, &[], value)
}

fn put(kind: u8, number: u32, rest: &[u8], value: Vec<u8>) -> RawOp {
    RawOp { table: SEEN, key: row_key(kind, number, rest), value: Some(value) }
}

fn id_bytes(ids: &[u64]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.to_be_bytes()).collect()
}

fn ids(value: &[u8]) -> impl Iterator<Item = u64> {
    value.as_chunks::<8>().0.iter().map(|bytes| u64::from_be_bytes(*bytes))
}

fn damaged(Malformed: Malformed) -> Error {
    Error::Damaged { table: SEEN.0 }
}
