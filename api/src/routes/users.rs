//! `/api/admin/users`, `invite` and `invitations`: other people's accounts, for operators.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use keyward_keys::input::{Announcement, InstanceInvitation, UserChange, UserQuery};
use keyward_keys::view::{InstanceInvitationView, ManagedUser, OneTimeCode, UserPage};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Message;
use crate::HttpDoor;
use crate::input::{IdPath, Object, OptionalObject, Search};
use crate::link::linked;
use crate::problem::Problem;
use crate::signed::Signed;

const PAGE_SIZE: u32 = 20;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(show, change, patch, delete))
        .routes(routes!(sign_out))
        .routes(routes!(reset_code))
        .routes(routes!(remove_second_factor))
        .routes(routes!(invite))
        .routes(routes!(invitations))
        .routes(routes!(withdraw))
        .routes(routes!(announce))
}

/// A code that one person hands to another; shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HandedCode {
    code: String,
    expires_at: jiff::Timestamp,
}

impl From<OneTimeCode> for HandedCode {
    fn from(made: OneTimeCode) -> Self {
        Self { code: made.code.expose_secret().to_owned(), expires_at: made.expires_at }
    }
}

/// Every account, by login.
#[utoipa::path(get, path = "/api/admin/users", tag = "admin", params(UserQuery), responses(
    (status = 200, description = "A page", body = UserPage),
    (status = 403, description = "This is for operators"),
))]
async fn list(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    RawQuery(raw): RawQuery,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let query = UserQuery {
        page: search.number("page").unwrap_or(1),
        limit: search.number("limit").unwrap_or(PAGE_SIZE),
        search: search.text("search"),
    };
    search.finish_with(query.faults())?;
    let page = door.service.users(&caller, &query).await?;
    Ok(linked("/api/admin/users", raw.as_deref(), page.pagination, &page))
}

/// One account.
#[utoipa::path(get, path = "/api/admin/users/{id}", tag = "admin", responses(
    (status = 200, description = "The account", body = ManagedUser),
))]
async fn show(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<ManagedUser>, Problem> {
    Ok(Json(door.service.user(&caller, id).await?))
}

/// Changes what is named: `disabled`, `operator`, `plan`.
///
/// Switching an account off ends everything it has open.
#[utoipa::path(put, path = "/api/admin/users/{id}", tag = "admin", request_body = UserChange, responses(
    (status = 200, description = "The account as it is now", body = ManagedUser),
    (status = 409, description = "It is the only operator who can sign in"),
))]
async fn change(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
    Object(mut body): Object,
) -> Result<Json<ManagedUser>, Problem> {
    let change = UserChange {
        disabled: body.flag("disabled"),
        operator: body.flag("operator"),
        plan: body.choice("plan", "free, pro, enterprise"),
    };
    body.finish()?;
    Ok(Json(door.service.change_user(&caller, id, change).await?))
}

/// Changes what is named, like PUT.
#[utoipa::path(patch, path = "/api/admin/users/{id}", tag = "admin", request_body = UserChange, responses(
    (status = 200, description = "The account as it is now", body = ManagedUser),
    (status = 409, description = "It is the only operator who can sign in"),
))]
async fn patch(
    door: State<HttpDoor>,
    caller: Signed,
    id: IdPath,
    body: Object,
) -> Result<Json<ManagedUser>, Problem> {
    change(door, caller, id, body).await
}

/// Deletes somebody else's account, for good.
///
/// What goes with it and what stays is as for `DELETE /api/profile`.
#[utoipa::path(delete, path = "/api/admin/users/{id}", tag = "admin", responses(
    (status = 200, description = "It is deleted", body = Message),
    (status = 403, description = "It is the caller's own"),
    (status = 409, description = "It is the only owner of a team, the only operator, or alone opens a team's sealed keys"),
))]
async fn delete(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.delete_account(&caller, id).await?;
    Ok(Json(Message { message: "Account deleted" }))
}

/// Ends everything that an account has open.
#[utoipa::path(delete, path = "/api/admin/users/{id}/sessions", tag = "admin", responses(
    (status = 200, description = "They have ended", body = Message),
))]
async fn sign_out(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.sign_out_user(&caller, id).await?;
    Ok(Json(Message { message: "Signed out everywhere" }))
}

/// Makes a one-time code with which the person sets a new password.
#[utoipa::path(post, path = "/api/admin/users/{id}/reset-code", tag = "admin", responses(
    (status = 201, description = "The code, this once; earlier ones are void", body = HandedCode),
))]
async fn reset_code(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
    OptionalObject(body): OptionalObject,
) -> Result<(StatusCode, Json<HandedCode>), Problem> {
    body.finish()?;
    let made = door.service.make_reset_code(&caller, id).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Takes two-factor sign-in away from somebody who lost their app and their recovery codes, and ends what they have open.
#[utoipa::path(delete, path = "/api/admin/users/{id}/2fa", tag = "admin", responses(
    (status = 200, description = "It is off", body = Message),
))]
async fn remove_second_factor(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.remove_second_factor(&caller, id).await?;
    Ok(Json(Message { message: "Two-factor sign-in is off" }))
}

/// Makes a one-time code with which somebody makes an account.
#[utoipa::path(post, path = "/api/admin/invite", tag = "admin", request_body = InstanceInvitation, responses(
    (status = 201, description = "The code, this once", body = HandedCode),
    (status = 403, description = "This is for operators"),
))]
async fn invite(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<(StatusCode, Json<HandedCode>), Problem> {
    let new =
        InstanceInvitation { email: body.text("email"), operator: body.flag("operator").unwrap_or_default() };
    body.finish()?;
    let made = door.service.invite_to_instance(&caller, new).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

#[derive(Serialize, ToSchema)]
struct InstanceInvitations {
    invitations: Vec<InstanceInvitationView>,
}

/// Invitations to make an account that are open, newest first; never their codes.
#[utoipa::path(get, path = "/api/admin/invitations", tag = "admin", responses(
    (status = 200, description = "The invitations", body = InstanceInvitations),
    (status = 403, description = "This is for operators"),
))]
async fn invitations(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
) -> Result<Json<InstanceInvitations>, Problem> {
    Ok(Json(InstanceInvitations { invitations: door.service.instance_invitations(&caller).await? }))
}

/// Withdraws an invitation: its code is no good any more.
#[utoipa::path(delete, path = "/api/admin/invitations/{invitationId}", tag = "admin", responses(
    (status = 200, description = "It is withdrawn", body = Message),
    (status = 403, description = "This is for operators"),
))]
async fn withdraw(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.withdraw_instance_invitation(&caller, id).await?;
    Ok(Json(Message { message: "Invitation withdrawn" }))
}

/// Tells everybody who is there something, as `system_alert` and in the dashboards.
#[utoipa::path(post, path = "/api/admin/announcements", tag = "admin", request_body = Announcement, responses(
    (status = 202, description = "Whoever is there is told", body = Message),
    (status = 403, description = "This is for operators"),
))]
async fn announce(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<(StatusCode, Json<Message>), Problem> {
    let new = Announcement { message: body.required_text("message") };
    body.finish()?;
    door.service.announce_to_all(&caller, &new).await?;
    Ok((StatusCode::ACCEPTED, Json(Message { message: "Whoever is there is told" })))
}
