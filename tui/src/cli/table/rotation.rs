//! The commands about rotation.

use super::ENVIRONMENT;
use crate::cli::command::{Command, Flag, Verb, option, switch};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        verb: Verb::KeysRotate,
        words: &["keys", "rotate"],
        operand: Some(("KEY", true)),
        flags: &[
            ENVIRONMENT,
            option("--overlap", "TIME", "for how long the old value stays too, such as 1h or 7d"),
            switch("--emergency", "nothing of the old value stays; needs --confirm"),
            option("--confirm", "NAME", "the key's name, for an emergency"),
            switch("--dry-run", "only say what would break"),
            switch(
                "--value-stdin",
                "the input is the new value, made by hand: it is the current one at once",
            ),
        ],
        about: "Begin the rotation of a key, or let one go on that has stopped",
        more: "The daemon takes the steps; keys rotation shows them.",
    },
    Command {
        verb: Verb::KeysRollback,
        words: &["keys", "rollback"],
        operand: Some(("KEY", true)),
        flags: &[ENVIRONMENT, option("--version", "N", "this version, and not the one before")],
        about: "Give up the rotation under way, or make the value before the current one again",
        more: "Nobody needs to be able to read the value for that.",
    },
    Command {
        verb: Verb::KeysVersions,
        words: &["keys", "versions"],
        operand: Some(("KEY", true)),
        flags: &[ENVIRONMENT],
        about: "The versions of a key's value, without the values",
        more: "",
    },
    Command {
        verb: Verb::KeysRetire,
        words: &["keys", "retire"],
        operand: Some(("KEY", true)),
        flags: &[ENVIRONMENT, Flag { required: true, ..option("--version", "N", "the old version") }],
        about: "End the time in which an old version stays, or say that you have revoked it",
        more: "",
    },
    Command {
        verb: Verb::KeysRotation,
        words: &["keys", "rotation"],
        operand: Some(("KEY", true)),
        flags: &[ENVIRONMENT],
        about: "Where the rotation of a key stands, and who still uses an old version",
        more: "",
    },
    Command {
        verb: Verb::KeysWebhookSecret,
        words: &["keys", "webhook-secret"],
        operand: Some(("KEY", true)),
        flags: &[
            ENVIRONMENT,
            switch("--replace", "make another one; steps are signed with the one before too, for a day"),
        ],
        about: "Print what the steps that go to a key's webhook are signed with, and nothing else",
        more: "It is written as Standard Webhooks has it, and showing it is recorded.",
    },
    Command {
        verb: Verb::Rotations,
        words: &["rotations"],
        operand: None,
        flags: &[],
        about: "The rotations of all keys: what wants somebody first, then what comes",
        more: "",
    },
];
