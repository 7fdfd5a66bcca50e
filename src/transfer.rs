//! `keyward import` and `keyward export`: an account's keys with their values, through the running daemon or on the data
//! folder when none runs. Values come from a file or standard input, and go to standard output.

use std::fs::File;
use std::io::{self, IsTerminal, Read};

use keyward_keys::input::{ExportWords, FirstLine, ImportWords, TransferFormat};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::admin::{self, Request};
use crate::args::{Common, Export, Import, Transfer};
use crate::error::{Error, Exit, Result};
use crate::{output, password};

/// Bytes of a text of keys.
const LONGEST: usize = 2 << 20;

/// Brings keys in and says line by line what became of them.
///
/// # Errors
/// The text cannot be read, or the core refuses.
pub async fn import(common: &Common, import: Import) -> Result<()> {
    let config = common.load()?;
    let first_line = first_line(&import.with);
    let text = match &import.file {
        Some(path) => {
            let failed = |source| Error::File { path: path.clone(), doing: "read", source };
            let text = read(&mut File::open(path).map_err(failed)?, failed)?;
            match first_line {
                Some(_) => joined(&password::line_from_stdin()?, &text),
                None => text,
            }
        }
        None if io::stdin().is_terminal() => {
            return Err(Error::Usage("name the file to read, or give it on standard input".to_owned()));
        }
        None => read(&mut io::stdin().lock(), Error::Terminal)?,
    };
    let words = ImportWords {
        format: import.with.format.unwrap_or_default(),
        service: import.service,
        environment: import.with.env,
        team: import.with.team,
        custody: import.custody,
        first_line,
        skip_conflicts: import.skip_conflicts,
        dry_run: import.dry_run,
    };
    let request = Request::Import { login: import.with.login, words };
    let report = admin::ask(&config, request, Some(SecretString::from(text.as_str()))).await?;
    if common.json {
        output::json(&report);
    } else {
        rows(&report["keys"]).for_each(|row| output::result(&line(row)));
        let made = if import.dry_run { "would be made" } else { "made" };
        let counts = ["new", "same", "conflicting", "empty", "invalid"].map(|count| &report[count]);
        let [new, same, conflicting, empty, invalid] = counts;
        output::talk(&format!(
            "{new} {made}, {same} the same, {conflicting} conflicting, {empty} empty, {invalid} invalid"
        ));
    }
    Ok(())
}

/// Prints keys with their values.
///
/// # Errors
/// What opens them cannot be read, the core refuses, or none of them can be opened.
pub async fn export(common: &Common, export: Export) -> Result<()> {
    let config = common.load()?;
    let first_line = first_line(&export.with);
    let secret = first_line.map(|_| password::line_from_stdin()).transpose()?;
    let format = match export.with.format {
        None | Some(TransferFormat::Env) if common.json => TransferFormat::Json,
        format => format.unwrap_or_default(),
    };
    let Transfer { env, team, login, .. } = export.with;
    let words = ExportWords { format, environment: env, team, tag: export.tag, first_line };
    let exported = admin::ask(&config, Request::Export { login, words }, secret).await?;
    for left in rows(&exported["leftOut"]) {
        output::talk(&format!("left out: {}: {}", text(left, "name"), text(left, "reason")));
    }
    if exported["count"] == 0 && rows(&exported["leftOut"]).next().is_some() {
        let text = "none of these keys could be opened".to_owned();
        return Err(Error::Daemon { exit: Exit::Forbidden.code(), text });
    }
    let shown = text(&exported, "text");
    output::result(shown.strip_suffix('\n').unwrap_or(shown));
    Ok(())
}

fn first_line(with: &Transfer) -> Option<FirstLine> {
    if with.passphrase_stdin {
        Some(FirstLine::Passphrase)
    } else {
        with.system_key_stdin.then_some(FirstLine::SystemKey)
    }
}

/// The whole of a text that holds secrets.
fn read(from: &mut impl Read, failed: impl Fn(io::Error) -> Error) -> Result<Zeroizing<String>> {
    // One allocation that never grows, so that no copy is left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    from.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(&failed)?;
    if bytes.len() > LONGEST {
        return Err(Error::Usage(format!("the text is too long: {LONGEST} bytes is the most")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Error::Usage("the text is not UTF-8".to_owned()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn joined(first: &SecretString, text: &str) -> Zeroizing<String> {
    Zeroizing::new([first.expose_secret(), text].join("\n"))
}

fn rows(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// One key: where it stands, what it is, its name, its environment and why.
fn line(row: &Value) -> String {
    let at = row["line"].as_u64().or(row["index"].as_u64()).unwrap_or_default();
    let words = ["result", "name", "environment", "detail"].map(|field| text(row, field));
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    format!("{at}  {}", words.join("  "))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
