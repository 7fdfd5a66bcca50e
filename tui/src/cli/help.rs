//! Help, made from the table of commands and the address this person reaches.

use serde::Serialize;

use super::command::Command;
use super::table::COMMANDS;
use super::{Context, Failure, print};

#[derive(Serialize)]
struct Entry {
    command: String,
    usage: String,
    about: &'static str,
}

/// Prints help about the commands that begin with these words; about all of them when there are none.
pub(super) async fn print(context: &Context<'_>, topic: &[String], json: bool) -> Result<(), Failure> {
    let begins = |command: &&Command| topic.iter().zip(command.words).all(|(asked, have)| asked == have);
    let found: Vec<_> =
        COMMANDS.iter().filter(begins).filter(|command| topic.len() <= command.words.len()).collect();
    if found.is_empty() {
        return Err(Failure::Usage(format!("there is no help about '{}'", topic.join(" "))));
    }
    if json {
        let entry = |c: &&Command| Entry { command: c.words.join(" "), usage: c.usage(), about: c.about };
        return context.print(&print::json(&found.iter().map(entry).collect::<Vec<_>>())).await;
    }
    let text = match found.as_slice() {
        [command] if !topic.is_empty() => one(command, &context.host.ssh_command),
        commands => many(commands, &context.host.ssh_command, topic.is_empty()),
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

fn many(commands: &[&Command], ssh: &str, all: bool) -> String {
    let rows: Vec<_> = commands
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
    text.push_str("\nEvery command takes --help and --json.\n");
    if all {
        text.push_str(&format!(
            "In a terminal, {ssh} opens the dashboard; add -t and \"plain\" for a line mode.\n"
        ));
    }
    text
}
