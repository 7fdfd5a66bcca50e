//! `/api/auth`: joining, signing in and out. Whoever signs in is a stranger until it is done, and counted as one.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use keyward_keys::Id;
use keyward_keys::input::NewAccount;
use keyward_keys::view::{IssuedTokens, Subscription, UserView};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::Message;
use crate::HttpDoor;
use crate::input::Object;
use crate::problem::Problem;
use crate::signed::{Signed, Stranger};

pub(super) fn routes() -> Router<HttpDoor> {
    Router::new()
        .route("/api/auth/register", post(register))
        .route("/api/auth/login", post(login))
        .route("/api/auth/refresh", post(refresh))
        .route("/api/auth/logout", post(logout))
}

/// The answer to whoever is signed in now; the tokens are shown this once.
#[derive(Serialize)]
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

#[derive(Serialize)]
struct User {
    id: Id,
    name: String,
    email: String,
    subscription: Subscription,
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

async fn login(
    State(door): State<HttpDoor>,
    Stranger(origin): Stranger,
    Object(mut body): Object,
) -> Result<Json<Welcome>, Problem> {
    let email = body.required_text("email");
    let password = body.required_secret("password");
    body.finish()?;
    let caller = door.service.sign_in(origin, &email, password).await?;
    let user = door.service.me(&caller).await?;
    let issued = door.service.issue_tokens(&caller).await?;
    Ok(Welcome::new("Login successful", &issued, Some(user)))
}

async fn refresh(
    State(door): State<HttpDoor>,
    Stranger(origin): Stranger,
    Object(mut body): Object,
) -> Result<Json<Welcome>, Problem> {
    let token = body.required_secret("refreshToken");
    body.finish()?;
    let issued = door.service.refresh(origin, token).await?;
    Ok(Welcome::new("Token refreshed", &issued, None))
}

async fn logout(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<Message>, Problem> {
    door.service.sign_out(&caller).await?;
    Ok(Json(Message { message: "Logged out" }))
}
