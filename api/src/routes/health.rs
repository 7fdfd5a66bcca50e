//! `/health`: for people, balancers and probes. No limit applies, for probes ask often and are not signed in; so
//! nothing here may cost much or tell a stranger more than that the daemon is up.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;

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
    store: &'static str,
}

/// How the daemon is, for people.
#[utoipa::path(get, path = "/health", tag = "health", security(()), responses(
    (status = 200, description = "All is well", body = Health),
))]
async fn health(State(door): State<HttpDoor>) -> (StatusCode, Json<Health>) {
    let health = door.service.health().await;
    let body = Health {
        status: if health.store { "ok" } else { "error" },
        timestamp: health.now,
        uptime: health.uptime.as_secs_f64(),
        memory: resident().map(|rss| Memory { rss }),
        dependencies: Dependencies { store: if health.store { "connected" } else { "disconnected" } },
    };
    (status(health.store), Json(body))
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
))]
async fn ready(State(door): State<HttpDoor>) -> (StatusCode, Json<Probe>) {
    let ready = !door.draining() && door.service.health().await.store;
    (status(ready), Json(Probe { status: if ready { "ok" } else { "error" } }))
}

fn status(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// The process's resident memory, where the system tells it (proc_pid_status(5)).
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
