//! What a word on a command line could become: commands, options, and names of keys, teams and recipes. It reads the table
//! and asks the core for names; it runs nothing.

use std::collections::BTreeSet;

use keyward_keys::input::{KeyQuery, RotationMethodName};
use keyward_keys::{AlertCondition, NoticeKind};

use super::command::Command;
use super::parse::{Args, find};
use super::table::commands;
use super::{Context, Failure, print};

/// Names that are offered at most.
const MOST: u32 = 100;

/// How the ids of keys begin.
const ID: &str = "ak_";

/// What a name is of.
enum Names {
    Keys,
    Teams,
    Commands,
    Environments,
    Methods,
    Recipes,
    Conditions,
    Types,
    Themes,
    None,
}

pub(super) async fn complete(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let fitting = fitting(context, &args.operands).await?;
    if args.json {
        return context.print(&print::json(&fitting)).await;
    }
    context
        .print(&fitting.iter().map(|one| format!("{}\n", print::safe_lines(one))).collect::<String>())
        .await
}

/// What the last word of a line that is being typed could become; nothing where that cannot be said.
pub(crate) async fn candidates(context: &Context<'_>, line: &str) -> Vec<String> {
    let Some(mut words) = shlex::split(line) else { return Vec::new() };
    if line.is_empty() || line.ends_with(char::is_whitespace) {
        words.push(String::new());
    }
    let fitting = fitting(context, &words).await.unwrap_or_default();
    fitting.iter().map(|one| print::safe_lines(one)).collect()
}

async fn fitting(context: &Context<'_>, words: &[String]) -> Result<BTreeSet<String>, Failure> {
    let empty = String::new();
    let (partial, before) = words.split_last().unwrap_or((&empty, &[]));
    // `budgets` is a command, and begins another one.
    let mut offered = next_words(before);
    if let Some(command) = find(before) {
        offered.extend(of_command(context, command, before, partial).await?);
    }
    Ok(offered.into_iter().filter(|one| one.starts_with(partial.as_str())).collect())
}

/// The words with which commands go on that begin like this.
fn next_words(before: &[String]) -> Vec<String> {
    let begins = |command: &&Command| before.iter().zip(command.words).all(|(given, word)| given == word);
    let next = commands().filter(begins).filter_map(|command| command.words.get(before.len()));
    next.map(ToString::to_string).collect()
}

async fn of_command(
    context: &Context<'_>,
    command: &Command,
    before: &[String],
    partial: &str,
) -> Result<Vec<String>, Failure> {
    if partial.starts_with('-') {
        let flags = command.flags.iter().map(|flag| flag.name).chain(["--json", "--help"]);
        return Ok(flags.map(str::to_owned).collect());
    }
    let last = before.last().map(|last| if last == "--env" { "--environment" } else { last.as_str() });
    let value = last.and_then(|last| command.flags.iter().find(|flag| flag.name == last)?.value);
    let of = names_of(value.or(command.operand.map(|(name, _)| name)).unwrap_or_default());
    Ok(match of {
        Names::Keys => {
            let by_id = partial.starts_with(ID);
            let search = (!partial.is_empty() && !by_id).then(|| partial.to_owned());
            let query = KeyQuery { page: 1, limit: MOST, search, fuzzy: Some(false), ..KeyQuery::default() };
            let page = context.service.keys(context.caller, &query).await?;
            // A name that a shell would split is told by its id.
            let word = |name: &str| !by_id && !name.contains(char::is_whitespace);
            page.keys.into_iter().map(|key| if word(&key.name) { key.name } else { key.key_id }).collect()
        }
        Names::Teams => {
            let teams = context.service.teams(context.caller).await?;
            teams
                .into_iter()
                .map(|team| team.name)
                .filter(|name| !name.contains(char::is_whitespace))
                .collect()
        }
        Names::Commands => next_words(&before[1..]),
        Names::Environments => ["development", "staging", "production"].map(str::to_owned).to_vec(),
        Names::Methods => RotationMethodName::ALL.iter().map(print::word).collect(),
        Names::Recipes => context.service.recipes(context.caller).await?,
        Names::Conditions => {
            AlertCondition::ALL.iter().map(|condition| condition.name().to_owned()).collect()
        }
        Names::Types => NoticeKind::ALL.iter().map(|kind| kind.name().to_owned()).collect(),
        Names::Themes => ["auto", "dark", "light", "contrast"].map(str::to_owned).to_vec(),
        Names::None => Vec::new(),
    })
}

/// What the table calls a value, as what can be offered for it.
fn names_of(value: &str) -> Names {
    match value.trim_end_matches('…') {
        "KEY" => Names::Keys,
        "TEAM" => Names::Teams,
        "COMMAND" => Names::Commands,
        "ENV" => Names::Environments,
        "METHOD" => Names::Methods,
        "RECIPE" => Names::Recipes,
        "CONDITION" => Names::Conditions,
        "TYPE" => Names::Types,
        "THEME" => Names::Themes,
        _ => Names::None,
    }
}
