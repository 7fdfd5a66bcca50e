//! `/api/teams`: teams, who belongs to them, and invitations.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use keyward_keys::Role;
use keyward_keys::input::{NewTeam, TeamPatch};
use keyward_keys::view::{Departure, InvitationView, MemberView, PresentView, TeamView};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Message;
use crate::HttpDoor;
use crate::input::{ENVIRONMENTS, Fields, IdPath, Object, PartPath};
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

const ROLES: &str = "owner, admin, member, viewer";

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(listed(routes!(list)))
        .routes(routes!(create))
        .routes(routes!(join))
        .routes(listed(routes!(show)))
        .routes(routes!(update, remove))
        .routes(routes!(leave))
        .routes(listed(routes!(members)))
        .routes(listed(routes!(presence)))
        .routes(routes!(change_role, remove_member))
        .routes(listed(routes!(invitations)))
        .routes(routes!(invite))
        .routes(routes!(withdraw))
}

#[derive(Serialize, ToSchema)]
struct Teams {
    teams: Vec<TeamView>,
}

/// The teams the caller belongs to.
#[utoipa::path(get, path = "/api/teams", tag = "teams", responses(
    (status = 200, description = "The teams, by name", body = Teams),
    (status = 304, description = "It is as it was"),
))]
async fn list(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<Teams>, Problem> {
    Ok(Json(Teams { teams: door.service.teams(&caller).await? }))
}

/// Makes a team that the caller owns.
#[utoipa::path(post, path = "/api/teams", tag = "teams", request_body = NewTeam, responses(
    (status = 201, description = "The team", body = TeamView),
))]
async fn create(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<impl IntoResponse, Problem> {
    let new = NewTeam {
        name: body.required_text("name"),
        environments: body.choices("environments", ENVIRONMENTS),
        monthly_budget: body.money("monthlyBudget"),
        time_zone: body.text("timeZone"),
        quiet_hours: body.text("quietHours"),
    };
    body.finish_with(new.faults())?;
    let team = door.service.create_team(&caller, new).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/teams/{}", team.id))], Json(team)))
}

/// One team.
#[utoipa::path(get, path = "/api/teams/{id}", tag = "teams", responses(
    (status = 200, description = "The team", body = TeamView),
    (status = 304, description = "It is as it was"),
))]
async fn show(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<TeamView>, Problem> {
    Ok(Json(door.service.team(&caller, id).await?))
}

/// Changes a team's name, environments, budget, time zone and quiet hours.
#[utoipa::path(method(put, patch), path = "/api/teams/{id}", tag = "teams", request_body = TeamPatch, responses(
    (status = 200, description = "The team as it is now", body = TeamView),
))]
async fn update(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
    Object(mut body): Object,
) -> Result<Json<TeamView>, Problem> {
    // Whoever puts back what they got sends these along; they are Keyward's to set.
    for field in ["_id", "role", "members", "keys", "access", "rekeying", "newcomers", "createdAt"] {
        body.skip(field);
    }
    let patch = TeamPatch {
        name: body.text("name"),
        environments: body.choices("environments", ENVIRONMENTS),
        monthly_budget: body.clearable("monthlyBudget", Fields::money),
        time_zone: body.clearable("timeZone", Fields::text),
        quiet_hours: body.clearable("quietHours", Fields::text),
    };
    body.finish_with(patch.faults())?;
    Ok(Json(door.service.update_team(&caller, id, patch).await?))
}

/// Deletes a team that has no keys.
#[utoipa::path(delete, path = "/api/teams/{id}", tag = "teams", responses(
    (status = 200, description = "It is deleted", body = Message),
))]
async fn remove(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.delete_team(&caller, id).await?;
    Ok(Json(Message { message: "Team deleted" }))
}

#[derive(Serialize, ToSchema)]
struct Members {
    members: Vec<MemberView>,
}

/// Who belongs to a team.
#[utoipa::path(get, path = "/api/teams/{id}/members", tag = "teams", responses(
    (status = 200, description = "The members, owners first", body = Members),
    (status = 304, description = "It is as it was"),
))]
async fn members(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Members>, Problem> {
    Ok(Json(Members { members: door.service.members(&caller, id).await? }))
}

#[derive(Serialize, ToSchema)]
struct Presence {
    present: Vec<PresentView>,
}

/// Who of a team is connected by SSH, and what they look at if they share that.
#[utoipa::path(get, path = "/api/teams/{id}/presence", tag = "teams", responses(
    (status = 200, description = "Whoever is here, the first to come first", body = Presence),
    (status = 304, description = "It is as it was"),
))]
async fn presence(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Presence>, Problem> {
    Ok(Json(Presence { present: door.service.team_presence(&caller, id).await? }))
}

#[derive(ToSchema)]
struct NewRole {
    role: Role,
}

fn role(body: &mut Fields) -> Role {
    // A viewer may do least; without a role the request is refused anyway.
    body.required_choice("role", ROLES).unwrap_or(Role::Viewer)
}

/// Gives a member another role.
#[utoipa::path(method(put, patch), path = "/api/teams/{id}/members/{userId}", tag = "teams", request_body = NewRole, responses(
    (status = 200, description = "The member", body = MemberView),
))]
async fn change_role(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    PartPath(team, user): PartPath,
    Object(mut body): Object,
) -> Result<Json<MemberView>, Problem> {
    let new = NewRole { role: role(&mut body) };
    body.finish()?;
    Ok(Json(door.service.change_role(&caller, team, user, new.role).await?))
}

