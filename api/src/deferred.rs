//! Answers that wait for the disk without holding on to the way they came: a handler hands out what is left to do, the
//! layers return and free what they had, and the rest is awaited at the door itself. Nothing here knows a route.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, HeaderMap};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::deadline::Deadline;
use crate::edge::Exit;
use crate::problem::Problem;

type Rest = Pin<Box<dyn Future<Output = Response> + Send>>;

/// An answer that is still to come. Layers see an empty one, to which they may add headers.
#[derive(Clone)]
pub(crate) struct Deferred(Arc<Mutex<Pending>>);

struct Pending {
    rest: Option<Rest>,
    exit: Option<Exit>,
}

impl Deferred {
    pub(crate) fn new<T: IntoResponse + 'static>(
        rest: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Self {
        let rest: Rest = Box::pin(rest.map(IntoResponse::into_response));
        Self(Arc::new(Mutex::new(Pending { rest: Some(rest), exit: None })))
    }
}

impl IntoResponse for Deferred {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}

/// Does the last of a request: at once, or when its deferred answer is there.
pub(crate) fn finally(response: Response, exit: Exit) -> Response {
    match response.extensions().get::<Deferred>() {
        Some(deferred) => {
            deferred.0.lock().unwrap_or_else(PoisonError::into_inner).exit = Some(exit);
            response
        }
        None => exit.pass(response),
    }
}

/// Waits for a deferred answer, under the same limits as the layers set; any other is given back as it is.
pub(crate) async fn settle(mut response: Response, deadline: &Deadline) -> Response {
    let Some(Deferred(pending)) = response.extensions_mut().remove() else { return response };
    // That of the empty answer.
    response.headers_mut().remove(CONTENT_LENGTH);
    // Most often nothing, and then no room is kept for it.
    let added = Some(std::mem::take(response.headers_mut())).filter(|added| !added.is_empty());
    drop(response);
    let (rest, exit) = {
        let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
        (pending.rest.take(), pending.exit.take())
    };
    drop(pending);
    let Some(rest) = rest else { return Problem::of_panic().into_response() };
    let rest = AssertUnwindSafe(rest).catch_unwind().map(|done| done.unwrap_or_else(|_| panicked()));
    let Some(exit) = exit else { return with(rest.await, added) };
    let response = deadline.meet(exit.until(), rest).await.unwrap_or_else(timed_out);
    exit.pass(with(response, added))
}

fn with(mut response: Response, added: Option<HeaderMap>) -> Response {
    response.headers_mut().extend(added.into_iter().flatten());
    response
}

fn panicked() -> Response {
    Problem::of_panic().into_response()
}

fn timed_out() -> Response {
    Problem::of_status(StatusCode::REQUEST_TIMEOUT).into_response()
}
