//! The versions of a key and its rotation: every event that moves them, each as a whole or not at all.

use keyward_store::model::{
    ApiKey, FailureClass, HeldValue, Id, Previous, Retiring, Rotation, RotationCause, RotationEntry,
    RotationFault, RotationHealth, RotationMethod, RotationPhase, RotationRun, RotationStep, VersionOrigin,
    label,
};

use super::{MOST_TRIES, MOST_VALUES, Next, Refusal, Terms, Way, wait_ms};

/// Entries kept of one rotation: as many of its beginning, and the rest of its end.
const MOST_ENTRIES: usize = 60;
const FIRST_ENTRIES: usize = 10;

/// Numbers of dead versions that are remembered.
pub(super) const MOST_DEAD: usize = 256;

/// Where a key's versions and its rotation stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ledger {
    pub(crate) current: u32,
    pub(crate) previous: Option<Previous>,
    pub(crate) rotation: Rotation,
}

/// A rotation that is to begin.
#[derive(Clone, Debug)]
pub(crate) struct Begin {
    pub(crate) id: Id,
    pub(crate) method: RotationMethod,
    pub(crate) cause: RotationCause,
    pub(crate) asked_by: Option<Id>,
    pub(crate) due_ms: Option<i64>,
    pub(crate) overlap_ms: Option<i64>,
}

/// How a beginning went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Begun {
    /// A new rotation; and the one that was given up for it.
    New(Option<Box<RotationRun>>),
    /// One that had stopped goes on.
    Resumed,
    /// It waits for a person already.
    Already,
}

/// A value that was made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    pub(crate) provider_id: Option<String>,
    pub(crate) expires_ms: Option<i64>,
    pub(crate) held: Option<HeldValue>,
}

impl Ledger {
    pub(crate) fn of(key: &ApiKey, rotation: Option<&Rotation>) -> Self {
        let new = || Rotation { api_key: key.id, last_version: key.current_version, ..Rotation::default() };
        Self {
            current: key.current_version,
            previous: key.previous,
            rotation: rotation.cloned().unwrap_or_else(new),
        }
    }

    /// The labels that a version bears.
    pub(crate) fn labels(&self, number: u32) -> u8 {
        let pending = self.rotation.run.as_ref().and_then(|run| run.version) == Some(number);
        let previous = self.previous.is_some_and(|previous| previous.number == number);
        [(self.current == number, label::CURRENT), (pending, label::PENDING), (previous, label::PREVIOUS)]
            .into_iter()
            .filter(|(bears, _)| *bears)
            .fold(0, |labels, (_, one)| labels | one)
    }

    /// The number that the next version is given.
    pub(crate) fn next_number(&self) -> u32 {
        self.current.max(self.rotation.last_version) + 1
    }

