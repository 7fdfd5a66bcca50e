//! How audit records are said.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use keyward_keys::view::AuditView;
use keyward_keys::{Id, Outcome};

use crate::theme::Tone;
use crate::widgets::pen::{Ui, safe};

/// When, in the person's time zone: `25 Nov 21:48`, or with year and seconds.
pub(super) fn when(at: Timestamp, zone: &TimeZone, whole: bool) -> String {
    let form = if whole { "%Y-%m-%d %H:%M:%S" } else { "%e %b %H:%M" };
    at.to_zoned(zone.clone()).strftime(form).to_string()
}

/// An id by its name, else by what it is.
pub(super) fn named(id: Id, names: &HashMap<Id, String>) -> String {
    names.get(&id).map_or_else(|| id.to_string(), |name| safe(name).into_owned())
}

/// Who did it.
pub(super) fn actor(record: &AuditView, names: &HashMap<Id, String>) -> String {
    match record.actor {
        Some(id) => named(id, names),
        None => format!("daemon: {}", safe(&record.actor_kind)),
    }
}

/// What it was done to.
pub(super) fn object(record: &AuditView, names: &HashMap<Id, String>) -> String {
    match record.object {
        Some(id) if Some(id) == record.actor => "themselves".to_owned(),
        Some(id) => named(id, names),
        None => String::new(),
    }
}

/// Mark, word and tone of how it ended.
pub(super) fn outcome(outcome: Outcome, ui: &Ui) -> (&'static str, &'static str, Tone) {
    match outcome {
        Outcome::Done => (ui.glyphs.check, "done", Tone::Good),
        Outcome::Refused => (ui.glyphs.cross, "refused", Tone::Bad),
    }
}
