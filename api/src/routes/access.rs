//! `/api/keys/:id/access`: who may do what with a key, and why.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use keyward_keys::Id;
use keyward_keys::input::AccessQuery;
use keyward_keys::view::{AccessAnswer, KeyAccess};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::input::{KeyPath, Search};
use crate::problem::Problem;
use crate::signed::Signed;

const ACTIONS: &str = "see, reveal, change, rotate, move, delete, fetch, track";

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(routes!(access))
}

/// Everything, or one answer where an `action` was asked about.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Access {
    Key(KeyAccess),
    Answer(AccessAnswer),
}

/// Who may do what with a key, and why; with `action`, one question.
#[utoipa::path(get, path = "/api/keys/{id}/access", tag = "keys", params(AccessQuery), responses(
    (status = 200, description = "The answers", body = Access),
))]
async fn access(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let query = AccessQuery {
        action: search.choice("action", ACTIONS),
        user_id: search.parsed::<Id>("userId", "must be an id: 24 hexadecimal digits"),
    };
    if query.action.is_none() && query.user_id.is_some() {
        search.fault("action", "is missing: what may this person do?");
    }
    search.finish()?;
    let access = match query.action {
        Some(action) => Access::Answer(door.service.may(&caller, &key, action, query.user_id).await?),
        None => Access::Key(door.service.key_access(&caller, &key).await?),
    };
    Ok(Json(access).into_response())
}