    /// Begins a rotation.
    pub(crate) fn begin(&mut self, begin: Begin, now_ms: i64) -> Result<Begun, Refusal> {
        let way = Way::of(&begin.method);
        let mut given_up = None;
        if let Some(run) = &mut self.rotation.run {
            match (begin.cause, run.phase) {
                (RotationCause::Asked, RotationPhase::Stopped) => {
                    // What was asked for and not answered is asked for again, and not something else.
                    let asked = run.step == RotationStep::Create && run.values > 0 && !was_refused(run);
                    (run.phase, run.next_ms, run.attempt) = (RotationPhase::Ready, now_ms, u32::from(asked));
                    self.note(now_ms, "goes on, as somebody asked for");
                    return Ok(Begun::Resumed);
                }
                // It is to be tried again later: who asks wants that now.
                (RotationCause::Asked, RotationPhase::Ready) if run.attempt > 0 => {
                    run.next_ms = now_ms;
                    return Ok(Begun::Resumed);
                }
                (RotationCause::Asked, RotationPhase::Waiting) if way == Way::Person => {
                    return Ok(Begun::Already);
                }
                (RotationCause::Emergency, _) => given_up = Some(self.cancel(now_ms)?),
                // What it waited for was a person, and now something else does it.
                (RotationCause::Asked, RotationPhase::Waiting) => given_up = Some(self.cancel(now_ms)?),
                _ => return Err(Refusal::UnderWay(run.step, run.phase)),
            }
        }
        if begin.cause == RotationCause::Emergency {
            self.previous = None;
            self.retire_now(now_ms);
        }
        let phase = if way == Way::Person { RotationPhase::Waiting } else { RotationPhase::Ready };
        if begin.due_ms.is_some() {
            self.rotation.last_due_ms = begin.due_ms;
        }
        self.rotation.run = Some(RotationRun {
            id: begin.id,
            method: begin.method,
            cause: begin.cause,
            asked_by: begin.asked_by,
            due_ms: begin.due_ms,
            started_ms: now_ms,
            overlap_ms: if begin.cause == RotationCause::Emergency { Some(0) } else { begin.overlap_ms },
            step: RotationStep::Create,
            phase,
            attempt: 0,
            next_ms: now_ms,
            values: 0,
            version: None,
            provider_id: None,
            expires_ms: None,
            held: None,
            fault: None,
            log: Vec::new(),
        });
        self.note(
            now_ms,
            match begin.cause {
                RotationCause::Schedule => "began, as it was due",
                RotationCause::Asked => "began, as somebody asked for",
                RotationCause::Emergency => "began as an emergency: nothing before it stays",
            },
        );
        Ok(Begun::New(given_up.map(Box::new)))
    }

    /// What is to be done now.
    pub(crate) fn next(&self, now_ms: i64) -> Next {
        let mut wait = None;
        if let Some(run) = &self.rotation.run {
            match run.phase {
                RotationPhase::Calling => return Next::Call { step: run.step, resumed: true },
                RotationPhase::Ready if run.next_ms <= now_ms => return next_step(run),
                RotationPhase::Ready => wait = Some(run.next_ms),
                RotationPhase::Waiting | RotationPhase::Stopped => {}
            }
        }
        for old in &self.rotation.retiring {
            match old.phase {
                RotationPhase::Calling => return Next::Retire { number: old.number, resumed: true },
                RotationPhase::Ready if old.next_ms <= now_ms => {
                    return Next::Retire { number: old.number, resumed: false };
                }
                RotationPhase::Ready => wait = Some(wait.map_or(old.next_ms, |at| at.min(old.next_ms))),
                RotationPhase::Waiting | RotationPhase::Stopped => {}
            }
        }
        Next::Wait(wait)
    }

    /// When something is to be done next; none while there is nothing.
    pub(crate) fn wake_ms(rotation: &Rotation) -> Option<i64> {
        let at = |phase, next_ms| match phase {
            RotationPhase::Calling => Some(i64::MIN),
            RotationPhase::Ready => Some(next_ms),
            RotationPhase::Waiting | RotationPhase::Stopped => None,
        };
        let run = rotation.run.as_ref().and_then(|run| at(run.phase, run.next_ms));
        let retiring = rotation.retiring.iter().filter_map(|old| at(old.phase, old.next_ms));
        run.into_iter().chain(retiring).min()
    }

    /// Notes that the present step is about to be done. Answers which of the rotation's values it is about: a value that
    /// was asked for before and did not come is still the same.
    pub(crate) fn intend(&mut self, run: Id, step: RotationStep) -> Result<u32, Refusal> {
        let run = self.at(run, step, &[RotationPhase::Ready, RotationPhase::Calling])?;
        let anew = step == RotationStep::Create && run.phase == RotationPhase::Ready && run.attempt == 0;
        run.phase = RotationPhase::Calling;
        run.values += u32::from(anew);
        Ok(run.values)
    }

