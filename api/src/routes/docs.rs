//! `/docs`: the document as a page, whole without any other server. Nothing in it is written inline, so that its policy
//! can forbid whatever is.

use std::io::Read;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Redirect};
use flate2::read::GzDecoder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::HttpDoor;
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Stranger;

const PAGE: &str = include_str!("docs/index.html");
const START: &str = include_str!("docs/start.js");
/// What the page may load: its own scripts and styles, and the images within them.
const POLICY: (HeaderName, HeaderValue) = (
    header::CONTENT_SECURITY_POLICY,
    HeaderValue::from_static(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
);

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(routes!(page))
        .routes(routes!(page_elsewhere))
        .routes(listed(routes!(file)))
}

/// This document as a page.
#[utoipa::path(get, path = "/docs", tag = "document", security(()), responses(
    (status = 200, description = "The page", content_type = "text/html", body = String),
))]
async fn page(_: Stranger) -> impl IntoResponse {
    ([POLICY, (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], PAGE)
}

/// The page is where `/docs` is.
#[utoipa::path(get, path = "/docs/", tag = "document", security(()), responses(
    (status = 308, description = "The page, without the slash"),
))]
async fn page_elsewhere(_: Stranger) -> Redirect {
    Redirect::permanent("/docs")
}

/// What the page is made of.
#[utoipa::path(get, path = "/docs/{file}", tag = "document", security(()),
    responses(
        (status = 200, description = "The file", content_type = "*/*", body = String),
        (status = 304, description = "It is as it was"),
    ))]
async fn file(_: Stranger, name: Result<Path<String>, PathRejection>) -> Result<impl IntoResponse, Problem> {
    let Ok(Path(name)) = name else { return Err(Problem::malformed("the path cannot be read")) };
    let with_type = |kind, body| Ok(([(header::CONTENT_TYPE, kind)], body));
    if name == "start.js" {
        return with_type("text/javascript".to_owned(), Body::from(START));
    }
    // The configuration fills in a file that the page does not use.
    let found = utoipa_swagger_ui::serve(&name, Arc::new(utoipa_swagger_ui::Config::from("")));
    let Ok(Some(found)) = found else { return Err(Problem::of_status(StatusCode::NOT_FOUND)) };
    if !found.gzpipped {
        return with_type(found.content_type, Body::from(found.bytes.into_owned()));
    }
    let mut whole = Vec::new();
    GzDecoder::new(&*found.bytes).read_to_end(&mut whole).map_err(|_| Problem::of_panic())?;
    with_type(found.content_type, Body::from(whole))
}
