//! `/health`: for people, balancers and probes. No limit applies, for probes ask often and are not signed in; so
//! nothing here may cost much or tell a stranger more than that the daemon is up.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::Timestamp;
use keyward_keys::{Process, StoreHealth};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::problem::SaysItself;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(routes!(health)).routes(routes!(live)).routes(routes!(ready))
}

#[derive(Serialize, ToSchema)]
struct Health {
    status: &'static str,
    timestamp: Timestamp,
    /// Seconds.
    uptime: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<Memory>,
    dependencies: Dependencies,
}

/// Bytes.
#[derive(Serialize, ToSchema)]
struct Memory {
    rss: u64,
}

#[derive(Serialize, ToSchema)]
struct Dependencies {
    /// `connected`, `degraded` (it reads, and cannot be written: the disk is full) or `disconnected`.
    store: &'static str,
    /// `running` or `stopped`.
    jobs: &'static str,
}

/// The words for how the store is: its own, and the whole's.
fn words(store: StoreHealth) -> (&'static str, &'static str) {
    match store {
        StoreHealth::Connected => ("connected", "ok"),
        StoreHealth::ReadOnly => ("degraded", "degraded"),
        StoreHealth::Disconnected => ("disconnected", "error"),
    }
}

/// How the daemon is, for people.
#[utoipa::path(get, path = "/health", tag = "health", security(()), responses(
    (status = 200, description = "All is well", body = Health),
    (status = 503, description = "It is not, and this says what", body = Health),
))]
async fn health(State(door): State<HttpDoor>) -> Answer<Health> {
    let health = door.service.health().await;
    let (store, whole) = words(health.store);
    let body = Health {
        status: whole,
        timestamp: health.now,
        uptime: health.uptime.as_secs_f64(),
        memory: Process::resident().map(|rss| Memory { rss }),
        dependencies: Dependencies { store, jobs: if health.jobs { "running" } else { "stopped" } },
    };
    answer(whole == "ok", body)
}

#[derive(Serialize, ToSchema)]
struct Probe {
    status: &'static str,
}

/// Whether the process lives.
#[utoipa::path(get, path = "/health/live", tag = "health", security(()), responses(
    (status = 200, description = "It does", body = Probe),
))]
async fn live() -> Json<Probe> {
    Json(Probe { status: "ok" })
}

/// Whether requests should be sent here.
#[utoipa::path(get, path = "/health/ready", tag = "health", security(()), responses(
    (status = 200, description = "They should", body = Probe),
    (status = 503, description = "They should not", body = Probe),
))]
async fn ready(State(door): State<HttpDoor>) -> Answer<Probe> {
    let health = door.service.health().await;
    // What only reads still serves fetches, and nobody else would do better.
    let ready = !door.draining() && health.jobs && health.store != StoreHealth::Disconnected;
    answer(ready, Probe { status: if ready { "ok" } else { "error" } })
}

type Answer<T> = (StatusCode, Extension<SaysItself>, Json<T>);

/// 503 is an answer here and no problem: probes read what is wrong.
fn answer<T>(good: bool, body: T) -> Answer<T> {
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Extension(SaysItself), Json(body))
}
