//! Commands about alerts and the rules for them.

use keyward_keys::input::{
    AlertAction, AlertQuery, AlertRespond, AlertRuleQuery, AlertSnooze, KeyRef, NewAlertRule,
};
use keyward_keys::view::{AlertConditionView, AlertFiring, AlertRuleView, AlertView};
use keyward_keys::{AlertCondition, Error, Id, alert_condition_names};

use super::parse::Args;
use super::{Context, Failure, edit, keys, print};
use crate::widgets::format;

/// Lines shown when nothing is said.
const PAGE_SIZE: u32 = 50;

pub(super) async fn ls(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let state = args.get("--state");
    let query = AlertQuery {
        page: keys::whole(args, "--page")?.unwrap_or(1),
        limit: keys::whole(args, "--limit")?.unwrap_or(PAGE_SIZE),
        state: state
            .map(|word| keys::word_of("--state", word, "firing, acknowledged, snoozed or resolved"))
            .transpose()?,
        api_key_id: key(context, args).await?,
        ..AlertQuery::default()
    };
    let page = context.service.alerts(context.caller, &query).await?;
    if args.json {
        return context.print(&print::json(&page)).await;
    }
    if args.has("--ndjson") {
        return context.print_lines(&page.alerts).await;
    }
    if page.alerts.is_empty() {
        return context.nothing(args, "No alerts.\n").await;
    }
    let header = ["STATE", "SINCE (UTC)", "RULE", "WHAT", "ID"].map(str::to_owned).to_vec();
    context.print(&print::columns(&rows(header, &page.alerts, alert_row))).await?;
    let at = page.pagination;
    if u64::from(at.page) < at.pages {
        let more = format!("Page {} of {}; --page {} goes on.\n", at.page, at.pages, at.page + 1);
        context.note(args, &more).await?;
    }
    Ok(())
}

pub(super) async fn ack(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    for id in ids(args, "alert")? {
        let alert = context.service.acknowledge_alert(context.caller, id).await?;
        done(context, args, &alert).await?;
    }
    Ok(())
}

pub(super) async fn snooze(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let snooze = AlertSnooze { until: None, minutes: keys::whole(args, "--minutes")? };
    for id in ids(args, "alert")? {
        let alert = context.service.snooze_alert(context.caller, id, &snooze).await?;
        done(context, args, &alert).await?;
    }
    Ok(())
}

pub(super) async fn resolve(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    for id in ids(args, "alert")? {
        let alert = context.service.resolve_alert(context.caller, id).await?;
        done(context, args, &alert).await?;
    }
    Ok(())
}

pub(super) async fn respond(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let action = args.get("--action").unwrap_or_default();
    let respond = AlertRespond {
        action: keys::word_of("--action", action, "freeze, narrow, limit, rotate or undo")?,
        limit: keys::whole(args, "--limit")?,
        networks: edit::networks(args, false)?,
    };
    for id in ids(args, "alert")? {
        let history = context.service.respond_to_alert(context.caller, id, &respond).await?;
        if args.json {
            context.print(&print::json(&history)).await?;
            continue;
        }
        let done = history.turns.last().map(|turn| turn.detail.clone()).unwrap_or_default();
        let back = if respond.action == AlertAction::Undo { "taken back: " } else { "" };
        context.note(args, &format!("{id}: {back}{done}.\n")).await?;
    }
    Ok(())
}

pub(super) async fn rules(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let query = AlertRuleQuery {
        page: keys::whole(args, "--page")?.unwrap_or(1),
        limit: keys::whole(args, "--limit")?.unwrap_or(PAGE_SIZE),
    };
    let page = context.service.alert_rules(context.caller, &query).await?;
    if args.json {
        return context.print(&print::json(&page)).await;
    }
    if args.has("--ndjson") {
        return context.print_lines(&page.rules).await;
    }
    if page.rules.is_empty() {
        let text = "No rules yet: alerts rule add --name Errors --condition error_rate makes one.\n";
        return context.nothing(args, text).await;
    }
    let header = ["NAME", "CONDITION", "FROM", "WINDOW", "FOR", "ON", "FIRING", "ID"];
    context.print(&print::columns(&rows(header.map(str::to_owned).to_vec(), &page.rules, rule_row))).await
}

pub(super) async fn conditions(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let conditions = context.service.alert_conditions(context.caller)?;
    if args.json {
        return context.print(&print::json(&conditions)).await;
    }
    if args.has("--ndjson") {
        return context.print_lines(&conditions).await;
    }
    let header = ["CONDITION", "FROM", "WINDOW", "WHAT IT LOOKS AT"].map(str::to_owned).to_vec();
    context.print(&print::columns(&rows(header, &conditions, condition_row))).await
}

