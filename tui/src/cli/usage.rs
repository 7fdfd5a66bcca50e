//! The command about usage: one key's report, this month of every key, or the lines of the dashboard's chart.

use jiff::Timestamp;
use keyward_keys::input::{KeyQuery, KeyRef, KeySort, SeriesQuery, UsageQuery};
use keyward_keys::prices::Money;
use keyward_keys::view::{KeyView, MonthOutlook, UsageReport};
use keyward_keys::{Environment, Id};
use serde::Serialize;

use super::parse::Args;
use super::{Context, Failure, keys, print};
use crate::widgets::format;
use keyward_keys::table;

pub(super) async fn usage(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let whole = args.operands.is_empty() && !CHART.iter().any(|option| args.has(option));
    if args.has("--ndjson") && !whole {
        return Err(Failure::Usage("--ndjson is for the list of every key; here, take --json".to_owned()));
    }
    if CHART.iter().any(|option| args.has(option)) {
        return chart(context, args).await;
    }
    if args.operands.is_empty() {
        return month(context, args).await;
    }
    let report = context.service.usage(context.caller, &keys::named(args)?, &span(args).into()).await?;
    if args.json {
        return context.print(&print::json(&report)).await;
    }
    context.print(&describe(&report)).await
}

/// What only the chart takes.
const CHART: [&str; 8] =
    ["--key", "--team", "--instance", "--by", "--step", "--metric", "--compare", "--csv"];

const BREAKDOWNS: &str = "key, environment, team, model, endpoint, method, status or token";

fn span(args: &Args) -> UsageQuery {
    let text = |name: &str| args.get(name).map(str::to_owned);
    UsageQuery {
        timeframe: text("--timeframe"),
        start_date: text("--from"),
        end_date: text("--to"),
        timezone: text("--timezone"),
    }
}

async fn chart(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let environment = keys::environment(args)?;
    let named = args.operands.iter().map(String::as_str).chain(args.all("--key"));
    let steps = "minute, quarter-hour, hour, day, week, month or year";
    let query = SeriesQuery {
        span: span(args),
        step: keys::one_of(args, "--step", steps)?,
        by: keys::one_of(args, "--by", BREAKDOWNS)?,
        keys: named.map(|key| KeyRef::Named(key.to_owned(), environment)).collect(),
        environment,
        team: keys::of_team(context, args).await?,
        instance: args.has("--instance"),
        compare: args.has("--compare"),
    };
    let metric =
        keys::one_of(args, "--metric", "requests, errors, latency, tokens or cost")?.unwrap_or_default();
    if !table::tells(query.by, metric) {
        let known = "calls are counted by method, status and token, with their errors, and nothing else";
        return Err(Failure::Usage(format!("--metric {}: {known}", metric.word())));
    }
    let series = context.service.usage_series(context.caller, &query).await?;
    if args.json {
        return context.print(&print::json(&series)).await;
    }
    let table = table::of_series(&series, metric, |_| true);
    if args.has("--csv") {
        return context.print(&table.csv()).await;
    }
    // What people named stays as they wrote it.
    let is_name = |title: &str| table::Line::all(&series).any(|line| line.name() == title);
    let title = |title: &String| if is_name(title) { title.clone() } else { title.to_uppercase() };
    let titles = table.titles.iter().map(title).collect();
    let rows: Vec<_> = std::iter::once(titles).chain(table.rows).collect();
    context.print(&print::columns(&rows)).await
}

/// This month of one key, under the REST schema's names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Month {
    #[serde(rename = "_id")]
    id: Id,
    key_id: String,
    name: String,
    environment: Environment,
    current_month_usage: u64,
    monthly_limit: Option<u64>,
    usage_count: u64,
    last_used: Option<Timestamp>,
}

impl From<KeyView> for Month {
    fn from(key: KeyView) -> Self {
        Self {
            id: key.id,
            key_id: key.key_id,
            name: key.name,
            environment: key.environment,
            current_month_usage: key.current_month_usage,
            monthly_limit: key.monthly_limit,
            usage_count: key.usage_count,
            last_used: key.last_used,
        }
    }
}

