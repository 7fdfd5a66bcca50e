//! What is asked before something is done to a key, the same wherever it is done from.

use keyward_keys::Environment;
use keyward_keys::view::{KeyStatus, KeyView, RotationRehearsal};

use crate::app::dialog::{Dialog, Subject};
use crate::pages::track;
use crate::widgets::format;
use crate::widgets::glyphs::Glyphs;
use crate::widgets::pen::safe;

/// Apps that are named before a rotation.
const NAMED: usize = 4;

/// Where a deleted key goes.
pub(crate) const TO_THE_BIN: &str =
    "to the bin for 30 days and can be restored from there. Apps can no longer fetch";

/// Before one key is deleted; in production, its name is typed.
pub(crate) fn delete(key: &KeyView) -> Dialog {
    let name = safe(&key.name);
    if key.environment == Environment::Production {
        let text = format!("Type {name} to delete this production key. It goes {TO_THE_BIN} it.");
        Dialog::name(Subject::Delete, "Delete", text, &key.name)
    } else {
        let text = format!("Delete {name}? It goes {TO_THE_BIN} it.");
        Dialog::confirm(Subject::Delete, "Delete", text, true)
    }
}

/// Before one key is switched off, or on; none for one that has expired.
pub(crate) fn switch(key: &KeyView) -> Option<Dialog> {
    let name = safe(&key.name);
    let (title, text) = match key.status {
        KeyStatus::Active => (
            "Switch off",
            format!("Switch {name} off? Apps can no longer fetch it; calls are still counted."),
        ),
        KeyStatus::Inactive => ("Switch on", format!("Switch {name} on again? Apps can fetch it.")),
        KeyStatus::Expired => return None,
    };
    Some(Dialog::confirm(Subject::Switch, title, text, false))
}

/// Why an expired key cannot be switched.
pub(crate) const EXPIRED: &str = "It has expired: give it a later expiry first.";

/// Before a key is frozen, or thawed.
pub(crate) fn freeze(key: &KeyView) -> Dialog {
    let name = safe(&key.name);
    let (title, text) = if key.frozen {
        ("Thaw", format!("Thaw {name}? Apps can fetch it again."))
    } else {
        (
            "Freeze",
            format!("Freeze {name}? Apps cannot fetch it until it is thawed; calls are still counted."),
        )
    };
    Dialog::confirm(Subject::Freeze, title, text, false)
}

/// Before a key is made a decoy, or none.
pub(crate) fn decoy(key: &KeyView) -> Dialog {
    let name = safe(&key.name);
    let (title, text) = if key.decoy {
        ("No decoy", format!("Is {name} a decoy no more? The rule that came with it goes, too."))
    } else {
        let text = format!(
            "Make {name} a decoy? It works as before, and whoever fetches, reveals or reports it raises a critical alert \
             at once. Only who may change the key sees that it is one."
        );
        ("Decoy", text)
    };
    Dialog::confirm(Subject::Decoy, title, text, false)
}

/// Before a key gets another value; `page` is where people make one.
pub(crate) fn rotate(key: &KeyView, page: Option<&str>) -> Dialog {
    let name = safe(&key.name);
    let made = page.map(|page| format!(" Make it at {}.", safe(page))).unwrap_or_default();
    let text = format!(
        "Paste the new value of {name}.{made} Apps fetch it from now on, and the one before it along with it for as long \
         as its overlap says."
    );
    Dialog::value(Subject::Rotate, "New value", text)
}

/// What would become of the apps, a line each.
pub(crate) fn foreseen(rehearsal: &RotationRehearsal, emergency: bool, glyphs: &Glyphs) -> String {
    let before = match emergency {
        true => "The one before goes at once.".to_owned(),
        false => format!("The one before is fetched along for {}.", format::told_span(&rehearsal.overlap)),
    };
    let made = track::made(rehearsal.method);
    let mut lines = vec![format!("Version {} is made {made}. {before}", rehearsal.version)];
    if rehearsal.will_break.is_empty() {
        lines.push(format!("{} Nothing that was seen would break.", glyphs.check));
    } else {
        lines.push("Would break:".to_owned());
    }
    let apps = [(glyphs.cross, &rehearsal.will_break), (glyphs.check, &rehearsal.updates_itself)];
    for (mark, apps) in apps {
        for app in apps.iter().take(NAMED) {
            lines.push(format!("{mark} {}: {}", safe(&app.app.name), app.why));
        }
        if apps.len() > NAMED {
            lines.push(format!("{mark} and {} more", apps.len() - NAMED));
        }
    }
    lines.extend(rehearsal.worth_knowing.iter().map(|known| format!("{} {}", glyphs.info, safe(known))));
    lines.join("\n")
}
