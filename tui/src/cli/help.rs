//! Help, made from the table of commands and the address this person reaches.

use serde::Serialize;

use super::command::Command;
use super::parse::Args;
use super::table::commands;
use super::{Context, Failure, print};

#[derive(Serialize)]
struct Entry {
    command: String,
    usage: String,
    about: &'static str,
}

/// Prints help about the commands that begin with these words; about all of them when there are none.
pub(super) async fn print(context: &Context<'_>, topic: &[String], args: &Args) -> Result<(), Failure> {
    let begins = |command: &&Command| topic.iter().zip(command.words).all(|(asked, have)| asked == have);
    let found: Vec<_> =
        commands().filter(begins).filter(|command| topic.len() <= command.words.len()).collect();
    if found.is_empty() {
        return Err(Failure::Usage(format!("there is no help about '{}'", topic.join(" "))));
    }
    if args.for_programs() {
        let entry = |c: &&Command| Entry { command: c.words.join(" "), usage: c.usage(), about: c.about };
        let entries: Vec<_> = found.iter().map(entry).collect();
        return if args.json {
            context.print(&print::json(&entries)).await
        } else {
            context.print_lines(&entries).await
        };
    }
    let text = match found.as_slice() {
        [command] if !topic.is_empty() => one(command, &context.host.ssh_command),
        several => many(several, &context.host.ssh_command, topic.is_empty()),
    };
    context.print(&text).await
}

fn one(command: &Command, ssh: &str) -> String {
    let mut text = format!("{}\n\nUsage: {ssh} {}\n", command.about, command.usage());
    let mut rows: Vec<_> = command
        .flags
        .iter()
        .map(|flag| {
            let value = flag.value.map(|value| format!(" {value}")).unwrap_or_default();
            vec![format!("  {}{value}", flag.name), flag.about.to_owned()]
        })
        .collect();
    rows.push(vec!["  --json".to_owned(), "the result as JSON".to_owned()]);
    text.push_str("\nOptions:\n");
    text.push_str(&print::columns(&rows));
    if !command.more.is_empty() {
        text.push_str(&format!("\n{}\n", command.more.replace("ssh …", ssh)));
    }
    text
}

fn many(found: &[&Command], ssh: &str, all: bool) -> String {
    let rows: Vec<_> = found
        .iter()
        .map(|command| {
            let operand = match command.operand {
                Some((name, true)) => format!(" {name}"),
                Some((name, false)) => format!(" [{name}]"),
                None => String::new(),
            };
            vec![format!("  {}{operand}", command.words.join(" ")), command.about.to_owned()]
        })
        .collect();
    let mut text = format!("Usage: {ssh} COMMAND\n\nCommands:\n{}", print::columns(&rows));
    text.push_str("\nEvery command takes --help and --json; those that list take --ndjson as well.\n");
    if all {
        text.push_str(&format!(
            "In a terminal, {ssh} opens the dashboard; add -t and \"plain\" for a line mode.\n"
        ));
    }
    text
}
