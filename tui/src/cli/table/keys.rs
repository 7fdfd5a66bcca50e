//! API keys, one at a time and many.

use super::{ENVIRONMENT, YES};
use crate::cli::command::{Command, Flag, NDJSON, Verb, option, switch};

const FORMAT: Flag = option("--format", "FORM", "env (.env text, when none), json or seed (encrypted blobs)");

/// How a key is rotated: what follows the names of `rotation` in the REST schema.
const METHOD: Flag =
    option("--method", "METHOD", "how new values come to be: remind, generate, recipe, webhook or command");
const EVERY: Flag = option("--rotation-interval", "DAYS", "days between rotations; 0 turns them off");
const CRON: Flag = option(
    "--cron",
    "WHEN",
    "when it is rotated: five fields, or six with seconds first; '' for the interval",
);
const TIMEZONE: Flag =
    option("--timezone", "ZONE", "the IANA zone of --cron and --quiet-hours; '' for its team's or maker's");
const QUIET: Flag =
    option("--quiet-hours", "TIMES", "when none begins by itself, such as 22:00-06:30; '' for its team's");
const OVERLAP: Flag = option("--overlap", "TIME", "for how long the old value stays too, such as 1h or 7d");
const TEMPLATE: Flag =
    option("--template", "TEXT", "with generate: what values look like, such as sk-live-{48}; '' for {48}");
const URL: Flag = option(
    "--url",
    "URL",
    "with webhook: where steps are sent; with remind: the page to make a value on, '' for none",
);
const RECIPE: Flag = option(
    "--recipe",
    "RECIPE",
    "with recipe: the provider's; with remind: it tries the new value, '' for none",
);
const PARAMETER: Flag = Flag {
    many: true,
    ..option("--parameter", "NAME=VALUE", "with recipe and remind: what it asks for; may be repeated")
};
const CREDENTIAL: Flag = option(
    "--credential",
    "KEY",
    "with recipe: the key that the provider is shown; its value is never given here",
);
const PROGRAM: Flag = option("--command", "NAME", "with command: its name in the operator's file");
const EVIDENCE: Flag =
    option("--evidence", "on|off", "keep the old value for as long as something still uses it");

const SYSTEM_KEY: Flag =
    switch("--system-key-stdin", "the first line is the system key of the blobs of seed");
const REFUSE_OVER_BUDGET: Flag =
    switch("--refuse-over-budget", "apps do not fetch it once its month has cost more than its budget");

