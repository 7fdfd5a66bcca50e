//! `/api/usage`: reports of calls, and what became of them. The hot path of the whole daemon is [`track`].

mod bulk;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use keyward_keys::input::{TrackEvent, UsageQuery};
use keyward_keys::view::{Tracked, UsageReport};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::input::{self, KeyPath, Search};
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(listed(routes!(report)))
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
    Search(mut search): Search,
) -> Result<Json<UsageReport>, Problem> {
    let query = UsageQuery {
        timeframe: search.text("timeframe"),
        start_date: search.text("startDate"),
        end_date: search.text("endDate"),
        timezone: search.text("timezone"),
    };
    search.finish()?;
    Ok(Json(door.service.usage(&caller, &key, &query).await?))
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
) -> Result<(StatusCode, Json<Tracked>), Problem> {
    let tracked = door.service.track(&caller, &key, input::single(&body)?).await?;
    Ok((StatusCode::CREATED, Json(tracked)))
}
