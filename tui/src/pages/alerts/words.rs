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

/// The name of the key, or of the team whose budget it is; what stands for one that is gone.
pub(super) fn key(alert: &AlertView) -> String {
    match (&alert.key_name, &alert.team_name) {
        (Some(name), _) => safe(name).into_owned(),
        (None, Some(team)) if alert.budget_of == Some(BudgetOwner::Team) => format!("{} (team)", safe(team)),
        (None, _) if alert.budget_of == Some(BudgetOwner::Team) => "a team that is gone".to_owned(),
        (None, _) => "a key that is gone".to_owned(),
    }
}

/// What crossed, without the name of the key or team, which stands beside it.
pub(super) fn what(alert: &AlertView) -> String {
    let name = alert.key_name.as_ref().or(alert.team_name.as_ref());
    let rest = name.and_then(|name| alert.message.strip_prefix(name.as_str())?.strip_prefix(": "));
    safe(rest.unwrap_or(&alert.message)).into_owned()
}

/// A value in its unit.
pub(super) fn value(value: u64, unit: &str) -> String {
    match unit {
        "" => value.to_string(),
        "ms" => format::millis(value as f64),
        unit => format!("{} {unit}", format::count(value)),
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
