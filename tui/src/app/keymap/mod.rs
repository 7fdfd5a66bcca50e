//! What a press means where: the commands, the places, and how a key is found in the tables of `bindings`. Nothing else
//! in the dashboard compares letters.

mod alerts;
mod bindings;
mod common;
mod people;
mod place;

pub(crate) use bindings::{Binding, Group};
pub(crate) use place::Place;

use crate::app::sections::SECTIONS;
use crate::term::input::{Key, KeyCode, Mods};

/// What a person can ask of a screen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Command {
    Interrupt,
    /// Open the palette.
    Palette,
    /// Open the section with this key.
    Section(char),
    Help,
    Messages,
    Back,
    Quit,
    Mouse,
    Up,
    Down,
    PageUp,
    PageDown,
    HalfUp,
    HalfDown,
    Top,
    Bottom,
    Open,
    New,
    Search,
    Sort,
    Environment,
    Status,
    Refresh,
    Reveal,
    Copy,
    /// Copy it as JSON.
    CopyJson,
    Switch,
    Delete,
    Pause,
    Mark,
    Undo,
    Bin,
    Restore,
    Hygiene,
    Freeze,
    /// Make the key a decoy, or none.
    Decoy,
    Rotate,
    Edit,
    Import,
    Generate,
    SkipConflicts,
    /// Whose they are to be.
    Team,
    Next,
    Previous,
    Accept,
    Save,
    Cancel,
    /// Join a team.
    Join,
    /// Leave a team.
    Leave,
    /// What each role may do.
    Policy,
    /// A forgotten passphrase.
    Forgotten,
    /// End everything else that is open.
    EndOthers,
    /// Mark one as read, or all.
    Read,
    ReadAll,
    /// Only what is not read.
    Unread,
    /// Say something more.
    Answer,
    /// Settle a question.
    Close,
    NextPage,
    PreviousPage,
    /// Copy the line for ssh.
    CopyLine,
    /// Lines for curl and ssh about the thing at hand.
    Lines,
    /// The next span of time.
    Span,
    /// How finely it is cut.
    Step,
    Metric,
    Breakdown,
    Compare,
    Earlier,
    Later,
    Left,
    Right,
    /// Set another value by hand.
    SetValue,
    /// Rotate, and let nothing of the version before stay.
    Emergency,
    /// Back to the version before.
    RollBack,
    /// An old version was revoked where it was made.
    TickOff,
    /// Send a message to try it.
    Test,
    /// Send a message once more.
    Resend,
    /// Say that one looks after an alert, put it off, settle it.
    Acknowledge,
    Snooze,
    Settle,
    /// Hold the alert's key to fewer networks, lower its limit.
    Narrow,
    Lower,
    /// To what the newest message is about.
    Follow,
}

/// Where a binding holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Scope {
    /// On every page, also while typing.
    Always,
    /// On every page, unless one is typing.
    Anywhere,
    /// On pages that lie above the list.
    Above,
    /// Where something can be taken back, wherever it was done.
    Undo,
    /// Where something moves or scrolls.
    Movement,
    /// The palette.
    Palette,
    /// The first page of a section other than the first.
    Root,
    /// Home.
    Home,
    /// The list of keys.
    Keys,
    /// The list of keys in the bin.
    Bin,
    /// The list's search line.
    Search,
    /// One key's page.
    Key,
    /// The form.
    Form,
    /// Keys that are pasted.
    Import,
    /// Help.
    Help,
    /// The list of teams.
    Teams,
    /// One team.
    Team,
    /// What somebody who left leaves behind.
    Departed,
    /// What is shown once.
    Once,
    /// The profile.
    Profile,
    /// Choosing a theme.
    Theme,
    /// Setting up the second factor.
    Factor,
    /// One's SSH keys.
    SshKeys,
    /// One's sessions.
    Sessions,
    /// Webhooks.
    Webhooks,
    /// What was sent to a webhook.
    Deliveries,
    /// Notifications.
    Notices,
    /// Audit records.
    Audit,
    /// One of them.
    Record,
    /// Questions to the operators.
    Support,
    /// One of them.
    Ticket,
    /// Routes of the API.
    Routes,
    /// The charts.
    Usage,
    /// The plan.
    Billing,
    /// The running daemon.
    Monitor,
    /// Rotations.
    Rotation,
    /// The list of alerts.
    Alerts,
    /// One alert.
    Alert,
    /// Where an alert is at hand.
    Handling,
    /// The list of rules.
    AlertRules,
}

