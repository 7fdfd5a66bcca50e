//! The rotation of a key as doors show it. What somebody sees of all their keys is `listed`'s.

use keyward_store::model::{
    ApiKey, FailureClass, Id, PastRotation, Retiring, Rotation, RotationEntry, RotationFault, RotationMethod,
    RotationPhase, RotationPlan, RotationRun, RotationStep, VersionHolder,
};
use keyward_store::{KeyRange, Order, Record, Row, Snapshot, Store};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Error, Result};
use crate::input::KeyRef;
use crate::policy::Permission;
use crate::rotation::schedule::quiet_text;
use crate::rotation::{Ledger, Terms, Way};
use crate::service::Service;
use crate::service::fetches::last_fetch;
use crate::service::hours::Home;
use crate::service::mirror::Tables;
use crate::service::rotation::plan::{method_name, plan_of, schedule_of, zone_of};
use crate::view::{
    PastRotationView, RetiringState, RetiringView, RotationEntryView, RotationFaultView, RotationRunView,
    RotationSettingsView, RotationState, RotationView, StepState, StepView, StillUsing, VersionApp,
};

/// Past rotations of one key that are shown.
const MOST_PAST: usize = 20;

impl Service {
    /// Where the rotation of a key stands, who still uses what, and what came of it before.
    pub async fn rotation(&self, caller: &Caller, key: &KeyRef) -> Result<RotationView> {
        let id = self.resolve(caller, key)?;
        let row = self.key_row(caller, Permission::UsageRead, id)?;
        let key = &row.record;
        let now_ms = self.now_ms();
        let (plan, state, settings) = {
            let tables = self.mirror().read();
            let plan = plan_of(&tables, id);
            let state = tables.rotations.state(id).map(|row| row.record.clone()).unwrap_or_default();
            let settings = settings_view(&tables, key, now_ms);
            (plan, state, settings)
        };
        let mut retiring = Vec::with_capacity(state.retiring.len());
        for old in &state.retiring {
            let kept = old.phase == RotationPhase::Ready;
            let used_by = if kept {
                self.still_using(key, old.number, plan.idle_ms).await?
            } else {
                StillUsing::default()
            };
            retiring.push(retiring_view(old, used_by, now_ms));
        }
        Ok(RotationView {
            id,
            key_id: key.key_id.clone(),
            name: key.name.clone(),
            environment: key.environment,
            rotation: settings,
            rotation_interval: key.rotation_interval_days,
            state: state_of(&state),
            health: state.health,
            version: key.current_version,
            next_rotation: key.next_rotation_ms.map(timestamp),
            overdue: key.next_rotation_ms.is_some_and(|at| at < now_ms),
            last_success: state.last_success_ms.map(timestamp),
            run: state.run.as_ref().map(run_view),
            retiring,
            history: self.past_of(key).await?,
        })
    }

    async fn past_of(&self, key: &ApiKey) -> Result<Vec<PastRotationView>> {
        let snapshot = self.store().snapshot().await?;
        let range = KeyRange::prefix(key.id.as_bytes());
        let rows = snapshot.scan(PastRotation::TABLE, range, Order::Descending, MOST_PAST).await?;
        rows.iter().map(|(_, raw)| Ok(past_view(&Row::<PastRotation>::decode(raw)?.record, key))).collect()
    }

    /// An app, by what it was given.
    pub(super) fn app_view(&self, holder: &VersionHolder) -> VersionApp {
        let name = self.mirror().read().tokens.get(&holder.token).map(|row| row.record.name.clone());
        VersionApp {
            id: holder.token,
            name: name.unwrap_or_default(),
            version: holder.version,
            since: timestamp(holder.since_ms),
            last_fetch: None,
        }
    }

    /// The same, with when it last asked.
    pub(super) async fn app_with_fetch(
        &self,
        snapshot: &impl Snapshot,
        holder: &VersionHolder,
    ) -> Result<VersionApp> {
        let days = self.0.settings.retention_days;
        let last = last_fetch(snapshot, holder.token, holder.api_key, self.now_ms(), days).await?;
        Ok(VersionApp { last_fetch: last.map(timestamp), ..self.app_view(holder) })
    }
}

