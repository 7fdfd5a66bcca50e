//! The person: who they are, what they have open, what opens what is sealed to them.

use crate::cli::command::{Command, Flag, NDJSON, Verb, option, switch};

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
        verb: Verb::ProfileShow,
        words: &["profile", "show"],
        operand: None,
        flags: &[],
        about: "Your account: name, time zone, theme, what you are told, whether teams see what you look at",
        more: "",
    },
    Command {
        verb: Verb::ProfileEdit,
        words: &["profile", "edit"],
        operand: None,
        flags: &[
            option("--name", "NAME", "your name"),
            option("--email", "E-MAIL", "your e-mail address"),
            option("--time-zone", "ZONE", "of the IANA database, such as Europe/Berlin"),
            option("--theme", "THEME", "of the dashboard: auto, dark, light or contrast"),
            switch("--notifications", "you are notified"),
            switch("--no-notifications", "you are notified of nothing"),
            Flag {
                many: true,
                ..option("--mute", "TYPE", "a type of which you are not notified; none ends all that")
            },
            option(
                "--quiet-hours",
                "FROM-TO",
                "when messages to your channels wait: 22:00-07:00; '' for none",
            ),
            switch("--share-viewing", "the members of your teams see which page and key you look at"),
            switch("--no-share-viewing", "they see that you are connected, and no more"),
        ],
        about: "Change your account: only what you name",
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
        verb: Verb::VerifyEmail,
        words: &["verify-email"],
        operand: None,
        flags: &[switch("--send", "have another code mailed to your address")],
        about: "Show that your e-mail address is yours, with the code that was mailed to it",
        more: "The code comes from standard input. Until then nothing else is mailed there, and no invitation for it accepted.",
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
