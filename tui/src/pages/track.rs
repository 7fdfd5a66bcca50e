//! How a rotation is said and drawn, the same on every page: its steps as a track, what it does, how its values come to
//! be, how it ended. Each state has a shape and a word of its own, and a colour besides.

use keyward_keys::input::RotationMethodName;
use keyward_keys::view::{RetiringState, RotationState, StepState, StepView};
use keyward_keys::{FailureClass, RotationCause, RotationHealth, RotationOutcome, RotationStep};

use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::glyphs::Glyphs;
use crate::widgets::pen::{Pen, Ui, width};

/// Columns a track takes with all its words: five marks, spaces and words, and the ties between them.
pub(crate) const LONG: u16 = 47;
/// Columns it takes with the word of the step at hand alone.
pub(crate) const SHORT: u16 = 16;

/// A rotation's steps from making the value to revoking the old one; none where nothing goes on.
pub(crate) fn steps(
    run: &[StepView],
    leaving: Option<RetiringState>,
    method: RotationMethodName,
) -> Vec<StepView> {
    use RotationStep::{Create, Finish, Retire, Set, Test};
    let step = |step, state| StepView { step, state };
    if !run.is_empty() {
        return run.iter().copied().chain([step(Retire, StepState::Todo)]).collect();
    }
    let Some(leaving) = leaving else { return Vec::new() };
    let done: &[RotationStep] = match method {
        RotationMethodName::Remind | RotationMethodName::Generate => &[Create, Finish],
        RotationMethodName::Recipe | RotationMethodName::Webhook | RotationMethodName::Command => {
            &[Create, Set, Test, Finish]
        }
    };
    let last = match leaving {
        RetiringState::Overlap | RetiringState::Revoking => StepState::Running,
        RetiringState::Extended | RetiringState::ToRevoke => StepState::Waiting,
        RetiringState::Stopped => StepState::Failed,
    };
    done.iter().map(|one| step(*one, StepState::Done)).chain([step(Retire, last)]).collect()
}

/// A step's word.
pub(crate) fn step(step: RotationStep) -> &'static str {
    match step {
        RotationStep::Create => "create",
        RotationStep::Set => "set",
        RotationStep::Test => "test",
        RotationStep::Finish => "finish",
        RotationStep::Retire => "retire",
    }
}

fn mark(state: StepState, ui: &Ui) -> (&'static str, Tone) {
    match state {
        StepState::Done => (ui.glyphs.check, Tone::Good),
        StepState::Running => (ui.glyphs.active, Tone::Accent),
        StepState::Waiting => (ui.glyphs.paused, Tone::Warn),
        StepState::Failed => (ui.glyphs.cross, Tone::Bad),
        StepState::Todo => (ui.glyphs.inactive, Tone::Faint),
    }
}

/// Draws the steps along a row: each with its word where there is room, else the word of the one at hand.
pub(crate) fn draw(pen: &mut Pen<'_>, steps: &[StepView], columns: u16, ui: &Ui) {
    let words: u16 = steps.iter().map(|view| width(step(view.step)) + 2).sum();
    let ties = u16::try_from(steps.len().saturating_sub(1)).unwrap_or(0);
    let long = words + 3 * ties <= columns;
    let hand = steps.iter().find(|view| !matches!(view.state, StepState::Done));
    for (at, view) in steps.iter().enumerate() {
        if at > 0 {
            // What was done ties on; what was not is still open.
            let tie = if view.state == StepState::Todo { ui.glyphs.dot } else { ui.glyphs.rule };
            let tie = if long { format!(" {tie} ") } else { tie.to_owned() };
            pen.text(tie, ui.style(Tone::Faint));
        }
        let (mark, tone) = mark(view.state, ui);
        pen.text(mark, ui.style(tone));
        if long {
            let word = match view.state {
                StepState::Done | StepState::Todo => ui.style(Tone::Dim),
                StepState::Running | StepState::Waiting | StepState::Failed => ui.style(tone),
            };
            pen.skip(1).text(step(view.step), word);
        }
    }
    if let Some(view) = hand.filter(|_| !long) {
        pen.skip(1).text(step(view.step), ui.style(mark(view.state, ui).1));
    }
}

/// Mark, word and tone of what a rotation does.
pub(crate) fn state(state: RotationState, ui: &Ui) -> (&'static str, &'static str, Tone) {
    match state {
        RotationState::Stopped => (ui.glyphs.cross, "stopped", Tone::Bad),
        RotationState::Waiting => (ui.glyphs.paused, "waits for you", Tone::Warn),
        RotationState::Retrying => (ui.glyphs.warning, "retrying", Tone::Warn),
        RotationState::Running => (ui.glyphs.active, "running", Tone::Accent),
        RotationState::Overlap => (ui.glyphs.frozen, "overlap", Tone::Good),
        RotationState::Idle => (ui.glyphs.inactive, "at rest", Tone::Dim),
    }
}

