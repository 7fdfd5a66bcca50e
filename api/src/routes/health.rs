//! `/health`: for people, balancers and probes. No limit applies, for probes ask often and are not signed in; so
//! nothing here may cost much or tell a stranger more than that the daemon is up.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;

use crate::HttpDoor;

pub(super) fn routes() -> Router<HttpDoor> {
    Router::new()
        .route("/health", get(health))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
}

#[derive(Serialize)]
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
#[derive(Serialize)]
struct Memory {
    rss: u64,
}

#[derive(Serialize)]
struct Dependencies {
    store: &'static str,
}

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

#[derive(Serialize)]
struct Probe {
    status: &'static str,
}

async fn live() -> Json<Probe> {
    Json(Probe { status: "ok" })
}

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
