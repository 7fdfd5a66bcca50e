//! `/api/keys`: the keys a person may see, without their values; and the route that opens one.

use axum::Json;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use keyward_keys::input::{KeyPatch, KeyQuery, KeyRef, KeySort, NewKey, Reveal};
use keyward_keys::view::{KeyPage, KeyView};
use keyward_keys::{Caller, Custody, Error, Id};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use super::{PAGE_SIZE, rotation};
use crate::HttpDoor;
use crate::etag::{self, Match};
use crate::input::{ENVIRONMENTS, Fields, KeyPath, Object, OptionalObject, Search, TIME, VALUE_BODY_LIMIT};
use crate::link::linked;
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

const ID: &str = "must be an id: 24 hexadecimal digits";
const HYGIENE: &str = "neverRotated, noLimit, idle, overdue, rotateNow, sharedValue";
const SORTS: &str = "createdAt, name, service, environment, nextRotation, lastUsed, usage";

pub(super) fn routes(most: usize) -> OpenApiRouter<HttpDoor> {
    let with_value = DefaultBodyLimit::max(VALUE_BODY_LIMIT.min(most));
    OpenApiRouter::default()
        .routes(listed(routes!(list)))
        .routes(routes!(create).layer(with_value))
        .routes(routes!(show, update, remove))
        .routes(routes!(reveal))
}

/// The keys the caller may see, a page at a time.
#[utoipa::path(get, path = "/api/keys", tag = "keys", params(KeyQuery), responses(
    (status = 200, description = "A page", body = KeyPage),
    (status = 304, description = "It is as it was"),
))]
async fn list(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    RawQuery(raw): RawQuery,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let (sort, reverse) = sort(&mut search);
    let query = KeyQuery {
        page: search.number("page").unwrap_or(1),
        limit: search.number("limit").unwrap_or(PAGE_SIZE),
        search: search.text("search"),
        fuzzy: search.flag("fuzzy"),
        status: search.choice("status", "active, inactive, expired"),
        environment: search.choice("environment", ENVIRONMENTS),
        tag: search.text("tag"),
        team: search.parsed("team", ID),
        service: search.text("service"),
        frozen: search.flag("frozen"),
        unused: search.number("unused"),
        hygiene: search.choice("hygiene", HYGIENE),
        bin: search.flag("bin").unwrap_or_default(),
        sort,
        reverse,
        as_of: search.parsed("asOf", TIME),
    };
    search.finish_with(query.faults())?;
    let page = door.service.keys(&caller, &query).await?;
    let mut raw = raw.unwrap_or_default();
    if let (None, Some(as_of)) = (query.as_of, page.as_of) {
        raw.push_str(&format!("&asOf={as_of}"));
    }
    Ok(linked("/api/keys", Some(&raw), page.pagination, &page))
}

/// A field's name, rising; with `-` before it, falling. Orders with the larger value first are turned.
fn sort(search: &mut Fields) -> (KeySort, bool) {
    let text = search.text("sort").unwrap_or_else(|| "-createdAt".to_owned());
    let (falling, field) = text.strip_prefix('-').map_or((false, text.as_str()), |field| (true, field));
    match field {
        "createdAt" => (KeySort::Newest, !falling),
        "name" => (KeySort::Name, falling),
        "service" => (KeySort::Service, falling),
        "environment" => (KeySort::Environment, falling),
        "nextRotation" => (KeySort::NextRotation, falling),
        "lastUsed" => (KeySort::LastUsed, !falling),
        "usage" | "currentMonthUsage" => (KeySort::Usage, !falling),
        "newest" => (KeySort::Newest, falling),
        _ => {
            search
                .fault("sort", format!("must be one of {SORTS}, or one of them after `-` for falling order"));
            (KeySort::Newest, false)
        }
    }
}

/// Adds a key; its value is sealed and never part of this answer.
#[utoipa::path(post, path = "/api/keys", tag = "keys", request_body = NewKey, responses(
    (status = 201, description = "The key", body = KeyView),
    (status = 404, description = "There is no such team"),
))]
async fn create(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<Response, Problem> {
    let new = NewKey {
        name: body.required_text("name"),
        service: body.required_text("service"),
        value: body.required_secret("apiKey"),
        passphrase: body.secret("passphrase"),
        description: body.text("description").unwrap_or_default(),
        environment: body.choice("environment", ENVIRONMENTS),
        monthly_limit: body.number("monthlyLimit"),
        refuse_over_limit: body.flag("refuseOverLimit").unwrap_or_default(),
        monthly_budget: body.money("monthlyBudget"),
        refuse_over_budget: body.flag("refuseOverBudget").unwrap_or_default(),
        tags: body.texts("tags").unwrap_or_default(),
        custody: custody(&mut body),
        team: body.parsed("team", ID),
        expires_at: body.parsed("expiresAt", TIME),
        rotation_interval: body.number("rotationInterval"),
        rotation: rotation::settings(&mut body),
    };
    body.finish_with(new.faults())?;
    let key = door.service.create_key(&caller, new).await?;
    let location = HeaderValue::try_from(format!("/api/keys/{}", key.id)).ok();
    let mut response = (StatusCode::CREATED, with_tag(key)).into_response();
    response.headers_mut().extend(location.map(|location| (header::LOCATION, location)));
    Ok(response)
}

fn custody(body: &mut Fields) -> Option<Custody> {
    body.choice("custody", "private, sealed, automation")
}

/// One key, without its value.
#[utoipa::path(get, path = "/api/keys/{id}", tag = "keys", responses(
    (status = 200, description = "The key", body = KeyView),
    (status = 304, description = "It is as it was"),
))]
async fn show(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = door.service.key(&caller, &key).await?;
    let tag = etag::of_key(&key);
    if etag::not_modified(&headers, &tag) {
        return Ok(etag::unchanged(tag));
    }
    Ok(with_tag(key).into_response())
}

