//! The one table of keys: what a press means where, what the footer shows, what help says. Nothing else in the
//! dashboard compares letters.

use crate::term::input::{Key, KeyCode};

/// What a person can ask of a screen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Command {
    Interrupt,
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
    Switch,
    Delete,
    Pause,
    Next,
    Previous,
    Accept,
    Save,
    Cancel,
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
    /// Where something moves or scrolls.
    Movement,
    /// The list of keys.
    Keys,
    /// The list's search line.
    Search,
    /// One key's page.
    Key,
    /// The form.
    Form,
}

/// One row of the table.
pub(crate) struct Binding {
    pub(crate) command: Command,
    pub(crate) scope: Scope,
    /// The first is the one that is shown.
    pub(crate) keys: &'static [Key],
    /// One word for the footer.
    pub(crate) hint: &'static str,
    /// A line for help.
    pub(crate) help: &'static str,
    /// In the footer, higher stays longer; 0 is never shown there.
    pub(crate) priority: u8,
}

const fn row(
    scope: Scope,
    command: Command,
    keys: &'static [Key],
    hint: &'static str,
    priority: u8,
    help: &'static str,
) -> Binding {
    Binding { command, scope, keys, hint, help, priority }
}

const fn c(c: char) -> Key {
    Key::char(c)
}
const fn k(code: KeyCode) -> Key {
    Key::plain(code)
}
const SHIFT_TAB: Key = Key { code: KeyCode::Tab, mods: crate::term::input::Mods::SHIFT };

use Command as C;
use Scope as S;

/// Every key of the dashboard.
pub(crate) const BINDINGS: &[Binding] = &[
    row(
        S::Keys,
        C::Open,
        &[k(KeyCode::Enter), c('l'), k(KeyCode::Right)],
        "open",
        90,
        "Open the selected key",
    ),
    row(S::Keys, C::New, &[c('n')], "new", 80, "Add a key"),
    row(S::Keys, C::Search, &[c('/')], "search", 70, "Search; also env:production tag:llm status:active"),
    row(S::Keys, C::Sort, &[c('s')], "sort", 50, "Sort by age, name, service, last use, month"),
    row(S::Keys, C::Environment, &[c('E')], "environment", 40, "Show one environment, or all"),
    row(S::Keys, C::Status, &[c('S')], "status", 30, "Show active, inactive or expired keys, or all"),
    row(S::Keys, C::Back, &[k(KeyCode::Esc)], "clear", 0, "Clear search and filters"),
    row(S::Keys, C::Refresh, &[c('r')], "refresh", 5, "Read the list again"),
    row(S::Key, C::Reveal, &[c('v')], "reveal", 90, "Show the value for 30 seconds, or hide it"),
    row(S::Key, C::Copy, &[c('y')], "copy", 80, "Send the value to your terminal's clipboard"),
    row(S::Key, C::Switch, &[c('d')], "on/off", 50, "Switch the key off, or on again"),
    row(S::Key, C::Pause, &[c('p')], "pause", 40, "Hold the live figures still, or let them go on"),
    row(S::Key, C::Delete, &[c('D')], "delete", 30, "Move the key to the bin; it stays there for 30 days"),
    row(S::Key, C::Refresh, &[c('r')], "refresh", 5, "Read the key again"),
    row(S::Search, C::Accept, &[k(KeyCode::Enter)], "keep", 90, "Keep the search and go back to the list"),
    row(S::Search, C::Cancel, &[k(KeyCode::Esc)], "clear", 80, "Clear the search"),
    row(S::Search, C::Help, &[k(KeyCode::F(1))], "help", 10, "Help"),
    row(S::Search, C::Up, &[k(KeyCode::Up)], "up", 0, "Select the row above"),
    row(S::Search, C::Down, &[k(KeyCode::Down)], "down", 0, "Select the row below"),
    row(S::Form, C::Next, &[k(KeyCode::Tab), k(KeyCode::Down)], "next", 70, "Next field"),
    row(S::Form, C::Previous, &[SHIFT_TAB, k(KeyCode::Up)], "previous", 20, "Previous field"),
    row(S::Form, C::Accept, &[k(KeyCode::Enter)], "next", 0, "Next field; in the last one, save"),
    row(S::Form, C::Save, &[Key::ctrl('s')], "save", 90, "Save"),
    row(
        S::Form,
        C::Cancel,
        &[k(KeyCode::Esc)],
        "cancel",
        80,
        "Leave without saving; asks when something was typed",
    ),
    row(S::Form, C::Help, &[k(KeyCode::F(1))], "help", 10, "Help"),
    row(S::Movement, C::Up, &[c('k'), k(KeyCode::Up)], "up", 0, "Up"),
    row(S::Movement, C::Down, &[c('j'), k(KeyCode::Down)], "down", 0, "Down"),
    row(S::Movement, C::HalfUp, &[Key::ctrl('u')], "", 0, "Half a page up"),
    row(S::Movement, C::HalfDown, &[Key::ctrl('d')], "", 0, "Half a page down"),
    row(S::Movement, C::PageUp, &[k(KeyCode::PageUp), Key::ctrl('b')], "", 0, "A page up"),
    row(S::Movement, C::PageDown, &[k(KeyCode::PageDown), Key::ctrl('f')], "", 0, "A page down"),
    row(S::Movement, C::Top, &[c('g'), k(KeyCode::Home)], "", 0, "To the top"),
    row(S::Movement, C::Bottom, &[c('G'), k(KeyCode::End)], "", 0, "To the bottom"),
    row(
        S::Above,
        C::Back,
        &[k(KeyCode::Esc), c('h'), k(KeyCode::Left)],
        "back",
        60,
        "Back to where you came from",
    ),
    row(S::Anywhere, C::Help, &[c('?'), k(KeyCode::F(1))], "help", 95, "This page"),
    row(S::Anywhere, C::Messages, &[c('M')], "messages", 10, "What the dashboard told you"),
    row(
        S::Anywhere,
        C::Mouse,
        &[c('m')],
        "mouse",
        0,
        "Leave the mouse to your terminal to select text, or take it",
    ),
    row(S::Anywhere, C::Quit, &[c('q')], "quit", 85, "Leave"),
    row(S::Always, C::Interrupt, &[Key::ctrl('c')], "quit", 0, "Twice: leave at once, whatever is open"),
];

