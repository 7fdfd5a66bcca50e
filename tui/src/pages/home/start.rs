//! Home of a new account: what to press first, what comes after, and the same from a shell. Nothing of it is asked for;
//! it goes with the first key.

use secrecy::SecretString;

use super::HomePage;
use super::items::{Block, Item, Line};
use crate::app::Effect;
use crate::app::cx::Cx;
use crate::notice::NoticeKind;
use crate::theme::Tone;
use crate::widgets::glyphs::Glyphs;

/// Sections that are worth a look before there is a key, by their key.
const AFTER: [(&str, &str); 5] = [
    ("3", "Report each call with one POST: what is used is here a moment later"),
    ("5", "Have keys rotated: the old value stays until nothing uses it"),
    ("6", "Share keys by role: make a team, invite people with a code"),
    ("A", "Be told what should not be: errors, silence, cost, a decoy used"),
    ("9", "A second factor, more SSH keys, your time zone, another theme"),
];

/// From this width on, there is room to say what a line does.
const WIDE: u16 = 100;

/// What follows `ssh HOST` for the first hour.
const SHELL: [(&str, &str); 6] = [
    ("keys add --name stripe --service stripe < value", "keep a key"),
    ("import < .env", "bring in what there is"),
    ("keys get stripe", "its value, and nothing else"),
    ("tokens add --name app --key stripe", "let an app fetch it"),
    ("watch", "what happens, as it happens"),
    ("help", "all commands"),
];

fn line(item: Item, mark: &'static str, text: impl Into<String>, end: &str) -> Line {
    Line { item, mark, tone: Tone::Accent, text: text.into(), end: end.to_owned() }
}

impl HomePage {
    /// There is no key yet.
    pub(super) fn is_new(&self) -> bool {
        self.home.as_ref().is_some_and(|home| home.keys == 0)
    }

    /// What to press first.
    pub(super) fn first_steps() -> Block {
        let lines = vec![
            line(Item::First, "n", "Keep your first API key, sealed", ""),
            line(Item::Import, "I", "Bring in the keys of a .env text", ""),
            line(Item::Keys, "?", "See what to press; : finds by name", ""),
        ];
        Block { title: "Start here", note: String::new(), lines, none: "" }
    }

    /// What comes after that.
    pub(super) fn next_steps() -> Block {
        let lines = AFTER.iter().map(|(key, text)| line(Item::Section(key), key, *text, "")).collect();
        Block { title: "And then", note: String::new(), lines, none: "" }
    }

    /// The lines of a shell that do the same.
    pub(super) fn in_a_shell(&self, columns: u16, glyphs: &Glyphs) -> Block {
        let line = |(at, (words, why)): (usize, &(&str, &str))| {
            let text = format!("{} {words}", self.ssh.as_deref().unwrap_or("ssh HOST"));
            Line {
                tone: Tone::Dim,
                ..line(Item::Shell(at), glyphs.crumb, text, if columns < WIDE { "" } else { why })
            }
        };
        let lines = SHELL.iter().enumerate().map(line).collect();
        Block { title: "From a shell", note: "Enter copies".to_owned(), lines, none: "" }
    }

    /// Sends one of these lines to the terminal's clipboard.
    pub(super) fn copy_line(&self, at: usize, cx: &mut Cx<'_>) {
        if let Some((words, _)) = SHELL.get(at) {
            cx.effect(Effect::Copy(SecretString::from(format!("{} {words}", cx.host.ssh_command))));
            cx.say(NoticeKind::Info, "The line is sent to your terminal's clipboard.");
        }
    }
}
