//! The command line over SSH: one table of commands, used by `ssh HOST COMMAND`, by the plain mode and by help. It
//! parses, makes its service calls and shapes the answer. The result alone goes to standard output; all talk goes to
//! standard error, as JSON under `--json`.

mod access;
mod account;
mod alerts;
mod api;
mod audit;
mod batch;
mod budgets;
mod command;
mod complete;
mod completions;
mod edit;
pub(crate) mod exit;
mod help;
mod keys;
mod notifications;
mod parse;
mod print;
mod profile;
mod request;
mod rotating;
mod rotation;
mod stdin;
mod table;
mod team;
mod tokens;
mod transfer;
mod unlock;
mod usage;
mod value;
mod watch;
mod webhooks;

use std::collections::BTreeMap;

use keyward_keys::{Caller, Error, Fault, Service};
use serde::Serialize;

use crate::session::{HostInfo, Output, OutputGone, chain, terminal_lines};
pub(crate) use api::serve as serve_api;
use command::Verb;
pub(crate) use complete::candidates;
use parse::{Args, Parsed};
pub(crate) use stdin::Stdin;

/// Lines of JSON that are made before they are written.
const LINES: usize = 100;

/// Where and for whom a command runs.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) service: &'a Service,
    pub(crate) caller: &'a Caller,
    pub(crate) host: &'a HostInfo,
    pub(crate) out: &'a dyn Output,
    pub(crate) err: &'a dyn Output,
    /// There is a terminal: lines end as it needs, and questions may be asked.
    pub(crate) pty: bool,
}

/// Why a command did not do it.
enum Failure {
    /// It was asked for wrongly.
    Usage(String),
    /// The core said no.
    Core(Error),
    /// The person pressed Ctrl-C.
    Cancelled,
    /// Nobody is there to read the answer.
    Gone,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<OutputGone> for Failure {
    fn from(_: OutputGone) -> Self {
        Self::Gone
    }
}

/// Every command: its words, the line that runs it with what it must be given, and what it does.
pub(crate) fn lines() -> impl Iterator<Item = (String, String, &'static str)> {
    table::commands().map(|command| (command.words.join(" "), command.line(), command.about))
}

/// Runs one line and answers its exit status. Words are split as a POSIX shell would; nothing is expanded.
pub(crate) async fn run(context: &Context<'_>, line: &str, stdin: Stdin<'_>) -> u32 {
    let Some(words) = shlex::split(line) else {
        return report(context, false, &Failure::Usage("a quote is not closed".to_owned())).await;
    };
    let json = words.iter().any(|word| word == "--json" || word == "--ndjson");
    let done = match parse::parse(&words) {
        Ok(Parsed::Help(topic)) => help::print(context, &topic, &Args::of(json)).await,
        Ok(Parsed::Command(verb, args)) => execute(context, verb, &args, stdin).await,
        Err(fault) => Err(Failure::Usage(fault)),
    };
    match done {
        Ok(()) => exit::OK,
        Err(failure) => report(context, json, &failure).await,
    }
}

async fn execute(context: &Context<'_>, verb: Verb, args: &Args, stdin: Stdin<'_>) -> Result<(), Failure> {
    match verb {
        Verb::Help => help::print(context, &args.operands, args).await,
        Verb::Whoami => account::whoami(context, args).await,
        Verb::ProfileShow => profile::show(context, args).await,
        Verb::ProfileEdit => profile::edit(context, args).await,
        Verb::SessionsLs => account::sessions(context, args).await,
        Verb::SessionsEnd => account::end_sessions(context, args).await,
        Verb::KeysLs => keys::ls(context, args).await,
        Verb::KeysShow => keys::show(context, args).await,
        Verb::KeysAdd => keys::add(context, args, stdin).await,
        Verb::KeysEdit => edit::edit(context, args, stdin).await,
        Verb::KeysGet => value::get(context, args, stdin).await,
        Verb::KeysRm => keys::rm(context, args, stdin).await,
        Verb::KeysRestore => keys::restore(context, args).await,
        Verb::KeysRotate => rotation::rotate(context, args, stdin).await,
        Verb::KeysRollback => rotation::roll_back(context, args).await,
        Verb::KeysVersions => rotation::versions(context, args).await,
        Verb::KeysRetire => rotation::retire(context, args).await,
        Verb::KeysRotation => rotation::show(context, args).await,
        Verb::KeysWebhookSecret => rotation::webhook_secret(context, args).await,
        Verb::Rotations => rotation::all(context, args).await,
        Verb::KeysAccess => access::access(context, args).await,
        Verb::Complete => complete::complete(context, args).await,
        Verb::Completions => completions::completions(context, args).await,
        Verb::Batch => batch::batch(context, args, stdin).await,
        Verb::Import => transfer::import(context, args, stdin).await,
        Verb::Export => transfer::export(context, args, stdin).await,
        Verb::TokensLs => tokens::ls(context, args).await,
        Verb::TokensAdd => tokens::add(context, args, stdin).await,
        Verb::TokensRm => tokens::rm(context, args, stdin).await,
        Verb::AlertsLs => alerts::ls(context, args).await,
        Verb::AlertsAck => alerts::ack(context, args).await,
        Verb::AlertsSnooze => alerts::snooze(context, args).await,
        Verb::AlertsRespond => alerts::respond(context, args).await,
        Verb::AlertsResolve => alerts::resolve(context, args).await,
        Verb::AlertsRules => alerts::rules(context, args).await,
        Verb::AlertsConditions => alerts::conditions(context, args).await,
        Verb::AlertsRuleAdd => alerts::add(context, args).await,
        Verb::AlertsRuleRm => alerts::rm(context, args).await,
        Verb::NotificationsLs => notifications::ls(context, args).await,
        Verb::NotificationsRead => notifications::read(context, args).await,
        Verb::NotificationsRm => notifications::rm(context, args).await,
        Verb::WebhooksLs => webhooks::ls(context, args).await,
        Verb::WebhooksAdd => webhooks::add(context, args, stdin).await,
        Verb::WebhooksEdit => webhooks::edit(context, args, stdin).await,
        Verb::WebhooksRm => webhooks::rm(context, args, stdin).await,
        Verb::WebhooksTest => webhooks::test(context, args).await,
        Verb::WebhooksDeliveries => webhooks::deliveries(context, args).await,
        Verb::WebhooksRedeliver => webhooks::redeliver(context, args).await,
        Verb::WebhooksReplaceSecret => webhooks::replace_secret(context, args).await,
        Verb::Watch => watch::watch(context, args, stdin).await,
        Verb::Audit => audit::audit(context, args).await,
        Verb::Usage => usage::usage(context, args).await,
        Verb::Budgets => budgets::ls(context, args).await,
        Verb::BudgetsSet => budgets::set(context, args).await,
        Verb::WhatIf => budgets::what_if(context, args).await,
        Verb::TeamLs => team::ls(context, args).await,
        Verb::TeamShow => team::show(context, args).await,
        Verb::TeamMembers => team::members(context, args).await,
        Verb::TeamHere => team::here(context, args).await,
        Verb::TeamCreate => team::create(context, args).await,
        Verb::TeamEdit => team::edit(context, args).await,
        Verb::TeamInvite => team::invite(context, args).await,
        Verb::TeamJoin => team::join(context, args, stdin).await,
        Verb::TeamRole => team::change_role(context, args).await,
        Verb::TeamRemove => team::remove(context, args, stdin).await,
        Verb::TeamLeave => team::leave(context, args, stdin).await,
        Verb::Unlock => unlock::unlock(context, args, stdin).await,
        Verb::Lock => unlock::lock(context, args).await,
        Verb::VerifyEmail => account::verify_email(context, args, stdin).await,
        Verb::Passphrase => unlock::passphrase(context, args, stdin).await,
    }
}

/// What went wrong, as JSON: the names of the REST door's problem documents.
#[derive(Serialize)]
struct Problem<'a> {
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemField<'a>>,
}

