//! Commands about what the person was told.

use keyward_keys::input::NotificationQuery;
use keyward_keys::view::NotificationView;
use keyward_keys::{Error, Id};
use serde::Serialize;

use super::parse::Args;
use super::{Context, Failure, keys, print};

/// Notifications shown when nothing is said.
const PAGE_SIZE: u32 = 50;

pub(super) async fn ls(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let query = NotificationQuery {
        page: keys::whole(args, "--page")?.unwrap_or(1),
        limit: keys::whole(args, "--limit")?.unwrap_or(PAGE_SIZE),
        unread: args.has("--unread"),
    };
    let page = context.service.notifications(context.caller, &query).await?;
    if args.json {
        return context.print(&print::json(&page)).await;
    }
    if args.has("--ndjson") {
        return context.print_lines(&page.notifications).await;
    }
    if page.notifications.is_empty() {
        return context.nothing(args, "No notifications.\n").await;
    }
    context.print(&table(&page.notifications)).await?;
    let at = page.pagination;
    if u64::from(at.page) < at.pages {
        let more = format!("Page {} of {}; --page {} goes on.\n", at.page, at.pages, at.page + 1);
        context.note(args, &more).await?;
    }
    Ok(())
}

fn table(notifications: &[NotificationView]) -> String {
    let header = ["TIME (UTC)", "READ", "TYPE", "MESSAGE", "ID"].map(str::to_owned).to_vec();
    let row = |one: &NotificationView| {
        vec![
            print::moment(Some(one.created_at)),
            if one.read { "yes" } else { "no" }.to_owned(),
            one.kind.clone(),
            one.message.clone(),
            one.id.to_string(),
        ]
    };
    print::columns(&std::iter::once(header).chain(notifications.iter().map(row)).collect::<Vec<_>>())
}

/// How many had not been read.
#[derive(Serialize)]
struct AllRead {
    read: u64,
}

pub(super) async fn read(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    if args.has("--all") != args.operands.is_empty() {
        return Err(Failure::Usage("name notifications by their ids, or say --all".to_owned()));
    }
    if args.has("--all") {
        let read = context.service.read_all_notifications(context.caller).await?;
        return if args.json {
            context.print(&print::json(&AllRead { read })).await
        } else {
            context.note(args, &format!("{read} marked as read.\n")).await
        };
    }
    for id in ids(args)? {
        let notification = context.service.read_notification(context.caller, id).await?;
        if args.json {
            context.print(&print::json(&notification)).await?;
        }
    }
    Ok(())
}

pub(super) async fn rm(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    for id in ids(args)? {
        context.service.delete_notification(context.caller, id).await?;
    }
    Ok(())
}

/// All ids, before anything is done with the first.
fn ids(args: &Args) -> Result<Vec<Id>, Failure> {
    let id = |text: &String| text.parse().map_err(|_| Error::NotFound("notification").into());
    args.operands.iter().map(id).collect()
}
