//! Commands about API keys. A value comes in by standard input alone, and goes out in `value.rs` alone.

use keyward_keys::input::{Hygiene, KeyQuery, KeyRef, KeySort, NewKey};
use keyward_keys::view::{KeyView, Pagination};
use keyward_keys::{Custody, Environment, Id};
use serde::de::DeserializeOwned;

use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, access, budgets, print, rotating, team};

/// Keys read at a time.
const PAGE: u32 = 100;

/// Some keys are left out of a list.
fn narrows(args: &Args) -> bool {
    const TERMS: [&str; 8] =
        ["--search", "--environment", "--status", "--tag", "--team", "--service", "--unused", "--hygiene"];
    TERMS.into_iter().any(|term| args.get(term).is_some())
}

pub(super) async fn ls(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let mut query = KeyQuery {
        page: 1,
        limit: PAGE,
        search: args.get("--search").map(str::to_owned),
        environment: environment(args)?,
        status: one_of(args, "--status", "active, inactive or expired")?,
        tag: args.get("--tag").map(str::to_owned),
        team: of_team(context, args).await?,
        service: args.get("--service").map(str::to_owned),
        unused: whole(args, "--unused")?,
        hygiene: hygiene(args)?,
        bin: args.has("--bin"),
        sort: sort(args)?,
        ..KeyQuery::default()
    };
    let mut total = 0;
    loop {
        let page = context.service.keys(context.caller, &query).await?;
        if query.page == 1 && page.keys.is_empty() && !args.for_programs() {
            let ssh = &context.host.ssh_command;
            let hint = match narrows(args) {
                true => format!("No key matches. All of them: {ssh} keys ls\n"),
                false if query.bin => "The bin is empty.\n".to_owned(),
                false => format!("No keys. Add one: {ssh} keys add --name NAME --service SERVICE\n"),
            };
            return context.nothing(args, &hint).await;
        }
        if args.has("--ndjson") {
            context.print_lines(&page.keys).await?;
        } else {
            let text =
                if args.json { json_page(&page.keys, query.page)? } else { table(&page.keys, query.page) };
            context.print(&text).await?;
        }
        total += page.keys.len() as u64;
        if page.keys.is_empty() || u64::from(query.page) >= page.pagination.pages {
            break;
        }
        query.page += 1;
    }
    if args.json {
        let limit = u32::try_from(total).unwrap_or(u32::MAX);
        let pagination = Pagination { page: 1, limit, total, pages: u64::from(total > 0) };
        context.print(&format!("],\"pagination\":{}}}\n", print::json(&pagination).trim_end())).await?;
    }
    Ok(())
}

/// One page of the one document that all pages make together.
fn json_page(keys: &[KeyView], page: u32) -> Result<String, Failure> {
    let text = print::json(&keys);
    let inner = text.trim_end().trim_start_matches('[').trim_end_matches(']');
    Ok(match (page, inner.is_empty()) {
        (1, _) => format!("{{\"keys\":[{inner}"),
        (_, true) => String::new(),
        (_, false) => format!(",{inner}"),
    })
}

fn table(keys: &[KeyView], page: u32) -> String {
    const HEADER: [&str; 7] =
        ["NAME", "SERVICE", "ENVIRONMENT", "STATUS", "KEY ID", "THIS MONTH", "LAST USED (UTC)"];
    let header = (page == 1).then(|| HEADER.map(str::to_owned).to_vec());
    let row = |key: &KeyView| {
        vec![
            key.name.clone(),
            key.service.clone(),
            print::word(&key.environment),
            print::word(&key.status),
            key.key_id.clone(),
            match key.monthly_limit {
                Some(limit) => format!("{} of {limit}", key.current_month_usage),
                None => key.current_month_usage.to_string(),
            },
            print::moment(key.last_used),
        ]
    };
    print::columns(&header.into_iter().chain(keys.iter().map(row)).collect::<Vec<_>>())
}

pub(super) async fn show(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let key = context.service.key(context.caller, &named(args)?).await?;
    answer_with(context, args, &key).await
}

pub(super) async fn add(context: &Context<'_>, args: &Args, stdin: Stdin<'_>) -> Result<(), Failure> {
    let new = new_key(context, args, stdin).await?;
    let key = context.service.create_key(context.caller, new).await?;
    answer_with(context, args, &key).await
}