    /// A value was made, the one that was intended: it is the pending version. Answers its number.
    pub(crate) fn recorded(&mut self, run: Id, value: u32, made: Made, now_ms: i64) -> Result<u32, Refusal> {
        let number = self.next_number();
        let run = self.at(run, RotationStep::Create, &[RotationPhase::Calling])?;
        if run.values != value {
            return Err(Refusal::Overtaken);
        }
        let next = Way::of(&run.method).after(RotationStep::Create);
        (run.version, run.provider_id) = (Some(number), made.provider_id);
        (run.expires_ms, run.held) = (made.expires_ms, made.held);
        (run.step, run.phase, run.attempt, run.next_ms) = (next, RotationPhase::Ready, 0, now_ms);
        self.rotation.last_version = number;
        self.log(now_ms, RotationStep::Create, format!("version {number} was made, and is pending"));
        Ok(number)
    }

    /// The present step was done.
    pub(crate) fn stepped(&mut self, run: Id, step: RotationStep, now_ms: i64) -> Result<(), Refusal> {
        let run = self.at(run, step, &[RotationPhase::Calling])?;
        let next = Way::of(&run.method).after(step);
        (run.step, run.phase, run.attempt, run.next_ms) = (next, RotationPhase::Ready, 0, now_ms);
        self.log(
            now_ms,
            step,
            match step {
                RotationStep::Test => "the new value works".to_owned(),
                _ => "done".to_owned(),
            },
        );
        Ok(())
    }

