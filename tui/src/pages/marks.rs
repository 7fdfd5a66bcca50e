//! How the facts of a key are said and marked, the same on every page: environment, status, custody, rotation.

use keyward_keys::view::{KeyStatus, KeyView};
use keyward_keys::{Custody, Door, Environment};

use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Ui, safe};

const DAY_MS: i64 = 24 * 3_600_000;

/// Mark, short word, long word and tone of an environment.
pub(crate) fn environment(
    environment: Environment,
    ui: &Ui,
) -> (&'static str, &'static str, &'static str, Tone) {
    match environment {
        Environment::Production => (ui.glyphs.production, "prod", "production", Tone::Production),
        Environment::Staging => (ui.glyphs.staging, "stag", "staging", Tone::Staging),
        Environment::Development => (ui.glyphs.development, "dev", "development", Tone::Development),
    }
}

/// An environment's word, as commands take it.
pub(crate) fn environment_word(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "production",
        Environment::Staging => "staging",
        Environment::Development => "development",
    }
}

/// Mark, word and tone of a status.
pub(crate) fn status(status: KeyStatus, ui: &Ui) -> (&'static str, &'static str, Tone) {
    match status {
        KeyStatus::Active => (ui.glyphs.active, "active", Tone::Good),
        KeyStatus::Inactive => (ui.glyphs.inactive, "inactive", Tone::Dim),
        KeyStatus::Expired => (ui.glyphs.expired, "expired", Tone::Bad),
    }
}

/// Mark, word and tone of where a key stands: frozen and decoy are told before active.
pub(crate) fn standing(key: &KeyView, ui: &Ui) -> (&'static str, &'static str, Tone) {
    match key.status {
        KeyStatus::Active if key.frozen => (ui.glyphs.frozen, "frozen", Tone::Accent),
        KeyStatus::Active if key.decoy => (ui.glyphs.active, "decoy", Tone::Accent),
        status => self::status(status, ui),
    }
}

/// Who can open it, in a word and in a sentence.
pub(crate) fn custody(custody: Custody) -> (&'static str, &'static str) {
    match custody {
        Custody::Private => ("private", "only its own passphrase opens it, and what was granted with it"),
        Custody::Sealed => ("sealed", "its space's members open it; the server alone cannot"),
        Custody::Automation => ("automation", "its space's members open it, and the server for them"),
    }
}

/// When it is to be rotated, in as few words as a column has.
pub(crate) fn rotation_due(key: &KeyView, now_ms: i64) -> (String, Tone) {
    match key.next_rotation {
        _ if key.rotate_now => ("now".to_owned(), Tone::Bad),
        None => ("off".to_owned(), Tone::Dim),
        Some(at) => {
            let at_ms = at.as_millisecond();
            (format::due(now_ms, at_ms), if at_ms < now_ms { Tone::Warn } else { Tone::Text })
        }
    }
}

/// How long a deleted key stays in the bin: 30 days in all.
pub(crate) fn left_in_bin(key: &KeyView, now_ms: i64) -> String {
    let gone_ms = key.deleted_at.map_or(0, |at| at.as_millisecond()) + 30 * DAY_MS;
    match gone_ms - now_ms {
        // To the nearest day, so that what has just come there stays for the 30 that were promised.
        left @ DAY_MS.. => format!("{} d", (left + DAY_MS / 2) / DAY_MS),
        _ => "hours".to_owned(),
    }
}

/// When it is to be rotated, and how urgent that is.
pub(crate) fn rotation(key: &KeyView, now_ms: i64) -> (String, Tone) {
    match key.next_rotation {
        None => ("off".to_owned(), Tone::Dim),
        Some(at) => {
            let at_ms = at.as_millisecond();
            let tone = if at_ms < now_ms { Tone::Warn } else { Tone::Text };
            let cron = key.rotation.as_ref().and_then(|rotation| rotation.cron.as_deref());
            let every = match (cron, key.rotation_interval) {
                (Some(cron), _) => format!(", by {}", safe(cron)),
                (None, 0) => String::new(),
                (None, days) => format!(", every {days} d"),
            };
            (format!("due {}{every}", format::due(now_ms, at_ms)), tone)
        }
    }
}

/// A door's name.
pub(crate) fn door(door: Door) -> &'static str {
    match door {
        Door::Ssh => "ssh",
        Door::Rest => "rest",
        Door::WebSocket => "live",
        Door::Local => "local",
        Door::System => "daemon",
    }
}

/// Ways to narrow a list to one environment.
pub(crate) const ENVIRONMENTS: [Environment; 3] =
    [Environment::Production, Environment::Staging, Environment::Development];
