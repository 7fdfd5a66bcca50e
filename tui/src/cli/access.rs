//! `keys access`: who may do what with a key, and why, in the core's own words; and who would miss it.

use keyward_keys::input::KeyRef;
use keyward_keys::view::{AccessAction, KeyAccess, KeyView};
use keyward_keys::{Custody, Error, Id};

use super::parse::Args;
use super::{Context, Failure, keys, print, team};

const ACTIONS: &str = "see, reveal, change, rotate, move, delete, fetch or track";

pub(super) async fn access(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let key = keys::named(args)?;
    let action: Option<AccessAction> = keys::one_of(args, "--action", ACTIONS)?;
    let Some(action) = action else {
        if args.has("--member") {
            return Err(Failure::Usage("--member needs --action: what may this person do?".to_owned()));
        }
        let access = context.service.key_access(context.caller, &key).await?;
        return whole(context, args, &access).await;
    };
    let whom: Option<Id> = match (args.get("--member"), context.service.key(context.caller, &key).await?.team)
    {
        (Some(name), Some(team)) => Some(team::member_named(context, team, name).await?.user_id),
        (Some(_), None) => return Err(Failure::Usage("the key is nobody's but yours".to_owned())),
        (None, _) => None,
    };
    let answer = context.service.may(context.caller, &key, action, whom).await?;
    if args.json {
        return context.print(&print::json(&answer)).await;
    }
    context.print(&format!("{}\n", print::safe_lines(&answer.why))).await
}

async fn whole(context: &Context<'_>, args: &Args, access: &KeyAccess) -> Result<(), Failure> {
    if args.json {
        return context.print(&print::json(access)).await;
    }
    let may = |actions: &[AccessAction]| actions.iter().map(print::word).collect::<Vec<_>>().join(", ");
    let mut rows = vec![["WHO", "AS", "MAY", "SEALED KEYS"].map(str::to_owned).to_vec()];
    rows.extend(access.people.iter().map(|person| {
        let sealed = if access.custody == Custody::Sealed { team::access(person.sealed) } else { "" };
        vec![person.name.clone(), print::word(&person.role), may(&person.may), sealed.to_owned()]
    }));
    rows.extend(access.tokens.iter().map(|token| {
        let opens = if token.opens { "" } else { "does not open it yet" };
        vec![token.name.clone(), "service token".to_owned(), may(&token.may), opens.to_owned()]
    }));
    if access.daemon {
        rows.push(["the daemon", "", "open it by itself", ""].map(str::to_owned).to_vec());
    }
    context.print(&print::columns(&rows)).await
}

/// Says what `keys rm` would do, and who uses the key so far; refused as that would be. Nothing is done.
pub(super) async fn rehearse_rm(context: &Context<'_>, args: &Args, key: &KeyView) -> Result<(), Failure> {
    let by_id = KeyRef::Id(key.id.to_string());
    let answer = context.service.may(context.caller, &by_id, AccessAction::Delete, None).await?;
    if !answer.allowed {
        return Err(Failure::Core(Error::Forbidden(answer.why)));
    }
    if args.json {
        return context.print(&print::json(key)).await;
    }
    let access = context.service.key_access(context.caller, &by_id).await?;
    let tokens: Vec<_> = access.tokens.iter().map(|token| print::safe_lines(&token.name)).collect();
    let holders = if tokens.is_empty() { "none".to_owned() } else { tokens.join(", ") };
    let used = key.last_used.map_or_else(|| "never".to_owned(), print::moment_utc);
    context
        .print(&format!(
            "{} would go to the bin for 30 days\nLast used: {used}\nCalls this month: {}\nService tokens that hold it: {holders}\n",
            print::safe_lines(&key.name),
            key.current_month_usage,
        ))
        .await
}