#[derive(Serialize)]
struct ProblemField<'a> {
    pointer: String,
    detail: &'a str,
}

impl Failure {
    /// Its exit status.
    fn status(&self) -> u32 {
        match self {
            Self::Usage(_) => exit::USAGE,
            Self::Core(error) => exit::of(error),
            Self::Cancelled | Self::Gone => exit::CANCELLED,
        }
    }

    /// What is told of it.
    fn problem(&self) -> Problem<'_> {
        let (code, detail, faults): (_, _, &[Fault]) = match self {
            Self::Usage(text) => ("usage", text.clone(), &[]),
            Self::Core(error) => {
                if let Error::Internal(_) = error {
                    tracing::error!(cause = %chain(error), "a command failed");
                }
                let faults: &[Fault] = if let Error::Invalid(faults) = error { faults } else { &[] };
                (exit::code(error), error.to_string(), faults)
            }
            Self::Cancelled | Self::Gone => ("cancelled", "cancelled".to_owned(), &[]),
        };
        let errors = faults
            .iter()
            .map(|fault| ProblemField { pointer: format!("/{}", fault.field), detail: &fault.detail })
            .collect();
        Problem { code, detail, errors }
    }
}

/// Says what went wrong on standard error, and answers the exit status for it.
async fn report(context: &Context<'_>, json: bool, failure: &Failure) -> u32 {
    let status = failure.status();
    if let Failure::Gone = failure {
        return status;
    }
    let problem = failure.problem();
    let text = if json {
        print::json(&problem)
    } else {
        let hint = if status == exit::USAGE && problem.errors.is_empty() { "\nTry: help" } else { "" };
        format!("keyward: {}{hint}\n", print::safe_lines(&problem.detail))
    };
    // Nobody there to read it changes nothing about what happened.
    let _ = context.err.send(terminal_lines(text.as_bytes(), context.pty)).await;
    status
}

impl Context<'_> {
    /// Writes a part of the result.
    async fn print(&self, text: &str) -> Result<(), Failure> {
        Ok(self.out.send(terminal_lines(text.as_bytes(), self.pty)).await?)
    }

    /// Writes a list for a program, under this name or an item a line; whether that was asked for.
    async fn list<T: Serialize>(&self, args: &Args, name: &str, items: &[T]) -> Result<bool, Failure> {
        if args.json {
            self.print(&print::json(&BTreeMap::from([(name, items)]))).await?;
        } else if args.has("--ndjson") {
            self.print_lines(items).await?;
        }
        Ok(args.for_programs())
    }

    /// Writes items, a line of JSON each.
    async fn print_lines(&self, items: &[impl Serialize]) -> Result<(), Failure> {
        for some in items.chunks(LINES) {
            self.print(&some.iter().map(print::json).collect::<String>()).await?;
        }
        Ok(())
    }

    /// Says that there is nothing to list, and what to do then: to a terminal in the place of the list, to whoever reads lines
    /// beside it. Nothing is said to a program.
    async fn nothing(&self, args: &Args, text: &str) -> Result<(), Failure> {
        if self.pty && !args.for_programs() { self.print(text).await } else { self.note(args, text).await }
    }

    /// Says something beside the result; nothing is said to a program.
    async fn note(&self, args: &Args, text: &str) -> Result<(), Failure> {
        if args.for_programs() {
            return Ok(());
        }
        Ok(self.err.send(terminal_lines(text.as_bytes(), self.pty)).await?)
    }
}
