//! `/api/auth/passphrase`, `unlock` and `lock`: a person's unlock passphrase, also when they forgot it, and the token that
//! stands for their opened key.

use axum::Json;
use axum::extract::State;
use keyward_keys::input::PassphraseReset;
use keyward_keys::view::PassphraseLoss;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Message;
use crate::HttpDoor;
use crate::input::Object;
use crate::problem::Problem;
use crate::signed::{Signed, Unlocking};

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(routes!(passphrase))
        .routes(routes!(loss, reset))
        .routes(routes!(unlock))
        .routes(routes!(lock))
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
    Unlocking(caller): Unlocking,
    Object(mut body): Object,
) -> Result<Json<Message>, Problem> {
    let new = NewPassphrase { passphrase: body.required_secret("passphrase"), old: body.secret("old") };
    body.finish()?;
    door.service.set_passphrase(&caller, new.passphrase, new.old).await?;
    Ok(Json(Message { message: "Unlock passphrase set" }))
}

/// What it would cost to set a new unlock passphrase without the one before.
#[utoipa::path(get, path = "/api/auth/passphrase/reset", tag = "auth", responses(
    (status = 200, description = "Keys that would be lost, and teams that would let the caller in again", body = PassphraseLoss),
))]
async fn loss(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<PassphraseLoss>, Problem> {
    Ok(Json(door.service.passphrase_loss(&caller).await?))
}

/// Sets a new unlock passphrase for a caller who forgot the one before.
///
/// Sealed keys that others can open as well are opened again once one of these unlocks. Those that nobody else can open
/// are lost to people, though not to service tokens that have them: GET lists them before, and `lose` says that they may be.
#[utoipa::path(post, path = "/api/auth/passphrase/reset", tag = "auth", request_body = PassphraseReset, responses(
    (status = 200, description = "It is set; what it has cost", body = PassphraseLoss),
    (status = 403, description = "The password or the code is wrong"),
    (status = 409, description = "Keys would be lost and `lose` does not say that they may be, or there is no passphrase yet"),
))]
async fn reset(
    State(door): State<HttpDoor>,
    Unlocking(caller): Unlocking,
    Object(mut body): Object,
) -> Result<Json<PassphraseLoss>, Problem> {
    let reset = PassphraseReset {
        passphrase: body.required_secret("passphrase"),
        password: body.required_secret("password"),
        totp: body.secret("totp"),
        lose: body.flag("lose").unwrap_or_default(),
    };
    body.finish()?;
    Ok(Json(door.service.reset_passphrase(&caller, reset).await?))
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
    Unlocking(caller): Unlocking,
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
