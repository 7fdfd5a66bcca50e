//! `/api/fetch`, and `/api/keys/:id/value`: values for apps, which hold a service token. The tag of a value is its
//! version, so an app that asks again and again costs little and is sent nothing it has.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{self, HeaderMap};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use keyward_keys::input::{FetchMany, KeyRef};
use keyward_keys::view::{Fetched, MonthLimit, NotFetched};
use keyward_keys::{Caller, Environment, Error, Id};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::etag;
use crate::input::{KeyPath, Object, fetch_many};
use crate::problem::{Problem, Refusal};
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(routes!(value)).routes(routes!(by_name)).routes(routes!(many))
}

/// A key's value, for an app with a service token.
#[utoipa::path(get, path = "/api/keys/{id}/value", tag = "fetch", responses(
    (status = 200, description = "The value; `ETag` is its version", body = One),
    (status = 304, description = "It is the version that is known"),
))]
async fn value(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    one(&door, &caller, &key, &headers).await
}

/// The value of the key that has this name in an environment, for an app with a service token.
#[utoipa::path(get, path = "/api/fetch/{environment}/{name}", tag = "fetch", responses(
    (status = 200, description = "The value; `ETag` is its version", body = One),
    (status = 304, description = "It is the version that is known"),
    (status = 409, description = "Several keys have this name"),
))]
async fn by_name(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    path: Result<Path<(Environment, String)>, PathRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let Ok(Path((environment, name))) = path else {
        return Err(unreadable(&uri));
    };
    one(&door, &caller, &KeyRef::InEnvironment(environment, name), &headers).await
}

/// A path that names no environment names no key; one that is not UTF-8 is no path.
fn unreadable(uri: &Uri) -> Problem {
    let environment = uri.path().split('/').nth(3).unwrap_or_default();
    if ["development", "staging", "production"].contains(&environment) {
        return Problem::malformed("the path cannot be read");
    }
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is no such environment; they are development, staging and production",
    )
}

async fn one(
    door: &HttpDoor,
    caller: &Caller,
    key: &KeyRef,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let fetched = door.service.fetch(caller, key, etag::version_at_hand(headers)).await?;
    let tag = etag::of_version(fetched.version);
    match fetched.value.as_ref().filter(|_| !etag::not_modified(headers, &tag)) {
        None => Ok(etag::unchanged(tag)),
        Some(value) => {
            let one = One {
                name: &fetched.name,
                environment: fetched.environment,
                version: fetched.version,
                api_key: value.expose_secret(),
                previous: Before::of(&fetched),
                limit: fetched.limit,
            };
            Ok(([(header::ETAG, tag)], Json(one)).into_response())
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FetchedKey)]
struct One<'a> {
    name: &'a str,
    environment: Environment,
    version: u32,
    api_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Before<'a>>,
    limit: MonthLimit,
}

/// The version before, while both are to be had.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FetchedPrevious)]
struct Before<'a> {
    version: u32,
    api_key: &'a str,
}

impl<'a> Before<'a> {
    fn of(fetched: &'a Fetched) -> Option<Self> {
        let (version, value) = fetched.previous.as_ref()?;
        Some(Self { version: *version, api_key: value.expose_secret() })
    }
}

/// Many values at once, for an app with a service token.
#[utoipa::path(post, path = "/api/fetch", tag = "fetch", request_body = FetchMany, responses(
    (status = 200, description = "An answer for each key, in their order", body = Many),
))]
async fn many(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(body): Object,
) -> Result<Response, Problem> {
    let results = door.service.fetch_many(&caller, fetch_many(body)?).await?;
    let mut fetched = Vec::with_capacity(results.len());
    for result in results {
        fetched.push(match result {
            Ok(fetched) => Ok(fetched),
            Err(NotFetched { key, error }) => match error {
                // Whoever asks again may be lucky with all of them.
                Error::Internal(_) | Error::Busy | Error::Full => return Err(error.into()),
                error => Err((key, Problem::from(error))),
            },
        });
    }
    let keys = fetched.iter().map(|result| {
        result.as_ref().map_or_else(|(key, refused)| Item::refused(key.as_ref(), refused), Item::of)
    });
    Ok(Json(Many { keys: keys.collect() }).into_response())
}

#[derive(Serialize, ToSchema)]
#[schema(as = FetchedKeys)]
struct Many<'a> {
    keys: Vec<Item<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = FetchedItem)]
enum Item<'a> {
    Fetched(Of<'a>),
    Refused(Without<'a>),
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FetchedOfMany)]
struct Of<'a> {
    #[serde(rename = "_id")]
    id: Id,
    key_id: &'a str,
    name: &'a str,
    environment: Environment,
    version: u32,
    /// Left out when the app said that it has this version.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Before<'a>>,
    limit: MonthLimit,
}

/// A key that was not given out, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = NotFetched)]
struct Without<'a> {
    /// Left out, as the name, of a key that the app may not know of.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    error: Refusal<'a>,
}

impl<'a> Item<'a> {
    fn refused(key: Option<&'a (Id, String)>, refused: &'a Problem) -> Self {
        let (id, name) = (key.map(|(id, _)| *id), key.map(|(_, name)| name.as_str()));
        Self::Refused(Without { id, name, error: refused.as_item() })
    }

    fn of(fetched: &'a Fetched) -> Self {
        Self::Fetched(Of {
            id: fetched.id,
            key_id: &fetched.key_id,
            name: &fetched.name,
            environment: fetched.environment,
            version: fetched.version,
            api_key: fetched.value.as_ref().map(ExposeSecret::expose_secret),
            previous: Before::of(fetched),
            limit: fetched.limit,
        })
    }
}
