//! Request bodies: the media type is checked, the size is bounded, and only then is a byte looked at.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;

use super::fields::Fields;
use crate::HttpDoor;
use crate::problem::Problem;

/// Bytes of an ordinary body.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;
/// Bytes of a body that carries a key's value: 64 KiB of it, each byte perhaps escaped as six.
pub(crate) const VALUE_BODY_LIMIT: usize = 6 * 64 * 1024 + BODY_LIMIT;

/// A body of JSON, unread.
pub(crate) struct Json(pub(crate) Bytes);

impl FromRequest<HttpDoor> for Json {
    type Rejection = Problem;

    async fn from_request(request: Request, door: &HttpDoor) -> Result<Self, Problem> {
        if media_type(request.headers()).is_some_and(is_json) {
            read(request, door).await.map(Self)
        } else {
            Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
        }
    }
}

/// A body that is a JSON object.
pub(crate) struct Object(pub(crate) Fields);

impl FromRequest<HttpDoor> for Object {
    type Rejection = Problem;

    async fn from_request(request: Request, door: &HttpDoor) -> Result<Self, Problem> {
        let Json(body) = Json::from_request(request, door).await?;
        Fields::parse(&body).map(Self)
    }
}

/// A body that is a JSON object, or no body at all.
pub(crate) struct OptionalObject(pub(crate) Fields);

impl FromRequest<HttpDoor> for OptionalObject {
    type Rejection = Problem;

    async fn from_request(request: Request, door: &HttpDoor) -> Result<Self, Problem> {
        let json = media_type(request.headers()).is_some_and(is_json);
        let body = read(request, door).await?;
        match (body.is_empty(), json) {
            (true, _) => Ok(Self(Fields::none())),
            (false, true) => Fields::parse(&body).map(Self),
            (false, false) => Err(Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
        }
    }
}

/// The whole body, within the route's limit.
pub(super) async fn read(request: Request, door: &HttpDoor) -> Result<Bytes, Problem> {
    Bytes::from_request(request, door)
        .await
        .map_err(|refused| Problem::of_status(refused.into_response().status()))
}

/// The media type without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}

pub(super) fn is_json(media_type: &str) -> bool {
    media_type.eq_ignore_ascii_case("application/json")
        || media_type
            .strip_prefix("application/")
            .is_some_and(|subtype| subtype.to_ascii_lowercase().ends_with("+json"))
}
