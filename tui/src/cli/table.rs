//! The one table of commands. Parsing, help and (by their words) every other way to a command read it.

/// What a command does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Help,
    Whoami,
    KeysLs,
    KeysShow,
    KeysAdd,
    KeysGet,
    KeysRm,
    Usage,
}

/// A command.
pub(super) struct Command {
    pub(super) verb: Verb,
    /// The words that name it.
    pub(super) words: &'static [&'static str],
    /// The operand it takes: its name in help, and whether it must be there.
    pub(super) operand: Option<(&'static str, bool)>,
    pub(super) flags: &'static [Flag],
    pub(super) about: &'static str,
    /// What more there is to know, a paragraph for `--help`.
    pub(super) more: &'static str,
}

/// An option of a command, `--json` and `--help` aside, which every command takes.
pub(super) struct Flag {
    pub(super) name: &'static str,
    /// The name of its value in help; none when it takes none.
    pub(super) value: Option<&'static str>,
    pub(super) required: bool,
    /// May be given several times.
    pub(super) many: bool,
    pub(super) about: &'static str,
}

const fn option(name: &'static str, value: &'static str, about: &'static str) -> Flag {
    Flag { name, value: Some(value), required: false, many: false, about }
}

const fn switch(name: &'static str, about: &'static str) -> Flag {
    Flag { name, value: None, required: false, many: false, about }
}

const ENVIRONMENT: Flag = option("--environment", "ENV", "development, staging or production (also --env)");

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
            option("--sort", "ORDER", "newest, name, service, last-used or usage"),
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
        verb: Verb::KeysGet,
        words: &["keys", "get"],
        operand: Some(("KEY", true)),
        flags: &[
            ENVIRONMENT,
            switch("--passphrase-stdin", "the first line of the input is the key's passphrase"),
        ],
        about: "Print the value of a key, and nothing else",
        more: "The reveal is recorded before the value is printed.",
    },
    Command {
        verb: Verb::KeysRm,
        words: &["keys", "rm"],
        operand: Some(("KEY", true)),
        flags: &[ENVIRONMENT, switch("--yes", "do not ask; needed without a terminal")],
        about: "Move a key to the bin, where it stays 30 days",
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