    /// The present step has failed. Answers whether a person has to look.
    pub(crate) fn failed(
        &mut self,
        run: Id,
        fault: RotationFault,
        retry_after_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<bool, Refusal> {
        let step = fault.step;
        let failing = self.at(run, step, &[RotationPhase::Ready, RotationPhase::Calling])?;
        failing.attempt += 1;
        let text = fault.text.clone();
        let (attempt, class) = (failing.attempt, fault.class);
        failing.fault = Some(fault);
        let stops = match class {
            FailureClass::Transient => attempt >= MOST_TRIES,
            FailureClass::Auth | FailureClass::Config | FailureClass::Quota => true,
            FailureClass::Refused => failing.values % MOST_VALUES == 0,
        };
        failing.phase = if stops { RotationPhase::Stopped } else { RotationPhase::Ready };
        failing.next_ms = now_ms + wait_ms(attempt, retry_after_ms);
        let next = if stops {
            "it stops here, until somebody looks".to_owned()
        } else {
            format!("tried again in {} s", (failing.next_ms - now_ms) / 1_000)
        };
        self.log(now_ms, step, format!("{text}; {next}"));
        // A value that was not accepted is never shown again: another one is made.
        if class == FailureClass::Refused {
            self.drop_pending(now_ms);
            if let Some(run) = &mut self.rotation.run {
                (run.step, run.attempt) = (RotationStep::Create, 0);
            }
        }
        self.rotation.health = if stops { RotationHealth::Failed } else { RotationHealth::Degraded };
        Ok(stops)
    }

    /// The pending version becomes the current one. Answers the rotation, which is done, and whether it had failed
    /// before.
    pub(crate) fn finish(
        &mut self,
        run: Id,
        terms: Terms,
        now_ms: i64,
    ) -> Result<(RotationRun, bool), Refusal> {
        let recovered = self.rotation.health != RotationHealth::Healthy;
        let run = self.at(run, RotationStep::Finish, &[RotationPhase::Ready, RotationPhase::Calling])?;
        let number = run.version.ok_or(Refusal::Overtaken)?;
        let (id, overlap_ms, cause) = (run.id, run.overlap_ms, run.cause);
        let origin = VersionOrigin { method: run.method.clone(), provider_id: run.provider_id.take() };
        (run.held, run.fault) = (None, None);
        let overlap_ms = overlap_ms.unwrap_or(terms.overlap_ms);
        self.replace_current(number, Some(origin), id, overlap_ms, terms, now_ms);
        if cause == RotationCause::Emergency {
            self.retire_now(now_ms);
        }
        self.log(now_ms, RotationStep::Finish, format!("version {number} is the current one"));
        self.rotation.health = RotationHealth::Healthy;
        self.rotation.last_success_ms = Some(now_ms);
        Ok((self.rotation.run.take().ok_or(Refusal::Overtaken)?, recovered))
    }

    /// Moves the labels: what was current is on its way out.
    pub(super) fn replace_current(
        &mut self,
        number: u32,
        origin: Option<VersionOrigin>,
        run: Id,
        overlap_ms: i64,
        terms: Terms,
        now_ms: i64,
    ) {
        let until_ms = now_ms.saturating_add(overlap_ms);
        let kept = if terms.evidence && overlap_ms > 0 { terms.extend_ms } else { 0 };
        let latest_ms = until_ms.saturating_add(kept);
        let old = std::mem::replace(&mut self.current, number);
        let origin = std::mem::replace(&mut self.rotation.origin, origin);
        self.previous = (overlap_ms > 0).then_some(Previous { number: old, until_ms: latest_ms });
        self.rotation.retiring.retain(|one| one.number != number && one.number != old);
        self.rotation.retiring.push(Retiring {
            number: old,
            run,
            origin,
            since_ms: now_ms,
            until_ms,
            latest_ms,
            next_ms: until_ms,
            phase: RotationPhase::Ready,
            attempt: 0,
            told: false,
            fault: None,
        });
    }

    /// The pending version will not be used. What was made of it elsewhere is to be revoked there.
    pub(super) fn drop_pending(&mut self, now_ms: i64) {
        let Some(run) = &mut self.rotation.run else { return };
        let Some(number) = run.version.take() else { return };
        (run.held, run.expires_ms) = (None, None);
        let origin = VersionOrigin { method: run.method.clone(), provider_id: run.provider_id.take() };
        let id = run.id;
        if Way::of(&origin.method) == Way::Outside {
            self.rotation.retiring.push(Retiring {
                number,
                run: id,
                origin: Some(origin),
                since_ms: now_ms,
                until_ms: now_ms,
                latest_ms: now_ms,
                next_ms: now_ms,
                phase: RotationPhase::Ready,
                attempt: 0,
                told: false,
                fault: None,
            });
        }
        self.bury(number);
    }

    /// Remembers that a version can't be used again.
    pub(super) fn bury(&mut self, number: u32) {
        let dead = &mut self.rotation.dead;
        if !dead.contains(&number) {
            dead.push(number);
            dead.sort_unstable();
            let surplus = dead.len().saturating_sub(MOST_DEAD);
            dead.drain(..surplus);
        }
    }

    fn at(
        &mut self,
        id: Id,
        step: RotationStep,
        phases: &[RotationPhase],
    ) -> Result<&mut RotationRun, Refusal> {
        let run = self.rotation.run.as_mut();
        run.filter(|run| run.id == id && run.step == step && phases.contains(&run.phase))
            .ok_or(Refusal::Overtaken)
    }

    pub(super) fn note(&mut self, now_ms: i64, text: &str) {
        let step = self.rotation.run.as_ref().map_or(RotationStep::Create, |run| run.step);
        self.log(now_ms, step, text.to_owned());
    }

    pub(crate) fn log(&mut self, at_ms: i64, step: RotationStep, text: String) {
        if let Some(run) = &mut self.rotation.run {
            push(&mut run.log, RotationEntry { at_ms, step, text });
        }
    }
}

fn was_refused(run: &RotationRun) -> bool {
    run.fault.as_ref().is_some_and(|fault| fault.class == FailureClass::Refused)
}

fn next_step(run: &RotationRun) -> Next {
    match (run.step, Way::of(&run.method)) {
        (RotationStep::Create, Way::Own) => Next::Make,
        (RotationStep::Create, Way::Person) => Next::Wait(None),
        (_, Way::Outside) => Next::Call { step: run.step, resumed: false },
        (RotationStep::Set | RotationStep::Test | RotationStep::Finish | RotationStep::Retire, _) => {
            Next::Finish
        }
    }
}

pub(super) fn push(log: &mut Vec<RotationEntry>, entry: RotationEntry) {
    if log.len() >= MOST_ENTRIES {
        log.remove(FIRST_ENTRIES);
    }
    log.push(entry);
}
