//! `/api/keys/:id/restore` and `/api/keys/hygiene`: the way back out of the bin, and what of the keys stands out.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use keyward_keys::view::{KeyHygiene, KeyView};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::etag;
use crate::input::KeyPath;
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(listed(routes!(hygiene))).routes(routes!(restore))
}

/// How many of the keys that the caller may see stand out, each under the word that lists them (`?hygiene=`).
#[utoipa::path(get, path = "/api/keys/hygiene", tag = "keys", responses(
    (status = 200, description = "The counts", body = KeyHygiene),
    (status = 304, description = "They are as they were"),
))]
async fn hygiene(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<KeyHygiene>, Problem> {
    Ok(Json(door.service.key_hygiene(&caller).await?))
}

/// Takes a key back out of the bin; one that is not in it stays as it is.
#[utoipa::path(post, path = "/api/keys/{id}/restore", tag = "keys", responses(
    (status = 200, description = "The key, as it was", body = KeyView),
))]
async fn restore(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
) -> Result<impl IntoResponse, Problem> {
    let key = door.service.restore_key(&caller, &key).await?;
    Ok(([(header::ETAG, etag::of_key(&key))], Json(key)))
}
