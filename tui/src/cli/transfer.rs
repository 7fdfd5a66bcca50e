//! Keys in and out with their values: from standard input, to standard output.

use keyward_keys::input::{ExportWords, FirstLine, ImportWords, TransferFormat};
use keyward_keys::view::ImportReport;
use keyward_keys::{Custody, Error};
use secrecy::{ExposeSecret, SecretString};

use super::keys::{environment, one_of};
use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, print};
use crate::session::terminal_lines;

pub(super) async fn import(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    if stdin.can_ask() {
        return Err(Failure::Usage("import reads standard input: ssh … import < .env".to_owned()));
    }
    let words = ImportWords {
        format: format(args)?.unwrap_or_default(),
        service: args.get("--service").map(str::to_owned),
        environment: environment(args)?,
        team: args.get("--team").map(str::to_owned),
        custody: one_of::<Custody>(args, "--custody", "private, sealed or automation")?,
        first_line: first_line(args)?,
        skip_conflicts: args.has("--skip-conflicts"),
        dry_run: args.has("--dry-run"),
    };
    let text = SecretString::from(stdin.text().await?.as_str());
    let report = context.service.import_in_words(context.caller, words, &text).await?;
    if args.json {
        return context.print(&print::json(&report)).await;
    }
    if args.has("--ndjson") {
        return context.print_lines(&report.keys).await;
    }
    context.print(&print::columns(&rows(&report))).await?;
    let ImportReport { new, same, conflicting, empty, invalid, dry_run, .. } = report;
    let made = if dry_run { "would be made" } else { "made" };
    let text = format!(
        "{new} {made}, {same} the same, {conflicting} conflicting, {empty} empty, {invalid} invalid\n"
    );
    context.note(args, &text).await
}

fn format(args: &Args) -> Result<Option<TransferFormat>, Failure> {
    one_of(args, "--format", "env, json or seed")
}

fn first_line(args: &Args) -> Result<Option<FirstLine>, Failure> {
    match (args.has("--passphrase-stdin"), args.has("--system-key-stdin")) {
        (true, true) => Err(Failure::Usage("the first line is a passphrase or a system key".to_owned())),
        (true, false) => Ok(Some(FirstLine::Passphrase)),
        (false, true) => Ok(Some(FirstLine::SystemKey)),
        (false, false) => Ok(None),
    }
}

fn rows(report: &ImportReport) -> Vec<Vec<String>> {
    let header = ["AT", "RESULT", "NAME", "ENVIRONMENT", "DETAIL"].map(str::to_owned).to_vec();
    let row = |key: &keyward_keys::view::ImportLine| {
        vec![
            key.line.or(key.index).unwrap_or_default().to_string(),
            print::word(&key.result),
            key.name.clone(),
            print::word(&key.environment),
            key.detail.clone().unwrap_or_default(),
        ]
    };
    std::iter::once(header).chain(report.keys.iter().map(row)).collect()
}

pub(super) async fn export(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let format = match format(args)? {
        None | Some(TransferFormat::Env) if args.json => TransferFormat::Json,
        format => format.unwrap_or_default(),
    };
    let words = ExportWords {
        format,
        environment: environment(args)?,
        team: args.get("--team").map(str::to_owned),
        tag: args.get("--tag").map(str::to_owned),
        first_line: first_line(args)?,
    };
    let prompt = match words.first_line {
        Some(FirstLine::Passphrase) => Some("Passphrase: "),
        Some(FirstLine::SystemKey) => Some("System key: "),
        None => None,
    };
    let mut secret = None;
    if let Some(prompt) = prompt {
        let [first] = stdin.secrets([prompt]).await?;
        secret = Some(first);
    }
    let exported = context.service.export_in_words(context.caller, words, secret).await?;
    for left in &exported.left_out {
        let text =
            format!("left out: {}: {}\n", print::safe_lines(&left.name), print::safe_lines(&left.reason));
        context.note(args, &text).await?;
    }
    if exported.count == 0 && !exported.left_out.is_empty() {
        return Err(Failure::Core(Error::Forbidden("none of these keys could be opened".to_owned())));
    }
    let text = exported.text.expose_secret();
    let shown = if context.pty { print::safe_lines(text) } else { text.to_owned() };
    Ok(context.out.send(terminal_lines(shown.as_bytes(), context.pty)).await?)
}
