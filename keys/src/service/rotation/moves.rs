//! A change of where a key's versions and its rotation stand, as one commit: read, decided by `crate::rotation`, written
//! back with whatever follows from it.

use keyward_store::model::{ApiKey, Id, PastRotation, RotationOutcome, RotationPlan, RotationRun};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy::Permission;
use crate::rotation::{Ledger, Terms};
use crate::service::Service;
use crate::service::access::Target;
use crate::service::change::Draft;
use crate::service::mirror::{Shared, Tables};
use crate::service::rotation::plan::{method_word, next_due, plan_of};

/// What a decision sees, and what it leaves to be written beside the versions.
pub(crate) struct Moment<'a> {
    pub(crate) tables: &'a Tables,
    pub(crate) draft: &'a mut Draft,
    pub(crate) key: ApiKey,
    pub(crate) plan: RotationPlan,
    /// The plan was set by somebody.
    pub(crate) planned: bool,
    pub(crate) terms: Terms,
    pub(crate) now_ms: i64,
    /// What the audit record says.
    pub(crate) detail: String,
    /// Rotations that have ended, and whether they are done.
    pub(crate) ended: Vec<(RotationRun, bool)>,
    /// The next one is to be worked out from now on.
    pub(crate) schedule_anew: bool,
    /// The next one is due by then at the latest, ms since the epoch: the new value ends by itself.
    pub(crate) due_by_ms: Option<i64>,
}

impl Service {
    /// Moves a key's versions: `decide` may run several times, and changes nothing but what it is given.
    pub(crate) async fn move_versions<T>(
        &self,
        caller: &Caller,
        permission: Permission,
        id: Id,
        mut decide: impl FnMut(&mut Moment<'_>, &mut Ledger) -> Result<T>,
    ) -> Result<T> {
        let ended = self
            .change(caller, permission, Target::Key(id), |tables, draft| {
                let row = tables.keys.get(id).ok_or(Error::NotFound("key"))?;
                let (mut moment, mut ledger) = Moment::of(tables, draft, row);
                let answer = decide(&mut moment, &mut ledger)?;
                let ended: Vec<_> =
                    moment.ended.iter().map(|(run, done)| (method_word(&run.method), *done)).collect();
                moment.write(row, ledger)?;
                Ok((answer, ended))
            })
            .await?;
        let (answer, ended) = ended;
        for (method, done) in ended {
            self.0.meters.rotated(method, if done { "done" } else { "cancelled" }, self.now_ms());
        }
        Ok(answer)
    }
}

impl<'a> Moment<'a> {
    pub(crate) fn of(tables: &'a Tables, draft: &'a mut Draft, row: &Shared<ApiKey>) -> (Self, Ledger) {
        let key = row.record.clone();
        let state = tables.rotations.state(key.id).map(|row| &row.record);
        let ledger = Ledger::of(&key, state);
        let plan = plan_of(tables, key.id);
        let moment = Self {
            planned: tables.rotations.plan(key.id).is_some(),
            terms: Terms::of(&plan),
            now_ms: draft.now_ms,
            tables,
            draft,
            key,
            plan,
            detail: String::new(),
            ended: Vec::new(),
            schedule_anew: false,
            due_by_ms: None,
        };
        (moment, ledger)
    }

    /// The value before is in use again, and is to be replaced by when it was. Where that has passed, the next rotation is
    /// worked out from now on: the daemon would else begin at once what a person has just taken back.
    pub(crate) fn due_again(&mut self, due_ms: Option<i64>) {
        let next_ms = self.key.next_rotation_ms;
        if let Some(due_ms) = due_ms.filter(|due_ms| *due_ms > self.now_ms)
            && next_ms.is_some_and(|next_ms| due_ms < next_ms)
        {
            self.key.next_rotation_ms = Some(due_ms);
        }
    }

    /// Writes where it all stands from now on.
    pub(crate) fn write(self, row: &Shared<ApiKey>, ledger: Ledger) -> Result<()> {
        let Self { tables, draft, mut key, now_ms, ended, detail, schedule_anew, due_by_ms, .. } = self;
        for (run, done) in &ended {
            let outcome = if *done { RotationOutcome::Done } else { RotationOutcome::Cancelled };
            draft.batch.create(&past(key.id, run, outcome, ledger.current, now_ms))?;
        }
        let moved = (key.current_version, key.previous) != (ledger.current, ledger.previous);
        (key.current_version, key.previous) = (ledger.current, ledger.previous);
        // An occurrence that was begun stays due until it is done: what is overdue shows as that.
        if schedule_anew || ended.iter().any(|(_, done)| *done) {
            let next_ms = next_due(tables, &key, now_ms);
            key.next_rotation_ms = next_ms.into_iter().chain(due_by_ms).min();
        }
        if moved || key != row.record {
            key.updated_ms = now_ms;
            draft.batch.replace(row, &key)?;
        } else {
            draft.batch.require(row);
        }
        match tables.rotations.state(key.id) {
            Some(old) if old.record != ledger.rotation => {
                draft.batch.replace(old, &ledger.rotation)?;
            }
            Some(old) => {
                draft.batch.require(old);
            }
            None => {
                draft.batch.create(&ledger.rotation)?;
            }
        }
        (draft.object, draft.space, draft.detail) = (Some(key.id), Some(key.space), detail);
        draft.events.push(Event::KeyChanged { space: key.space, api_key: key.id });
        Ok(())
    }
}

/// A rotation that has ended, for those who look back.
pub(crate) fn past(
    api_key: Id,
    run: &RotationRun,
    outcome: RotationOutcome,
    current: u32,
    now_ms: i64,
) -> PastRotation {
    PastRotation {
        api_key,
        id: run.id,
        cause: run.cause,
        asked_by: run.asked_by,
        method: method_word(&run.method).to_owned(),
        started_ms: run.started_ms,
        ended_ms: now_ms,
        outcome,
        version: run.version.or((outcome == RotationOutcome::Done).then_some(current)),
        log: run.log.clone(),
    }
}
