//! `/api/auth/passphrase`, `unlock` and `lock`: a person's unlock passphrase, and the token that stands for their opened
//! key. A passphrase that is tried counts like a sign-in, for it is as good to guess at.

use axum::Json;
use axum::extract::State;
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
    OpenApiRouter::default().routes(routes!(passphrase)).routes(routes!(unlock)).routes(routes!(lock))
}

#[derive(ToSchema)]
struct NewPassphrase {
    /// The unlock passphrase from now on.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024)]
    passphrase: SecretString,
    /// The one before, when there is one.
    #[schema(value_type = Option<String>, format = Password)]
    old: Option<SecretString>,
}

/// Sets the caller's unlock passphrase, which opens what is sealed to them.
#[utoipa::path(put, path = "/api/auth/passphrase", tag = "auth", request_body = NewPassphrase, responses(
    (status = 200, description = "It is set, and whatever was unlocked is locked", body = Message),
))]
async fn passphrase(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    _: Stranger,
    Object(mut body): Object,
) -> Result<Json<Message>, Problem> {
    let new = NewPassphrase { passphrase: body.required_secret("passphrase"), old: body.secret("old") };
    body.finish()?;
    door.service.set_passphrase(&caller, new.passphrase, new.old).await?;
    Ok(Json(Message { message: "Unlock passphrase set" }))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Unlocked {
    unlock: String,
    /// Seconds, counted again from each use.
    expires_in: u64,
}

#[derive(ToSchema)]
struct Passphrase {
    /// The unlock passphrase.
    #[schema(value_type = String, format = Password)]
    passphrase: SecretString,
}

/// Opens the caller's own key for a while.
#[utoipa::path(post, path = "/api/auth/unlock", tag = "auth", request_body = Passphrase, responses(
    (status = 200, description = "The unlock token, to be sent along as `X-Unlock`", body = Unlocked),
))]
async fn unlock(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    _: Stranger,
    Object(mut body): Object,
) -> Result<Json<Unlocked>, Problem> {
    let given = Passphrase { passphrase: body.required_secret("passphrase") };
    body.finish()?;
    let issued = door.service.unlock(&caller, given.passphrase).await?;
    Ok(Json(Unlocked { unlock: issued.unlock.expose_secret().to_owned(), expires_in: issued.expires_in }))
}

/// Forgets the key that `X-Unlock` stands for; without it, all that this session unlocked.
#[utoipa::path(post, path = "/api/auth/lock", tag = "auth", responses(
    (status = 200, description = "It is locked", body = Message),
))]
async fn lock(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<Message>, Problem> {
    door.service.lock_again(&caller).await?;
    Ok(Json(Message { message: "Locked" }))
}
