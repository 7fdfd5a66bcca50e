//! Commands about what months may cost: where all budgets stand, the budget of a tag, and a limit or a budget tried before it is set.

use jiff::Timestamp;
use keyward_keys::input::{KeyRef, NewBudget, WhatIf};
use keyward_keys::prices::{AMOUNT, Money};
use keyward_keys::view::{BudgetView, WhatIfMonth, WhatIfOutcome, WhatIfView};

use super::parse::Args;
use super::{Context, Failure, keys, print};

const HEADER: [&str; 7] = ["NAME", "OF", "BUDGET", "SPENT", "", "AT MONTH'S END", "SPENT ON (UTC)"];

pub(super) async fn ls(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let report = context.service.budgets(context.caller).await?;
    if context.list(args, "budgets", &report.budgets).await? {
        return Ok(());
    }
    if report.budgets.is_empty() {
        let ssh = &context.host.ssh_command;
        let how = format!("No budgets. Set one: {ssh} keys edit KEY --budget 50\n");
        return context.nothing(args, &how).await;
    }
    let mut rows = vec![HEADER.map(str::to_owned).to_vec()];
    rows.extend(report.budgets.iter().map(|budget| line(budget, &report.currency)));
    context.print(&print::columns(&rows)).await
}

fn line(budget: &BudgetView, currency: &str) -> Vec<String> {
    let spent_on = match (budget.exceeded, budget.reached_at) {
        (true, _) => "already".to_owned(),
        (false, Some(at)) => day(at),
        (false, None) => "not this month".to_owned(),
    };
    vec![
        budget.name.clone(),
        print::word(&budget.of),
        format!("{} {currency}", budget.monthly_budget),
        budget.cost.to_string(),
        format!("{:.1} %", budget.percentage),
        budget.forecast.to_string(),
        spent_on,
    ]
}

/// Sets the budget of a tag, or ends it.
pub(super) async fn set(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let tag = args.operands.first().cloned().unwrap_or_default();
    let amount = amount_or_none(args, "--budget")?;
    let amount = amount.ok_or_else(|| Failure::Usage("say what it may cost: --budget AMOUNT".to_owned()))?;
    let team = keys::of_team(context, args).await?;
    if amount.is_none() {
        context.service.end_budget_of_tag(context.caller, &tag, team).await?;
        return context.note(args, "Ended.\n").await;
    }
    let new = NewBudget { tag, team, monthly_budget: amount };
    let budget = context.service.set_tag_budget(context.caller, &new).await?;
    if args.json {
        return context.print(&print::json(&budget)).await;
    }
    let BudgetView { name, cost, monthly_budget, percentage, .. } = &budget;
    let text = format!("Tag {name}: {cost} of {monthly_budget} a month spent, {percentage:.1} %\n");
    context.print(&print::safe_lines(&text)).await
}

pub(super) async fn what_if(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let key = match args.operands.first() {
        Some(name) => {
            let key = KeyRef::Named(name.clone(), keys::environment(args)?);
            Some(context.service.key(context.caller, &key).await?.id.to_string())
        }
        None => None,
    };
    let what = WhatIf {
        api_key_id: key,
        team: keys::of_team(context, args).await?,
        tag: args.get("--tag").map(str::to_owned),
        monthly_limit: keys::whole(args, "--monthly-limit")?,
        monthly_budget: amount(args, "--budget")?,
    };
    let several = what.team.is_some() || what.tag.is_some();
    match (args.operands.is_empty(), several) {
        (true, false) => {
            return Err(Failure::Usage("name a key, a team with --team, or a tag with --tag".to_owned()));
        }
        (false, true) => return Err(Failure::Usage("a key, or --team and --tag, not both".to_owned())),
        (true, true) if what.monthly_limit.is_some() => {
            let text = "--monthly-limit is a key's; a team or a tag has a --budget";
            return Err(Failure::Usage(text.to_owned()));
        }
        (true, true) | (false, false) => {}
    }
    if what.monthly_limit.is_none() && what.monthly_budget.is_none() {
        return Err(Failure::Usage("say what to try: --monthly-limit N or --budget AMOUNT".to_owned()));
    }
    let tried = context.service.what_if(context.caller, &what).await?;
    if args.json {
        return context.print(&print::json(&tried)).await;
    }
    context.print(&describe(&tried)).await
}

fn describe(tried: &WhatIfView) -> String {
    let mut rows = vec![["", "MONTH", "CALLS", "COST", "REACHED"].map(str::to_owned).to_vec()];
    for (name, month, over) in
        [("Last month", &tried.last_month, true), ("This month", &tried.this_month, false)]
    {
        for (of, outcome) in [("limit", &month.limit), ("budget", &month.budget)] {
            let Some(outcome) = outcome else { continue };
            rows.push(vec![
                format!("{name}, {of}"),
                month.start.strftime("%Y-%m").to_string(),
                month.requests.to_string(),
                cost(month, &tried.currency),
                reached(outcome, over),
            ]);
        }
    }
    print::columns(&rows)
}

fn cost(month: &WhatIfMonth, currency: &str) -> String {
    month.cost.map_or("unknown".to_owned(), |cost| format!("{cost} {currency}"))
}

/// How far it came, and the day on which each share of it was reached.
fn reached(outcome: &WhatIfOutcome, over: bool) -> String {
    let mut text = format!("{:.1} %", outcome.percentage);
    for share in &outcome.shares {
        text.push_str(&format!(", {} % on {}", share.percent, day(share.at)));
    }
    match outcome.expected_at {
        Some(at) => text.push_str(&format!("; all of it on {} at this pace", day(at))),
        None if outcome.reached_at.is_none() && over => text.push_str("; never all of it"),
        None => {}
    }
    text
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// The value of an option that is an amount of money.
pub(super) fn amount(args: &Args, name: &str) -> Result<Option<Money>, Failure> {
    let amount = args.get(name).map(str::parse).transpose();
    amount.map_err(|_| Failure::Usage(format!("{name} {AMOUNT}")))
}

/// The same where `none` ends it.
pub(super) fn amount_or_none(args: &Args, name: &str) -> Result<Option<Option<Money>>, Failure> {
    match args.get(name) {
        Some("none") => Ok(Some(None)),
        _ => Ok(amount(args, name)?.map(Some)),
    }
}

/// Whether fetches are refused over the budget from now on, where that is said.
pub(super) fn refuse(args: &Args) -> Result<Option<bool>, Failure> {
    const SWITCHES: [&str; 2] = ["--refuse-over-budget", "--no-refuse-over-budget"];
    match SWITCHES.map(|switch| args.has(switch)) {
        [true, true] => Err(Failure::Usage(format!("{}, not both", SWITCHES.join(" or ")))),
        [false, false] => Ok(None),
        [refuse, _] => Ok(Some(refuse)),
    }
}
