//! `/api/tokens`: service tokens, which apps hold.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use ipnet::IpNet;
use keyward_keys::input::{NewToken, network};
use keyward_keys::view::TokenView;
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Message;
use crate::HttpDoor;
use crate::input::{ENVIRONMENTS, Fields, IdPath, Object};
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(listed(routes!(list))).routes(routes!(create)).routes(routes!(revoke))
}

#[derive(Serialize, ToSchema)]
struct Tokens {
    tokens: Vec<TokenView>,
}

/// The service tokens the caller made.
#[utoipa::path(get, path = "/api/tokens", tag = "tokens", responses(
    (status = 200, description = "The tokens, newest first", body = Tokens),
    (status = 304, description = "It is as it was"),
))]
async fn list(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<Tokens>, Problem> {
    Ok(Json(Tokens { tokens: door.service.tokens(&caller).await? }))
}

/// A new token; `token` is shown this once.
#[derive(Serialize, ToSchema)]
struct Created {
    token: String,
    #[serde(flatten)]
    view: TokenView,
}

/// Makes a service token for an app.
#[utoipa::path(post, path = "/api/tokens", tag = "tokens", request_body = NewToken, responses(
    (status = 201, description = "The token; its text is shown this once", body = Created),
    (status = 404, description = "There is no such team"),
))]
async fn create(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<impl IntoResponse, Problem> {
    let new = NewToken {
        name: body.required_text("name"),
        keys: body.texts("keys").unwrap_or_default(),
        environment: body.choice("environment", ENVIRONMENTS),
        team: body.parsed("team", "must be an id: 24 hexadecimal digits"),
        scopes: body.required_choices("scopes", "fetch, track"),
        passphrase: body.secret("passphrase"),
        expires_at: body.parsed("expiresAt", "must be a time such as 2027-01-15T10:30:00Z"),
        networks: networks(&mut body).unwrap_or_default(),
        max_uses: body.number("maxUses"),
    };
    body.finish_with(new.faults())?;
    let (view, secret) = door.service.create_token(&caller, new).await?;
    let location = format!("/api/tokens/{}", view.id);
    let created = Created { token: secret.expose_secret().to_owned(), view };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(created)))
}

/// Networks as people write them; none when nothing is said of them.
pub(super) fn networks(body: &mut Fields) -> Option<Vec<IpNet>> {
    let texts = body.texts("networks")?;
    let mut networks = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match network(text) {
            Some(network) => networks.push(network),
            None => body.fault_at("networks", index, "must be a network such as 10.0.0.0/8, or an address"),
        }
    }
    Some(networks)
}

/// Revokes a service token: its next use fails.
#[utoipa::path(delete, path = "/api/tokens/{id}", tag = "tokens", responses(
    (status = 200, description = "It is revoked", body = Message),
))]
async fn revoke(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.revoke_token(&caller, id).await?;
    Ok(Json(Message { message: "Token revoked" }))
}