/// Mark, word and tone of how rotations of a key go.
pub(crate) fn health(health: RotationHealth, glyphs: &Glyphs) -> (&'static str, &'static str, Tone) {
    match health {
        RotationHealth::Healthy => (glyphs.check, "healthy", Tone::Good),
        RotationHealth::Degraded => (glyphs.warning, "degraded", Tone::Warn),
        RotationHealth::Failed => (glyphs.cross, "failed", Tone::Bad),
    }
}

/// How an old version leaves, in words. `by` is when its overlap ends, or ended.
pub(crate) fn leaving(state: RetiringState, by_ms: i64, now_ms: i64) -> (String, Tone) {
    match state {
        RetiringState::Overlap => (format!("fetched along for {} more", left(now_ms, by_ms)), Tone::Text),
        RetiringState::Extended => ("kept on: something still uses it".to_owned(), Tone::Warn),
        RetiringState::Revoking => ("is being revoked".to_owned(), Tone::Accent),
        RetiringState::ToRevoke => ("revoke it where it was made, then tick it off".to_owned(), Tone::Warn),
        RetiringState::Stopped => ("could not be revoked".to_owned(), Tone::Bad),
    }
}

/// How long until a moment.
pub(crate) fn left(now_ms: i64, at_ms: i64) -> String {
    if at_ms - now_ms < 60_000 { "a moment".to_owned() } else { format::span(at_ms - now_ms) }
}

/// A method's word, as commands take it.
pub(crate) fn method(method: RotationMethodName) -> &'static str {
    match method {
        RotationMethodName::Remind => "remind",
        RotationMethodName::Generate => "generate",
        RotationMethodName::Recipe => "recipe",
        RotationMethodName::Webhook => "webhook",
        RotationMethodName::Command => "command",
    }
}

/// Who makes a value, to go on from "is made".
pub(crate) fn made(method: RotationMethodName) -> &'static str {
    match method {
        RotationMethodName::Remind => "by hand",
        RotationMethodName::Generate => "by Keyward",
        RotationMethodName::Recipe => "by the provider's API",
        RotationMethodName::Webhook => "by your webhook",
        RotationMethodName::Command => "by your command",
    }
}

/// A method in a few words.
pub(crate) fn method_in_words(method: RotationMethodName) -> &'static str {
    match method {
        RotationMethodName::Remind => "by hand: you are told when it is due",
        RotationMethodName::Generate => "Keyward makes the value",
        RotationMethodName::Recipe => "a provider's API makes the value",
        RotationMethodName::Webhook => "your webhook makes the value",
        RotationMethodName::Command => "your command makes the value",
    }
}

/// Mark, word and tone of how a rotation ended.
pub(crate) fn outcome(outcome: RotationOutcome, ui: &Ui) -> (&'static str, &'static str, Tone) {
    match outcome {
        RotationOutcome::Done => (ui.glyphs.check, "done", Tone::Good),
        RotationOutcome::Cancelled => (ui.glyphs.cross, "given up", Tone::Warn),
    }
}

/// Why a rotation began, in a word.
pub(crate) fn cause(cause: RotationCause) -> &'static str {
    match cause {
        RotationCause::Schedule => "schedule",
        RotationCause::Asked => "asked",
        RotationCause::Emergency => "emergency",
    }
}

/// What kind of failure it is, in a word or two.
pub(crate) fn class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Transient => "may pass",
        FailureClass::Auth => "not let in",
        FailureClass::Config => "set up wrong",
        FailureClass::Quota => "no room there",
        FailureClass::Refused => "value refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_goes_on_to_the_revoking_of_the_old_version() {
        let words = |steps: Vec<StepView>| {
            steps.iter().map(|view| format!("{}:{:?}", step(view.step), view.state)).collect::<Vec<_>>()
        };
        let run = [StepView { step: RotationStep::Create, state: StepState::Waiting }];
        assert_eq!(
            words(steps(&run, Some(RetiringState::Overlap), RotationMethodName::Remind)),
            ["create:Waiting", "retire:Todo"],
            "what is under way comes before what leaves"
        );
        assert_eq!(
            words(steps(&[], Some(RetiringState::Stopped), RotationMethodName::Generate)),
            ["create:Done", "finish:Done", "retire:Failed"]
        );
        assert_eq!(steps(&[], None, RotationMethodName::Webhook), []);
    }
}
