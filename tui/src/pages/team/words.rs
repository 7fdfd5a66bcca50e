//! How the facts of teams are said: roles, and whether what is sealed to the team opens.

use keyward_keys::Role;
use keyward_keys::view::{PresentView, SealedAccess, SessionKind, ViewingView};

use crate::app::sections::SECTIONS;
use crate::theme::Tone;
use crate::widgets::pen::{Ui, safe};

/// The roles from the least, as a choice; the words say what each adds.
pub(super) const ROLES: &[(&str, &str)] = &[
    ("viewer", "sees keys and their usage, opens none"),
    ("member", "also opens keys, and adds some"),
    ("admin", "also changes, rotates and deletes keys, and invites people"),
    ("owner", "also deletes the team, and makes owners"),
];

/// A choice's role, by its number.
pub(super) fn role_at(choice: usize) -> Role {
    [Role::Viewer, Role::Member, Role::Admin, Role::Owner][choice.min(3)]
}

/// A role's number in [`ROLES`].
pub(super) fn number(role: Role) -> usize {
    match role {
        Role::Viewer => 0,
        Role::Member => 1,
        Role::Admin => 2,
        Role::Owner => 3,
    }
}

/// A role in a word.
pub(crate) fn role(role: Role) -> &'static str {
    ROLES[number(role)].0
}

/// How a role is marked.
pub(super) fn role_tone(role: Role) -> Tone {
    match role {
        Role::Owner => Tone::Accent,
        Role::Admin => Tone::Strong,
        Role::Member => Tone::Text,
        Role::Viewer => Tone::Dim,
    }
}

/// Mark, word and tone of whether sealed keys open to somebody.
pub(super) fn sealed(access: SealedAccess, ui: &Ui) -> (&'static str, &'static str, Tone) {
    match access {
        SealedAccess::Open => (ui.glyphs.check, "open", Tone::Good),
        SealedAccess::Pending => (ui.glyphs.warning, "waits", Tone::Warn),
        SealedAccess::NoPassphrase => (ui.glyphs.warning, "no passphrase", Tone::Warn),
        SealedAccess::None => (ui.glyphs.inactive, "closed", Tone::Dim),
    }
}

/// The same of oneself, in a sentence.
pub(super) fn sealed_to_you(access: SealedAccess) -> &'static str {
    match access {
        SealedAccess::Open => "Its sealed keys open to you once you unlock.",
        SealedAccess::Pending => "Its sealed keys open to you once a member unlocks who can open them.",
        SealedAccess::NoPassphrase => {
            "Set an unlock passphrase in your profile: then its sealed keys can open to you."
        }
        SealedAccess::None => "Your role does not open keys.",
    }
}

/// What somebody does here: what they look at, if they share it, else what they have open.
pub(super) fn here(present: &PresentView) -> String {
    present.viewing.as_ref().map_or_else(|| kinds(&present.kinds), viewing)
}

/// What somebody looks at: `Key: openai-prod`, `Usage`.
pub(super) fn viewing(viewing: &ViewingView) -> String {
    if let Some(name) = &viewing.name {
        return format!("Key: {}", safe(name));
    }
    let section = SECTIONS.iter().find(|section| section.name == viewing.page);
    section.map_or_else(String::new, |section| section.title.to_owned())
}

/// What somebody has open, in a word.
pub(super) fn kinds(kinds: &[SessionKind]) -> String {
    let words: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    words.join(", ")
}
