//! `/api/usage`: reports of calls, and what became of them. The hot path of the whole daemon is [`track`].

mod bulk;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use keyward_keys::input::{KeyRef, SeriesQuery, TrackEvent, UsageQuery};
use keyward_keys::view::{Tracked, UsageOverview, UsageReport, UsageSeries};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::deferred::Deferred;
use crate::input::{self, ENVIRONMENTS, Fields, KeyPath, Search};
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(listed(routes!(report)))
        .routes(listed(routes!(overview)))
        .routes(listed(routes!(series)))
        .routes(routes!(track))
        .routes(routes!(bulk::track_many))
}

/// A key's usage over a span of days.
#[utoipa::path(get, path = "/api/usage/{id}", tag = "usage", params(UsageQuery), responses(
    (status = 200, description = "The report", body = UsageReport),
    (status = 304, description = "It is as it was"),
))]
async fn report(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    Search(search): Search,
) -> Result<Json<UsageReport>, Problem> {
    Ok(Json(door.service.usage(&caller, &key, &query(search)?).await?))
}

/// The usage of all keys that the caller may see, together, over a span of days.
#[utoipa::path(get, path = "/api/usage", tag = "usage", params(UsageQuery), responses(
    (status = 200, description = "The report", body = UsageOverview),
    (status = 304, description = "It is as it was"),
))]
async fn overview(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Search(search): Search,
) -> Result<Json<UsageOverview>, Problem> {
    Ok(Json(door.service.usage_overview(&caller, &query(search)?).await?))
}

/// Usage as lines of a chart: cut into steps, told apart by key, environment, team or endpoint, beside the period before.
#[utoipa::path(get, path = "/api/usage/series", tag = "usage", params(UsageQuery, SeriesQuery), responses(
    (status = 200, description = "The lines", body = UsageSeries),
    (status = 304, description = "They are as they were"),
    (status = 404, description = "There is no such key or team"),
))]
async fn series(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Search(mut search): Search,
) -> Result<Json<UsageSeries>, Problem> {
    let keys = search.text("keys").unwrap_or_default();
    let keys = keys.split(',').map(str::trim).filter(|key| !key.is_empty());
    let query = SeriesQuery {
        span: span(&mut search),
        step: search.choice("step", STEPS),
        by: search.choice("by", "key, environment, team, endpoint"),
        keys: keys.map(|key| KeyRef::Id(key.to_owned())).collect(),
        environment: search.choice("environment", ENVIRONMENTS),
        team: search.parsed("team", ID),
        compare: search.flag("compare").unwrap_or_default(),
    };
    search.finish()?;
    Ok(Json(door.service.usage_series(&caller, &query).await?))
}

const ID: &str = "must be an id: 24 hexadecimal digits";
const STEPS: &str = "minute, quarter-hour, hour, day, week, month, year";

fn query(mut search: Fields) -> Result<UsageQuery, Problem> {
    let query = span(&mut search);
    search.finish()?;
    Ok(query)
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
    Ok(Deferred::new(async move { Ok((StatusCode::CREATED, Json(tracked.await?))) }))
}