/// How a key is rotated, to show.
pub(crate) fn settings_view(tables: &Tables, key: &ApiKey, now_ms: i64) -> RotationSettingsView {
    let plan = plan_of(tables, key.id);
    let schedule = schedule_of(tables, key, &plan);
    let upcoming = schedule.upcoming(key.next_rotation_ms, now_ms, 3).into_iter().map(timestamp).collect();
    let timezone = zone_of(tables, key, &plan).name().to_owned();
    let home = Home::of(tables, key);
    let RotationPlan { method, overlap_ms, cron, quiet, evidence, idle_ms, extend_ms, .. } = plan;
    let mut view = RotationSettingsView {
        method: method_name(&method),
        template: None,
        url: None,
        recipe: None,
        parameters: None,
        credential: None,
        command: None,
        overlap: span(overlap_ms),
        cron,
        timezone,
        quiet_hours: quiet.map(quiet_text),
        team_quiet_hours: home.quiet.filter(|_| quiet.is_none()).map(quiet_text),
        evidence,
        idle_time: span(idle_ms),
        longest_extension: span(extend_ms),
        upcoming,
    };
    match method {
        RotationMethod::Remind { url } => view.url = url,
        RotationMethod::RemindTried { url, recipe, parameters } => {
            (view.url, view.recipe) = (url, Some(recipe));
            view.parameters = Some(parameters.into_iter().collect());
        }
        RotationMethod::Generate { template } => view.template = Some(template),
        RotationMethod::Recipe { name, parameters, credential } => {
            view.recipe = Some(name);
            view.parameters = Some(parameters.into_iter().collect());
            view.credential = credential;
        }
        RotationMethod::Webhook { url } => view.url = Some(url),
        RotationMethod::Command { name } => view.command = Some(name),
    }
    view
}

/// A time span as people write it: `7d`, `1d 2h`, `90s`.
pub(super) fn span(ms: i64) -> String {
    let mut seconds = ms / 1_000;
    if seconds == 0 {
        return if ms > 0 { format!("{ms}ms") } else { "0s".to_owned() };
    }
    let mut text = Vec::new();
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if seconds >= length {
            text.push(format!("{}{unit}", seconds / length));
            seconds %= length;
        }
    }
    text.join(" ")
}

pub(crate) fn state_of(state: &Rotation) -> RotationState {
    let phase = state.run.as_ref().map(|run| run.phase);
    let leaving = |phase| state.retiring.iter().any(|old| old.phase == phase);
    let tried = state.run.as_ref().is_some_and(|run| run.attempt > 0);
    match phase {
        Some(RotationPhase::Stopped) => RotationState::Stopped,
        Some(RotationPhase::Waiting) => RotationState::Waiting,
        Some(RotationPhase::Ready | RotationPhase::Calling) if tried => RotationState::Retrying,
        Some(RotationPhase::Ready | RotationPhase::Calling) => RotationState::Running,
        None if leaving(RotationPhase::Stopped) => RotationState::Stopped,
        None if leaving(RotationPhase::Waiting) => RotationState::Waiting,
        None if state.retiring.is_empty() => RotationState::Idle,
        None => RotationState::Overlap,
    }
}

pub(super) fn next_try(run: &RotationRun) -> Option<jiff::Timestamp> {
    (run.attempt > 0 && run.phase == RotationPhase::Ready).then(|| timestamp(run.next_ms))
}

