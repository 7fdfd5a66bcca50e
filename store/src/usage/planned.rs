//! The folds of a slice, planned by the writer's thread and worked out beside it: to read, merge and pack takes longer than
//! all else about an event, and callers wait for the writer meanwhile. It must not change anything that others see.

use std::time::Instant;

use super::block::Packer;
use super::engine::Engine;
use super::fold::Fold;
use super::head::Head;
use super::shared::{KeyCell, Run, lock};
use super::work::{PRESSING_BYTES, ROUND_BYTES};
use crate::error::Result;
use crate::model::Id;
use crate::redb::port::{RawOp, RawRead};

/// Keys of one slice, or a share of those that wait when they are many, and bytes of their events: what a commit writes in
/// about the time that a group of reports takes.
const SLICE_KEYS: usize = 4;
const SLICE_KEYS_SHARE: usize = 64;
const SLICE_BYTES: usize = 384 << 10;
/// The share of both when memory fills faster than rounds empty it.
const PRESSING_SHARE: usize = 8;
/// The keys of a slice while a question about many keys is under way: it waits for the slice as long as that takes.
const ASKED_KEYS: usize = 4;
const ASKED_KEYS_SHARE: usize = 256;

/// Where the folds of the next slice are.
#[derive(Default)]
pub(super) enum Aside {
    /// None are planned.
    #[default]
    Unplanned,
    /// They are being worked out.
    Away,
    /// They wait for a commit.
    Back(Worked),
}

/// Folds to be worked out.
#[derive(Default)]
pub(crate) struct Planned {
    pub(super) plans: Vec<Plan>,
    /// How many keys of the round, and of those that cooled, are done with this.
    pub(super) from_round: usize,
    pub(super) from_cooling: usize,
}

/// One key's fold, with all it needs of memory.
pub(super) struct Plan {
    pub(super) api_key: Id,
    pub(super) key: KeyCell,
    pub(super) before: Head,
    pub(super) runs: Vec<Run>,
    /// Whether waiting cells are spread over the rollup rows.
    pub(super) spread: bool,
}

/// Folds that need nothing but a commit.
pub(crate) struct Worked {
    pub(super) folds: Vec<(WorkedFold, Box<Head>)>,
    pub(super) ops: Vec<RawOp>,
    pub(super) from_round: usize,
    pub(super) from_cooling: usize,
}

/// What is noted of a key's fold while its commit is in flight.
pub(super) struct WorkedFold {
    pub(super) api_key: Id,
    pub(super) key: KeyCell,
    /// What was folded: as long as somebody holds them, no event is added to these runs.
    pub(super) runs: Vec<Run>,
}

impl Planned {
    /// For a slice that folds nothing.
    pub(super) fn without_folds(self) -> Worked {
        let Self { from_round, from_cooling, .. } = self;
        Worked { folds: Vec::new(), ops: Vec::new(), from_round, from_cooling }
    }

    /// Works the folds out; `read` shows what the commits before have written.
    pub(crate) fn work_out(mut self, packer: &mut Packer, read: &dyn RawRead) -> Result<Worked> {
        let (mut folds, mut ops) = (Vec::with_capacity(self.plans.len()), Vec::new());
        for Plan { api_key, key, before, runs, spread } in std::mem::take(&mut self.plans) {
            let through = runs.last().map_or(before.through, |run| run.0);
            let events = runs.iter().flat_map(|run| run.1.iter()).collect();
            let head = Fold { api_key, read, packer, ops: &mut ops }.run(&before, through, events, spread)?;
            folds.push((WorkedFold { api_key, key, runs }, Box::new(head)));
        }
        Ok(Worked { folds, ops, ..self.without_folds() })
    }
}

