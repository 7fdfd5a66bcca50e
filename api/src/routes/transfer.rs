//! `/api/keys/import` and `/api/keys/export`: keys with their values, in and out.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName};
use keyward_keys::input::{Export, ExportFormat};
use keyward_keys::view::ImportReport;
use secrecy::ExposeSecret;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::input::{self, ExportBody, ImportBody, Object, Search};
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes(most: usize) -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(routes!(import).layer(DefaultBodyLimit::max(most)))
        .routes(routes!(export, export_with_secrets))
}

/// Brings keys in: all that are new are made in one commit, or none.
///
/// `{format: "env", content}` takes a `.env` text, in which nothing is expanded. `{format: "json", keys}` takes keys as
/// `POST /api/keys` does. `{format: "seed", keys: [{name, service, environment?, blob, passphrase}]}` takes
/// `salt:iv:ciphertext`, and `systemKey` in place of `passphrase` takes `iv:ciphertext`. `environment`, `service`,
/// `team`, `custody`, `passphrase` and `systemKey` beside them are for keys that have none of their own. A key that is
/// there with another value refuses the whole with 409; with `onConflict: "skip"` it stays as it is.
#[utoipa::path(post, path = "/api/keys/import", tag = "keys", params(
    ("dryRun" = Option<bool>, Query, description = "Only reports what would be done"),
), request_body = ImportBody, responses(
    (status = 200, description = "What would be done, or that there was nothing to do", body = ImportReport),
    (status = 201, description = "What was done", body = ImportReport),
    (status = 404, description = "There is no such team"),
))]
async fn import(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Search(mut search): Search,
    Object(body): Object,
) -> Result<(StatusCode, Json<ImportReport>), Problem> {
    let dry_run = search.flag("dryRun").unwrap_or_default();
    search.finish()?;
    let report = door.service.import_keys(&caller, input::import(body, dry_run)?).await?;
    let made = !report.dry_run && report.new > 0;
    Ok((if made { StatusCode::CREATED } else { StatusCode::OK }, Json(report)))
}

/// Sends keys out with their values: those that the caller can open without a passphrase.
///
/// Each is recorded in the audit. What is left out is named, with the reason.
#[utoipa::path(get, path = "/api/keys/export", tag = "keys", params(
    ("format" = Option<String>, Query, description = "`env` or `json`; `seed` needs a secret, so POST it"),
    ("environment" = Option<String>, Query, description = "Only keys used there"),
    ("team" = Option<String>, Query, description = "Only keys of this team"),
    ("tag" = Option<String>, Query, description = "Only keys with this tag"),
), responses(
    (status = 200, description = "The keys, as text that is not to be kept",
        content((String = "text/plain"), (Object = "application/json"))),
    (status = 404, description = "There is no such team or key"),
))]
async fn export(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Search(search): Search,
) -> Result<Text, Problem> {
    send(&door, &caller, &input::export(search, false)?).await
}

/// Sends keys out with their values, private ones too.
///
/// `passphrase` opens private keys, and seals the blobs of `format: "seed"`; with `systemKey` those are `iv:ciphertext`.
/// `keys` names the keys; without it, all that fit `environment`, `team` and `tag` are meant.
#[utoipa::path(post, path = "/api/keys/export", tag = "keys", request_body = ExportBody, responses(
    (status = 200, description = "The keys, as text that is not to be kept",
        content((String = "text/plain"), (Object = "application/json"))),
    (status = 404, description = "There is no such team or key"),
))]
async fn export_with_secrets(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(body): Object,
) -> Result<Text, Problem> {
    send(&door, &caller, &input::export(body, true)?).await
}

type Text = ([(HeaderName, &'static str); 2], String);

async fn send(door: &HttpDoor, caller: &keyward_keys::Caller, export: &Export) -> Result<Text, Problem> {
    let exported = door.service.export_keys(caller, export).await?;
    let kind = match export.format {
        ExportFormat::Env => "text/plain; charset=utf-8",
        ExportFormat::Json | ExportFormat::Seed(_) => "application/json",
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, exported.text.expose_secret().to_owned()))
}
