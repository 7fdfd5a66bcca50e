//! The tables of keys that belong to no page: while typing, in questions and lists, and those that hold everywhere.

use super::bindings::{ENTER, ESC, Group, SHIFT_TAB, TAB, c, k, row};
use super::{Command as C, Scope as S};
use crate::term::input::{Key, KeyCode};

const UP: Key = k(KeyCode::Up);
const DOWN: Key = k(KeyCode::Down);

pub(super) static GROUPS: &[Group] = &[
    Group {
        scope: S::Search,
        title: "While searching",
        rows: &[
            row(C::Accept, &[ENTER], "keep", 90, "Keep the search and go back to the list"),
            row(C::Cancel, &[ESC], "clear", 80, "Clear the search"),
            row(C::Help, &[k(KeyCode::F(1))], "help", 10, "Help"),
            row(C::Up, &[UP], "up", 0, "Select the row above"),
            row(C::Down, &[DOWN], "down", 0, "Select the row below"),
        ],
    },
    Group {
        scope: S::Form,
        title: "In a form",
        rows: &[
            row(C::Next, &[TAB, DOWN], "next", 70, "Next field"),
            row(C::Previous, &[SHIFT_TAB, UP], "previous", 20, "Previous field"),
            row(C::Accept, &[ENTER], "next", 0, "Next field; in the last one, save"),
            row(C::Generate, &[Key::ctrl('g')], "generate", 60, "Have a value made, as by sk-live-{48}"),
            row(C::Save, &[Key::ctrl('s')], "save", 90, "Save"),
            row(C::Cancel, &[ESC], "cancel", 80, "Leave without saving; asks when something was typed"),
            row(C::Help, &[k(KeyCode::F(1))], "help", 10, "Help"),
        ],
    },
    Group {
        scope: S::Import,
        title: "Importing keys",
        rows: &[
            row(C::Save, &[Key::ctrl('s')], "import", 90, "Add the keys that are new").line("import < .env"),
            row(C::Environment, &[c('E')], "environment", 80, "The environment they are for"),
            row(C::Team, &[c('t')], "team", 70, "Whose they are: yours, or a team's"),
            row(
                C::SkipConflicts,
                &[c('x')],
                "conflicts",
                50,
                "Leave keys alone that have another value, or refuse",
            ),
        ],
    },
    Group {
        scope: S::Help,
        title: "Help",
        rows: &[row(C::Search, &[c('/')], "search", 90, "Look for a word in help")],
    },
    Group {
        scope: S::Palette,
        title: "The palette",
        rows: &[
            row(C::Accept, &[ENTER], "go", 90, "Do what is selected; a line of the shell is copied"),
            row(C::Copy, &[Key::ctrl('y')], "copy the ssh line", 80, "Copy the selected row's ssh line"),
            row(C::Up, &[UP, Key::ctrl('p')], "up", 0, "Select the row above"),
            row(C::Down, &[DOWN, Key::ctrl('n')], "down", 0, "Select the row below"),
            row(C::PageUp, &[k(KeyCode::PageUp)], "", 0, "A page up"),
            row(C::PageDown, &[k(KeyCode::PageDown)], "", 0, "A page down"),
            row(C::Cancel, &[ESC], "close", 85, "Close the palette"),
            row(C::Interrupt, &[Key::ctrl('c')], "quit", 0, "Twice: leave at once"),
        ],
    },
    Group {
        scope: S::Root,
        title: "The first page of a section",
        rows: &[row(C::Back, &[ESC], "home", 0, "Back to the first section")],
    },
    Group {
        scope: S::Above,
        title: "Going back",
        rows: &[row(C::Back, &[ESC, c('h'), k(KeyCode::Left)], "back", 60, "Back to where you came from")],
    },
    Group {
        scope: S::Movement,
        title: "Moving",
        rows: &[
            row(C::Up, &[c('k'), UP], "up", 0, "Up"),
            row(C::Down, &[c('j'), DOWN], "down", 0, "Down"),
            row(C::HalfUp, &[Key::ctrl('u')], "", 0, "Half a page up"),
            row(C::HalfDown, &[Key::ctrl('d')], "", 0, "Half a page down"),
            row(C::PageUp, &[k(KeyCode::PageUp), Key::ctrl('b')], "", 0, "A page up"),
            row(C::PageDown, &[k(KeyCode::PageDown), Key::ctrl('f')], "", 0, "A page down"),
            row(C::Top, &[c('g'), k(KeyCode::Home)], "", 0, "To the top"),
            row(C::Bottom, &[c('G'), k(KeyCode::End)], "", 0, "To the bottom"),
        ],
    },
    Group {
        scope: S::Undo,
        title: "Taking back",
        rows: &[row(
            C::Undo,
            &[c('z')],
            "undo",
            88,
            "Undo what was just done to keys: for 10 seconds, also when you went on to another page",
        )],
    },
    Group {
        scope: S::Anywhere,
        title: "On every page",
        rows: &[
            row(C::Palette, &[c(':')], "commands", 75, "Find anything by its name: pages, keys, ssh lines"),
            row(C::Help, &[c('?'), k(KeyCode::F(1))], "help", 95, "Every key, by where it holds")
                .line("help"),
            row(C::Follow, &[c('o')], "", 0, "Open what the newest message is about: its alert, or its key"),
            row(C::Messages, &[c('M')], "messages", 10, "What the dashboard told you"),
            row(
                C::Mouse,
                &[c('m')],
                "mouse",
                0,
                "Leave the mouse to your terminal to select text, or take it",
            ),
            row(C::Quit, &[c('q')], "quit", 85, "Leave"),
        ],
    },
    Group {
        scope: S::Always,
        title: "Always, also while typing",
        rows: &[
            row(C::Palette, &[Key::ctrl('p')], "commands", 0, "Find anything by its name"),
            row(C::Interrupt, &[Key::ctrl('c')], "quit", 0, "Twice: leave at once, whatever is open"),
        ],
    },
];
