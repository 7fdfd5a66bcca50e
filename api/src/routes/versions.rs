//! `/api/keys/:id/versions`: the versions of a key, without their values, and a new value set by hand.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{self, HeaderMap};
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use keyward_keys::input::NewVersion;
use keyward_keys::view::VersionView;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::keys::revision;
use super::rotation::span;
use crate::HttpDoor;
use crate::input::{KeyPath, Object, VALUE_BODY_LIMIT};
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes(most: usize) -> OpenApiRouter<HttpDoor> {
    let with_value = DefaultBodyLimit::max(VALUE_BODY_LIMIT.min(most));
    OpenApiRouter::default().routes(listed(routes!(list))).routes(routes!(create).layer(with_value))
}

#[derive(Serialize, ToSchema)]
struct Versions {
    versions: Vec<VersionView>,
}

/// The versions of a key, newest first.
#[utoipa::path(get, path = "/api/keys/{id}/versions", tag = "keys", responses(
    (status = 200, description = "The newest thousand", body = Versions),
    (status = 304, description = "It is as it was"),
))]
async fn list(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
) -> Result<Json<Versions>, Problem> {
    Ok(Json(Versions { versions: door.service.versions(&caller, &key).await? }))
}

/// Sets a new value by hand: it is the current version at once.
///
/// The version before it is fetched along with it, as `previous`, until the overlap ends.
#[utoipa::path(post, path = "/api/keys/{id}/versions", tag = "keys", request_body = NewVersion, responses(
    (status = 201, description = "The version", body = VersionView),
    (status = 412, description = "Somebody changed the key since"),
))]
async fn create(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    uri: Uri,
    headers: HeaderMap,
    Object(mut body): Object,
) -> Result<impl IntoResponse, Problem> {
    let value = body.required_secret("apiKey");
    let overlap = span(&mut body, "overlap");
    let new = NewVersion { value, overlap };
    body.finish_with(new.faults())?;
    let revision = revision(&door, &caller, &key, &headers).await?;
    let version = door.service.add_version(&caller, &key, new, revision).await?;
    let location = [(header::LOCATION, uri.path().to_owned())];
    Ok((StatusCode::CREATED, location, Json(version)))
}