/// Changes the fields that are named.
///
/// With PUT, the fields that Keyward sets (`_id`, `keyId`, counters and times) may be sent back and are ignored.
#[utoipa::path(method(put, patch), path = "/api/keys/{id}", tag = "keys", request_body = KeyPatch, responses(
    (status = 200, description = "The key as it is now", body = KeyView),
    (status = 412, description = "Somebody changed it since"),
))]
async fn update(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    method: Method,
    headers: HeaderMap,
    Object(mut body): Object,
) -> Result<impl IntoResponse, Problem> {
    if method == Method::PUT {
        skip_what_keyward_sets(&mut body);
    }
    let patch = KeyPatch {
        name: body.text("name"),
        service: body.text("service"),
        description: body.clearable("description", Fields::text).map(Option::unwrap_or_default),
        environment: body.choice("environment", ENVIRONMENTS),
        status: body.choice("status", "active, inactive"),
        tags: body.clearable("tags", Fields::texts).map(Option::unwrap_or_default),
        monthly_limit: body.clearable("monthlyLimit", Fields::number),
        refuse_over_limit: body.flag("refuseOverLimit"),
        monthly_budget: body.clearable("monthlyBudget", Fields::money),
        refuse_over_budget: body.flag("refuseOverBudget"),
        frozen: body.flag("frozen"),
        networks: super::tokens::networks(&mut body),
        decoy: body.flag("decoy"),
        expires_at: body.clearable("expiresAt", |body, field| body.parsed::<Timestamp>(field, TIME)),
        rotation_interval: body.number("rotationInterval"),
        rotation: rotation::settings_of(&mut body),
        custody: custody(&mut body),
        passphrase: body.secret("passphrase"),
        team: body.clearable("team", |body, field| body.parsed::<Id>(field, ID)),
    };
    body.finish_with(patch.faults())?;
    let revision = revision(&door, &caller, &key, &headers).await?;
    let key = door.service.update_key(&caller, &key, patch, revision).await?;
    Ok(with_tag(key))
}

/// Whoever puts back what they got sends these along; they are Keyward's to set.
fn skip_what_keyward_sets(body: &mut Fields) {
    for field in [
        "_id",
        "keyId",
        "lastUsed",
        "usageCount",
        "currentMonthUsage",
        "nextRotation",
        "rotateNow",
        "version",
        "deletedAt",
        "createdAt",
        "updatedAt",
    ] {
        body.skip(field);
    }
}

/// Moves a key to the bin, where it stays for 30 days.
#[utoipa::path(delete, path = "/api/keys/{id}", tag = "keys", responses(
    (status = 200, description = "It is in the bin", body = Removed),
    (status = 412, description = "Somebody changed it since"),
))]
async fn remove(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    headers: HeaderMap,
) -> Result<Json<Removed>, Problem> {
    let revision = revision(&door, &caller, &key, &headers).await?;
    let KeyView { id, .. } = door.service.delete_key(&caller, &key, revision).await?;
    Ok(Json(Removed { message: "API key deleted successfully; it stays in the bin for 30 days", id }))
}

#[derive(Serialize, ToSchema)]
struct Removed {
    message: &'static str,
    #[serde(rename = "_id")]
    id: Id,
}

/// The revision that `If-Match` asks for. When it names several, the one the key has is asked for, so that a change
/// between here and the commit is still noticed.
pub(super) async fn revision(
    door: &HttpDoor,
    caller: &Caller,
    key: &KeyRef,
    headers: &HeaderMap,
) -> Result<Option<u64>, Problem> {
    match etag::if_match(headers)? {
        Match::Any => Ok(None),
        Match::Revisions(revisions) => match revisions.as_slice() {
            [revision] => Ok(Some(*revision)),
            several => {
                let now = door.service.key(caller, key).await?.revision;
                if several.contains(&now) { Ok(Some(now)) } else { Err(Error::Stale.into()) }
            }
        },
    }
}

fn with_tag(key: KeyView) -> impl IntoResponse {
    ([(header::ETAG, etag::of_key(&key))], Json(key))
}

/// A key's value, for a person.
#[utoipa::path(post, path = "/api/keys/{id}/reveal", tag = "keys", request_body = Option<Reveal>, responses(
    (status = 200, description = "The value", body = Shown),
))]
async fn reveal(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    OptionalObject(mut body): OptionalObject,
) -> Result<Response, Problem> {
    let how = Reveal {
        passphrase: body.secret("passphrase"),
        version: body.number("version"),
        reason: body.text("reason"),
    };
    body.finish()?;
    let revealed = door.service.reveal(&caller, &key, how).await?;
    let shown = Shown { api_key: revealed.value.expose_secret(), version: revealed.version };
    Ok(Json(shown).into_response())
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    api_key: &'a str,
    version: u32,
}
