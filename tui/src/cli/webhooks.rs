//! Commands about webhooks: where notifications are sent besides. An address comes in by stdin, as a chat's is a secret;
//! the secret that signs goes out once, by `add` and by `replace-secret`.

use keyward_keys::input::{DeliveryQuery, NewWebhook, TimingPatch, WebhookPatch};
use keyward_keys::outbound::MessageFormat;
use keyward_keys::view::{DeliveryView, TimingView, WebhookView};
use keyward_keys::{Error, Id, NoticeKind};
use secrecy::ExposeSecret;
use serde::Serialize;
use zeroize::Zeroizing;

use super::keys::{agree, of_team, whole, word_of};
use super::parse::Args;
use super::stdin::Stdin;
use super::{Context, Failure, print};
use crate::session::terminal_lines;

/// Lines shown when nothing is said.
const PAGE_SIZE: u32 = 50;

pub(super) async fn ls(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let webhooks = context.service.webhooks(context.caller).await?;
    if context.list(args, "webhooks", &webhooks).await? {
        return Ok(());
    }
    if webhooks.is_empty() {
        let text = "No webhooks. Make one, its address on standard input: webhooks add --name NAME\n";
        return context.nothing(args, text).await;
    }
    let header = ["NAME", "TO", "AS", "TELLS OF", "WHEN", "WHOSE", "ON", "ID"];
    let teams: Vec<Id> = webhooks.iter().filter_map(|hook| hook.team).collect();
    let names = context.service.names_of(context.caller, &teams).await?;
    let whose = |team: Id| {
        let name = names.iter().find(|(id, _)| *id == team).map(|(_, name)| name.clone());
        name.unwrap_or_else(|| team.to_string())
    };
    let rows = webhooks.iter().map(|hook| webhook_row(hook, hook.team.map_or("yours".to_owned(), whose)));
    let header = header.map(str::to_owned).to_vec();
    context.print(&print::columns(&std::iter::once(header).chain(rows).collect::<Vec<_>>())).await
}

#[derive(Serialize)]
struct Made<'a> {
    secret: &'a str,
    #[serde(flatten)]
    view: &'a WebhookView,
}

pub(super) async fn add(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let format =
        args.get("--format").map(|word| word_of("--format", word, MessageFormat::NAMES)).transpose()?;
    let new = NewWebhook {
        name: args.get("--name").unwrap_or_default().to_owned(),
        events: events(args)?,
        format,
        team: of_team(context, args).await?,
        timing: timing(args),
        url: stdin.secret("Address: ").await?,
    };
    let (view, secret) = context.service.create_webhook(context.caller, new).await?;
    let secret = secret.expose_secret();
    let text = Zeroizing::new(if args.json {
        print::json(&Made { secret, view: &view })
    } else {
        format!("{secret}\n")
    });
    context.out.send(terminal_lines(text.as_bytes(), context.pty)).await?;
    context.note(args, "Messages are signed with it. Keep it now: it is not shown again.\n").await
}

pub(super) async fn edit(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let both = |one, other| args.has(one) && args.has(other);
    if both("--on", "--off") || both("--every-event", "--event") || both("--urgent-waits", "--urgent-at-once")
    {
        return Err(Failure::Usage("these options say opposite things".to_owned()));
    }
    let hook = named(context, args).await?;
    let events = if args.has("--every-event") { Some(Vec::new()) } else { events(args)? };
    let url = if args.has("--url-stdin") { Some(stdin.secret("Address: ").await?) } else { None };
    let disabled = args.has("--off").then_some(true).or(args.has("--on").then_some(false));
    let patch = WebhookPatch {
        name: args.get("--name").map(str::to_owned),
        url,
        events,
        disabled,
        timing: timing(args),
    };
    let hook = context.service.update_webhook(context.caller, hook.id, patch).await?;
    if args.json {
        return context.print(&print::json(&hook)).await;
    }
    context.note(args, &format!("{} is changed.\n", print::safe_lines(&hook.name))).await
}

pub(super) async fn rm(context: &Context<'_>, args: &Args, mut stdin: Stdin<'_>) -> Result<(), Failure> {
    let hook = named(context, args).await?;
    let name = print::safe_lines(&hook.name);
    agree(args, &mut stdin, &format!("Remove {name}, with what is still to be sent? [y/N] ")).await?;
    context.service.delete_webhook(context.caller, hook.id).await?;
    if args.json {
        return context.print(&print::json(&hook)).await;
    }
    context.note(args, &format!("{name} is removed.\n")).await
}

pub(super) async fn test(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let hook = named(context, args).await?;
    let sent = context.service.test_webhook(context.caller, hook.id).await?;
    on_its_way(context, args, &sent).await
}

