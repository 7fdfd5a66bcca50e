//! What is left of a request's body when it is answered. hyper closes a connection whose body was not read to its end
//! without a word, so that the next request over it fails; and to close it while something is unread resets it, which
//! may overtake the answer. So the rest is read here, for a while, and the answer says `connection: close` unless the
//! rest is small.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{self, HeaderValue};
use axum::response::Response;
use futures_util::StreamExt;
use hyper::Request;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tower::Service as _;

/// A rest of so many bytes is read for the next request's sake.
const SMALL: u64 = 64 * 1024;

/// Answers a request. `cut` ends the connection when the rest of its body does not come within `patience`.
pub(crate) async fn answer(
    mut app: Router,
    request: Request<Incoming>,
    patience: Duration,
    cut: CancellationToken,
) -> Result<Response, Infallible> {
    if request.body().is_end_stream() {
        return app.call(request.map(Body::new)).await;
    }
    // Who asks before sending must not be asked for what nobody wants.
    let asks = request.headers().contains_key(header::EXPECT);
    let (back, mut rest) = oneshot::channel();
    let request = request.map(|body| Body::new(Lent { body: Some(body), back: Some(back) }));
    let mut response = app.call(request).await?;
    if let Ok(rest) = rest.try_recv() {
        if asks || rest.size_hint().upper().is_none_or(|left| left > SMALL) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if !asks {
            tokio::spawn(read_off(rest, patience, cut));
        }
    }
    Ok(response)
}

async fn read_off(rest: Incoming, patience: Duration, cut: CancellationToken) {
    let mut frames = Body::new(rest).into_data_stream();
    let read = async { while let Some(Ok(_)) = frames.next().await {} };
    if tokio::time::timeout(patience, read).await.is_err() {
        cut.cancel();
    }
}

/// A body on loan: dropped before its end, it comes back.
struct Lent {
    body: Option<Incoming>,
    back: Option<oneshot::Sender<Incoming>>,
}

impl hyper::body::Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let (Some(body), Some(back)) = (self.body.take(), self.back.take())
            && !body.is_end_stream()
        {
            // Whoever answered may be gone, and the connection with them.
            let _ = back.send(body);
        }
    }
}