/// Where on a screen one is: decides which rows of the table hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Place {
    Keys,
    Search,
    Key,
    Form,
    Help,
    Messages,
}

impl Place {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] =
        [Self::Keys, Self::Search, Self::Key, Self::Form, Self::Help, Self::Messages];

    /// The scopes that hold here, the nearest first.
    pub(crate) fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Keys => &[S::Keys, S::Movement, S::Anywhere, S::Always],
            Self::Key => &[S::Key, S::Above, S::Movement, S::Anywhere, S::Always],
            Self::Help | Self::Messages => &[S::Above, S::Movement, S::Anywhere, S::Always],
            Self::Search => &[S::Search, S::Always],
            Self::Form => &[S::Form, S::Always],
        }
    }
}

/// The rows that hold in a place.
pub(crate) fn bindings(place: Place) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| place.scopes().contains(&binding.scope))
}

/// What a key means in a place.
pub(crate) fn lookup(place: Place, key: Key) -> Option<Command> {
    bindings(place).find(|binding| binding.keys.contains(&key)).map(|binding| binding.command)
}

/// A key as it is printed on keyboards.
pub(crate) fn label(key: Key) -> String {
    let name = match key.code {
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
        for place in Place::ALL {
            let mut seen = HashSet::new();
            for key in bindings(place).flat_map(|binding| binding.keys) {
                assert!(seen.insert(key), "{} twice in {place:?}", label(*key));
            }
        }
    }

    #[test]
    fn typing_keeps_its_letters() {
        for place in [Place::Search, Place::Form] {
            for letter in (' '..='~').map(Key::char) {
                assert_eq!(lookup(place, letter), None, "{} in {place:?}", label(letter));
            }
        }
    }
}
