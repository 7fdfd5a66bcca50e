//! `/api/billing`: a person's plan, what is used of it, and where the month is going. Nothing is paid here.

use axum::Json;
use axum::extract::State;
use keyward_keys::view::BillingView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(routes!(billing))
}

/// The caller's plan, what is used of it, the forecast for the month, and what each other plan would change.
#[utoipa::path(get, path = "/api/billing", tag = "billing", responses(
    (status = 200, description = "The plan and its use", body = BillingView),
))]
async fn billing(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<BillingView>, Problem> {
    Ok(Json(door.service.billing(&caller).await?))
}
