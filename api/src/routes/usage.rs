//! `/api/usage`: reports of calls, and what became of them. The hot path of the whole daemon is [`track`].

mod bulk;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use keyward_keys::input::{TrackEvent, UsageQuery};
use keyward_keys::view::{Tracked, UsageOverview, UsageReport};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::deferred::Deferred;
use crate::input::{self, Fields, KeyPath, Search};
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(listed(routes!(report)))
        .routes(listed(routes!(overview)))
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

fn query(mut search: Fields) -> Result<UsageQuery, Problem> {
    let query = UsageQuery {
        timeframe: search.text("timeframe"),
        start_date: search.text("startDate"),
        end_date: search.text("endDate"),
        timezone: search.text("timezone"),
    };
    search.finish()?;
    Ok(query)
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
