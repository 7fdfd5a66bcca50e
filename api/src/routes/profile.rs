//! `/api/profile`: the caller's own account, SSH keys, and what they have open in any door.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use keyward_keys::input::{Confirmation, ProfileChange};
use keyward_keys::view::{SessionView, SshKeyView, UserView};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Message;
use crate::HttpDoor;
use crate::input::{IdPath, Object, profile_change};
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(listed(routes!(me)))
        .routes(routes!(change))
        .routes(routes!(delete))
        .routes(routes!(sessions, end_sessions))
        .routes(routes!(end_session))
        .routes(listed(routes!(ssh_keys)))
        .routes(routes!(add_ssh_key))
        .routes(routes!(remove_ssh_key))
}

/// The caller's own account.
#[utoipa::path(get, path = "/api/profile", tag = "profile", responses(
    (status = 200, description = "The account", body = UserView),
    (status = 304, description = "It is as it was"),
))]
async fn me(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<UserView>, Problem> {
    Ok(Json(door.service.me(&caller).await?))
}

/// Changes what is named of the caller's own account.
#[utoipa::path(put, path = "/api/profile", tag = "profile", request_body = ProfileChange, responses(
    (status = 200, description = "The account as it is now", body = UserView),
    (status = 409, description = "There is another account with this address"),
))]
async fn change(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(body): Object,
) -> Result<Json<UserView>, Problem> {
    Ok(Json(door.service.change_profile(&caller, profile_change(body)?).await?))
}

/// Deletes the caller's own account, for good.
///
/// With it go its own keys and their values, its SSH keys, sessions and service tokens. Keys of teams stay with them, and so
/// do the audit records, which name an account by id alone.
#[utoipa::path(delete, path = "/api/profile", tag = "profile", request_body = Confirmation, responses(
    (status = 200, description = "It is deleted", body = Message),
    (status = 403, description = "The password or the code is wrong"),
    (status = 409, description = "It is the only owner of a team, the only operator, or alone opens a team's sealed keys"),
))]
async fn delete(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<Json<Message>, Problem> {
    let confirmation = Confirmation { password: body.required_secret("password"), totp: body.secret("totp") };
    body.finish()?;
    door.service.delete_own_account(&caller, confirmation).await?;
    Ok(Json(Message { message: "Account deleted" }))
}

#[derive(Serialize, ToSchema)]
struct Sessions {
    sessions: Vec<SessionView>,
}

/// What the caller has open in apps, browsers and terminals, the latest used first.
#[utoipa::path(get, path = "/api/profile/sessions", tag = "sessions", responses(
    (status = 200, description = "The sessions", body = Sessions),
))]
async fn sessions(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<Sessions>, Problem> {
    Ok(Json(Sessions { sessions: door.service.sessions(&caller).await? }))
}

/// Signs out everywhere: ends everything the caller has open in any door, this session included.
#[utoipa::path(delete, path = "/api/profile/sessions", tag = "sessions", responses(
    (status = 200, description = "They have ended", body = Message),
))]
async fn end_sessions(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
) -> Result<Json<Message>, Problem> {
    door.service.sign_out_everywhere(&caller).await?;
    Ok(Json(Message { message: "Signed out everywhere" }))
}

/// Ends one session; a terminal's connection is closed.
#[utoipa::path(delete, path = "/api/profile/sessions/{id}", tag = "sessions", responses(
    (status = 200, description = "It has ended", body = Message),
))]
async fn end_session(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.end_session(&caller, id).await?;
    Ok(Json(Message { message: "Session ended" }))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SshKeys {
    ssh_keys: Vec<SshKeyView>,
}

/// The caller's SSH keys.
#[utoipa::path(get, path = "/api/profile/ssh-keys", tag = "profile", responses(
    (status = 200, description = "The keys", body = SshKeys),
    (status = 304, description = "It is as it was"),
))]
async fn ssh_keys(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<SshKeys>, Problem> {
    Ok(Json(SshKeys { ssh_keys: door.service.ssh_keys(&caller).await? }))
}

#[derive(ToSchema)]
struct NewSshKey {
    /// What the person calls it.
    #[schema(max_length = 100)]
    name: String,
    /// An OpenSSH public key line.
    key: String,
}

/// Lets another SSH key sign in.
#[utoipa::path(post, path = "/api/profile/ssh-keys", tag = "profile", request_body = NewSshKey, responses(
    (status = 201, description = "The key", body = SshKeyView),
))]
async fn add_ssh_key(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<impl IntoResponse, Problem> {
    let new = NewSshKey { name: body.required_text("name"), key: body.required_text("key") };
    body.finish()?;
    let key = door.service.add_ssh_key(&caller, &new.name, &new.key).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/profile/ssh-keys/{}", key.id))], Json(key)))
}

/// Removes an SSH key; sessions that it signed in end.
#[utoipa::path(delete, path = "/api/profile/ssh-keys/{id}", tag = "profile", responses(
    (status = 200, description = "It is gone", body = Message),
))]
async fn remove_ssh_key(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.remove_ssh_key(&caller, id).await?;
    Ok(Json(Message { message: "SSH key removed" }))
}
