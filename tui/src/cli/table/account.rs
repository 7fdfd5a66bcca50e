//! The person: who they are, what they have open, what opens what is sealed to them.

use crate::cli::command::{Command, NDJSON, Verb, switch};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        verb: Verb::Whoami,
        words: &["whoami"],
        operand: None,
        flags: &[],
        about: "Who you are here",
        more: "",
    },
    Command {
        verb: Verb::SessionsLs,
        words: &["sessions", "ls"],
        operand: None,
        flags: &[NDJSON],
        about: "What you have open, in apps, browsers and terminals",
        more: "",
    },
    Command {
        verb: Verb::SessionsEnd,
        words: &["sessions", "end"],
        operand: Some(("SESSION", false)),
        flags: &[switch("--all", "everything that is open anywhere, this connection too")],
        about: "End one of them, by its id, or --all; a terminal's connection is closed",
        more: "",
    },
    Command {
        verb: Verb::Unlock,
        words: &["unlock"],
        operand: None,
        flags: &[],
        about: "Open what is sealed to you, with your unlock passphrase",
        more: "It holds for this connection, the dashboard and every command on it, until 15 minutes without use.",
    },
    Command {
        verb: Verb::Lock,
        words: &["lock"],
        operand: None,
        flags: &[],
        about: "End what unlock began",
        more: "",
    },
    Command {
        verb: Verb::Passphrase,
        words: &["passphrase"],
        operand: None,
        flags: &[
            switch("--forgotten", "set a new one without the present one, with your password"),
            switch("--lose", "the keys may be lost that nobody else can open; needed without a terminal"),
        ],
        about: "Set or change your unlock passphrase",
        more: "Without a terminal, the input is the present one, if there is one, and the new one, a line each. With --forgotten it \
               is your password, a code where you have a second factor, and the new one. What is lost by it is said first.",
    },
];
