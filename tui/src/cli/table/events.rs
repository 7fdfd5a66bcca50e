//! What happened, and what happens.

use super::ENVIRONMENT;
use crate::cli::command::{Command, Flag, NDJSON, Verb, option, switch};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        verb: Verb::Usage,
        words: &["usage"],
        operand: Some(("KEY", false)),
        flags: &[
            NDJSON,
            ENVIRONMENT,
            option("--timeframe", "SPAN", "hour, day, week, month or year"),
            option("--from", "DAY", "the first day, such as 2026-01-31"),
            option("--to", "DAY", "the last day, counted"),
            option("--timezone", "ZONE", "an IANA time zone; yours when none"),
            Flag { many: true, ..option("--key", "KEY", "a key; may be repeated, up to 8 times") },
            option("--team", "TEAM", "only keys of this team"),
            option("--by", "WHAT", "told apart by key, environment, team, model or endpoint"),
            option("--step", "STEP", "a row every minute, quarter-hour, hour, day, week, month or year"),
            option("--metric", "METRIC", "requests (when none), errors, latency, tokens or cost"),
            switch("--compare", "the period before as well, up to the same moment of it"),
            switch("--csv", "comma-separated values, with the columns that the dashboard's chart shows"),
        ],
        about: "Calls, errors, response times, tokens and cost of a key; without KEY, this month of every key",
        more: "With any option from --key on, it answers with the lines of the dashboard's chart: a row for each moment.",
    },
    Command {
        verb: Verb::Watch,
        words: &["watch"],
        operand: Some(("KEY…", false)),
        flags: &[
            ENVIRONMENT,
            option("--for", "TIME", "leave after this time, such as 10s or 5m"),
            option("--count", "N", "leave after so many events"),
            switch("--ndjson", "one JSON object a line; --json means the same here"),
        ],
        about: "What happens, as it happens: calls, changed keys, notifications; Ctrl-C leaves",
        more: "With KEY, only what is about these keys. JSON has the names of live clients: usage_update, api_key_update, \
               notification, system_alert, and resync when you did not keep up and should read again what you show.",
    },
    Command {
        verb: Verb::Audit,
        words: &["audit"],
        operand: Some(("KEY", false)),
        flags: &[
            NDJSON,
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
        verb: Verb::NotificationsLs,
        words: &["notifications", "ls"],
        operand: None,
        flags: &[
            switch("--unread", "only those that are not read"),
            option("--limit", "N", "how many, 1 to 100; 50 when nothing is said"),
            option("--page", "N", "which page of them, from 1"),
            NDJSON,
        ],
        about: "What you were told, newest first",
        more: "",
    },
    Command {
        verb: Verb::NotificationsRead,
        words: &["notifications", "read"],
        operand: Some(("ID…", false)),
        flags: &[switch("--all", "all of them")],
        about: "Mark notifications as read",
        more: "",
    },
    Command {
        verb: Verb::NotificationsRm,
        words: &["notifications", "rm"],
        operand: Some(("ID…", true)),
        flags: &[],
        about: "Remove notifications",
        more: "",
    },
];
