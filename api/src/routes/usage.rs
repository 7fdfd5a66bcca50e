//! `/api/usage`: reports of calls, and what became of them. The hot path of the whole daemon is [`track`].

mod bulk;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use keyward_keys::input::{
    CostQuery, KeyRef, OverviewQuery, ReportQuery, SeriesQuery, TrackEvent, UsageQuery, WhatIf,
};
use keyward_keys::table::{self, Metric, Table};
use keyward_keys::view::{CostReport, Tracked, UsageOverview, UsageReport, UsageSeries, WhatIfView};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::deferred::Deferred;
use crate::input::{self, ENVIRONMENTS, Fields, KeyPath, Object, Search};
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(listed(routes!(report)))
        .routes(listed(routes!(overview)))
        .routes(listed(routes!(series)))
        .routes(listed(routes!(costs)))
        .routes(routes!(what_if))
        .routes(routes!(track))
        .routes(routes!(bulk::track_many))
}

/// A key's usage over a span of days.
#[utoipa::path(get, path = "/api/usage/{id}", tag = "usage", params(UsageQuery, ReportQuery,
    ("format" = Option<String>, Query, description = "`csv` for a row a day; `json` when nothing is said")), responses(
    (status = 200, description = "The report",
        content((UsageReport = "application/json"), (String = "text/csv"))),
    (status = 304, description = "It is as it was"),
))]
async fn report(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let format = format(&mut search);
    let query = report_query(&mut search);
    search.finish()?;
    let report = door.service.usage(&caller, &key, &query).await?;
    Ok(written(&report, format))
}

/// The usage of all keys that the caller may see, together, over a span of days.
///
/// Operators get that of the whole instance with `instance`: sums without names, so no endpoints, keys, models or service tokens.
#[utoipa::path(get, path = "/api/usage", tag = "usage", params(UsageQuery, ReportQuery, OverviewQuery,
    ("format" = Option<String>, Query, description = "`csv` for a row a day; `json` when nothing is said")), responses(
    (status = 200, description = "The report",
        content((UsageOverview = "application/json"), (String = "text/csv"))),
    (status = 304, description = "It is as it was"),
    (status = 404, description = "There is no such team"),
))]
async fn overview(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let format = format(&mut search);
    let query = OverviewQuery {
        report: report_query(&mut search),
        environment: search.choice("environment", ENVIRONMENTS),
        team: search.parsed("team", ID),
        instance: search.flag("instance").unwrap_or_default(),
    };
    search.finish()?;
    let overview = door.service.usage_overview(&caller, &query).await?;
    Ok(written(&overview, format))
}

/// What the calls of a span cost at their providers, told apart by key, team, tag, service, month or model.
///
/// Costs are worked out by the price book (`keyward prices show`) whenever they are asked for; what calls tell of their
/// own cost in their metadata counts as it is. Without a known price there is no cost.
#[utoipa::path(get, path = "/api/usage/costs", tag = "usage", params(UsageQuery, CostQuery,
    ("format" = Option<String>, Query, description = "`csv` for a row a line; `json` when nothing is said")), responses(
    (status = 200, description = "The costs",
        content((CostReport = "application/json"), (String = "text/csv"))),
    (status = 304, description = "They are as they were"),
    (status = 404, description = "There is no such key"),
))]
async fn costs(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let format = format(&mut search);
    let by = search.choice("by", "key, team, tag, service, month, model");
    let key = search.text("key").map(KeyRef::Id);
    let span = query(search)?;
    let report = door.service.costs(&caller, &CostQuery { span, by, key }).await?;
    Ok(written(&report, format))
}

/// Tries a limit or a budget of a key, or a budget of a team or a tag, on the past month and on this one so far, before it is set.
#[utoipa::path(post, path = "/api/usage/what-if", tag = "usage", request_body = WhatIf, responses(
    (status = 200, description = "When it would have been reached", body = WhatIfView),
    (status = 404, description = "There is no such key or team"),
))]
async fn what_if(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<Json<WhatIfView>, Problem> {
    let what = WhatIf {
        api_key_id: body.text("apiKeyId"),
        team: body.parsed("team", ID),
        tag: body.text("tag"),
        monthly_limit: body.number("monthlyLimit"),
        monthly_budget: body.money("monthlyBudget"),
    };
    body.finish_with(what.faults())?;
    Ok(Json(door.service.what_if(&caller, &what).await?))
}

/// How a report is written.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
}