pub(super) async fn deliveries(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let hook = named(context, args).await?;
    let query = DeliveryQuery {
        page: whole(args, "--page")?.unwrap_or(1),
        limit: whole(args, "--limit")?.unwrap_or(PAGE_SIZE),
    };
    let page = context.service.webhook_deliveries(context.caller, hook.id, &query).await?;
    if args.json {
        return context.print(&print::json(&page)).await;
    }
    if args.has("--ndjson") {
        return context.print_lines(&page.deliveries).await;
    }
    if page.deliveries.is_empty() {
        return context.note(args, "Nothing has been sent yet.\n").await;
    }
    let header = ["TIME (UTC)", "STATE", "TRIES", "ANSWER", "NEXT (UTC)", "TYPE", "MESSAGE", "ID"];
    context.print(&table(header, &page.deliveries, delivery_row)).await?;
    let at = page.pagination;
    if u64::from(at.page) < at.pages {
        let more = format!("Page {} of {}; --page {} goes on.\n", at.page, at.pages, at.page + 1);
        context.note(args, &more).await?;
    }
    Ok(())
}

pub(super) async fn redeliver(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let hook = named(context, args).await?;
    let delivery = args.get("--delivery").unwrap_or_default();
    let delivery = delivery.parse().map_err(|_| Error::NotFound("delivery"))?;
    let sent = context.service.redeliver(context.caller, hook.id, delivery).await?;
    on_its_way(context, args, &sent).await
}

#[derive(Serialize)]
struct Replaced<'a> {
    secret: &'a str,
}

pub(super) async fn replace_secret(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let hook = named(context, args).await?;
    let secret = context.service.replace_webhook_secret(context.caller, hook.id).await?;
    let secret = secret.expose_secret();
    let text =
        Zeroizing::new(if args.json { print::json(&Replaced { secret }) } else { format!("{secret}\n") });
    context.out.send(terminal_lines(text.as_bytes(), context.pty)).await?;
    context.note(args, "For a day messages are signed with the one before too.\n").await
}

async fn on_its_way(context: &Context<'_>, args: &Args, sent: &DeliveryView) -> Result<(), Failure> {
    if args.json {
        return context.print(&print::json(sent)).await;
    }
    let text = format!("{} is on its way; webhooks deliveries tells what came of it.\n", sent.id);
    context.note(args, &text).await
}

/// The webhook that the operand names: by its id, or by its name when that is one's alone.
async fn named(context: &Context<'_>, args: &Args) -> Result<WebhookView, Failure> {
    let name = args.operands.first().map(String::as_str).unwrap_or_default();
    let mut found = context.service.webhooks(context.caller).await?;
    let id: Option<Id> = name.parse().ok();
    found.retain(|hook| Some(hook.id) == id || hook.name == name);
    if found.len() > 1 {
        return Err(Failure::Usage("several webhooks have this name; say which by its id".to_owned()));
    }
    found.pop().ok_or(Error::NotFound("webhook").into())
}

fn events(args: &Args) -> Result<Option<Vec<NoticeKind>>, Failure> {
    let kind = |word: &str| word_of("--event", word, "a type of notifications, such as key_deleted");
    let kinds = args.all("--event").map(kind).collect::<Result<Vec<_>, _>>()?;
    Ok((!kinds.is_empty()).then_some(kinds))
}

/// What is said of when messages go out; `off` takes away what was set.
fn timing(args: &Args) -> TimingPatch {
    let said = |name: &str| args.get(name).map(|text| (text != "off").then(|| text.to_owned()));
    TimingPatch {
        quiet_hours: said("--quiet-hours"),
        digest: said("--digest"),
        timezone: said("--timezone"),
        urgent_at_once: args
            .has("--urgent-waits")
            .then_some(false)
            .or(args.has("--urgent-at-once").then_some(true)),
    }
}

fn when(timing: &TimingView) -> String {
    let quiet = timing.quiet_hours.as_ref().map(|hours| format!("not {hours}"));
    let said: Vec<String> = timing.digest.iter().cloned().chain(quiet).collect();
    if said.is_empty() { "at once".to_owned() } else { said.join(", ") }
}

fn table<T, const N: usize>(header: [&str; N], items: &[T], row: fn(&T) -> Vec<String>) -> String {
    let header = header.map(str::to_owned).to_vec();
    print::columns(&std::iter::once(header).chain(items.iter().map(row)).collect::<Vec<_>>())
}

fn webhook_row(hook: &WebhookView, whose: String) -> Vec<String> {
    vec![
        hook.name.clone(),
        hook.url.clone(),
        hook.format.clone(),
        if hook.events.is_empty() { "everything".to_owned() } else { hook.events.join(", ") },
        when(&hook.timing),
        whose,
        if hook.disabled { "no" } else { "yes" }.to_owned(),
        hook.id.to_string(),
    ]
}

fn delivery_row(sent: &DeliveryView) -> Vec<String> {
    let answer = sent.detail.clone().or(sent.status.map(|status| status.to_string()));
    vec![
        print::moment(Some(sent.created_at)),
        print::word(&sent.state),
        sent.attempts.to_string(),
        answer.unwrap_or_default(),
        sent.next_attempt.map(|at| print::moment(Some(at))).unwrap_or_default(),
        sent.event.clone(),
        sent.message.clone(),
        sent.id.to_string(),
    ]
}