/// The key that the arguments and the input describe.
pub(super) async fn new_key(
    context: &Context<'_>,
    args: &Args,
    mut stdin: Stdin<'_>,
) -> Result<NewKey, Failure> {
    let text = |name: &str| args.get(name).unwrap_or_default().to_owned();
    let monthly_limit = whole(args, "--monthly-limit")?;
    let monthly_budget = budgets::amount(args, "--budget")?;
    let (environment, custody) =
        (environment(args)?, one_of::<Custody>(args, "--custody", "private, sealed or automation")?);
    let (rotation, rotation_interval) =
        (rotating::patch(context, args).await?, whole(args, "--rotation-interval")?);
    let team = of_team(context, args).await?;
    let (value, passphrase) = if args.has("--passphrase-stdin") {
        let [value, passphrase] = stdin.secrets(["Value: ", "Passphrase: "]).await?;
        (value, Some(passphrase))
    } else {
        (stdin.secret("Value: ").await?, None)
    };
    Ok(NewKey {
        name: text("--name"),
        service: text("--service"),
        value,
        passphrase,
        description: text("--description"),
        environment,
        monthly_limit,
        monthly_budget,
        refuse_over_budget: args.has("--refuse-over-budget"),
        tags: args.all("--tag").map(str::to_owned).collect(),
        custody,
        team,
        rotation,
        rotation_interval,
        ..NewKey::default()
    })
}

pub(super) async fn rm(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let key = context.service.key(context.caller, &named(args)?).await?;
    if args.has("--dry-run") {
        return access::rehearse_rm(context, args, &key).await;
    }
    agree(args, &mut stdin, &format!("Move {} to the bin? [y/N] ", print::safe_lines(&key.name))).await?;
    let by_id = KeyRef::Id(key.id.to_string());
    let deleted = context.service.delete_key(context.caller, &by_id, Some(key.revision)).await?;
    if args.json {
        return context.print(&print::json(&deleted)).await;
    }
    let name = print::safe_lines(&deleted.name);
    context.note(args, &format!("{name} is in the bin for 30 days; keys restore takes it back.\n")).await
}

pub(super) async fn restore(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let key = context.service.restore_key(context.caller, &named(args)?).await?;
    answer_with(context, args, &key).await
}

pub(super) async fn answer_with(context: &Context<'_>, args: &Args, key: &KeyView) -> Result<(), Failure> {
    if args.json {
        return context.print(&print::json(key)).await;
    }
    let networks: Vec<String> = key.networks.iter().map(ToString::to_string).collect();
    let mut rows = vec![
        ["Name", &key.name],
        ["Service", &key.service],
        ["Key id", &key.key_id],
        ["Environment", &print::word(&key.environment)],
        ["Status", &print::word(&key.status)],
        ["Custody", &print::word(&key.custody)],
        ["Description", &key.description],
        ["Tags", &key.tags.join(", ")],
        ["This month", &key.current_month_usage.to_string()],
        ["Monthly limit", &key.monthly_limit.map_or("none".to_owned(), |limit| limit.to_string())],
        ["Networks", &networks.join(", ")],
        ["Monthly budget", &key.monthly_budget.map_or("none".to_owned(), |budget| budget.to_string())],
        ["Over budget", over_budget(key)],
        ["All calls", &key.usage_count.to_string()],
        ["Last used", &key.last_used.map_or_else(|| "never".to_owned(), print::moment_utc)],
        ["Version", &key.version.to_string()],
        [
            "Rotation",
            &key.rotation.as_ref().map_or_else(String::new, |rotation| print::word(&rotation.method)),
        ],
        ["Next rotations", &rotating::coming(key)],
        [
            "Rotate now",
            if key.rotate_now { "its value is known to somebody who may not read it any more" } else { "" },
        ],
        ["Created", &print::moment_utc(key.created_at)],
    ]
    .into_iter()
    .map(|row| row.map(str::to_owned).to_vec())
    .collect::<Vec<_>>();
    rows.retain(|row| !row[1].is_empty());
    context.print(&print::columns(&rows)).await
}

/// What becomes of fetches once its month has cost more than its budget; nothing to say without one.
fn over_budget(key: &KeyView) -> &'static str {
    match (key.monthly_budget, key.refuse_over_budget) {
        (None, _) => "",
        (Some(_), true) => "fetches are refused",
        (Some(_), false) => "people are told",
    }
}