/// Every group of keys, in the order help shows them.
pub(crate) fn groups() -> impl Iterator<Item = &'static Group> {
    bindings::GROUPS.iter().chain(common::GROUPS).chain(alerts::GROUPS).chain(people::GROUPS)
}

/// The rows of a scope.
pub(crate) fn rows(scope: Scope) -> impl Iterator<Item = &'static Binding> {
    groups().filter(move |group| group.scope == scope).flat_map(|group| group.rows)
}

/// The rows that hold in a place, the nearest first.
pub(crate) fn bindings(place: Place) -> impl Iterator<Item = &'static Binding> {
    place.scopes().iter().flat_map(|scope| rows(*scope))
}

/// What a key means in a place. A section's own key opens it where that means nothing else.
pub(crate) fn lookup(place: Place, key: Key) -> Option<Command> {
    let bound = bindings(place).find(|binding| binding.keys.contains(&key)).map(|binding| binding.command);
    let section = match key {
        Key { code: KeyCode::Char(c), mods: Mods::NONE } => {
            SECTIONS.iter().any(|section| section.key == Some(c)).then_some(Command::Section(c))
        }
        _ => None,
    };
    let sections = place.scopes().contains(&Scope::Anywhere);
    bound.or_else(|| section.filter(|_| sections))
}

/// A key as it is printed on keyboards.
pub(crate) fn label(key: Key) -> String {
    let name = match key.code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Enter => "Enter".to_owned(),
        KeyCode::Tab => "Tab".to_owned(),
        KeyCode::Backspace => "Backspace".to_owned(),
        KeyCode::Esc => "Esc".to_owned(),
        KeyCode::Up => "Up".to_owned(),
        KeyCode::Down => "Down".to_owned(),
        KeyCode::Left => "Left".to_owned(),
        KeyCode::Right => "Right".to_owned(),
        KeyCode::Home => "Home".to_owned(),
        KeyCode::End => "End".to_owned(),
        KeyCode::PageUp => "PgUp".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        KeyCode::Insert => "Ins".to_owned(),
        KeyCode::Delete => "Del".to_owned(),
        KeyCode::F(n) => format!("F{n}"),
    };
    let ctrl = if key.mods.ctrl { "Ctrl-" } else { "" };
    let alt = if key.mods.alt { "Alt-" } else { "" };
    let shift = if key.mods.shift { "Shift-" } else { "" };
    format!("{ctrl}{alt}{shift}{name}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for place in Place::ALL.iter().copied() {
            let mut seen = HashSet::new();
            for key in bindings(place).flat_map(|binding| binding.keys) {
                assert!(seen.insert(key), "{} twice in {place:?}", label(*key));
            }
        }
    }

    #[test]
    fn a_sections_key_means_nothing_else_anywhere() {
        for place in Place::ALL.iter().copied().filter(|place| place.scopes().contains(&Scope::Anywhere)) {
            for key in SECTIONS.iter().filter_map(|section| section.key) {
                assert_eq!(lookup(place, Key::char(key)), Some(Command::Section(key)), "{key} in {place:?}");
            }
        }
    }

    #[test]
    fn typing_keeps_its_letters() {
        for place in [Place::Search, Place::HelpSearch, Place::Form, Place::Palette, Place::Factor] {
            for letter in (' '..='~').map(Key::char) {
                assert_eq!(lookup(place, letter), None, "{} in {place:?}", label(letter));
            }
        }
    }
}
