//! The one table of commands, a file for each part of it. Parsing, help and (by their words) every other way to a command
//! read it.

mod account;
mod alerts;
mod events;
mod keys;
mod rotation;
mod team;
mod tokens;
mod webhooks;

use super::command::{Command, Flag, NDJSON, Verb, option, switch};

const YES: Flag = switch("--yes", "do not ask; needed without a terminal");

const ENVIRONMENT: Flag = option("--environment", "ENV", "development, staging or production (also --env)");

/// The parts, in the order help shows them.
const PARTS: &[&[Command]] = &[
    account::COMMANDS,
    keys::COMMANDS,
    rotation::COMMANDS,
    tokens::COMMANDS,
    events::COMMANDS,
    alerts::COMMANDS,
    webhooks::COMMANDS,
    team::COMMANDS,
    HELP,
];

/// Every command, in the order help shows them.
pub(super) fn commands() -> impl Iterator<Item = &'static Command> {
    PARTS.iter().copied().flatten()
}

const HELP: &[Command] = &[
    Command {
        verb: Verb::Completions,
        words: &["completions"],
        operand: Some(("SHELL", true)),
        flags: &[],
        about: "A script for bash, zsh or fish: kw runs these commands here, and Tab completes them",
        more: "For bash, in ~/.bashrc: source <(ssh … completions bash). For zsh the same; for fish: ssh … completions fish | source. \
               Keys and teams are completed by their names, which are asked for here.",
    },
    Command {
        verb: Verb::Complete,
        words: &["complete"],
        operand: Some(("WORD…", false)),
        flags: &[],
        about: "What the last of these words could become: for the scripts of completions",
        more: "For example: ssh … complete -- keys show str",
    },
    Command {
        verb: Verb::Help,
        words: &["help"],
        operand: Some(("COMMAND…", false)),
        flags: &[NDJSON],
        about: "These lines, or those of one command",
        more: "",
    },
];
