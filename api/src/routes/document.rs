//! `/openapi.json`: the document of this API, made from the routes themselves. It says nothing that depends on who asks.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::listing::listed;
use crate::signed::Stranger;
use crate::{live, openapi};

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(listed(routes!(document)))
}

/// Made when it is first asked for: most daemons are never asked.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let described = super::described(usize::MAX).merge(live::described()).into_openapi();
    openapi::document(&described).to_string().into()
});

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "document", security(()), responses(
    (status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = Object),
    (status = 304, description = "It is as it was"),
))]
async fn document(_: Stranger) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}
