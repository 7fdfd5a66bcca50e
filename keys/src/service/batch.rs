//! Several changes to keys in one commit: all of them or none, each with an audit record of its own. What can be part of it
//! touches nothing but its key; what moves a key, or changes who opens it, goes by itself.

use std::collections::{BTreeMap, HashMap};

use keyward_store::model::{ApiKey, Id};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::input::{Batch, BatchChange, KeyChange, KeyPatch, MOST_CHANGES, NewKey};
use crate::policy::Permission;
use crate::service::access::{Target, authorise};
use crate::service::billing::check_room;
use crate::service::bin::take_out;
use crate::service::change::Draft;
use crate::service::import::MOST_WITH_PASSPHRASE;
use crate::service::keys::{changed, put_changed, put_in_bin, tell_binned, unchanged};
use crate::service::making::{Checked, ReadyKey};
use crate::service::mirror::Tables;
use crate::service::patch::check_patch;
use crate::service::rotation::next_due;
use crate::service::text::Faults;
use crate::service::{Service, budgets, key_networks};
use crate::view::{BatchAction, BatchLine, BatchReport};

/// One change that was found right; `N` is what it knows of a new key.
enum Step<N> {
    Add(Id, N),
    Edit(Id, Box<KeyPatch>),
    Delete(Id),
    Restore { id: Id, space: Id },
}

/// A new key before it is sealed.
type Unsealed = (Checked, Box<NewKey>);

/// What the lines before were about: keys, and the space of new ones.
#[derive(Default)]
struct Seen {
    keys: HashMap<Id, usize>,
    space: Option<(usize, Id)>,
}

impl Service {
    /// Makes all of these changes in one commit, or none: then every fault is told, under its line. Each key may be named
    /// once, as it was before.
    pub async fn batch(&self, caller: &Caller, batch: Batch) -> Result<BatchReport> {
        let account = caller.person()?;
        check_size(&batch.changes)?;
        let (mut faults, mut seen, mut planned) = (Faults::from(batch.faults), Seen::default(), Vec::new());
        for BatchChange { line, change } in batch.changes {
            let step = self.plan(caller, account, change).await;
            match step.and_then(|step| seen.note(line, &step).map(|()| step)) {
                Ok(step) => planned.push((line, step)),
                Err(error @ (Error::Internal(_) | Error::Busy | Error::Full)) => return Err(error),
                Err(error) => faults.add(format!("lines/{line}"), told(&error)),
            }
        }
        faults.check()?;
        if batch.dry_run {
            let changes = planned.iter().map(|(line, step)| self.line(*line, step.action(), step.there()));
            return Ok(BatchReport { dry_run: true, changes: changes.collect() });
        }
        let mut steps = Vec::with_capacity(planned.len());
        for (line, step) in planned {
            steps.push((line, self.ready(caller, account, step).await?));
        }
        self.make(caller, &steps).await?;
        self.let_others_in(caller).await;
        let changes = steps.iter().map(|(line, step)| self.line(*line, step.action(), Some(step.key())));
        Ok(BatchReport { dry_run: false, changes: changes.collect() })
    }

    /// Looks whether a change is right, and may be made. Nothing slow is done.
    async fn plan(&self, caller: &Caller, account: Id, change: KeyChange) -> Result<Step<Unsealed>> {
        let step = match change {
            KeyChange::Add(new) => {
                let checked = self.check_new_key(&new)?;
                let (space, _) = self.place_for(caller, account, &new)?;
                Step::Add(space, (checked, new))
            }
            KeyChange::Edit(key, patch) => {
                check_alone(&patch)?;
                Step::Edit(self.resolve(caller, &key)?, Box::new(check_patch(*patch)?))
            }
            KeyChange::Delete(key) => Step::Delete(self.resolve(caller, &key)?),
            KeyChange::Restore(key) => {
                let (id, space) = self.resolve_binned(caller, &key)?;
                Step::Restore { id, space }
            }
        };
        let (permission, target) = step.needs();
        let allowed = authorise(&self.mirror().read(), caller, permission, target, None);
        if allowed.is_err() {
            self.record_refusal(caller.identity, caller.origin, permission, target).await;
        }
        allowed.map(|()| step)
    }

    async fn ready(&self, caller: &Caller, account: Id, step: Step<Unsealed>) -> Result<Step<ReadyKey>> {
        Ok(match step {
            Step::Add(space, (checked, new)) => {
                Step::Add(space, self.ready_key(caller, account, checked, &new).await?)
            }
            Step::Edit(id, patch) => Step::Edit(id, patch),
            Step::Delete(id) => Step::Delete(id),
            Step::Restore { id, space } => Step::Restore { id, space },
        })
    }

    async fn make(&self, caller: &Caller, steps: &[(usize, Step<ReadyKey>)]) -> Result<()> {
        let Some((_, first)) = steps.first() else { return Ok(()) };
        let spaces: Vec<Id> = steps.iter().filter_map(|(_, step)| step.fills()).collect();
        let _turn = match spaces.first() {
            Some(space) => self.turn_to_add(*space, spaces.len()).await,
            None => None,
        };
        let (permission, target) = first.needs();
        self.change(caller, permission, target, |tables, draft| {
            // An owner of several of these spaces has one plan, so each is asked for room for all of the keys.
            for space in &spaces {
                check_room(tables, &self.0.settings.plans, *space, spaces.len())?;
            }
            let mut binned: BTreeMap<Id, Vec<&ApiKey>> = BTreeMap::new();
            for (_, step) in steps {
                let (permission, target) = step.needs();
                authorise(tables, caller, permission, target, Some(&mut draft.batch))?;
                draft.doing = permission;
                step.put(tables, draft)?;
                if let Step::Delete(id) = step
                    && let Some(row) = tables.keys.get(*id)
                {
                    binned.entry(row.record.space).or_default().push(&row.record);
                }
            }
            binned.iter().try_for_each(|(space, keys)| tell_binned(tables, draft, caller, *space, keys))
        })
        .await
    }

