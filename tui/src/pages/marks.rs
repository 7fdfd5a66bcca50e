//! How the facts of a key are said and marked, the same on every page: environment, status, custody, rotation.

use keyward_keys::view::{KeyStatus, KeyView};
use keyward_keys::{Custody, Environment};

use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::Ui;

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

/// Mark, word and tone of a status.
pub(crate) fn status(status: KeyStatus, ui: &Ui) -> (&'static str, &'static str, Tone) {
    match status {
        KeyStatus::Active => (ui.glyphs.active, "active", Tone::Good),
        KeyStatus::Inactive => (ui.glyphs.inactive, "inactive", Tone::Dim),
        KeyStatus::Expired => (ui.glyphs.expired, "expired", Tone::Bad),
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

/// When it is to be rotated, and how urgent that is.
pub(crate) fn rotation(key: &KeyView, now_ms: i64) -> (String, Tone) {
    match key.next_rotation {
        None => ("off".to_owned(), Tone::Dim),
        Some(at) => {
            let at_ms = at.as_millisecond();
            let tone = if at_ms < now_ms { Tone::Warn } else { Tone::Text };
            let every = match key.rotation_interval {
                0 => String::new(),
                days => format!(", every {days} d"),
            };
            (format!("due {}{every}", format::due(now_ms, at_ms)), tone)
        }
    }
}

/// Ways to narrow a list to one environment.
pub(crate) const ENVIRONMENTS: [Environment; 3] =
    [Environment::Production, Environment::Staging, Environment::Development];