async fn month(context: &Context<'_>, args: &Args) -> Result<(), Failure> {
    let mut query = KeyQuery { page: 1, limit: 100, sort: KeySort::Usage, ..KeyQuery::default() };
    let mut months: Vec<Month> = Vec::new();
    loop {
        let page = context.service.keys(context.caller, &query).await?;
        let last = page.keys.is_empty() || u64::from(query.page) >= page.pagination.pages;
        months.extend(page.keys.into_iter().map(Month::from));
        if last {
            break;
        }
        query.page += 1;
    }
    if context.list(args, "keys", &months).await? {
        return Ok(());
    }
    let header = ["NAME", "ENVIRONMENT", "THIS MONTH", "LIMIT", "ALL CALLS", "LAST USED (UTC)"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    rows.extend(months.into_iter().map(|month| {
        vec![
            month.name,
            print::word(&month.environment),
            month.current_month_usage.to_string(),
            month.monthly_limit.map_or("none".to_owned(), |limit| limit.to_string()),
            month.usage_count.to_string(),
            print::moment(month.last_used),
        ]
    }));
    context.print(&print::columns(&rows)).await
}

/// The month's calls against the limit, and where they lead.
fn calls_of(month: &MonthOutlook) -> String {
    let limit = month.monthly_limit.map_or(String::new(), |limit| format!(" of {limit}"));
    let ends = month
        .limit_reached_at
        .map_or(String::new(), |at| format!(", the limit on {}", at.strftime("%Y-%m-%d")));
    format!(
        "{} {}{limit}; {} at this pace{ends}",
        month.requests,
        format::unit(month.requests, "calls"),
        month.forecast_requests
    )
}

/// What the month cost against the budget, and where it leads; none without a price and a budget.
fn spent_of(month: &MonthOutlook, currency: &str) -> Option<String> {
    let cost = month.cost.or(month.monthly_budget.map(|_| Money::default()))?;
    let budget = month.monthly_budget.map_or(String::new(), |budget| format!(" of {budget}"));
    let leads = month.forecast_cost.map_or(String::new(), |cost| format!("; {cost} at this pace"));
    let ends = month
        .budget_reached_at
        .map_or(String::new(), |at| format!(", the budget on {}", at.strftime("%Y-%m-%d")));
    Some(format!("{cost}{budget} {currency}{leads}{ends}"))
}

fn describe(report: &UsageReport) -> String {
    let summary = &report.summary;
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut facts = vec![
        row("Key", report.key_id.clone()),
        row("Span", report.timeframe.clone()),
        row("Calls", summary.total_requests.to_string()),
        row("Failed", summary.failed_requests.to_string()),
        row("Success", format!("{:.1} %", summary.success_rate)),
        row("Response time", format!("{:.1} ms on average", summary.average_response_time)),
        row(
            "Percentiles",
            format!("p50 {:.1}, p95 {:.1}, p99 {:.1} ms", summary.p50, summary.p95, summary.p99),
        ),
    ];
    let by = |shares: Vec<String>| Some(shares.join(", ")).filter(|text| !text.is_empty());
    let statuses = report.statuses.iter().map(|one| format!("{} {}", one.status, one.requests));
    let counted = |name: &str, requests, errors| match errors {
        0 => format!("{name} {requests}"),
        _ => format!("{name} {requests} ({errors} failed)"),
    };
    let methods = report.methods.iter().map(|one| counted(&one.method, one.requests, one.errors));
    facts.extend(by(statuses.collect()).map(|text| row("Statuses", text)));
    facts.extend(by(methods.collect()).map(|text| row("Methods", text)));
    let tokens = report.service_tokens.iter().map(|one| counted(&one.name, one.requests, one.errors));
    facts.extend(by(tokens.collect()).map(|text| row("Service tokens", text)));
    if report.unique_clients > 0 {
        facts.push(row("Clients", report.unique_clients.to_string()));
    }
    let (sent, answered) = (summary.request_bytes, summary.response_bytes);
    if sent > 0 || answered > 0 {
        facts.push(row("Bytes", format!("{sent} sent, {answered} answered")));
    }
    if summary.tokens > 0 {
        facts.push(row("Tokens", summary.tokens.to_string()));
    }
    if let Some(cost) = summary.cost {
        facts.push(row("Cost", format!("{cost} {}", report.currency)));
    }
    facts.push(row("This month", calls_of(&report.month)));
    facts.extend(spent_of(&report.month, &report.currency).map(|spent| row("Spent", spent)));
    let mut text = print::columns(&facts);
    let mut rows = vec![["DAY", "CALLS", "FAILED", "AVERAGE (MS)"].map(str::to_owned).to_vec()];
    rows.extend(report.daily_breakdown.iter().map(|day| {
        vec![
            day.date.clone(),
            day.requests.to_string(),
            day.errors.to_string(),
            format!("{:.1}", day.avg_response_time),
        ]
    }));
    text.push('\n');
    text.push_str(&print::columns(&rows));
    if !report.models.is_empty() {
        let mut rows =
            vec![["MODEL", "CALLS", "INPUT", "CACHED", "OUTPUT", "COST"].map(str::to_owned).to_vec()];
        rows.extend(report.models.iter().map(|model| {
            let mut row = vec![model.model.clone()];
            row.extend(
                [model.requests, model.input_tokens, model.cached_tokens, model.output_tokens]
                    .map(|count| count.to_string()),
            );
            row.push(model.cost.map_or("unknown".to_owned(), |cost| format!("{cost} {}", report.currency)));
            row
        }));
        text.push('\n');
        text.push_str(&print::columns(&rows));
    }
    if !report.top_endpoints.is_empty() {
        let mut rows = vec![["ENDPOINT", "CALLS", "FAILED", "SHARE"].map(str::to_owned).to_vec()];
        rows.extend(report.top_endpoints.iter().map(|top| {
            let share = format!("{:.1} %", top.percentage);
            vec![top.endpoint.clone(), top.requests.to_string(), top.errors.to_string(), share]
        }));
        text.push('\n');
        text.push_str(&print::columns(&rows));
    }
    text
}
