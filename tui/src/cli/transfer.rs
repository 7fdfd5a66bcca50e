//! Keys in and out with their values: from standard input, to standard output.

use keyward_keys::input::{EnvDefaults, Export, ExportFormat, Import, import_env};
use keyward_keys::view::ImportReport;
use keyward_keys::{Custody, Error};
use secrecy::ExposeSecret;

use super::keys::{environment, one_of};
use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, print};
use crate::session::terminal_lines;

pub(super) async fn import(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    if stdin.can_ask() {
        return Err(Failure::Usage("import reads standard input: ssh … import < .env".to_owned()));
    }
    let all = EnvDefaults {
        service: args.get("--service").map(str::to_owned),
        environment: environment(args)?,
        custody: one_of::<Custody>(args, "--custody", "private, sealed or automation")?,
        ..EnvDefaults::default()
    };
    let text = stdin.text().await?;
    let import = Import {
        keys: import_env(&text, &all),
        skip_conflicts: args.has("--skip-conflicts"),
        dry_run: args.has("--dry-run"),
    };
    let report = context.service.import_keys(context.caller, import).await?;
    if args.json {
        return context.print(&print::json(&report)).await;
    }
    context.print(&print::columns(&rows(&report))).await?;
    let ImportReport { new, same, conflicting, invalid, dry_run, .. } = report;
    let made = if dry_run { "would be made" } else { "made" };
    let text = format!("{new} {made}, {same} the same, {conflicting} conflicting, {invalid} invalid\n");
    context.note(args, &text).await
}

fn rows(report: &ImportReport) -> Vec<Vec<String>> {
    let header = ["LINE", "RESULT", "NAME", "ENVIRONMENT", "DETAIL"].map(str::to_owned).to_vec();
    let row = |key: &keyward_keys::view::ImportLine| {
        vec![
            key.line.unwrap_or_default().to_string(),
            print::word(&key.result),
            key.name.clone(),
            print::word(&key.environment),
            key.detail.clone().unwrap_or_default(),
        ]
    };
    std::iter::once(header).chain(report.keys.iter().map(row)).collect()
}

pub(super) async fn export(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let format = match args.get("--format") {
        _ if args.json => ExportFormat::Json,
        None | Some("env") => ExportFormat::Env,
        Some("json") => ExportFormat::Json,
        Some(other) => return Err(Failure::Usage(format!("--format is env or json, not '{other}'"))),
    };
    let passphrase = if args.has("--passphrase-stdin") {
        let [passphrase] = stdin.secrets(["Passphrase: "]).await?;
        Some(passphrase)
    } else {
        None
    };
    let export = Export {
        format,
        keys: Vec::new(),
        environment: environment(args)?,
        team: None,
        tag: args.get("--tag").map(str::to_owned),
        passphrase,
    };
    let exported = context.service.export_keys(context.caller, &export).await?;
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
