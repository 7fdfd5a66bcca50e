//! Ids in paths. An id of the wrong form names nothing, so it is answered like one that does not exist.

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use keyward_keys::Id;
use keyward_keys::input::KeyRef;

use crate::HttpDoor;
use crate::problem::Problem;

/// Longer than any `_id` or `keyId`.
pub(crate) const LONGEST_ID: usize = 64;

/// A key, by `_id` or `keyId`.
pub(crate) struct KeyPath(pub(crate) KeyRef);

impl FromRequestParts<HttpDoor> for KeyPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &HttpDoor) -> Result<Self, Problem> {
        text(parts, door).await.map(|id| Self(KeyRef::Id(id)))
    }
}

/// A record's id.
pub(crate) struct IdPath(pub(crate) Id);

impl FromRequestParts<HttpDoor> for IdPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &HttpDoor) -> Result<Self, Problem> {
        text(parts, door).await?.parse().map(Self).map_err(|_| nothing())
    }
}

/// A record's id, and that of one of its parts.
pub(crate) struct PartPath(pub(crate) Id, pub(crate) Id);

impl FromRequestParts<HttpDoor> for PartPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &HttpDoor) -> Result<Self, Problem> {
        match Path::<(String, String)>::from_request_parts(parts, door).await {
            Ok(Path((id, part))) => match (id.parse(), part.parse()) {
                (Ok(id), Ok(part)) => Ok(Self(id, part)),
                _ => Err(nothing()),
            },
            Err(_) => Err(Problem::malformed("the path cannot be read")),
        }
    }
}

/// A key, and the number of one of its versions.
pub(crate) struct KeyVersionPath(pub(crate) KeyRef, pub(crate) u32);

impl FromRequestParts<HttpDoor> for KeyVersionPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &HttpDoor) -> Result<Self, Problem> {
        match Path::<(String, String)>::from_request_parts(parts, door).await {
            Ok(Path((id, version))) if id.len() <= LONGEST_ID => {
                version.parse().map(|version| Self(KeyRef::Id(id), version)).map_err(|_| nothing())
            }
            Ok(_) => Err(nothing()),
            Err(_) => Err(Problem::malformed("the path cannot be read")),
        }
    }
}

async fn text(parts: &mut Parts, door: &HttpDoor) -> Result<String, Problem> {
    match Path::<String>::from_request_parts(parts, door).await {
        Ok(Path(id)) if id.len() <= LONGEST_ID => Ok(id),
        Ok(_) => Err(nothing()),
        Err(_) => Err(Problem::malformed("the path cannot be read")),
    }
}

fn nothing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such id")
}