pub(super) const COMMANDS: &[Command] = &[
    Command {
        verb: Verb::KeysLs,
        words: &["keys", "ls"],
        operand: None,
        flags: &[
            NDJSON,
            option("--search", "TEXT", "only keys with this in name, service, description or a tag"),
            ENVIRONMENT,
            option("--status", "STATUS", "active, inactive or expired"),
            option("--tag", "TAG", "only keys with this tag"),
            option("--team", "TEAM", "only keys of this team"),
            option("--service", "SERVICE", "only keys for this service"),
            option("--unused", "DAYS", "only keys without a call for so many days"),
            option("--hygiene", "WHAT", "never-rotated, no-limit, idle, overdue, rotate-now or shared-value"),
            switch("--bin", "the keys in the bin, instead of the others"),
            option(
                "--sort",
                "ORDER",
                "newest, name, service, environment, next-rotation, last-used or usage",
            ),
        ],
        about: "List your API keys",
        more: "",
    },
    Command {
        verb: Verb::KeysShow,
        words: &["keys", "show"],
        operand: Some(("KEY", true)),
        flags: &[ENVIRONMENT],
        about: "All about one key, without its value",
        more: "KEY is a name, an ak_ id or an _id. Where several keys share a name, --environment tells them apart.",
    },
    Command {
        verb: Verb::KeysAdd,
        words: &["keys", "add"],
        operand: None,
        flags: &[
            Flag { required: true, ..option("--name", "NAME", "its name") },
            Flag { required: true, ..option("--service", "SERVICE", "the service it is for") },
            ENVIRONMENT,
            Flag { many: true, ..option("--tag", "TAG", "a tag; may be repeated") },
            option("--team", "TEAM", "the team it is for; your own space when none"),
            option("--custody", "WHO", "who can open it: private, sealed or automation"),
            option("--description", "TEXT", "what it is for"),
            option("--monthly-limit", "N", "requests a month it should not exceed"),
            option("--budget", "AMOUNT", "what its calls of a month may cost, such as 49.90"),
            REFUSE_OVER_BUDGET,
            METHOD,
            EVERY,
            CRON,
            TIMEZONE,
            QUIET,
            OVERLAP,
            TEMPLATE,
            URL,
            RECIPE,
            PARAMETER,
            CREDENTIAL,
            PROGRAM,
            EVIDENCE,
            switch(
                "--passphrase-stdin",
                "the second line of the input is a passphrase that alone opens the key",
            ),
        ],
        about: "Keep a new API key; its value comes from standard input",
        more: "For example: printf %s \"$VALUE\" | ssh … keys add --name stripe --service Stripe",
    },
    Command {
        verb: Verb::KeysEdit,
        words: &["keys", "edit"],
        operand: Some(("KEY", true)),
        flags: &[
            option("--name", "NAME", "its new name"),
            option("--service", "SERVICE", "the service it is for"),
            ENVIRONMENT,
            Flag { many: true, ..option("--tag", "TAG", "a tag, of all that it has then; '' for none") },
            option("--description", "TEXT", "what it is for"),
            option("--monthly-limit", "N", "requests a month it should not exceed, or none"),
            Flag {
                many: true,
                ..option(
                    "--network",
                    "CIDR",
                    "where apps may fetch it from, all of it; may be repeated; or none",
                )
            },
            option("--budget", "AMOUNT", "what its calls of a month may cost, such as 49.90, or none"),
            REFUSE_OVER_BUDGET,
            switch("--no-refuse-over-budget", "apps fetch it also once its month has cost more"),
            METHOD,
            EVERY,
            CRON,
            TIMEZONE,
            QUIET,
            OVERLAP,
            TEMPLATE,
            URL,
            RECIPE,
            PARAMETER,
            CREDENTIAL,
            PROGRAM,
            EVIDENCE,
            option("--status", "STATUS", "active or inactive"),
            option("--custody", "WHO", "who can open it: private, sealed or automation"),
            option("--team", "TEAM", "the team it moves to"),
            switch("--own", "it moves to your own space"),
            switch("--decoy", "nobody has a reason to use it: whoever does is told of at once"),
            switch("--no-decoy", "it is a decoy no more"),
            switch(
                "--passphrase-stdin",
                "the first line of the input is the passphrase that opens it now, or that opens it as a private key",
            ),
        ],
        about: "Change what is named of a key, and nothing else",
        more: "KEY is a name, an ak_ id or an _id. A sealed key moves, or changes its custody, in a connection that is unlocked.",
    },
    Command {
        verb: Verb::KeysGet,
        words: &["keys", "get"],
        operand: Some(("KEY", true)),
        flags: &[
            ENVIRONMENT,
            switch(
                "--passphrase-stdin",
                "the first line of the input is the key's passphrase, or your unlock passphrase for a sealed key",
            ),
            option("--reason", "TEXT", "what for: kept in the audit record"),
        ],
        about: "Print the value of a key, and nothing else",
        more: "The reveal is recorded before the value is printed.",
    },
    Command {
        verb: Verb::KeysRm,
        words: &["keys", "rm"],
        operand: Some(("KEY", true)),
        flags: &[ENVIRONMENT, YES, switch("--dry-run", "only say who would miss it")],
        about: "Move a key to the bin, where it stays 30 days",
        more: "",
    },
    Command {
        verb: Verb::KeysRestore,
        words: &["keys", "restore"],
        operand: Some(("KEY", true)),
        flags: &[ENVIRONMENT],
        about: "Take a key back out of the bin",
        more: "",
    },
    Command {
        verb: Verb::KeysAccess,
        words: &["keys", "access"],
        operand: Some(("KEY", true)),
        flags: &[
            ENVIRONMENT,
            option(
                "--action",
                "ACTION",
                "ask about one: see, reveal, change, rotate, move, delete, fetch or track",
            ),
            option("--member", "WHO", "ask about this member instead of yourself"),
        ],
        about: "Who may do what with a key, and why",
        more: "",
    },
    Command {
        verb: Verb::Batch,
        words: &["batch"],
        operand: Some(("-", true)),
        flags: &[switch("--dry-run", "only say what would be done"), NDJSON],
        about: "Make many changes from standard input in one commit: all of them or none",
        more: "A line each: keys add, keys edit, keys rm or keys restore, as here, or as JSON: \
               {\"command\": \"keys add\", \"args\": {\"name\": \"mail\", \"service\": \"SendGrid\"}, \"input\": \"SG.the-value\"}. \
               A value has to come in the input of such a line. What moves a key, or changes who opens it, goes by itself. \
               Empty lines and lines that begin with # are passed over; 1,000 changes and 1 MiB are the most at once.",
    },
    Command {
        verb: Verb::Import,
        words: &["import"],
        operand: None,
        flags: &[
            NDJSON,
            FORMAT,
            ENVIRONMENT,
            option("--team", "TEAM", "the team they are for; your own space when none"),
            option("--service", "SERVICE", "the service they are for; env when none"),
            option("--custody", "WHO", "who can open them: private, sealed or automation"),
            switch("--dry-run", "only say what would be done"),
            switch("--skip-conflicts", "leave keys as they are that are there with another value"),
            switch("--passphrase-stdin", "the first line is a passphrase: of private keys, or of blobs"),
            SYSTEM_KEY,
        ],
        about: "Keep the keys of a text from standard input: all of them or none",
        more: "A NAME= without a value is passed over. For example: ssh … import --env production --dry-run < .env",
    },
    Command {
        verb: Verb::Export,
        words: &["export"],
        operand: None,
        flags: &[
            FORMAT,
            ENVIRONMENT,
            option("--team", "TEAM", "only keys of this team"),
            option("--tag", "TAG", "only keys with this tag"),
            switch("--passphrase-stdin", "the first line opens private keys, and seals the blobs of seed"),
            SYSTEM_KEY,
        ],
        about: "Print the keys you can open with their values",
        more: "Each is recorded before anything is printed.",
    },
];
