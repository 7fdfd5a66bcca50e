//! `/api/keys/:id/versions`: the versions of a key, without their values, and a new value set by hand.

use std::time::Duration;

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{self, HeaderMap};
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use jiff::{SignedDuration, Span};
use keyward_keys::input::NewVersion;
use keyward_keys::view::VersionView;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::keys::revision;
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
    let overlap = body.text("overlap").and_then(|text| {
        let overlap = duration(&text);
        if overlap.is_none() {
            body.fault("overlap", "must be a duration such as 1h or 7d; 0s is none");
        }
        overlap
    });
    let new = NewVersion { value, overlap };
    body.finish_with(new.faults())?;
    let revision = revision(&door, &caller, &key, &headers).await?;
    let version = door.service.add_version(&caller, &key, new, revision).await?;
    let location = [(header::LOCATION, uri.path().to_owned())];
    Ok((StatusCode::CREATED, location, Json(version)))
}

/// `1h`, `7d`, `1h 30m`, `PT1H`: a day has 24 hours.
fn duration(text: &str) -> Option<Duration> {
    let span: Span = text.parse().ok()?;
    let duration = SignedDuration::try_from(span)
        .ok()
        .or_else(|| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok())?;
    Duration::try_from(duration).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_are_read_as_people_write_them() {
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
        for (text, expected) in
            [("1h", hours(1)), ("7d", hours(168)), ("1d 2h", hours(26)), ("0s", hours(0)), ("2w", hours(336))]
        {
            assert_eq!(duration(text), expected, "{text}");
        }
        for text in ["", "1", "soon", "-1h", "1mo", "1y"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
