//! `/metrics`, for programs that watch: for operators, for who has the settings' token, and for programs on this machine
//! as long as no proxy speaks for them.

use axum::Json;
use axum::extract::State;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use keyward_keys::view::MonitorView;
use keyward_keys::{Caller, Door, Error, Process};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::edge::Peer;
use crate::problem::Problem;
use crate::signed::{self, Signed};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// What a proxy adds. A stranger who comes through one on this machine is not on this machine.
const FORWARDED: [HeaderName; 4] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
];

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(routes!(metrics)).routes(routes!(monitor))
}

/// What the daemon counts and measures, in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "metrics", security(()), responses(
    (status = 200, description = "All metrics", content_type = "text/plain", body = String),
    (status = 401, description = "From elsewhere, with no token or a wrong one"),
    (status = 403, description = "From elsewhere, by somebody who is no operator"),
))]
async fn metrics(State(door): State<HttpDoor>, parts: Parts) -> Result<Response, Problem> {
    let caller = reader(&door, &parts)?;
    let text = door.service.metrics(&caller, Process::now()).await?;
    Ok(([(header::CONTENT_TYPE, TEXT)], text).into_response())
}

/// The running daemon for operators: the same counters as plain figures, read by the dashboard each second.
#[utoipa::path(get, path = "/api/admin/monitor", tag = "admin", responses(
    (status = 200, description = "What the counters stand at", body = MonitorView),
))]
async fn monitor(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<MonitorView>, Problem> {
    Ok(Json(door.service.monitor(&caller)?))
}

/// Who reads: the daemon itself for whoever may without an account, or the one who signed in.
fn reader(door: &HttpDoor, parts: &Parts) -> Result<Caller, Problem> {
    let visit = signed::visit(parts)?;
    let daemon = || door.service.system_caller("metrics", Door::Rest);
    let bearer = signed::bearer(&parts.headers);
    let token = door.settings.api.metrics_token.get().zip(bearer);
    let opens = |(token, bearer): (&SecretString, &str)| -> bool {
        token.expose_secret().as_bytes().ct_eq(bearer.as_bytes()).into()
    };
    if is_here(parts) || token.is_some_and(opens) {
        return Ok(daemon());
    }
    visit.count(door.limits.stranger(visit.address()))?;
    let bearer = bearer.ok_or(Error::Unauthenticated)?;
    Ok(door.service.sign_in_with_bearer(visit.origin, bearer)?)
}

fn is_here(parts: &Parts) -> bool {
    let local = parts.extensions.get::<Peer>().is_some_and(|peer| peer.0.to_canonical().is_loopback());
    local && !FORWARDED.iter().any(|name| parts.headers.contains_key(name))
}
