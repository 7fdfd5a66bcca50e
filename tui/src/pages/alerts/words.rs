//! How alerts are said and marked: what tells them apart differs in word and shape, not in colour alone.

use keyward_keys::AlertTurnKind;
use keyward_keys::view::{AlertSeverity, AlertState, AlertTurnView, AlertView, BudgetOwner};

use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Ui, safe};

/// Mark, word and tone of how much one matters.
pub(super) fn severity(severity: AlertSeverity, ui: &Ui) -> (&'static str, &'static str, Tone) {
    let (mark, tone) = match severity {
        AlertSeverity::Critical => (ui.glyphs.warning, Tone::Bad),
        AlertSeverity::Warning => (ui.glyphs.staging, Tone::Warn),
        AlertSeverity::Notice => (ui.glyphs.info, Tone::Accent),
    };
    (mark, severity.name(), tone)
}

/// Mark, word and tone of where one stands.
pub(super) fn state(state: AlertState, ui: &Ui) -> (&'static str, &'static str, Tone) {
    let (mark, tone) = match state {
        AlertState::Firing => (ui.glyphs.live, Tone::Bad),
        AlertState::Acknowledged => (ui.glyphs.check, Tone::Accent),
        AlertState::Snoozed => (ui.glyphs.paused, Tone::Dim),
        AlertState::Resolved => (ui.glyphs.dot, Tone::Good),
    };
    (mark, state.name(), tone)
}

/// The name of the key, or of the team or tag whose budget it is; what stands for one that is gone.
pub(super) fn key(alert: &AlertView) -> String {
    match (alert.budget_of, &alert.key_name, &alert.team_name, &alert.tag) {
        (Some(BudgetOwner::Tag), _, _, Some(tag)) => format!("{} (tag)", safe(tag)),
        (Some(BudgetOwner::Tag), ..) => "a tag without a budget".to_owned(),
        (Some(BudgetOwner::Team), _, Some(team), _) => format!("{} (team)", safe(team)),
        (Some(BudgetOwner::Team), ..) => "a team that is gone".to_owned(),
        (_, Some(name), ..) => safe(name).into_owned(),
        (_, None, ..) => "a key that is gone".to_owned(),
    }
}

/// It is of the budget of several keys, and so of no key.
pub(super) fn of_several(alert: &AlertView) -> bool {
    matches!(alert.budget_of, Some(BudgetOwner::Team | BudgetOwner::Tag))
}

/// What crossed, without the name of the key, team or tag, which stands beside it.
pub(super) fn what(alert: &AlertView) -> String {
    let name = match &alert.tag {
        Some(tag) => Some(format!("Tag {tag}")),
        None => alert.key_name.clone().or_else(|| alert.team_name.clone()),
    };
    let rest = name.and_then(|name| alert.message.strip_prefix(name.as_str())?.strip_prefix(": "));
    safe(rest.unwrap_or(&alert.message)).into_owned()
}

/// A value in its unit.
pub(super) fn value(value: u64, unit: &str) -> String {
    match unit {
        "" => value.to_string(),
        "ms" => format::millis(value as f64),
        unit => format!("{} {}", format::count(value), format::unit(value, unit)),
    }
}

/// What one turn was, and by whom.
pub(super) fn turn(turn: &AlertTurnView) -> String {
    let who = turn.by_name.as_deref().map_or_else(|| "Somebody".into(), safe);
    let what = match turn.turn {
        AlertTurnKind::Fired => return "fired".to_owned(),
        AlertTurnKind::Woke => return "fired again after its snooze".to_owned(),
        AlertTurnKind::Recovered => return "recovered by itself".to_owned(),
        AlertTurnKind::Ended => return "ended with its rule or key".to_owned(),
        AlertTurnKind::Acknowledged => "looks after it",
        AlertTurnKind::Snoozed => "put it off",
        AlertTurnKind::Settled => "settled it",
        AlertTurnKind::Responded => return format!("{who} {}", safe(&turn.detail)),
        AlertTurnKind::Undone => "took back what",
    };
    format!("{who} {what}")
}

/// Mark and tone of a turn.
pub(super) fn turn_mark(turn: AlertTurnKind, ui: &Ui) -> (&'static str, Tone) {
    match turn {
        AlertTurnKind::Fired | AlertTurnKind::Woke => (ui.glyphs.live, Tone::Bad),
        AlertTurnKind::Acknowledged => (ui.glyphs.check, Tone::Accent),
        AlertTurnKind::Snoozed => (ui.glyphs.paused, Tone::Dim),
        AlertTurnKind::Settled | AlertTurnKind::Recovered | AlertTurnKind::Ended => {
            (ui.glyphs.dot, Tone::Good)
        }
        AlertTurnKind::Responded => (ui.glyphs.frozen, Tone::Warn),
        AlertTurnKind::Undone => (ui.glyphs.inactive, Tone::Dim),
    }
}
