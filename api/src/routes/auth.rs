//! `/api/auth`: joining, signing in and out. Whoever signs in is a stranger until it is done, and counted as one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use keyward_keys::Id;
use keyward_keys::input::NewAccount;
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
/// Who may is the instance's choice; where an invitation is needed, `code` carries it.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", security(()), request_body = NewAccount, responses(
    (status = 201, description = "The account, signed in", body = Welcome),
    (status = 403, description = "Nobody may register here, or not without an invitation"),
    (status = 409, description = "There is an account with this address"),
))]
async fn register(
    State(door): State<HttpDoor>,
    Stranger(origin): Stranger,
    Object(mut body): Object,
) -> Result<(StatusCode, Json<Welcome>), Problem> {
    let new = NewAccount {
        name: body.required_text("name"),
        email: body.required_text("email"),
        password: body.required_secret("password"),
        code: body.secret("code"),
        ssh_key: None,
    };
    body.finish()?;
    let (caller, user) = door.service.register(origin, new).await?;
    let issued = door.service.issue_tokens(&caller).await?;
    Ok((StatusCode::CREATED, Welcome::new("User created successfully", &issued, Some(user))))
}

/// Signs in with a password.
///
/// An unknown address, a wrong password and a locked account all answer the same.
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", security(()), request_body = Login, responses(
    (status = 200, description = "Signed in", body = Welcome),
    (status = 401, description = "Not signed in"),
))]
async fn login(
    State(door): State<HttpDoor>,
    Stranger(origin): Stranger,
    Object(mut body): Object,
) -> Result<Json<Welcome>, Problem> {
    let login = Login { email: body.required_text("email"), password: body.required_secret("password") };
    body.finish()?;
    let caller = door.service.sign_in(origin, &login.email, login.password).await?;
    let user = door.service.me(&caller).await?;
    let issued = door.service.issue_tokens(&caller).await?;
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
