//! What routes that list things have in common: an answer has a tag, and is compressed for whoever takes that. Only for
//! answers without secrets: what is compressed tells by its length what stands beside text that an attacker chose
//! (BREACH).

use std::hash::BuildHasher;
use std::sync::LazyLock;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use foldhash::quality::RandomState;
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::{UtoipaMethodRouter, UtoipaMethodRouterExt};

use crate::{HttpDoor, etag};

/// Gives these routes a tag for each good answer, and compression.
pub(crate) fn listed(routes: UtoipaMethodRouter<HttpDoor>) -> UtoipaMethodRouter<HttpDoor> {
    routes.layer(ServiceBuilder::new().layer(compression()).layer(from_fn(tag)))
}

/// The same for files that are no part of the document.
pub(crate) fn kept(files: MethodRouter<HttpDoor>) -> MethodRouter<HttpDoor> {
    files.layer(ServiceBuilder::new().layer(compression()).layer(from_fn(tag)))
}

fn compression() -> CompressionLayer {
    CompressionLayer::new().gzip(true).br(true).quality(CompressionLevel::Fastest)
}

/// The tag is made of the body: whatever changes in the answer changes it. It is weak, because compression makes other
/// bytes of the same answer.
async fn tag(request: Request, next: Next) -> Response {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::default);
    let known = request.headers().contains_key(header::IF_NONE_MATCH).then(|| request.headers().clone());
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut head, body) = response.into_parts();
    // The handlers' bodies are whole already, so this neither waits nor fails.
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let tag = format!("W/\"{:016x}\"", KEY.hash_one(&body));
    let Ok(tag) = HeaderValue::try_from(tag) else { return (head, body).into_response() };
    if known.is_some_and(|known| etag::not_modified(&known, &tag)) {
        return etag::unchanged(tag);
    }
    head.headers.insert(header::ETAG, tag);
    Response::from_parts(head, Body::from(body))
}
