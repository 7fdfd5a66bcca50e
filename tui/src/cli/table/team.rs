//! Teams.

use super::{ENVIRONMENT, YES};
use crate::cli::command::{Command, Flag, NDJSON, Verb, option, switch};

const TEAM: Flag = option("--team", "TEAM", "the team, by name or id; not needed when there is one");

const ROLE: Flag = option("--role", "ROLE", "owner, admin, member or viewer");

pub(super) const COMMANDS: &[Command] = &[
    Command {
        verb: Verb::TeamLs,
        words: &["team", "ls"],
        operand: None,
        flags: &[NDJSON],
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
        flags: &[NDJSON],
        about: "Who belongs to a team, and who can open its sealed keys",
        more: "",
    },
    Command {
        verb: Verb::TeamHere,
        words: &["team", "here"],
        operand: Some(("TEAM", false)),
        flags: &[NDJSON],
        about: "Who of a team is connected now, and what they look at",
        more: "What somebody looks at is shown when they share it: a setting of their profile, off until they turn it on.",
    },
    Command {
        verb: Verb::TeamCreate,
        words: &["team", "create"],
        operand: Some(("NAME", true)),
        flags: &[
            Flag { many: true, ..ENVIRONMENT },
            option("--budget", "AMOUNT", "what a month of all its keys may cost, such as 1200"),
            option("--time-zone", "ZONE", "the IANA time zone of its people, such as Europe/Zurich"),
            option("--quiet-hours", "FROM-TO", "when no rotation of its keys begins by itself, 08:00-18:00"),
        ],
        about: "Make a team that you own",
        more: "With --environment, its keys are for the environments that are named; else for all.",
    },
    Command {
        verb: Verb::TeamEdit,
        words: &["team", "edit"],
        operand: Some(("TEAM", false)),
        flags: &[
            option("--name", "NAME", "its new name"),
            option("--budget", "AMOUNT", "what a month of all its keys may cost, such as 1200, or none"),
            option(
                "--time-zone",
                "ZONE",
                "the IANA time zone of its people, such as Europe/Zurich; '' for none",
            ),
            option("--quiet-hours", "FROM-TO", "when no rotation of its keys begins by itself; '' for none"),
        ],
        about: "Change a team: only what you name",
        more: "Its time zone is that of its keys' --cron, where they have none of their own, and of its quiet hours.",
    },
    Command {
        verb: Verb::TeamInvite,
        words: &["team", "invite"],
        operand: Some(("EMAIL", true)),
        flags: &[
            TEAM,
            ROLE,
            switch("--mail", "mail them the code, at a domain that the operator has in smtp.domains"),
        ],
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
];