pub(super) fn steps(run: &RotationRun) -> Vec<StepView> {
    use RotationStep::{Create, Finish, Set, Test};
    let all: &[RotationStep] = match Way::of(&run.method) {
        Way::Outside => &[Create, Set, Test, Finish],
        Way::Own | Way::Person => &[Create, Finish],
    };
    let state = |step: RotationStep| match step.cmp(&run.step) {
        std::cmp::Ordering::Less => StepState::Done,
        std::cmp::Ordering::Greater => StepState::Todo,
        std::cmp::Ordering::Equal => match run.phase {
            RotationPhase::Waiting => StepState::Waiting,
            RotationPhase::Stopped => StepState::Failed,
            RotationPhase::Ready if run.attempt > 0 => StepState::Failed,
            RotationPhase::Ready | RotationPhase::Calling => StepState::Running,
        },
    };
    all.iter().map(|step| StepView { step: *step, state: state(*step) }).collect()
}

fn run_view(run: &RotationRun) -> RotationRunView {
    RotationRunView {
        id: run.id,
        cause: run.cause,
        asked_by: run.asked_by,
        method: method_name(&run.method),
        started_at: timestamp(run.started_ms),
        step: run.step,
        phase: run.phase,
        steps: steps(run),
        attempts: run.attempt,
        next_try: next_try(run),
        version: run.version,
        system_lock: run.held.is_some(),
        fault: run.fault.as_ref().map(fault_view),
        log: run.log.iter().map(entry_view).collect(),
    }
}

fn entry_view(entry: &RotationEntry) -> RotationEntryView {
    RotationEntryView { at: timestamp(entry.at_ms), step: entry.step, text: entry.text.clone() }
}

pub(super) fn fault_view(fault: &RotationFault) -> RotationFaultView {
    let advice = match fault.class {
        FailureClass::Transient => "it is tried again by itself; when it has stopped, rotate again to go on",
        FailureClass::Auth => "check the credential that is shown there, then rotate again to go on",
        FailureClass::Config => "check the settings of this rotation, then rotate again to go on",
        FailureClass::Quota => {
            "make room there, for instance by revoking old keys, then rotate again to go on"
        }
        FailureClass::Refused => {
            "the new value was not accepted; check what it should look like, then rotate again"
        }
    };
    RotationFaultView {
        step: fault.step,
        class: fault.class,
        text: fault.text.clone(),
        advice,
        at: timestamp(fault.at_ms),
    }
}

pub(super) fn retiring_state(old: &Retiring) -> RetiringState {
    match old.phase {
        RotationPhase::Calling => RetiringState::Revoking,
        RotationPhase::Waiting => RetiringState::ToRevoke,
        RotationPhase::Stopped => RetiringState::Stopped,
        RotationPhase::Ready if old.told => RetiringState::Extended,
        RotationPhase::Ready => RetiringState::Overlap,
    }
}

fn retiring_view(old: &Retiring, used_by: StillUsing, now_ms: i64) -> RetiringView {
    let mut state = retiring_state(old);
    if state == RetiringState::Overlap && old.until_ms <= now_ms && !used_by.is_none() {
        state = RetiringState::Extended;
    }
    RetiringView {
        version: old.number,
        since: timestamp(old.since_ms),
        state,
        overlap_ends: timestamp(old.until_ms),
        latest: timestamp(old.latest_ms),
        used_by,
        fault: old.fault.as_ref().map(fault_view),
    }
}

pub(super) fn past_view(past: &PastRotation, key: &ApiKey) -> PastRotationView {
    PastRotationView {
        id: past.id,
        api_key_id: key.id,
        name: key.name.clone(),
        cause: past.cause,
        asked_by: past.asked_by,
        method: past.method.clone(),
        started_at: timestamp(past.started_ms),
        ended_at: timestamp(past.ended_ms),
        outcome: past.outcome,
        version: past.version,
        log: past.log.iter().map(entry_view).collect(),
    }
}

/// Where a key stands, for whoever rehearses.
pub(super) fn standing(tables: &Tables, id: Id) -> Result<(ApiKey, Ledger, RotationPlan, Terms)> {
    let row = tables.keys.get(id).ok_or(Error::NotFound("key"))?;
    let ledger = Ledger::of(&row.record, tables.rotations.state(id).map(|row| &row.record));
    let plan = plan_of(tables, id);
    let terms = Terms::of(&plan);
    Ok((row.record.clone(), ledger, plan, terms))
}