fn format(search: &mut Fields) -> Format {
    search.choice("format", "json, csv").unwrap_or_default()
}

fn written<T: Serialize>(report: &T, format: Format) -> Response
where
    for<'a> Table: From<&'a T>,
{
    match format {
        Format::Json => Json(report).into_response(),
        Format::Csv => csv(&Table::from(report)),
    }
}

fn csv(table: &Table) -> Response {
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], table.csv()).into_response()
}

/// Usage as lines of a chart: cut into steps, told apart by whose calls they are or by what kind, beside the period before.
#[utoipa::path(get, path = "/api/usage/series", tag = "usage", params(UsageQuery, SeriesQuery,
    ("format" = Option<String>, Query, description = "`csv` for a row a moment; `json` when nothing is said"),
    ("metric" = Option<String>, Query,
        description = "What `csv` tells: requests, errors, latency, tokens or cost; `requests` when nothing is said. Of methods, statuses and service tokens requests and errors alone are counted")), responses(
    (status = 200, description = "The lines",
        content((UsageSeries = "application/json"), (String = "text/csv"))),
    (status = 304, description = "They are as they were"),
    (status = 404, description = "There is no such key or team"),
))]
async fn series(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let (format, metric) =
        (format(&mut search), search.choice::<Metric>("metric", METRICS).unwrap_or_default());
    let keys = search.text("keys").unwrap_or_default();
    let keys = keys.split(',').map(str::trim).filter(|key| !key.is_empty());
    let query = SeriesQuery {
        span: span(&mut search),
        step: search.choice("step", STEPS),
        by: search.choice("by", BREAKDOWNS),
        keys: keys.map(|key| KeyRef::Id(key.to_owned())).collect(),
        environment: search.choice("environment", ENVIRONMENTS),
        team: search.parsed("team", ID),
        instance: search.flag("instance").unwrap_or_default(),
        compare: search.flag("compare").unwrap_or_default(),
    };
    if !table::tells(query.by, metric) {
        search.fault("metric", "is not known of what calls are told apart by: requests and errors alone are");
    }
    search.finish()?;
    let series = door.service.usage_series(&caller, &query).await?;
    Ok(match format {
        Format::Json => Json(series).into_response(),
        Format::Csv => csv(&table::of_series(&series, metric, |_| true)),
    })
}

const ID: &str = "must be an id: 24 hexadecimal digits";
const BREAKDOWNS: &str = "key, environment, team, model, endpoint, method, status, token";
const METRICS: &str = "requests, errors, latency, tokens, cost";
const STEPS: &str = "minute, quarter-hour, hour, day, week, month, year";

fn query(mut search: Fields) -> Result<UsageQuery, Problem> {
    let query = span(&mut search);
    search.finish()?;
    Ok(query)
}

fn report_query(search: &mut Fields) -> ReportQuery {
    let compare = search.flag("compare").unwrap_or_default();
    ReportQuery { span: span(search), step: search.choice("step", STEPS), compare }
}

fn span(search: &mut Fields) -> UsageQuery {
    UsageQuery {
        timeframe: search.text("timeframe"),
        start_date: search.text("startDate"),
        end_date: search.text("endDate"),
        timezone: search.text("timezone"),
    }
}

/// Reports one call that was made with a key.
#[utoipa::path(post, path = "/api/usage/{id}/track", tag = "usage", request_body = TrackEvent, responses(
    (status = 201, description = "It is counted, durably", body = Tracked),
))]
async fn track(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    input::Json(body): input::Json,
) -> Result<Deferred, Problem> {
    let tracked = door.service.begin_track(&caller, &key, input::single(&body)?).await?;
    Ok(Deferred::new(tracked.map(|tracked| Ok((StatusCode::CREATED, Json(tracked?))))))
}
