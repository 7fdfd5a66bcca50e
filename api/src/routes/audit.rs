//! `/api/audit`: what was done, by whom, as far as the caller may see it; and for operators the whole chain with its
//! proofs.

use axum::Json;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use jiff::Timestamp;
use keyward_keys::input::{AuditQuery, CheckpointQuery};
use keyward_keys::service::AuditExport;
use keyward_keys::view::{AuditLine, AuditPage, CheckpointPage};
use keyward_keys::{AuditRun, AuditSummary, Error, Id};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::input::{Fields, KeyPath, Search, TIME};
use crate::link::linked;
use crate::problem::Problem;
use crate::signed::Signed;

const ID: &str = "must be an id: 24 hexadecimal digits";
const PAGE_SIZE: u32 = 20;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(of_key))
        .routes(routes!(verify))
        .routes(routes!(checkpoints))
        .routes(routes!(export))
}

fn query(search: &mut Fields) -> AuditQuery {
    AuditQuery {
        page: search.number("page").unwrap_or(1),
        limit: search.number("limit").unwrap_or(PAGE_SIZE),
        actor: search.text("actor"),
        action: search.text("action"),
        object: search.parsed("object", ID),
        space: search.parsed::<Id>("team", ID),
        outcome: search.choice("outcome", "done, refused"),
        door: search.choice("door", "ssh, rest, websocket, local, system"),
        from: search.parsed::<Timestamp>("from", TIME),
        to: search.parsed::<Timestamp>("to", TIME),
        request: search.text("requestId"),
    }
}

/// What was done, by whom, newest first: what concerns the caller, and the spaces they own or administer; operators see
/// everything.
#[utoipa::path(get, path = "/api/audit", tag = "audit", params(AuditQuery), responses(
    (status = 200, description = "A page", body = AuditPage),
))]
async fn list(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    RawQuery(raw): RawQuery,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let query = query(&mut search);
    search.finish_with(query.faults())?;
    let page = door.service.audit(&caller, &query).await?;
    Ok(linked("/api/audit", raw.as_deref(), page.pagination, &page))
}

/// What was done to a key, newest first.
#[utoipa::path(get, path = "/api/keys/{id}/audit", tag = "audit", params(AuditQuery), responses(
    (status = 200, description = "A page", body = AuditPage),
))]
async fn of_key(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    KeyPath(key): KeyPath,
    RawQuery(raw): RawQuery,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let query = query(&mut search);
    search.finish_with(query.faults())?;
    let id = door.service.key(&caller, &key).await?.id;
    let page = door.service.key_audit(&caller, &key, query).await?;
    Ok(linked(&format!("/api/keys/{id}/audit"), raw.as_deref(), page.pagination, &page))
}

/// What a check of the whole chain found.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditVerified)]
struct Verified {
    /// It holds.
    whole: bool,
    records: u64,
    checkpoints: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
    /// Records after that which can be read and follow from each other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    beyond: Vec<AuditRun>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditFault)]
struct Fault {
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<u64>,
    detail: String,
}

/// Checks the whole chain and its checkpoints, for operators.
#[utoipa::path(get, path = "/api/audit/verify", tag = "audit", responses(
    (status = 200, description = "What was found; a broken chain is an answer too", body = Verified),
))]
async fn verify(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<Verified>, Problem> {
    let AuditSummary { records, checkpoints, fault, beyond } =
        door.service.verify_audit(&caller, None).await?;
    let fault = fault.map(|fault| Fault { record: fault.record(), detail: fault.to_string() });
    Ok(Json(Verified { whole: fault.is_none(), records, checkpoints, fault, beyond }))
}

/// The signed checkpoints of the chain, newest first, for operators.
#[utoipa::path(get, path = "/api/audit/checkpoints", tag = "audit", params(CheckpointQuery), responses(
    (status = 200, description = "A page", body = CheckpointPage),
))]
async fn checkpoints(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    RawQuery(raw): RawQuery,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let query = CheckpointQuery {
        page: search.number("page").unwrap_or(1),
        limit: search.number("limit").unwrap_or(PAGE_SIZE),
    };
    search.finish_with(query.faults())?;
    let page = door.service.audit_checkpoints(&caller, query).await?;
    Ok(linked("/api/audit/checkpoints", raw.as_deref(), page.pagination, &page))
}

/// The whole chain with its hashes, for operators: one JSON document a line, oldest first, ending with the record of
/// this export. A connection that breaks before says that it is not all.
#[utoipa::path(get, path = "/api/audit/export", tag = "audit", responses(
    (status = 200, description = "A line for each record", content_type = "application/x-ndjson", body = AuditLine),
))]
async fn export(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Response, Problem> {
    let export = door.service.export_audit(&caller).await?;
    let lines = stream::try_unfold(export, |mut export: AuditExport| async move {
        let lines = export.next().await?;
        Ok::<_, Error>((!lines.is_empty()).then(|| (ndjson(&lines), export)))
    });
    let kind = HeaderValue::from_static("application/x-ndjson");
    Ok(([(header::CONTENT_TYPE, kind)], Body::from_stream(lines)).into_response())
}

fn ndjson(lines: &[AuditLine]) -> Vec<u8> {
    let mut text = Vec::with_capacity(lines.len() * 512);
    for line in lines {
        // Plain data with string keys always serialises, and memory does not refuse to be written.
        let _ = serde_json::to_writer(&mut text, line);
        text.push(b'\n');
    }
    text
}
