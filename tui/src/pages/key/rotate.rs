//! Rotation from a key's page: what would break is shown before anything is asked for, and a key that is rotated by hand
//! takes its new value here.

use keyward_keys::RotationPhase;
use keyward_keys::input::{Rotate, RotationMethodName};
use keyward_keys::view::{RetiringState, RotationRehearsal, RotationRunView, RotationView};

use crate::app::cx::Cx;
use crate::app::dialog::{Dialog, Subject};
use crate::app::{Query, RotationAnswer, RotationAsk};
use crate::notice::NoticeKind;
use crate::pages::key::KeyPage;
use crate::pages::key::tabs::Tab;
use crate::pages::{asking, track};
use crate::widgets::pen::safe;

impl KeyPage {
    /// Rotates it: takes the value that is waited for, or shows what would break first.
    pub(super) fn rotate(&mut self, cx: &mut Cx<'_>) {
        match self.rotation.value().and_then(|view| view.run.as_ref()) {
            Some(run) if run.phase == RotationPhase::Waiting => self.ask_value(cx),
            _ => self.rehearse(Subject::Rotate, cx),
        }
    }

    /// The same with nothing of the version before left.
    pub(super) fn rotate_at_once(&mut self, cx: &mut Cx<'_>) {
        self.rehearse(Subject::Emergency, cx);
    }

    fn rehearse(&mut self, subject: Subject, cx: &mut Cx<'_>) {
        let rotate = Rotate { emergency: subject == Subject::Emergency, ..Rotate::default() };
        let ask = Query::Rotation(RotationAsk::Rehearse(self.key.id, rotate));
        self.changing = Some((cx.ask(ask), subject));
    }

    /// Goes back: asks first, and says to what.
    pub(super) fn roll_back(&self, cx: &mut Cx<'_>) {
        let name = safe(&self.key.name);
        let run = self.rotation.value().and_then(|view| view.run.as_ref());
        let text = match run {
            Some(_) => format!("Give up the rotation of {name} that is under way? Its current value stays."),
            None => format!(
                "Make the version before the current one of {name} again? Apps fetch it from now on; nobody has to \
                 read it."
            ),
        };
        cx.open(Dialog::confirm(Subject::RollBack, "Roll back", text, true));
    }

    /// The oldest version on its way out is gone, or shall go now.
    pub(super) fn tick_off(&self, cx: &mut Cx<'_>) {
        let old = self.rotation.value().and_then(|view| view.retiring.first());
        let Some(old) = old else {
            cx.say(NoticeKind::Info, "No old version is on its way out.");
            return;
        };
        let number = old.version;
        let text = match old.state {
            RetiringState::ToRevoke | RetiringState::Stopped => {
                format!("Did you revoke version {number} where it was made? Then it is ticked off.")
            }
            RetiringState::Overlap | RetiringState::Extended | RetiringState::Revoking => format!(
                "End the overlap of version {number} now? Still used by: {}.",
                safe(&old.used_by.in_words())
            ),
        };
        let danger = !old.used_by.is_none();
        cx.open(Dialog::confirm(Subject::TickOff, "Tick off", text, danger));
    }

    /// It was said yes.
    pub(super) fn go_on(&mut self, subject: Subject, cx: &mut Cx<'_>) {
        let id = self.key.id;
        let ask = match subject {
            Subject::Emergency => {
                let confirm = Some(self.key.name.clone());
                RotationAsk::Rotate(id, Rotate { emergency: true, confirm, ..Rotate::default() })
            }
            Subject::RollBack => RotationAsk::RollBack(id),
            Subject::TickOff => {
                let old = self.rotation.value().and_then(|view| view.retiring.first());
                let Some(old) = old else { return };
                RotationAsk::Retire(id, old.version)
            }
            _ => RotationAsk::Rotate(id, Rotate::default()),
        };
        self.changing = Some((cx.ask(Query::Rotation(ask)), subject));
    }

    /// What came of it.
    pub(super) fn rotated(&mut self, subject: Subject, answer: RotationAnswer, cx: &mut Cx<'_>) {
        match answer {
            RotationAnswer::Rehearsal(rehearsal) => self.rehearsed(subject, &rehearsal, cx),
            RotationAnswer::One(view) => {
                let waits = view.run.as_ref().is_some_and(|run| run.phase == RotationPhase::Waiting);
                let asks = waits && matches!(subject, Subject::Rotate | Subject::Emergency);
                let text = told(subject, &view);
                self.rotation.put(Ok(view));
                self.read(cx);
                // There its steps are seen as they are taken.
                self.turn_to(Tab::Versions, cx);
                if asks {
                    self.ask_value(cx);
                } else {
                    cx.say(NoticeKind::Done, text);
                }
            }
            RotationAnswer::All(_) => {}
        }
    }

    /// Takes a new value by hand.
    pub(super) fn ask_value(&self, cx: &mut Cx<'_>) {
        let page = self.rotation.value().and_then(|view| view.rotation.url.as_deref());
        cx.open(asking::rotate(&self.key, page));
    }

    fn rehearsed(&self, subject: Subject, rehearsal: &RotationRehearsal, cx: &mut Cx<'_>) {
        if let Some(refused) = &rehearsal.refused {
            cx.say(NoticeKind::Warning, format!("It cannot be rotated now: {refused}"));
            return;
        }
        let name = safe(&self.key.name);
        let mut text = asking::foreseen(rehearsal, subject == Subject::Emergency, cx.ui().glyphs);
        if subject == Subject::Emergency {
            text.push_str(&format!("\nType {name} to rotate it at once: every older value goes with it."));
            cx.open(Dialog::name(subject, "Rotate at once", text, &self.key.name));
            return;
        }
        text.push_str(match rehearsal.method {
            RotationMethodName::Remind => "\nBegin? You paste the new value next.",
            _ => "\nRotate it now?",
        });
        cx.open(Dialog::confirm(subject, "Rotate", text, !rehearsal.will_break.is_empty()));
    }
}

/// What is said of a change that was made.
fn told(subject: Subject, view: &RotationView) -> String {
    let name = safe(&view.name);
    match (subject, &view.run) {
        (Subject::RollBack, _) => format!("{name} is at version {}.", view.version),
        (Subject::TickOff, _) => format!("The old version of {name} is ticked off."),
        (_, Some(run)) => format!("{name} is being rotated: {}.", at_hand(run)),
        (_, None) => format!("{name} is at version {}.", view.version),
    }
}

fn at_hand(run: &RotationRunView) -> String {
    format!("next comes \"{}\"", track::step(run.step))
}
