//! `/api/auth/verify-email`: showing that the account's address is one's own, with a code that was mailed to it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use keyward_keys::view::UserView;
use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::input::Object;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(routes!(verify)).routes(routes!(send))
}

#[derive(ToSchema)]
struct EmailCode {
    /// As it was mailed; dashes do not matter.
    #[schema(value_type = String, format = Password)]
    code: SecretString,
}

/// Shows that the account's address is the caller's.
///
/// Where mail is set up, a code goes to an address when somebody registers with it, or changes to it. Until it came back
/// notifications are not mailed there, and no invitation for it is accepted; the one that the account was made with then is.
#[utoipa::path(post, path = "/api/auth/verify-email", tag = "auth", request_body = EmailCode, responses(
    (status = 200, description = "The account, its address verified", body = UserView),
))]
async fn verify(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<Json<UserView>, Problem> {
    let given = EmailCode { code: body.required_secret("code") };
    body.finish()?;
    Ok(Json(door.service.prove_email(&caller, &given.code).await?))
}

/// Whether a code went out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CodeSent {
    message: &'static str,
    mailed: bool,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail_fault: Option<String>,
}

/// Mails another code to the account's address; the one before is no good any more. At most five an hour.
#[utoipa::path(post, path = "/api/auth/verify-email/send", tag = "auth", responses(
    (status = 202, description = "Whether it went out", body = CodeSent),
    (status = 409, description = "The address is verified, or taken at its word"),
))]
async fn send(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
) -> Result<(StatusCode, Json<CodeSent>), Problem> {
    let mail_fault = door.service.send_email_code(&caller).await?;
    let message = if mail_fault.is_some() { "The code could not be mailed" } else { "A code is on its way" };
    Ok((StatusCode::ACCEPTED, Json(CodeSent { message, mailed: mail_fault.is_none(), mail_fault })))
}
