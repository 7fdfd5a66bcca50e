//! Alerts and the rules for them.

use crate::cli::command::{Command, Flag, NDJSON, Verb, option, switch};

const PAGE: Flag = option("--page", "N", "which page of them, from 1");

const LIMIT: Flag = option("--limit", "N", "how many, 1 to 100; 50 when nothing is said");

const IDS: Option<(&str, bool)> = Some(("ID…", true));

pub(super) const COMMANDS: &[Command] = &[
    Command {
        verb: Verb::AlertsLs,
        words: &["alerts", "ls"],
        operand: None,
        flags: &[
            option("--state", "STATE", "only those that are firing, acknowledged, snoozed or resolved"),
            option("--key", "KEY", "only those of this key"),
            LIMIT,
            PAGE,
            NDJSON,
        ],
        about: "Alerts: those that want somebody first",
        more: "",
    },
    Command {
        verb: Verb::AlertsAck,
        words: &["alerts", "ack"],
        operand: IDS,
        flags: &[],
        about: "Say that you look after alerts",
        more: "",
    },
    Command {
        verb: Verb::AlertsSnooze,
        words: &["alerts", "snooze"],
        operand: IDS,
        flags: &[option("--minutes", "N", "for how long; an hour when nothing is said")],
        about: "Put alerts off: until then nobody hears of them",
        more: "",
    },
    Command {
        verb: Verb::AlertsResolve,
        words: &["alerts", "resolve"],
        operand: IDS,
        flags: &[],
        about: "Settle alerts",
        more: "One comes again once its condition has been over in between.",
    },
    Command {
        verb: Verb::AlertsRespond,
        words: &["alerts", "respond"],
        operand: Some(("ID", true)),
        flags: &[
            Flag { required: true, ..option("--action", "ACTION", "freeze, narrow, limit, rotate or undo") },
            option("--limit", "N", "the new monthly limit, for limit"),
            Flag { many: true, ..option("--network", "CIDR", "where apps may fetch it from, for narrow") },
        ],
        about: "Do something about the key of an alert, or take the last of that back",
        more: "Freeze: apps cannot fetch the key. Narrow: they fetch it from these networks only. Limit: they cannot \\
               fetch it once the month is over the limit. Rotate: it gets a new value. Each is audited with the alert.",
    },
    Command {
        verb: Verb::AlertsRules,
        words: &["alerts", "rules"],
        operand: None,
        flags: &[LIMIT, PAGE, NDJSON],
        about: "What is looked at every minute",
        more: "",
    },
    Command {
        verb: Verb::AlertsConditions,
        words: &["alerts", "conditions"],
        operand: None,
        flags: &[NDJSON],
        about: "What rules can look at, and the thresholds that are usual",
        more: "Where the threshold is N, a rule has to name one.",
    },
    Command {
        verb: Verb::AlertsRuleAdd,
        words: &["alerts", "rule", "add"],
        operand: None,
        flags: &[
            Flag { required: true, ..option("--name", "NAME", "what you call it") },
            Flag { required: true, ..option("--condition", "CONDITION", "what it looks at") },
            option("--key", "KEY", "only this key"),
            option("--team", "TEAM", "all keys of this team; your own keys when neither is said"),
            option("--threshold", "N", "from which value on it fires"),
            option("--recovery", "N", "below which value it recovers; the threshold when none"),
            option("--window", "MINUTES", "how far back rates and response times are looked at; 5 when none"),
            switch("--dry-run", "only say when it would have fired in the past 30 days"),
        ],
        about: "Make a rule",
        more: "alerts conditions tells what rules can look at, and in which unit each threshold counts.",
    },
    Command {
        verb: Verb::AlertsRuleRm,
        words: &["alerts", "rule", "rm"],
        operand: IDS,
        flags: &[],
        about: "Remove rules, and end what they raised",
        more: "",
    },
];
