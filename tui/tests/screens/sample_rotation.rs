//! Rotations of the sample keys: some due, some under way in each of the ways that there are, some that have ended.

use keyward_keys::input::RotationMethodName;
use keyward_keys::view::{
    KeyView, LeavingVersion, PastRotationView, RehearsedApp, RetiringState, RetiringView, RotationEntryView,
    RotationFaultView, RotationRehearsal, RotationRunView, RotationSettingsView, RotationState,
    RotationSummary, RotationView, RotationsView, StepState, StepView, StillUsing, VersionApp,
};
use keyward_keys::{
    FailureClass, RotationCause, RotationHealth, RotationOutcome, RotationPhase, RotationStep,
};
use keyward_tui::app::{RotationAnswer, RotationAsk};

use super::of_keys::reminding;
use super::{MINUTE, NOW_MS, id, moment};

const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

pub(super) fn answer(keys: &[KeyView], ask: &RotationAsk) -> Option<RotationAnswer> {
    let find = |id| keys.iter().position(|key| key.id == id).map(|at| (at, &keys[at]));
    Some(match ask {
        RotationAsk::All(_) => RotationAnswer::All(Box::new(all(keys))),
        RotationAsk::Rehearse(id, rotate) => {
            RotationAnswer::Rehearsal(Box::new(rehearsal(find(*id)?.1, rotate.emergency)))
        }
        RotationAsk::One(id)
        | RotationAsk::Rotate(id, _)
        | RotationAsk::RollBack(id)
        | RotationAsk::Retire(id, _) => {
            let (at, key) = find(*id)?;
            RotationAnswer::One(Box::new(one(at, key)))
        }
    })
}

fn method(at: usize) -> RotationMethodName {
    match at % 5 {
        0 | 3 => RotationMethodName::Generate,
        1 => RotationMethodName::Webhook,
        _ => RotationMethodName::Remind,
    }
}

fn fault() -> RotationFaultView {
    RotationFaultView {
        step: RotationStep::Test,
        class: FailureClass::Auth,
        text: "https://rotate.example.com answered 401 Unauthorized".to_owned(),
        advice: "check the credential that is shown there, then rotate again to go on",
        at: moment(NOW_MS - 12 * MINUTE),
    }
}

fn steps(outside: bool, at: RotationStep, state: StepState) -> Vec<StepView> {
    use RotationStep::{Create, Finish, Set, Test};
    let all: &[RotationStep] = if outside { &[Create, Set, Test, Finish] } else { &[Create, Finish] };
    let of = |step: RotationStep| match step.cmp(&at) {
        std::cmp::Ordering::Less => StepState::Done,
        std::cmp::Ordering::Equal => state,
        std::cmp::Ordering::Greater => StepState::Todo,
    };
    all.iter().map(|step| StepView { step: *step, state: of(*step) }).collect()
}

/// What a key's rotation does: the first few keys each show another state.
fn summary(at: usize, key: &KeyView) -> RotationSummary {
    let idle = RotationSummary {
        id: key.id,
        key_id: key.key_id.clone(),
        name: key.name.clone(),
        environment: key.environment,
        method: method(at),
        state: RotationState::Idle,
        health: RotationHealth::Healthy,
        next_rotation: key.next_rotation,
        steps: Vec::new(),
        next_try: None,
        retiring: None,
        fault: None,
    };
    let leaving = |state, ms: i64| {
        Some(LeavingVersion {
            version: key.version.saturating_sub(1),
            state,
            overlap_ends: moment(NOW_MS + ms),
        })
    };
    match at {
        3 => RotationSummary {
            state: RotationState::Overlap,
            retiring: leaving(RetiringState::Overlap, 5 * HOUR),
            ..idle
        },
        1 => RotationSummary {
            state: RotationState::Stopped,
            health: RotationHealth::Failed,
            steps: steps(true, RotationStep::Test, StepState::Failed),
            fault: Some(fault()),
            ..idle
        },
        2 => RotationSummary {
            state: RotationState::Waiting,
            steps: steps(false, RotationStep::Create, StepState::Waiting),
            ..idle
        },
        5 => RotationSummary {
            state: RotationState::Overlap,
            retiring: leaving(RetiringState::Extended, -2 * HOUR),
            ..idle
        },
        6 => RotationSummary {
            method: RotationMethodName::Webhook,
            state: RotationState::Running,
            steps: steps(true, RotationStep::Set, StepState::Running),
            ..idle
        },
        11 => RotationSummary {
            state: RotationState::Retrying,
            method: RotationMethodName::Webhook,
            health: RotationHealth::Degraded,
            steps: steps(true, RotationStep::Create, StepState::Failed),
            next_try: Some(moment(NOW_MS + 2 * MINUTE + 1)),
            fault: Some(RotationFaultView {
                step: RotationStep::Create,
                class: FailureClass::Transient,
                text: "https://rotate.example.com answered 503 Service Unavailable".to_owned(),
                advice: "it is tried again by itself; when it has stopped, rotate again to go on",
                at: moment(NOW_MS - MINUTE),
            }),
            ..idle
        },
        _ => idle,
    }
}

