//! `/api/keys/:id/rotate`, `rollback` and `rotation`, and `/api/rotations`: keys are given new values, and what comes of it
//! is seen. The daemon takes the steps; a request only begins.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use keyward_keys::input::{RollBack, Rotate, RotationPatch, RotationQuery, duration};
use keyward_keys::view::{RotationRehearsal, RotationView, RotationsView};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PAGE_SIZE;
use crate::HttpDoor;
use crate::input::{Fields, KeyPath, KeyVersionPath, OptionalObject, Search};
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

const METHODS: &str = "remind, generate, recipe, webhook, command";

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(routes!(rotate))
        .routes(routes!(roll_back))
        .routes(routes!(retire))
        .routes(routes!(secret, replace_secret))
        .routes(listed(routes!(show)))
        .routes(listed(routes!(all)))
}

/// Begins a rotation; the steps follow, and are seen in the key's `rotation`.
///
/// One that has stopped goes on. With `dryRun` nothing is changed, and the answer says what would break.
#[utoipa::path(post, path = "/api/keys/{id}/rotate", tag = "rotation", request_body = Option<Rotate>,
    params(("dryRun" = Option<bool>, Query, description = "Say what would break, and change nothing")),
    responses(
        (status = 200, description = "What would break, for a dry run", body = RotationRehearsal),
        (status = 202, description = "It has begun", body = RotationView),
    ))]
async fn rotate(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    Search(mut search): Search,
    OptionalObject(mut body): OptionalObject,
) -> Result<Response, Problem> {
    let rotate = Rotate {
        overlap: span(&mut body, "overlap"),
        emergency: body.flag("emergency").unwrap_or_default(),
        confirm: body.text("confirm"),
    };
    let dry_run = search.flag("dryRun");
    let dry_run = body.flag("dryRun").or(dry_run).unwrap_or_default();
    search.finish()?;
    if dry_run {
        body.finish()?;
        return Ok(Json(door.service.rehearse_rotation(&caller, &key, rotate).await?).into_response());
    }
    body.finish_with(rotate.faults())?;
    let view = door.service.rotate(&caller, &key, rotate).await?;
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

/// Goes back to the version before, or gives up the rotation that is under way. Nobody needs to read a value for that.
#[utoipa::path(post, path = "/api/keys/{id}/rollback", tag = "rotation", request_body = Option<RollBack>, responses(
    (status = 200, description = "Where it stands now", body = RotationView),
))]
async fn roll_back(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    OptionalObject(mut body): OptionalObject,
) -> Result<Json<RotationView>, Problem> {
    let back = RollBack { version: body.number("version") };
    body.finish()?;
    Ok(Json(door.service.roll_back(&caller, &key, back).await?))
}

/// Ends the time in which an old version is given out; of one that a person had to revoke, notes that they have.
#[utoipa::path(post, path = "/api/keys/{id}/versions/{version}/retire", tag = "rotation", responses(
    (status = 200, description = "Where it stands now", body = RotationView),
))]
async fn retire(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyVersionPath(key, version): KeyVersionPath,
) -> Result<Json<RotationView>, Problem> {
    Ok(Json(door.service.retire_version(&caller, &key, version).await?))
}

/// Where the rotation of a key stands: its settings, the steps of what is under way, what is still used, the past.
#[utoipa::path(get, path = "/api/keys/{id}/rotation", tag = "rotation", responses(
    (status = 200, description = "Where it stands", body = RotationView),
    (status = 304, description = "It is as it was"),
))]
async fn show(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
) -> Result<Json<RotationView>, Problem> {
    Ok(Json(door.service.rotation(&caller, &key).await?))
}

/// What the steps that go to a key's webhook are signed with (Standard Webhooks, `v1`). Showing it is recorded.
#[utoipa::path(get, path = "/api/keys/{id}/rotation/secret", tag = "rotation", responses(
    (status = 200, description = "The secret", body = WebhookSecret),
))]
async fn secret(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
) -> Result<Response, Problem> {
    let secret = door.service.rotation_secret(&caller, &key).await?;
    Ok(Json(WebhookSecret { secret: secret.expose_secret() }).into_response())
}

/// Makes another secret for a key's webhook; for a day steps are signed with the one before, too.
#[utoipa::path(post, path = "/api/keys/{id}/rotation/secret", tag = "rotation", responses(
    (status = 200, description = "The new secret", body = WebhookSecret),
))]
async fn replace_secret(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
) -> Result<Response, Problem> {
    let secret = door.service.replace_rotation_secret(&caller, &key).await?;
    Ok(Json(WebhookSecret { secret: secret.expose_secret() }).into_response())
}

#[derive(Serialize, ToSchema)]
pub(super) struct WebhookSecret<'a> {
    /// `whsec_` and base64 of 32 bytes.
    pub(super) secret: &'a str,
}

/// The rotations of all keys that the caller may see: what is under way or wants a person, what comes, what was.
#[utoipa::path(get, path = "/api/rotations", tag = "rotation", params(RotationQuery), responses(
    (status = 200, description = "The lists", body = RotationsView),
    (status = 304, description = "They are as they were"),
))]
async fn all(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Search(mut search): Search,
) -> Result<Json<RotationsView>, Problem> {
    let query = RotationQuery { limit: search.number("limit").unwrap_or(PAGE_SIZE) };
    search.finish_with(query.faults())?;
    Ok(Json(door.service.rotations(&caller, &query).await?))
}

/// How a key is rotated, within the body of the key.
pub(super) fn settings(body: &mut Fields) -> Option<RotationPatch> {
    settings_of(body).flatten()
}

/// The same, where `null` forgets all of it.
pub(super) fn settings_of(body: &mut Fields) -> Option<Option<RotationPatch>> {
    body.clearable("rotation", |body, field| {
        body.object(field, |fields| {
            // Whoever puts back what they got sends it along.
            fields.skip("upcoming");
            RotationPatch {
                method: fields.choice("method", METHODS),
                template: emptied(fields, "template"),
                url: emptied(fields, "url"),
                recipe: fields.text("recipe"),
                parameters: fields.object("parameters", |fields| fields.all_texts()),
                credential: fields.text("credential"),
                command: fields.text("command"),
                overlap: span(fields, "overlap"),
                cron: fields.clearable("cron", Fields::text),
                timezone: fields.clearable("timezone", Fields::text),
                quiet_hours: fields.clearable("quietHours", Fields::text),
                evidence: fields.flag("evidence"),
                idle_time: span(fields, "idleTime"),
                longest_extension: span(fields, "longestExtension"),
            }
        })
    })
}

/// A text that `null` empties.
fn emptied(body: &mut Fields, field: &'static str) -> Option<String> {
    body.clearable(field, Fields::text).map(Option::unwrap_or_default)
}

/// A duration, when it is given.
pub(super) fn span(body: &mut Fields, field: &'static str) -> Option<Duration> {
    let text = body.text(field)?;
    let span = duration(&text);
    if span.is_none() {
        body.fault(field, "must be a duration such as 1h or 7d; 0s is none");
    }
    span
}