/// The team that `--team` names.
pub(super) async fn of_team(context: &Context<'_>, args: &Args) -> Result<Option<Id>, Failure> {
    match args.get("--team") {
        Some(name) => Ok(Some(team::named(context, Some(name)).await?.id)),
        None => Ok(None),
    }
}

/// The key that the operand names.
pub(super) fn named(args: &Args) -> Result<KeyRef, Failure> {
    let name = args.operands.first().cloned().unwrap_or_default();
    Ok(KeyRef::Named(name, environment(args)?))
}

pub(super) fn environment(args: &Args) -> Result<Option<Environment>, Failure> {
    args.get("--environment").map(environment_named).transpose()
}

/// An environment, by its name or the short one.
pub(super) fn environment_named(word: &str) -> Result<Environment, Failure> {
    keyward_keys::input::environment(word).ok_or_else(|| {
        Failure::Usage(format!("--environment is development, staging or production, not '{word}'"))
    })
}

/// The value of an option that takes one of a few words, the same words as in JSON.
pub(super) fn one_of<T: DeserializeOwned>(
    args: &Args,
    name: &str,
    words: &str,
) -> Result<Option<T>, Failure> {
    args.get(name).map(|word| word_of(name, word, words)).transpose()
}

pub(super) fn word_of<T: DeserializeOwned>(name: &str, word: &str, words: &str) -> Result<T, Failure> {
    keyward_keys::input::word(&word.to_ascii_lowercase())
        .ok_or_else(|| Failure::Usage(format!("{name} is {words}, not '{word}'")))
}

/// Asks before something is done that is hard to take back, unless `--yes` says so already.
pub(super) async fn agree(args: &Args, stdin: &mut Stdin<'_>, question: &str) -> Result<(), Failure> {
    if args.has("--yes") {
        return Ok(());
    }
    match stdin.agrees(question).await? {
        Some(true) => Ok(()),
        Some(false) => Err(Failure::Cancelled),
        None => Err(Failure::Usage("without a terminal, this needs --yes".to_owned())),
    }
}

/// The value of an option that is a whole number.
pub(super) fn whole<N: std::str::FromStr>(args: &Args, name: &str) -> Result<Option<N>, Failure> {
    let number = args.get(name).map(str::parse).transpose();
    number.map_err(|_| Failure::Usage(format!("{name} is a whole number")))
}

/// What of a key stands out; its words here are those of the other options.
fn hygiene(args: &Args) -> Result<Option<Hygiene>, Failure> {
    let word = |text| {
        let words = "never-rotated, no-limit, idle, overdue, rotate-now or shared-value";
        let wrong = || Failure::Usage(format!("--hygiene is {words}, not '{text}'"));
        keyward_keys::input::hygiene(text).ok_or_else(wrong)
    };
    args.get("--hygiene").map(word).transpose()
}

fn sort(args: &Args) -> Result<KeySort, Failure> {
    Ok(match args.get("--sort") {
        None | Some("newest") => KeySort::Newest,
        Some("name") => KeySort::Name,
        Some("service") => KeySort::Service,
        Some("last-used") => KeySort::LastUsed,
        Some("usage") => KeySort::Usage,
        Some("environment") => KeySort::Environment,
        Some("next-rotation") => KeySort::NextRotation,
        Some(other) => {
            let words = "newest, name, service, last-used, usage, environment or next-rotation";
            let fault = format!("--sort is {words}, not '{other}'");
            return Err(Failure::Usage(fault));
        }
    })
}

#[cfg(test)]
mod tests {
    use keyward_keys::view::KeyStatus;

    use super::*;

    #[test]
    fn pages_make_one_document() {
        let pages = [json_page(&[], 1), json_page(&[], 2)];
        let text: String = pages.into_iter().map(|page| page.ok().unwrap()).collect();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&(text + "]}")).unwrap()["keys"]
                .as_array()
                .unwrap()
                .len(),
            0
        );
    }

    #[test]
    fn words_are_those_of_the_schema() {
        let status: KeyStatus = serde_json::from_str("\"expired\"").unwrap();
        assert_eq!(print::word(&status), "expired");
        assert_eq!(print::word(&Environment::Production), "production");
    }
}
