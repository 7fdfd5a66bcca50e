//! `/api/tokens`: service tokens, which apps hold.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{delete, get};
use axum::{Json, Router};
use keyward_keys::input::NewToken;
use keyward_keys::view::TokenView;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::Message;
use crate::HttpDoor;
use crate::input::{IdPath, Object};
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> Router<HttpDoor> {
    Router::new().route("/api/tokens", get(list).post(create)).route("/api/tokens/{id}", delete(revoke))
}

#[derive(Serialize)]
struct Tokens {
    tokens: Vec<TokenView>,
}

async fn list(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<Tokens>, Problem> {
    Ok(Json(Tokens { tokens: door.service.tokens(&caller).await? }))
}

/// A new token; `token` is shown this once.
#[derive(Serialize)]
struct Created {
    token: String,
    #[serde(flatten)]
    view: TokenView,
}

async fn create(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<impl IntoResponse, Problem> {
    let new = NewToken {
        name: body.required_text("name"),
        keys: body.required_texts("keys"),
        scopes: body.required_choices("scopes", "fetch, track"),
        passphrase: body.secret("passphrase"),
        expires_at: body.parsed("expiresAt", "must be a time such as 2027-01-15T10:30:00Z"),
    };
    body.finish()?;
    let (view, secret) = door.service.create_token(&caller, new).await?;
    let location = format!("/api/tokens/{}", view.id);
    let created = Created { token: secret.expose_secret().to_owned(), view };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(created)))
}

async fn revoke(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.revoke_token(&caller, id).await?;
    Ok(Json(Message { message: "Token revoked" }))
}