pub(super) async fn add(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let words = format!("one of {}", alert_condition_names());
    let condition: AlertCondition =
        keys::word_of("--condition", args.get("--condition").unwrap_or_default(), &words)?;
    let new = NewAlertRule {
        name: args.get("--name").unwrap_or_default().to_owned(),
        condition: Some(condition),
        api_key_id: key(context, args).await?,
        team: keys::of_team(context, args).await?,
        threshold: keys::whole(args, "--threshold")?,
        recovery: keys::whole(args, "--recovery")?,
        window: keys::whole(args, "--window")?,
        enabled: None,
    };
    if args.has("--dry-run") {
        return tried(context, args, new).await;
    }
    let rule = context.service.create_alert_rule(context.caller, &new).await?;
    if args.json {
        return context.print(&print::json(&rule)).await;
    }
    context.print(&format!("{}\n", rule.id)).await
}

/// When the rule would have fired.
async fn tried(context: &Context<'_>, args: &Args, new: NewAlertRule) -> Result<(), Failure> {
    let tried = context.service.try_alert_rule(context.caller, &new.into()).await?;
    if args.json {
        return context.print(&print::json(&tried)).await;
    }
    if tried.firings.is_empty() {
        return context.note(args, "It would not have fired in the past 30 days.\n").await;
    }
    let header = ["FROM (UTC)", "UNTIL (UTC)", "VALUE", "KEY"].map(str::to_owned).to_vec();
    let row = |firing: &AlertFiring| firing_row(firing, tried.unit);
    let rows: Vec<_> = std::iter::once(header).chain(tried.firings.iter().map(row)).collect();
    context.print(&print::columns(&rows)).await?;
    let times = if tried.count == 1 { "Once".to_owned() } else { format!("{} times", tried.count) };
    context.note(args, &format!("{times} in the past 30 days; nothing was made.\n")).await
}

pub(super) async fn rm(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    for id in ids(args, "rule")? {
        context.service.delete_alert_rule(context.caller, id).await?;
    }
    Ok(())
}

async fn done(context: &Context<'_>, args: &Args, alert: &AlertView) -> Result<(), Failure> {
    if args.json {
        return context.print(&print::json(alert)).await;
    }
    context.note(args, &format!("{} is {}.\n", alert.id, alert.state.name())).await
}

/// The id of the key that `--key` names.
async fn key(context: &Context<'_>, args: &Args) -> Result<Option<String>, Failure> {
    let Some(name) = args.get("--key") else { return Ok(None) };
    let key = context.service.key(context.caller, &KeyRef::Named(name.to_owned(), None)).await?;
    Ok(Some(key.id.to_string()))
}

/// All ids, before anything is done with the first.
fn ids(args: &Args, what: &'static str) -> Result<Vec<Id>, Failure> {
    let id = |text: &String| text.parse().map_err(|_| Error::NotFound(what).into());
    args.operands.iter().map(id).collect()
}

fn rows<T>(header: Vec<String>, items: &[T], row: fn(&T) -> Vec<String>) -> Vec<Vec<String>> {
    std::iter::once(header).chain(items.iter().map(row)).collect()
}

fn alert_row(alert: &AlertView) -> Vec<String> {
    vec![
        alert.state.name().to_owned(),
        print::moment(Some(alert.first_seen)),
        alert.rule_name.clone().or(alert.budget_of.map(|_| "monthly budget".to_owned())).unwrap_or_default(),
        alert.message.clone(),
        alert.id.to_string(),
    ]
}

fn firing_row(firing: &AlertFiring, unit: &str) -> Vec<String> {
    let until = firing.until.map_or_else(|| "still".to_owned(), |until| print::moment(Some(until)));
    vec![print::moment(Some(firing.from)), until, in_unit(firing.value, unit), firing.key_name.clone()]
}

/// A value in its unit; of a condition that has none, nothing.
fn in_unit(value: u64, unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!("{value} {}", format::unit(value, unit)) }
}

fn condition_row(condition: &AlertConditionView) -> Vec<String> {
    let AlertConditionView { unit, threshold, least, most, .. } = condition;
    let from = match threshold {
        _ if least == most => String::new(),
        Some(usual) => in_unit(*usual, unit),
        None => format!("N {unit}"),
    };
    vec![
        condition.condition.name().to_owned(),
        from,
        condition.window.map(|minutes| format!("{minutes} min")).unwrap_or_default(),
        condition.about.to_owned(),
    ]
}

fn rule_row(rule: &AlertRuleView) -> Vec<String> {
    let scope = match (&rule.key_name, &rule.team_name) {
        (Some(key), _) if rule.key_in_bin => format!("{key} (in the bin)"),
        (Some(key), _) => key.clone(),
        (None, _) if rule.api_key_id.is_some() => "a key that is gone".to_owned(),
        (None, Some(team)) => format!("all keys of {team}"),
        (None, None) => "all your own keys".to_owned(),
    };
    vec![
        rule.name.clone(),
        rule.condition.name().to_owned(),
        in_unit(rule.threshold, rule.unit),
        rule.window.map(|minutes| format!("{minutes} min")).unwrap_or_default(),
        scope,
        if rule.enabled { "yes" } else { "no" }.to_owned(),
        rule.firing.to_string(),
        rule.id.to_string(),
    ]
}
