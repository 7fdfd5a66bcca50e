//! The time in which a request has to be answered. Its timer is set only once an answer is waited for, which most are not:
//! they are there at once, or come later and have another limit (`deadline`).

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::Map;
use tokio::time::error::Elapsed;
use tokio::time::{Timeout, timeout};
use tower::{Layer, Service};

/// The layer: what takes longer is given up and answered with 408.
#[derive(Clone)]
pub(crate) struct TimeLimitLayer(pub(crate) Duration);

/// What the layer puts around the routes.
#[derive(Clone)]
pub(crate) struct TimeLimit<S> {
    time: Duration,
    routes: S,
}

type Answer = Result<Response, Infallible>;

impl<S> Layer<S> for TimeLimitLayer {
    type Service = TimeLimit<S>;

    fn layer(&self, routes: S) -> TimeLimit<S> {
        TimeLimit { time: self.0, routes }
    }
}

impl<S: Service<Request, Response = Response, Error = Infallible>> Service<Request> for TimeLimit<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Map<Timeout<S::Future>, fn(Result<Answer, Elapsed>) -> Answer>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.routes.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        timeout(self.time, self.routes.call(request)).map(in_time)
    }
}

fn in_time(answer: Result<Answer, Elapsed>) -> Answer {
    answer.unwrap_or_else(|_| Ok(StatusCode::REQUEST_TIMEOUT.into_response()))
}
