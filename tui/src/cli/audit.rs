//! The command about the audit chain: what was done, by whom, as far as the person may see it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use keyward_keys::Id;
use keyward_keys::input::{AuditQuery, KeyRef};
use keyward_keys::view::{AuditPage, AuditView};

use super::parse::Args;
use super::{Context, Failure, keys, print};

/// Records shown when nothing is said.
const PAGE_SIZE: u32 = 50;

pub(super) async fn audit(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let text = |name: &str| args.get(name).map(str::to_owned);
    let query = AuditQuery {
        page: parsed(args, "--page", "a whole number")?.unwrap_or(1),
        limit: parsed(args, "--limit", "a whole number")?.unwrap_or(PAGE_SIZE),
        actor: text("--actor"),
        action: text("--action"),
        object: parsed(args, "--object", "an id: 24 hexadecimal digits")?,
        space: parsed(args, "--team", "an id: 24 hexadecimal digits")?,
        outcome: keys::one_of(args, "--outcome", "done or refused")?,
        door: keys::one_of(args, "--door", "ssh, rest, websocket, local or system")?,
        from: time(args, "--from")?,
        to: time(args, "--to")?,
        request: text("--request"),
    };
    let page = match args.operands.first() {
        None => context.service.audit(context.caller, &query).await?,
        Some(name) => {
            let key = KeyRef::Named(name.clone(), keys::environment(args)?);
            context.service.key_audit(context.caller, &key, query).await?
        }
    };
    if args.json {
        return context.print(&print::json(&page)).await;
    }
    if args.has("--ndjson") {
        return context.print_lines(&page.records).await;
    }
    let ids = page.records.iter().flat_map(|record| [record.actor, record.object]).flatten();
    let ids: Vec<Id> = ids.collect::<BTreeSet<_>>().into_iter().collect();
    // Who is no person is told ids.
    let names = context.service.names_of(context.caller, &ids).await.unwrap_or_default();
    context.print(&table(&page, &names.into_iter().collect())).await?;
    let at = page.pagination;
    if u64::from(at.page) < at.pages {
        let more = format!("Page {} of {}; --page {} goes on.\n", at.page, at.pages, at.page + 1);
        context.note(args, &more).await?;
    }
    Ok(())
}

/// Of whoever or whatever has no name that the caller may know, the id.
fn table(page: &AuditPage, names: &BTreeMap<Id, String>) -> String {
    const HEADER: [&str; 8] = ["NO", "TIME (UTC)", "WHO", "ACTION", "OBJECT", "OUTCOME", "DOOR", "DETAIL"];
    let named = |id: Id| names.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let row = |record: &AuditView| {
        vec![
            record.seq.to_string(),
            record.timestamp.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            record.actor.map_or_else(|| record.actor_kind.clone(), named),
            record.action.clone(),
            record.object.map_or_else(|| "-".to_owned(), named),
            print::word(&record.outcome),
            print::word(&record.door),
            record.detail.clone(),
        ]
    };
    let header = HEADER.map(str::to_owned).to_vec();
    print::columns(&std::iter::once(header).chain(page.records.iter().map(row)).collect::<Vec<_>>())
}

fn parsed<T: std::str::FromStr>(args: &Args, name: &str, what: &str) -> Result<Option<T>, Failure> {
    let parse =
        |text: &str| text.parse().map_err(|_| Failure::Usage(format!("{name} is {what}, not '{text}'")));
    args.get(name).map(parse).transpose()
}

/// A moment, or a day's beginning (UTC).
fn time(args: &Args, name: &str) -> Result<Option<Timestamp>, Failure> {
    let day = |text: &str| format!("{text}T00:00:00Z").parse().ok();
    let read = |text: &str| text.parse().ok().or_else(|| day(text));
    args.get(name)
        .map(|text| {
            let wrong = format!("{name} is a day such as 2026-01-31 or a time such as 2026-01-31T10:30:00Z");
            read(text).ok_or(Failure::Usage(wrong))
        })
        .transpose()
}
