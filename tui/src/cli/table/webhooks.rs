//! Where notifications are sent besides.

use super::YES;
use crate::cli::command::{Command, Flag, NDJSON, Verb, option, switch};

const HOOK: Option<(&str, bool)> = Some(("WEBHOOK", true));

const EVENT: Flag = Flag {
    many: true,
    ..option("--event", "TYPE", "tell of these alone, such as alert_firing; may be repeated")
};

const QUIET: Flag = option("--quiet-hours", "FROM-TO", "hold what comes then, such as 22:00-07:00; off");

const DIGEST: Flag =
    option("--digest", "WHEN", "send all as one, such as 'daily 08:00' or 'monday 08:00'; off");

const ZONE: Flag = option("--timezone", "ZONE", "of these times; the profile's when none; off");

const URGENT_WAITS: Flag = switch("--urgent-waits", "what is urgent waits as well");

pub(super) const COMMANDS: &[Command] = &[
    Command {
        verb: Verb::WebhooksLs,
        words: &["webhooks", "ls"],
        operand: None,
        flags: &[NDJSON],
        about: "Where your notifications, and those of your teams, are sent besides",
        more: "",
    },
    Command {
        verb: Verb::WebhooksAdd,
        words: &["webhooks", "add"],
        operand: None,
        flags: &[
            Flag { required: true, ..option("--name", "NAME", "what you call it") },
            option("--format", "FORMAT", "standard (when none), slack, discord, ntfy or email"),
            EVENT,
            option("--team", "TEAM", "what happens to this team and its keys; what you are told when none"),
            QUIET,
            DIGEST,
            ZONE,
            URGENT_WAITS,
        ],
        about: "Send notifications to an address, which is read from standard input",
        more: "Prints the secret that messages are signed with (Standard Webhooks), this once. For example: \
               echo https://ntfy.sh/TOPIC | ssh … webhooks add --name phone --format ntfy",
    },
    Command {
        verb: Verb::WebhooksEdit,
        words: &["webhooks", "edit"],
        operand: HOOK,
        flags: &[
            option("--name", "NAME", "a new name"),
            EVENT,
            switch("--every-event", "tell of everything"),
            switch("--on", "send"),
            switch("--off", "send nothing"),
            QUIET,
            DIGEST,
            ZONE,
            URGENT_WAITS,
            switch("--urgent-at-once", "what is urgent waits for nothing"),
            switch("--url-stdin", "read another address from standard input"),
        ],
        about: "Change a webhook; its secret stays (see webhooks replace-secret)",
        more: "",
    },
    Command {
        verb: Verb::WebhooksRm,
        words: &["webhooks", "rm"],
        operand: HOOK,
        flags: &[YES],
        about: "Remove a webhook, with what is still to be sent to it",
        more: "",
    },
    Command {
        verb: Verb::WebhooksTest,
        words: &["webhooks", "test"],
        operand: HOOK,
        flags: &[],
        about: "Send a message that says nothing but that it can be",
        more: "",
    },
    Command {
        verb: Verb::WebhooksDeliveries,
        words: &["webhooks", "deliveries"],
        operand: HOOK,
        flags: &[
            option("--limit", "N", "how many, 1 to 100; 50 when nothing is said"),
            option("--page", "N", "which page of them, from 1"),
            NDJSON,
        ],
        about: "What was sent to a webhook, is to be, and what came of it",
        more: "",
    },
    Command {
        verb: Verb::WebhooksRedeliver,
        words: &["webhooks", "redeliver"],
        operand: HOOK,
        flags: &[Flag {
            required: true,
            ..option("--delivery", "ID", "which, by its id in webhooks deliveries")
        }],
        about: "Send a message once more, now, under the same id",
        more: "",
    },
    Command {
        verb: Verb::WebhooksReplaceSecret,
        words: &["webhooks", "replace-secret"],
        operand: HOOK,
        flags: &[],
        about: "Make another secret for a webhook, and print it, this once",
        more: "For a day messages are signed with the one before too.",
    },
];
