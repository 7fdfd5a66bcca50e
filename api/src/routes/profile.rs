//! `/api/profile`: the caller's own account and SSH keys.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{delete, get};
use axum::{Json, Router};
use keyward_keys::view::{SshKeyView, UserView};
use serde::Serialize;

use super::Message;
use crate::HttpDoor;
use crate::input::{IdPath, Object};
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> Router<HttpDoor> {
    Router::new()
        .route("/api/profile", get(me))
        .route("/api/profile/ssh-keys", get(ssh_keys).post(add_ssh_key))
        .route("/api/profile/ssh-keys/{id}", delete(remove_ssh_key))
}

async fn me(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<UserView>, Problem> {
    Ok(Json(door.service.me(&caller).await?))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SshKeys {
    ssh_keys: Vec<SshKeyView>,
}

async fn ssh_keys(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<SshKeys>, Problem> {
    Ok(Json(SshKeys { ssh_keys: door.service.ssh_keys(&caller).await? }))
}

async fn add_ssh_key(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<impl IntoResponse, Problem> {
    let name = body.required_text("name");
    let line = body.required_text("key");
    body.finish()?;
    let key = door.service.add_ssh_key(&caller, &name, &line).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/profile/ssh-keys/{}", key.id))], Json(key)))
}

async fn remove_ssh_key(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.remove_ssh_key(&caller, id).await?;
    Ok(Json(Message { message: "SSH key removed" }))
}