fn all(keys: &[KeyView]) -> RotationsView {
    let all: Vec<_> = keys.iter().enumerate().map(|(at, key)| summary(at, key)).collect();
    let mut queue: Vec<_> = all.iter().filter(|key| key.state != RotationState::Idle).cloned().collect();
    queue.sort_by_key(|key| key.state);
    let mut calendar: Vec<_> = all.into_iter().filter(|key| key.next_rotation.is_some()).collect();
    calendar.sort_by_key(|key| key.next_rotation);
    RotationsView {
        queued: queue.len() as u64,
        scheduled: calendar.len() as u64,
        queue,
        calendar,
        history: keys.iter().take(9).enumerate().map(|(at, key)| past(at, key)).collect(),
    }
}

fn past(at: usize, key: &KeyView) -> PastRotationView {
    let ended = NOW_MS - (at as i64 * at as i64 * 31 + 3) * HOUR;
    let cause = [RotationCause::Schedule, RotationCause::Asked, RotationCause::Schedule][at % 3];
    let cause = if at == 4 { RotationCause::Emergency } else { cause };
    let entry =
        |step, ms: i64, text: &str| RotationEntryView { at: moment(ended - ms), step, text: text.to_owned() };
    PastRotationView {
        id: id(700 + at),
        api_key_id: key.id,
        name: key.name.clone(),
        cause,
        asked_by: (cause != RotationCause::Schedule).then(|| id(900)),
        method: ["generate", "webhook", "remind"][at % 3].to_owned(),
        started_at: moment(ended - 4_200),
        ended_at: moment(ended),
        outcome: if at == 7 { RotationOutcome::Cancelled } else { RotationOutcome::Done },
        version: (at != 7).then_some(key.version),
        log: vec![
            entry(RotationStep::Create, 4_200, "begun"),
            entry(RotationStep::Create, 1_900, "a new value was made"),
            entry(RotationStep::Finish, 0, "the new version is the current one"),
        ],
    }
}

fn app(n: usize, name: &str, version: u32) -> VersionApp {
    VersionApp {
        id: id(800 + n),
        name: name.to_owned(),
        version,
        since: moment(NOW_MS - 30 * DAY),
        last_fetch: Some(moment(NOW_MS - 9 * DAY)),
    }
}

fn one(at: usize, key: &KeyView) -> RotationView {
    let seen = summary(at, key);
    let old = seen.retiring.map(|old| RetiringView {
        version: old.version,
        since: moment(NOW_MS - 19 * HOUR),
        state: old.state,
        overlap_ends: old.overlap_ends,
        latest: moment(NOW_MS + 7 * DAY),
        used_by: StillUsing { apps: vec![app(0, "billing-cron", old.version)], calls: None },
        fault: None,
    });
    let run = (!seen.steps.is_empty()).then(|| {
        let hand = seen.steps.iter().find(|view| view.state != StepState::Done);
        RotationRunView {
            id: id(600 + at),
            cause: RotationCause::Asked,
            asked_by: Some(id(900)),
            method: seen.method,
            started_at: moment(NOW_MS - 14 * MINUTE),
            step: hand.map_or(RotationStep::Create, |view| view.step),
            phase: match seen.state {
                RotationState::Stopped => RotationPhase::Stopped,
                RotationState::Waiting => RotationPhase::Waiting,
                RotationState::Running => RotationPhase::Calling,
                _ => RotationPhase::Ready,
            },
            steps: seen.steps.clone(),
            attempts: u32::from(seen.fault.is_some()) * 3,
            next_try: seen.next_try,
            version: Some(key.version + 1),
            system_lock: false,
            fault: seen.fault.clone(),
            log: vec![RotationEntryView {
                at: moment(NOW_MS - 14 * MINUTE),
                step: RotationStep::Create,
                text: "begun".to_owned(),
            }],
        }
    });
    RotationView {
        id: key.id,
        key_id: key.key_id.clone(),
        name: key.name.clone(),
        environment: key.environment,
        rotation: RotationSettingsView {
            method: seen.method,
            upcoming: (0..3).map(|n| moment(NOW_MS + (17 + 90 * n) * DAY)).collect(),
            ..settings(key)
        },
        rotation_interval: key.rotation_interval,
        state: seen.state,
        health: seen.health,
        version: key.version,
        next_rotation: key.next_rotation,
        overdue: key.next_rotation.is_some_and(|at| at.as_millisecond() < NOW_MS),
        last_success: (at != 2).then(|| moment(NOW_MS - 19 * HOUR)),
        run,
        retiring: old.into_iter().collect(),
        history: vec![past(at, key)],
    }
}

fn settings(key: &KeyView) -> RotationSettingsView {
    key.rotation.as_deref().cloned().unwrap_or_else(reminding)
}

fn rehearsal(key: &KeyView, emergency: bool) -> RotationRehearsal {
    let rehearsed = |app, why: &str| RehearsedApp { app, why: why.to_owned() };
    let version = key.version;
    RotationRehearsal {
        dry_run: true,
        method: settings(key).method,
        version: version + 1,
        overlap: if emergency { "0s".to_owned() } else { settings(key).overlap },
        latest: moment(NOW_MS + 8 * DAY),
        will_break: vec![rehearsed(
            app(0, "billing-cron", version),
            if emergency {
                "the value it has goes at once"
            } else {
                "it last asked 9 d ago, longer than the old value is kept"
            },
        )],
        updates_itself: vec![rehearsed(app(1, "api-server", version), "it last asked 40 s ago")],
        worth_knowing: vec!["the last call was reported 3 s ago".to_owned()],
        refused: None,
    }
}
