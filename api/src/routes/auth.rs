//! `/api/auth`: joining, signing in and out. Whoever signs in is a stranger until it is done, and counted as one.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use keyward_keys::Id;
use keyward_keys::input::{NewAccount, PasswordChange, PasswordReset};
use keyward_keys::view::{IssuedTokens, Subscription, UserView};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Message;
use crate::HttpDoor;
use crate::input::Object;
use crate::problem::Problem;
use crate::signed::{Signed, Stranger};

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(password))
        .routes(routes!(reset))
}

/// The answer to whoever is signed in now; the tokens are shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Welcome {
    message: &'static str,
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User>,
    refresh_token: String,
    /// Seconds.
    expires_in: u64,
}

#[derive(Serialize, ToSchema)]
struct User {
    id: Id,
    name: String,
    email: String,
    subscription: Subscription,
}

#[derive(ToSchema)]
struct Login {
    /// The e-mail address.
    email: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// The code of the authenticator app, or a recovery code, when the account asks for one.
    #[schema(value_type = Option<String>, format = Password)]
    totp: Option<SecretString>,
}

#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
struct Refresh {
    /// What the last sign-in or refresh answered.
    #[schema(value_type = String, format = Password)]
    refresh_token: SecretString,
}

impl Welcome {
    fn new(message: &'static str, issued: &IssuedTokens, user: Option<UserView>) -> Json<Self> {
        let shown = |UserView { id, name, email, subscription, .. }| User { id, name, email, subscription };
        Json(Self {
            message,
            token: issued.token.expose_secret().to_owned(),
            user: user.map(shown),
            refresh_token: issued.refresh_token.expose_secret().to_owned(),
            expires_in: issued.expires_in,
        })
    }
}

/// Makes an account.
///
/// Who may is the instance's choice; where an invitation is needed, `code` carries it. A team's invitation makes the
/// person a member of the team too.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", security(()), request_body = NewAccount, responses(
    (status = 201, description = "The account, signed in", body = Welcome),
    (status = 403, description = "Nobody may register here, or not without an invitation"),
    (status = 409, description = "There is an account with this address"),
))]
async fn register(
    State(door): State<HttpDoor>,
    Stranger(origin): Stranger,
    headers: HeaderMap,
    Object(mut body): Object,
) -> Result<(StatusCode, Json<Welcome>), Problem> {
    let new = NewAccount {
        name: body.required_text("name"),
        email: body.required_text("email"),
        password: body.required_secret("password"),
        code: body.secret("code"),
        ssh_key: None,
    };
    body.finish_with(new.faults())?;
    let (caller, user) = door.service.register(origin, new).await?;
    let issued = door.service.issue_tokens(&caller, user_agent(&headers)).await?;
    Ok((StatusCode::CREATED, Welcome::new("User created successfully", &issued, Some(user))))
}

/// Signs in with a password.
///
/// An unknown address, a wrong password and a locked account all answer the same. Where the account asks for a second
/// factor, the right password alone is answered with the code `totp_required`; send it again with `totp`.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", security(()), request_body = Login, responses(
    (status = 200, description = "Signed in", body = Welcome),
    (status = 401, description = "Not signed in"),
))]
async fn login(
    State(door): State<HttpDoor>,
    Stranger(origin): Stranger,
    headers: HeaderMap,
    Object(mut body): Object,
) -> Result<Json<Welcome>, Problem> {
    let login = Login {
        email: body.required_text("email"),
        password: body.required_secret("password"),
        totp: body.secret("totp"),
    };
    body.finish()?;
    let caller = door.service.sign_in_with_code(origin, &login.email, login.password, login.totp).await?;
    let user = door.service.me(&caller).await?;
    let issued = door.service.issue_tokens(&caller, user_agent(&headers)).await?;
    Ok(Welcome::new("Login successful", &issued, Some(user)))
}

/// Exchanges a refresh token for new tokens.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "auth", security(()), request_body = Refresh, responses(
    (status = 200, description = "New tokens", body = Welcome),
    (status = 401, description = "The token is not good any more"),
))]
async fn refresh(
    State(door): State<HttpDoor>,
    Stranger(origin): Stranger,
    Object(mut body): Object,
) -> Result<Json<Welcome>, Problem> {
    let Refresh { refresh_token } = Refresh { refresh_token: body.required_secret("refreshToken") };
    body.finish()?;
    let issued = door.service.refresh(origin, refresh_token).await?;
    Ok(Welcome::new("Token refreshed", &issued, None))
}

/// Ends the session of the token that is sent.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth", responses(
    (status = 200, description = "Signed out", body = Message),
))]
async fn logout(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<Message>, Problem> {
    door.service.sign_out(&caller).await?;
    Ok(Json(Message { message: "Logged out" }))
}

/// Replaces the password, and ends everything else that is open.
#[utoipa::path(post, path = "/api/auth/password", tag = "auth", request_body = PasswordChange, responses(
    (status = 200, description = "It is changed; this session goes on", body = Message),
    (status = 403, description = "The current password is wrong"),
))]
async fn password(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<Json<Message>, Problem> {
    let change = PasswordChange {
        current_password: body.required_secret("currentPassword"),
        new_password: body.required_secret("newPassword"),
    };
    body.finish()?;
    door.service.change_password(&caller, change.current_password, change.new_password).await?;
    Ok(Json(Message { message: "Password changed" }))
}

/// Sets a new password with an operator's code, and ends everything that is open.
#[utoipa::path(post, path = "/api/auth/reset", tag = "auth", security(()), request_body = PasswordReset, responses(
    (status = 200, description = "It is changed; sign in with it", body = Message),
    (status = 403, description = "The code is wrong, used or too old"),
))]
async fn reset(
    State(door): State<HttpDoor>,
    Stranger(origin): Stranger,
    Object(mut body): Object,
) -> Result<Json<Message>, Problem> {
    let reset = PasswordReset {
        code: body.required_secret("code"),
        new_password: body.required_secret("newPassword"),
    };
    body.finish()?;
    door.service.reset_password(origin, reset.code, reset.new_password).await?;
    Ok(Json(Message { message: "Password changed; sign in with it" }))
}

/// What the program calls itself.
fn user_agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::USER_AGENT)?.to_str().ok()
}
