//! A key's versions, whoever makes their values and what lives there, and what must hold after each act.

use std::collections::BTreeMap;

use keyward_store::model::{
    FailureClass, Id, Retiring, Rotation, RotationCause, RotationFault, RotationMethod, RotationPhase,
    RotationStep, label,
};

use super::super::*;
use super::{Act, Ending};

pub(super) struct World {
    pub(super) ledger: Ledger,
    pub(super) terms: Terms,
    pub(super) now_ms: i64,
    pub(super) in_use: bool,
    names: u8,
    /// Where values are made: what each is called, and the version it became.
    pub(super) live: BTreeMap<String, Option<u32>>,
    /// The version that was tried where it is used, and worked.
    tried: Option<u32>,
    /// What an earlier call answered.
    echo: Option<(Id, RotationStep, u32)>,
    numbers: u32,
}

impl World {
    pub(super) fn new() -> Self {
        let rotation = Rotation { last_version: 1, ..Rotation::default() };
        let terms = Terms {
            way: Way::Outside,
            overlap_ms: 3_600_000,
            evidence: true,
            idle_ms: 600_000,
            extend_ms: 86_400_000,
        };
        Self {
            ledger: Ledger { current: 1, previous: None, rotation },
            terms,
            now_ms: 1_000_000_000,
            in_use: false,
            names: 0,
            live: BTreeMap::new(),
            tried: None,
            echo: None,
            numbers: 1,
        }
    }

    fn id(&mut self) -> Id {
        self.names = self.names.wrapping_add(1);
        Id::from_bytes([self.names; 12])
    }

    fn run(&self) -> Option<(Id, RotationStep)> {
        self.ledger.rotation.run.as_ref().map(|run| (run.id, run.step))
    }

    fn numbered(&mut self, number: u32) {
        assert_eq!(number, self.numbers + 1, "numbers go up by one, and none is given twice");
        self.numbers = number;
    }

    pub(super) fn begin(&mut self, cause: RotationCause, overlap_ms: Option<i64>) {
        let due_ms = (cause == RotationCause::Schedule).then_some(self.now_ms);
        let method = match self.terms.way {
            Way::Person => RotationMethod::Remind { url: None },
            Way::Own => RotationMethod::Generate { template: "{48}".to_owned() },
            Way::Outside => RotationMethod::Command { name: "make".to_owned() },
        };
        let begin = Begin { id: self.id(), method, cause, asked_by: None, due_ms, overlap_ms };
        let begun = self.whole(|ledger, _, now| ledger.begin(begin, now));
        if begun.is_ok() && cause == RotationCause::Emergency {
            self.nothing_of_before_stays();
        }
    }

    /// What an emergency asks for.
    fn nothing_of_before_stays(&self) {
        assert_eq!(self.ledger.previous, None, "it is given out no more");
        let stays = |old: &Retiring| old.latest_ms > self.now_ms;
        assert!(!self.ledger.rotation.retiring.iter().any(stays), "it is revoked: {:#?}", self.ledger);
    }

    pub(super) fn act(&mut self, act: Act) {
        match act {
            Act::Ask(seconds) => self.begin(RotationCause::Asked, seconds.map(|s| s * 1_000)),
            Act::Emergency => self.begin(RotationCause::Emergency, None),
            Act::Due => self.begin(RotationCause::Schedule, None),
            Act::Drive(ending) => self.drive(ending),
            Act::Echo => {
                // What a call of before answers now changes nothing but the step that waits for it.
                if let Some((id, step, value)) = self.echo
                    && (self.run() != Some((id, step)) || step == RotationStep::Create)
                {
                    let before = self.ledger.clone();
                    if step == RotationStep::Create {
                        let made = Made::default();
                        assert!(self.ledger.recorded(id, value, made, self.now_ms).is_err());
                    } else {
                        assert!(self.ledger.stepped(id, step, self.now_ms).is_err());
                    }
                    assert_eq!(self.ledger, before);
                }
            }
            Act::RollBack(to) => {
                let id = self.id();
                let _ = self.whole(|ledger, terms, now| ledger.roll_back(id, to, terms, now));
            }
            Act::ByHand(seconds) => {
                let id = self.id();
                let overlap = seconds.map(|s| s * 1_000);
                if let Ok(by_hand) =
                    self.whole(|ledger, terms, now| ledger.by_hand(id, overlap, terms, true, now))
                {
                    self.numbered(by_hand.number);
                    if by_hand.done.is_some_and(|done| done.cause == RotationCause::Emergency) {
                        self.nothing_of_before_stays();
                    }
                }
            }
            Act::Tick(number) => {
                let gone = self.ledger.ticked(number, self.terms, self.now_ms);
                if gone == Ok(true) {
                    self.live.retain(|_, version| *version != Some(number));
                }
            }
            Act::Jump(ms) => self.now_ms += ms,
            Act::Plan(way) => self.terms.way = way,
            Act::Used(used) => self.in_use = used,
        }
    }

    /// As a commit: all of it or nothing.
    fn whole<T>(
        &mut self,
        work: impl FnOnce(&mut Ledger, Terms, i64) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut ledger = self.ledger.clone();
        let done = work(&mut ledger, self.terms, self.now_ms)?;
        self.ledger = ledger;
        Ok(done)
    }

    pub(super) fn drive(&mut self, ending: Ending) {
        let next = self.ledger.next(self.now_ms);
        let run = self.run();
        match (next, run) {
            (Next::Make, Some((id, _))) => {
                let value = self.ledger.intend(id, RotationStep::Create).expect("intended");
                let made = Made::default();
                let number = self.ledger.recorded(id, value, made, self.now_ms).expect("recorded");
                self.numbered(number);
            }
            (Next::Call { step, resumed }, Some((id, _))) => self.call(id, step, resumed, ending),
            (Next::Finish, Some((id, _))) => self.finish(id),
            (Next::Retire { number, resumed }, _) => self.retire(number, resumed, ending),
            (Next::Wait(_), _) => {}
            (next, None) => panic!("{next:?} without a rotation"),
        }
    }