/// What is to be done now that somebody is gone.
#[derive(Serialize, ToSchema)]
struct Gone {
    message: &'static str,
    #[serde(flatten)]
    departure: Departure,
}

/// Ends a membership; it is over when the answer comes.
#[utoipa::path(delete, path = "/api/teams/{id}/members/{userId}", tag = "teams", responses(
    (status = 200, description = "What is to be done now", body = Gone),
))]
async fn remove_member(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    PartPath(team, user): PartPath,
) -> Result<Json<Gone>, Problem> {
    let departure = door.service.remove_member(&caller, team, user).await?;
    Ok(Json(Gone { message: "Member removed", departure }))
}

/// Ends the caller's own membership.
#[utoipa::path(post, path = "/api/teams/{id}/leave", tag = "teams", responses(
    (status = 200, description = "It is over", body = Message),
))]
async fn leave(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(team): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.leave_team(&caller, team).await?;
    Ok(Json(Message { message: "You left the team" }))
}

#[derive(Serialize, ToSchema)]
struct Invitations {
    invitations: Vec<InvitationView>,
}

/// The invitations to a team that are open.
#[utoipa::path(get, path = "/api/teams/{id}/invitations", tag = "teams", responses(
    (status = 200, description = "The invitations, newest first", body = Invitations),
    (status = 304, description = "It is as it was"),
))]
async fn invitations(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(team): IdPath,
) -> Result<Json<Invitations>, Problem> {
    Ok(Json(Invitations { invitations: door.service.invitations(&caller, team).await? }))
}

/// A new invitation; `code` is shown this once.
#[derive(Serialize, ToSchema)]
struct Invited {
    code: String,
    /// Whether the code went out by mail, when that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    mailed: Option<bool>,
    /// Why it did not.
    #[serde(rename = "mailFault", skip_serializing_if = "Option::is_none")]
    mail_fault: Option<String>,
    #[serde(flatten)]
    invitation: InvitationView,
}

#[derive(ToSchema)]
struct NewInvitation {
    /// Only whoever has this address can use it.
    #[schema(format = "email", min_length = 3, max_length = 254)]
    email: String,
    role: Role,
    /// Mail them the code, at a domain that the operator has named for that.
    #[schema(required = false)]
    mail: bool,
}

/// Invites somebody to a team.
#[utoipa::path(post, path = "/api/teams/{id}/invitations", tag = "teams", request_body = NewInvitation, responses(
    (status = 201, description = "The code, shown this once", body = Invited),
))]
async fn invite(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(team): IdPath,
    Object(mut body): Object,
) -> Result<impl IntoResponse, Problem> {
    let (email, role) = (body.required_text("email"), role(&mut body));
    let new = NewInvitation { email, role, mail: body.flag("mail").unwrap_or(false) };
    body.finish()?;
    let (issued, mail_fault) = if new.mail {
        door.service.invite_by_mail(&caller, team, &new.email, new.role).await?
    } else {
        (door.service.invite(&caller, team, &new.email, new.role).await?, None)
    };
    let mailed = new.mail.then_some(mail_fault.is_none());
    let location = format!("/api/teams/{team}/invitations/{}", issued.invitation.id);
    let code = issued.code.expose_secret().to_owned();
    let invited = Invited { code, mailed, mail_fault, invitation: issued.invitation };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(invited)))
}

/// Withdraws an invitation.
#[utoipa::path(delete, path = "/api/teams/{id}/invitations/{invitationId}", tag = "teams", responses(
    (status = 200, description = "Its code is no good any more", body = Message),
))]
async fn withdraw(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    PartPath(team, invitation): PartPath,
) -> Result<Json<Message>, Problem> {
    door.service.withdraw_invitation(&caller, team, invitation).await?;
    Ok(Json(Message { message: "Invitation withdrawn" }))
}

#[derive(ToSchema)]
struct JoinTeam {
    /// The invitation's code.
    #[schema(value_type = String, format = Password)]
    code: SecretString,
}

/// Makes the caller a member of the team that a code is for.
#[utoipa::path(post, path = "/api/teams/join", tag = "teams", request_body = JoinTeam, responses(
    (status = 200, description = "The team", body = TeamView),
))]
async fn join(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<Json<TeamView>, Problem> {
    let join = JoinTeam { code: body.required_secret("code") };
    body.finish()?;
    Ok(Json(door.service.join_team(&caller, &join.code).await?))
}