    fn line(&self, line: usize, action: BatchAction, key: Option<Id>) -> BatchLine {
        let row = key.and_then(|key| self.mirror().read().keys.any(key).cloned());
        BatchLine { line, action, key: row.map(|row| self.key_view(&row)) }
    }
}

impl<N> Step<N> {
    fn needs(&self) -> (Permission, Target) {
        match self {
            Self::Add(space, _) => (Permission::KeyCreate, Target::Space(*space)),
            Self::Edit(id, _) => (Permission::KeyChange, Target::Key(*id)),
            Self::Delete(id) => (Permission::KeyDelete, Target::Key(*id)),
            Self::Restore { id, .. } => (Permission::KeyRestore, Target::Binned(*id)),
        }
    }

    fn action(&self) -> BatchAction {
        match self {
            Self::Add(..) => BatchAction::Created,
            Self::Edit(..) => BatchAction::Updated,
            Self::Delete(_) => BatchAction::Deleted,
            Self::Restore { .. } => BatchAction::Restored,
        }
    }

    /// The space in which it takes a place of the plan.
    fn fills(&self) -> Option<Id> {
        match self {
            Self::Add(space, _) | Self::Restore { space, .. } => Some(*space),
            Self::Edit(..) | Self::Delete(_) => None,
        }
    }

    /// The key, when it is there already.
    fn there(&self) -> Option<Id> {
        match self {
            Self::Add(..) => None,
            Self::Edit(id, _) | Self::Delete(id) | Self::Restore { id, .. } => Some(*id),
        }
    }
}

impl Step<ReadyKey> {
    fn key(&self) -> Id {
        match self {
            Self::Add(_, key) => key.id,
            Self::Edit(id, _) | Self::Delete(id) | Self::Restore { id, .. } => *id,
        }
    }

    fn put(&self, tables: &Tables, draft: &mut Draft) -> Result<()> {
        match self {
            Self::Add(_, key) => key.put(tables, draft, ""),
            Self::Edit(id, patch) => {
                let old = unchanged(tables, *id, None)?;
                let (mut record, mut set) = changed(old, patch, draft);
                if let Some(networks) = &patch.networks {
                    key_networks::put(tables, draft, *id, networks)?;
                    set.push("networks");
                }
                if patch.monthly_budget.is_some() || patch.refuse_over_budget.is_some() {
                    let (amount, refuse) = (patch.monthly_budget, patch.refuse_over_budget);
                    set.extend(budgets::put(tables, draft, *id, amount, refuse)?);
                }
                if patch.rotation_interval.is_some() {
                    record.next_rotation_ms = next_due(tables, &record, draft.now_ms);
                }
                put_changed(draft, old, &record, &set)
            }
            Self::Delete(id) => put_in_bin(draft, unchanged(tables, *id, None)?),
            Self::Restore { id, .. } => take_out(tables, draft, *id),
        }
    }
}

impl Seen {
    fn note(&mut self, line: usize, step: &Step<Unsealed>) -> Result<()> {
        if let Some(before) = step.there().and_then(|key| self.keys.insert(key, line)) {
            let text = format!(
                "is about the same key as line {before}; put both into one line, or into two batches"
            );
            return Err(Error::Conflict(text));
        }
        if let Step::Add(space, _) = step
            && let (before, of) = *self.space.get_or_insert((line, *space))
            && of != *space
        {
            let text = format!("adds to another space than line {before}; one batch adds keys to one space");
            return Err(Error::Conflict(text));
        }
        Ok(())
    }
}

fn check_size(changes: &[BatchChange]) -> Result<()> {
    if changes.len() > MOST_CHANGES {
        let text = format!("has {} changes; {MOST_CHANGES} is the most at once", changes.len());
        return Err(Error::invalid("lines", text));
    }
    let slow = |one: &&BatchChange| matches!(&one.change, KeyChange::Add(new) if new.passphrase.is_some());
    match changes.iter().filter(slow).count() {
        slow if slow > MOST_WITH_PASSPHRASE => Err(Error::invalid(
            "lines",
            format!("has {slow} keys with a passphrase; {MOST_WITH_PASSPHRASE} is the most at once"),
        )),
        _ => Ok(()),
    }
}

/// Refuses what does more than set fields of the key.
fn check_alone(patch: &KeyPatch) -> Result<()> {
    let more = [
        ("environment", patch.environment.is_some()),
        ("team", patch.team.is_some()),
        ("custody", patch.custody.is_some()),
        ("passphrase", patch.passphrase.is_some()),
        ("rotation", patch.rotation.is_some()),
        ("decoy", patch.decoy.is_some()),
    ];
    match more.into_iter().find(|(_, given)| *given) {
        Some((field, _)) => Err(Error::invalid(field, "cannot change in a batch: change it by itself")),
        None => Ok(()),
    }
}

/// What is told of a fault under its line.
fn told(error: &Error) -> String {
    match error {
        Error::Invalid(faults) => {
            let each = faults.iter().map(|fault| format!("{} {}", fault.field, fault.detail));
            each.map(|text| text.trim().to_owned()).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}
