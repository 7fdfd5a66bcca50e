//! Service tokens.

use super::{ENVIRONMENT, YES};
use crate::cli::command::{Command, Flag, NDJSON, Verb, option, switch};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        verb: Verb::TokensLs,
        words: &["tokens", "ls"],
        operand: None,
        flags: &[NDJSON],
        about: "List the service tokens you made, with their uses",
        more: "",
    },
    Command {
        verb: Verb::TokensAdd,
        words: &["tokens", "add"],
        operand: None,
        flags: &[
            Flag { required: true, ..option("--name", "NAME", "what you call it") },
            Flag { many: true, ..option("--key", "KEY", "a key it may use; may be repeated") },
            Flag {
                about: "all keys of this environment, also later ones; with --key, tells keys apart",
                ..ENVIRONMENT
            },
            option("--team", "TEAM", "the team whose environment it is; your own keys' when none"),
            Flag {
                many: true,
                ..option("--scope", "SCOPE", "fetch or track; may be repeated; fetch when none")
            },
            option("--expires", "WHEN", "no good after this: 30d, 12h, a day or a moment"),
            Flag {
                many: true,
                ..option("--network", "NET", "good from this network alone; may be repeated")
            },
            option("--max-uses", "N", "how often it may be used in all"),
            switch("--passphrase-stdin", "the first line of the input opens private keys among them"),
        ],
        about: "Make a service token for an app; it is printed this once",
        more: "For example: ssh … tokens add --name web --env production --expires 90d",
    },
    Command {
        verb: Verb::TokensRm,
        words: &["tokens", "rm"],
        operand: Some(("TOKEN", true)),
        flags: &[YES, switch("--dry-run", "only say what it opens, and when it was last used")],
        about: "Revoke a service token, by name or id: its next use fails",
        more: "",
    },
];