    fn finish(&mut self, id: Id) {
        let pending = self.ledger.rotation.run.as_ref().and_then(|run| run.version);
        let (done, _) = self.ledger.finish(id, self.terms, self.now_ms).expect("finished");
        assert_eq!(Some(self.ledger.current), pending);
        if Way::of(&done.method) == Way::Outside {
            assert_eq!(self.tried, pending, "nothing takes a version's place before it was tried");
        }
        if done.cause == RotationCause::Emergency {
            self.nothing_of_before_stays();
        }
        assert!(done.held.is_none(), "what was held is dropped at the end");
    }

    fn call(&mut self, id: Id, step: RotationStep, resumed: bool, ending: Ending) {
        let made = |number: u32| format!("{id}-{number}");
        if resumed && step == RotationStep::Create {
            // Whoever finds such a state looks for what was made, and revokes it.
            let values = self.ledger.rotation.run.as_ref().map_or(0, |run| run.values);
            self.live.remove(&made(values));
        }
        let values = self.ledger.intend(id, step).expect("intended");
        match ending {
            Ending::KilledBefore => {}
            Ending::Killed if step == RotationStep::Create => {
                self.live.insert(made(values), None);
            }
            Ending::Killed => {}
            Ending::Good if step == RotationStep::Create => {
                let name = made(values);
                let provider_id = Some(name.clone());
                let made = Made { provider_id, ..Made::default() };
                let number = self.ledger.recorded(id, values, made, self.now_ms).expect("recorded");
                self.live.insert(name, Some(number));
                self.numbered(number);
                self.echo = Some((id, step, values));
            }
            Ending::Good if step == RotationStep::Finish => self.finish(id),
            Ending::Good => {
                if step == RotationStep::Test {
                    self.tried = self.ledger.rotation.run.as_ref().and_then(|run| run.version);
                }
                self.ledger.stepped(id, step, self.now_ms).expect("stepped");
                self.echo = Some((id, step, values));
            }
            Ending::Failed(class) => {
                let class = if step == RotationStep::Create && class == FailureClass::Refused {
                    FailureClass::Transient
                } else {
                    class
                };
                let fault = RotationFault { step, class, text: "no".to_owned(), at_ms: self.now_ms };
                self.ledger.failed(id, fault, None, self.now_ms).expect("failed");
            }
        }
    }

    fn retire(&mut self, number: u32, resumed: bool, ending: Ending) {
        if !resumed {
            let verdict = self.ledger.verdict(number, self.terms, self.in_use, self.now_ms);
            if verdict == Verdict::Keep {
                self.ledger.kept(number, self.terms, self.now_ms).expect("kept");
                return;
            }
        }
        if !self.ledger.let_go(number, self.terms).expect("let go") {
            return;
        }
        assert_ne!(number, self.ledger.current, "the current version is never revoked");
        match ending {
            Ending::Good => {
                self.live.retain(|_, version| *version != Some(number));
                self.ledger.revoked(number).expect("revoked");
            }
            Ending::Failed(class) => {
                self.ledger
                    .revoking_failed(number, class, "no".to_owned(), None, self.now_ms)
                    .expect("failed");
            }
            Ending::Killed => self.live.retain(|_, version| *version != Some(number)),
            Ending::KilledBefore => {}
        }
    }

    pub(super) fn holds(&self) {
        let ledger = &self.ledger;
        let rotation = &ledger.rotation;
        let bearing = |label| (1..=self.numbers).filter(move |number| ledger.labels(*number) & label != 0);
        assert_eq!(bearing(label::CURRENT).collect::<Vec<_>>(), [ledger.current]);
        assert!(bearing(label::PENDING).count() <= 1);
        assert!(bearing(label::PREVIOUS).count() <= 1);
        let pending = rotation.run.as_ref().and_then(|run| run.version);
        assert_ne!(pending, Some(ledger.current));
        assert_ne!(ledger.previous.map(|previous| previous.number), Some(ledger.current));
        assert!(!rotation.dead.contains(&ledger.current), "a version that was revoked is not used");
        assert!(pending.is_none_or(|pending| !rotation.dead.contains(&pending)));
        assert!(
            rotation.retiring.iter().all(|old| old.number != ledger.current && Some(old.number) != pending)
        );
        // What is labelled as the previous version is on its way out, and is not revoked yet.
        if let Some(previous) = ledger.previous {
            let old = rotation.retiring.iter().find(|old| old.number == previous.number).expect("retiring");
            assert_eq!(old.phase, RotationPhase::Ready);
        }
        // Everything that lives elsewhere is known here: no orphan is forgotten.
        let calling = rotation.run.as_ref().is_some_and(|run| run.phase == RotationPhase::Calling);
        for (name, version) in &self.live {
            match version {
                None => assert!(calling, "{name} is nobody's"),
                Some(number) => {
                    let known = *number == ledger.current
                        || Some(*number) == pending
                        || rotation.retiring.iter().any(|old| old.number == *number);
                    assert!(known, "{name}, version {number}, is forgotten: {ledger:#?}");
                }
            }
        }
        // Something is to be done, or is waited for, or nothing is left.
        let open = rotation
            .run
            .as_ref()
            .is_some_and(|run| matches!(run.phase, RotationPhase::Ready | RotationPhase::Calling));
        assert!(!open || Ledger::wake_ms(rotation).is_some());
    }
}
