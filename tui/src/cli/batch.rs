//! `batch -`: changes to keys, a line each, in one commit. It reads the lines; that all of them are made or none is the
//! core's.

use keyward_keys::input::{Batch, BatchChange, KeyChange};
use keyward_keys::view::{BatchLine, BatchReport};
use keyward_keys::{Error, Fault};
use secrecy::SecretString;

use super::command::Verb;
use super::parse::Args;
use super::request::Request;
use super::stdin::Stdin;
use super::{Context, Failure, edit, keys, print};

pub(super) async fn batch(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    if stdin.can_ask() || args.operands != ["-"] {
        return Err(Failure::Usage("batch reads standard input: ssh … batch - < changes".to_owned()));
    }
    let text = stdin.text().await?;
    let mut batch = Batch { dry_run: args.has("--dry-run"), ..Batch::default() };
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match change(context, text).await {
            Ok(change) => batch.changes.push(BatchChange { line, change }),
            Err(failure @ (Failure::Cancelled | Failure::Gone | Failure::Core(Error::Internal(_)))) => {
                return Err(failure);
            }
            Err(failure) => {
                let detail = failure.problem().detail;
                batch.faults.push(Fault { field: format!("lines/{line}"), detail });
            }
        }
    }
    let report = context.service.batch(context.caller, batch).await?;
    if args.json {
        return context.print(&print::json(&report)).await;
    }
    if args.has("--ndjson") {
        return context.print_lines(&report.changes).await;
    }
    tell(context, args, &report).await
}

/// The change that one line asks for.
async fn change(context: &Context<'_>, text: &str) -> Result<KeyChange, Failure> {
    let Request { verb, args, input } = if text.starts_with('{') {
        Request::read(text.as_bytes()).map_err(Failure::Usage)?
    } else {
        Request::of_line(text).map_err(Failure::Usage)?
    };
    let none = SecretString::default();
    let given = Stdin::Given(input.as_ref().unwrap_or(&none));
    Ok(match verb {
        Verb::KeysAdd if input.is_none() => {
            let text = "the value is missing: write this line as JSON, with the value as its \"input\"";
            return Err(Failure::Usage(text.to_owned()));
        }
        Verb::KeysAdd => KeyChange::Add(Box::new(keys::new_key(context, &args, given).await?)),
        Verb::KeysEdit => {
            KeyChange::Edit(edit::named(&args), Box::new(edit::patch(context, &args, given).await?))
        }
        Verb::KeysRm => KeyChange::Delete(keys::named(&args)?),
        Verb::KeysRestore => KeyChange::Restore(keys::named(&args)?),
        _ => {
            let text = "this cannot be part of a batch: keys add, keys edit, keys rm and keys restore can";
            return Err(Failure::Usage(text.to_owned()));
        }
    })
}

async fn tell(context: &Context<'_>, args: &Args, report: &BatchReport) -> Result<(), Failure> {
    let row = |one: &BatchLine| {
        let (name, key_id) =
            one.key.as_ref().map(|key| (key.name.clone(), key.key_id.clone())).unwrap_or_default();
        vec![one.line.to_string(), print::word(&one.action), name, key_id]
    };
    let header = ["LINE", "RESULT", "NAME", "KEY ID"].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(header).chain(report.changes.iter().map(row)).collect();
    context.print(&print::columns(&rows)).await?;
    let made = if report.dry_run { "would be made" } else { "made" };
    context.note(args, &format!("{} changes {made}\n", report.changes.len())).await
}
