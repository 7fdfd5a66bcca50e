//! `/api/auth/2fa`: an authenticator app as second factor of signing in with a password. Secrets and recovery codes are
//! in these answers and in no other.

use axum::Json;
use axum::extract::State;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Message;
use crate::HttpDoor;
use crate::input::{Object, OptionalObject};
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(routes!(setup)).routes(routes!(enable)).routes(routes!(disable))
}

#[derive(Serialize, ToSchema)]
struct Setup {
    /// The `otpauth:` link, for an app on the same device.
    otpauth: String,
    /// The link as a QR code: a `data:` URL of an SVG image.
    qr: String,
}

#[derive(ToSchema)]
struct AppCode {
    /// The code that the app shows.
    #[schema(value_type = String, format = Password)]
    totp: SecretString,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RecoveryCodes {
    message: &'static str,
    /// Each stands in for a code of the app, once.
    recovery_codes: Vec<String>,
}

/// Begins to set up two-factor sign-in.
///
/// Nothing changes until it is enabled with a code of the app.
#[utoipa::path(post, path = "/api/auth/2fa/setup", tag = "auth", responses(
    (status = 200, description = "What the app needs, this once", body = Setup),
    (status = 409, description = "It is on already"),
))]
async fn setup(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    OptionalObject(body): OptionalObject,
) -> Result<Json<Setup>, Problem> {
    body.finish()?;
    let setup = door.service.set_up_second_factor(&caller).await?;
    Ok(Json(Setup {
        otpauth: setup.otpauth.expose_secret().to_owned(),
        qr: setup.qr.expose_secret().to_owned(),
    }))
}

/// Switches two-factor sign-in on, with a code of the app, and ends everything else that is open.
#[utoipa::path(post, path = "/api/auth/2fa/enable", tag = "auth", request_body = AppCode, responses(
    (status = 200, description = "It is on; the recovery codes, this once", body = RecoveryCodes),
    (status = 403, description = "The code is wrong"),
    (status = 409, description = "It is on already, or was not set up"),
))]
async fn enable(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<Json<RecoveryCodes>, Problem> {
    let AppCode { totp } = AppCode { totp: body.required_secret("totp") };
    body.finish()?;
    let codes = door.service.enable_second_factor(&caller, totp).await?;
    Ok(Json(RecoveryCodes {
        message: "Two-factor sign-in is on",
        recovery_codes: codes.iter().map(|code| code.expose_secret().to_owned()).collect(),
    }))
}

/// Switches two-factor sign-in off, with a code of the app or a recovery code, and ends everything else that is open.
#[utoipa::path(post, path = "/api/auth/2fa/disable", tag = "auth", request_body = AppCode, responses(
    (status = 200, description = "It is off", body = Message),
    (status = 403, description = "The code is wrong"),
    (status = 409, description = "It is off already"),
))]
async fn disable(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<Json<Message>, Problem> {
    let AppCode { totp } = AppCode { totp: body.required_secret("totp") };
    body.finish()?;
    door.service.disable_second_factor(&caller, totp).await?;
    Ok(Json(Message { message: "Two-factor sign-in is off" }))
}