impl Engine {
    /// The folds of the next slice, when they are due and not planned yet, for [`Engine::worked_out`]. Nothing when none are
    /// to be made.
    pub(crate) fn plan(&mut self, now: Instant) -> Option<Planned> {
        let due = self.wants_commit_at().is_some_and(|at| at <= now);
        if !due || !matches!(self.work.aside, Aside::Unplanned) {
            return None;
        }
        self.work.now = now;
        self.warm();
        self.take_requests();
        if !self.work.forgetting.is_empty() {
            // Those are marked first: their events are not for folding.
            return None;
        }
        self.begin_round(now);
        let mut planned = Planned::default();
        self.plan_round(now, &mut planned);
        self.plan_cooled(now, &mut planned);
        if planned.plans.is_empty() {
            self.work.aside = Aside::Back(planned.without_folds());
            return None;
        }
        self.work.aside = Aside::Away;
        Some(planned)
    }

    /// Whether so much is unfolded that folding must come before what is reported.
    pub(crate) fn is_pressed(&self) -> bool {
        self.unfolded_bytes >= PRESSING_BYTES
    }

    /// Whether something planned is being worked out.
    pub(crate) fn is_folding(&self) -> bool {
        matches!(self.work.aside, Aside::Away)
    }

    /// Takes back what was planned, for the next slice; none when it could not be worked out, and is to be planned again.
    pub(crate) fn worked_out(&mut self, worked: Option<Worked>) {
        self.work.aside = worked.map_or(Aside::Unplanned, Aside::Back);
    }

    fn plan_round(&self, now: Instant, planned: &mut Planned) {
        let Some(round) = &self.work.round else { return };
        let waiting = round.keys.len();
        let pressing = self.unfolded_bytes >= ROUND_BYTES;
        let (least, share) = match (self.makes_room(), pressing) {
            (true, _) => (ASKED_KEYS, ASKED_KEYS_SHARE),
            (_, true) => (SLICE_KEYS, PRESSING_SHARE),
            _ => (SLICE_KEYS, SLICE_KEYS_SHARE),
        };
        let keys = least.max(waiting / share);
        let mut room = if pressing { self.unfolded_bytes / PRESSING_SHARE } else { SLICE_BYTES };
        for api_key in round.keys.iter().take(keys) {
            if !self.plan_key(*api_key, now, &mut room, planned) {
                break;
            }
            planned.from_round += 1;
        }
    }

    fn plan_cooled(&self, now: Instant, planned: &mut Planned) {
        let mut room = SLICE_BYTES;
        let (least, share) =
            if self.makes_room() { (ASKED_KEYS, ASKED_KEYS_SHARE) } else { (SLICE_KEYS, SLICE_KEYS_SHARE) };
        let most = least.max(self.work.cooling.len() / share);
        let second = self.work.second(now);
        for (due, api_key) in self.work.cooling.iter().copied() {
            if due > second || planned.plans.len() >= most {
                break;
            }
            let current = self.shared.key(api_key).is_some_and(|key| lock(&key).spread_at == Some(due));
            if current && !self.plan_key(api_key, now, &mut room, planned) {
                break;
            }
            planned.from_cooling += 1;
        }
    }

    /// Plans to fold a key's runs as far as there is `room`; `false` when some remain, or the key is planned already.
    fn plan_key(&self, api_key: Id, now: Instant, room: &mut usize, planned: &mut Planned) -> bool {
        let Some(key) = self.shared.key(api_key) else { return true };
        if planned.plans.iter().any(|plan| plan.api_key == api_key) {
            return false;
        }
        let mut state = lock(&key);
        if state.head.forgotten {
            return true;
        }
        let runs = state.runs_within(room);
        let complete = runs.len() == state.runs().len();
        if runs.is_empty() && !complete {
            return false;
        }
        let spread = state.spread_at.is_some_and(|due| due <= self.work.second(now));
        let before = state.head.clone();
        // What comes while this is being worked out is for another round.
        state.queued &= !complete;
        drop(state);
        planned.plans.push(Plan { api_key, key, before, runs, spread });
        complete
    }
}
