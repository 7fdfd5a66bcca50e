//! Commands about what months may cost: where all budgets stand, and a limit or a budget tried before it is set.

use jiff::Timestamp;
use keyward_keys::input::{CostQuery, KeyRef, WhatIf};
use keyward_keys::prices::{AMOUNT, Money};
use keyward_keys::view::{BudgetView, WhatIfMonth, WhatIfOutcome, WhatIfView};

use super::parse::Args;
use super::{Context, Failure, keys, print};

pub(super) async fn ls(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let report = context.service.costs(context.caller, &CostQuery::default()).await?;
    if context.list(args, "budgets", &report.budgets).await? {
        return Ok(());
    }
    if report.budgets.is_empty() {
        let ssh = &context.host.ssh_command;
        let how = format!("No budgets. Set one: {ssh} keys edit KEY --budget 50\n");
        return context.nothing(args, &how).await;
    }
    let header = ["NAME", "OF", "BUDGET", "SPENT", "", "AT MONTH'S END", "SPENT ON (UTC)"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
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
        monthly_limit: keys::whole(args, "--monthly-limit")?,
        monthly_budget: amount(args, "--budget")?,
    };
    match (args.operands.is_empty(), what.team) {
        (true, None) => return Err(Failure::Usage("name a key, or a team with --team".to_owned())),
        (false, Some(_)) => return Err(Failure::Usage("a key or --team, not both".to_owned())),
        (true, Some(_)) if what.monthly_limit.is_some() => {
            return Err(Failure::Usage("--monthly-limit is a key's; a team has a --budget".to_owned()));
        }
        (true, Some(_)) | (false, None) => {}
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
