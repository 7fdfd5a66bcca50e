//! The one table of commands. Parsing, help and (by their words) every other way to a command read it.

use super::command::{Command, Flag, Verb, option, switch};

const TEAM: Flag = option("--team", "TEAM", "the team, by name or id; not needed when there is one");

const ROLE: Flag = option("--role", "ROLE", "owner, admin, member or viewer");

const YES: Flag = switch("--yes", "do not ask; needed without a terminal");

const ENVIRONMENT: Flag = option("--environment", "ENV", "development, staging or production (also --env)");

const FORMAT: Flag = option("--format", "FORM", "env (.env text, when none), json or seed (encrypted blobs)");

const SYSTEM_KEY: Flag =
    switch("--system-key-stdin", "the first line is the system key of the blobs of seed");

/// Every command, in the order help shows them.
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
        verb: Verb::KeysLs,
        words: &["keys", "ls"],
        operand: None,
        flags: &[
            option("--search", "TEXT", "only keys with this in name, service, description or a tag"),
            ENVIRONMENT,
            option("--status", "STATUS", "active, inactive or expired"),
            option("--tag", "TAG", "only keys with this tag"),
            option("--team", "TEAM", "only keys of this team"),
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
            option("--rotation-interval", "DAYS", "days between rotations; 0 turns them off"),
            option("--status", "STATUS", "active or inactive"),
            option("--custody", "WHO", "who can open it: private, sealed or automation"),
            option("--team", "TEAM", "the team it moves to"),
            switch("--own", "it moves to your own space"),
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
        ],
        about: "Print the value of a key, and nothing else",
        more: "The reveal is recorded before the value is printed.",
    },
    Command {
        verb: Verb::KeysRm,
        words: &["keys", "rm"],
        operand: Some(("KEY", true)),
        flags: &[ENVIRONMENT, YES],
        about: "Move a key to the bin, where it stays 30 days",
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
        verb: Verb::Import,
        words: &["import"],
        operand: None,
        flags: &[
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
        more: "For example: ssh … import --env production --dry-run < .env",
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
    Command {
        verb: Verb::TokensLs,
        words: &["tokens", "ls"],
        operand: None,
        flags: &[],
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
        flags: &[YES],
        about: "Revoke a service token, by name or id: its next use fails",
        more: "",
    },
    Command {
        verb: Verb::Usage,
        words: &["usage"],
        operand: Some(("KEY", false)),
        flags: &[
            ENVIRONMENT,
            option("--timeframe", "SPAN", "day, week, month or year"),
            option("--from", "DAY", "the first day, such as 2026-01-31"),
            option("--to", "DAY", "the last day, counted"),
            option("--timezone", "ZONE", "an IANA time zone; yours when none"),
        ],
        about: "Calls, errors and response times of a key; without KEY, this month of every key",
        more: "",
    },
    Command {
        verb: Verb::TeamLs,
        words: &["team", "ls"],
        operand: None,
        flags: &[],
        about: "The teams you belong to",
        more: "",
    },
    Command {
        verb: Verb::TeamShow,
        words: &["team", "show"],
        operand: Some(("TEAM", false)),
        flags: &[],
        about: "All about one team",
        more: "",
    },
    Command {
        verb: Verb::TeamMembers,
        words: &["team", "members"],
        operand: Some(("TEAM", false)),
        flags: &[],
        about: "Who belongs to a team, and who can open its sealed keys",
        more: "",
    },
    Command {
        verb: Verb::TeamCreate,
        words: &["team", "create"],
        operand: Some(("NAME", true)),
        flags: &[Flag { many: true, ..ENVIRONMENT }],
        about: "Make a team that you own",
        more: "With --environment, its keys are for the environments that are named; else for all.",
    },
    Command {
        verb: Verb::TeamInvite,
        words: &["team", "invite"],
        operand: Some(("EMAIL", true)),
        flags: &[TEAM, ROLE],
        about: "Make a code with which somebody joins a team",
        more: "The role is member when none is named. The code works once, for a week, for this address alone.",
    },
    Command {
        verb: Verb::TeamJoin,
        words: &["team", "join"],
        operand: None,
        flags: &[],
        about: "Join a team; the code comes from standard input",
        more: "",
    },
    Command {
        verb: Verb::TeamRole,
        words: &["team", "role"],
        operand: Some(("PERSON", true)),
        flags: &[Flag { required: true, ..ROLE }, TEAM],
        about: "Give a member another role",
        more: "PERSON is an e-mail address, a login name or an id.",
    },
    Command {
        verb: Verb::TeamRemove,
        words: &["team", "remove"],
        operand: Some(("PERSON", true)),
        flags: &[TEAM, YES],
        about: "Remove a member; lists what they have seen, to be rotated",
        more: "PERSON is an e-mail address, a login name or an id.",
    },
    Command {
        verb: Verb::TeamLeave,
        words: &["team", "leave"],
        operand: Some(("TEAM", false)),
        flags: &[YES],
        about: "Leave a team",
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
    Command {
        verb: Verb::Audit,
        words: &["audit"],
        operand: Some(("KEY", false)),
        flags: &[
            ENVIRONMENT,
            option("--actor", "WHO", "an id, or account, token, system"),
            option("--action", "ACTION", "such as key.reveal, or key for all of them"),
            option("--object", "ID", "what it was done to"),
            option("--team", "ID", "in which team"),
            option("--outcome", "OUTCOME", "done or refused"),
            option("--door", "DOOR", "ssh, rest, websocket, local or system"),
            option("--from", "TIME", "not before this day or time (UTC)"),
            option("--to", "TIME", "before this day or time (UTC)"),
            option("--request", "ID", "in this request"),
            option("--limit", "N", "how many, 1 to 100; 50 when nothing is said"),
            option("--page", "N", "which page of them, from 1"),
        ],
        about: "What was done, by whom, newest first; with KEY, to that key",
        more: "You see what concerns your account, and all of the spaces that you own or administer.",
    },
    Command {
        verb: Verb::Help,
        words: &["help"],
        operand: Some(("COMMAND", false)),
        flags: &[],
        about: "These lines, or those of one command",
        more: "",
    },
];

impl Command {
    /// `keys add --name NAME …`: how it is written.
    pub(super) fn usage(&self) -> String {
        let mut usage = self.words.join(" ");
        match self.operand {
            Some((name, true)) => usage.extend([" ", name]),
            Some((name, false)) => usage.extend([" [", name, "]"]),
            None => {}
        }
        for flag in self.flags {
            let value = flag.value.map(|value| format!(" {value}")).unwrap_or_default();
            let (open, close) = if flag.required { ("", "") } else { ("[", "]") };
            let many = if flag.many { "…" } else { "" };
            usage.push_str(&format!(" {open}{}{value}{close}{many}", flag.name));
        }
        usage
    }
}
