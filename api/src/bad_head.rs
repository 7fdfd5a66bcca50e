//! Requests whose head does not come in time or cannot be read. hyper closes on the first without a word and answers the
//! others with a bare status; here both get a problem as every other refusal has. It must not touch an answer of ours,
//! nor speak where nothing was asked.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::problem::Problem;
use crate::{edge, secure};

/// hyper's own refusals are shorter than this; each head of ours is longer, for the headers that every answer carries.
const BARE: usize = 256;
/// How long a refusal may take to be sent, and to be read by a client that is still sending.
const PARTING: Duration = Duration::from_secs(2);

/// A connection's socket, which keeps back what hyper says by itself of a head that it cannot read. hyper ends the
/// connection after that, so there is nothing else to come.
pub(crate) struct Wire<S> {
    socket: S,
    /// What hyper would have answered.
    refused: Option<StatusCode>,
    /// The client has not taken all that was last to be sent.
    stuck: bool,
}

/// A head that is refused, and the socket that waits for the answer.
pub(crate) struct BadHead<S> {
    socket: S,
    problem: Problem,
}

impl<S> Wire<S> {
    pub(crate) fn new(socket: S) -> Self {
        Self { socket, refused: None, stuck: false }
    }

    /// What is to be said after hyper gave up; `unread` is what it had of a head by then. Nothing where nothing was asked,
    /// where an answer is still on its way, or where no head was the reason.
    pub(crate) fn bad_head(
        self,
        error: &hyper::Error,
        unread: &Bytes,
        limits: &Limits,
    ) -> Option<BadHead<S>> {
        let problem = match self.refused {
            _ if self.stuck => return None,
            // The first line alone is all that was read of it.
            Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE) if !unread.contains(&b'\n') => limits.uri(),
            Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE) => limits.headers(),
            Some(StatusCode::URI_TOO_LONG) => limits.uri(),
            Some(_) => unreadable(),
            None if error.is_timeout() && !unread.trim_ascii().is_empty() => limits.slow(),
            None if error.is_parse() => unreadable(),
            None => return None,
        };
        Some(BadHead { socket: self.socket, problem })
    }
}

/// What a head may have.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) headers: usize,
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

impl Limits {
    fn slow(&self) -> Problem {
        let seconds = self.time.as_secs();
        let detail = format!(
            "the request's first line and headers did not come within {seconds} s; send them at once"
        );
        Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail)
    }

    fn headers(&self) -> Problem {
        let (headers, kib) = (self.headers, self.bytes / 1024);
        let detail = format!(
            "the request has more than {headers} headers, or more than {kib} KiB of them; leave out what is not needed"
        );
        Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", detail)
    }

    fn uri(&self) -> Problem {
        let kib = self.bytes / 1024;
        let detail =
            format!("the request's first line has more than {kib} KiB; send what is long in the body");
        Problem::new(StatusCode::URI_TOO_LONG, "uri_too_long", detail)
    }
}

fn unreadable() -> Problem {
    Problem::malformed(
        "the request's first line or a header is not HTTP/1.1; check both, and send no TLS here: it ends at the proxy in front",
    )
}

impl<S: AsyncRead + AsyncWrite + Unpin> BadHead<S> {
    pub(crate) fn status(&self) -> u16 {
        self.problem.status().as_u16()
    }

    /// Answers, and closes once the client has read it or has had its time.
    pub(crate) async fn answer(mut self) {
        let answer = written(&self.problem);
        let parting = async {
            self.socket.write_all(&answer).await?;
            self.socket.shutdown().await?;
            // Closed while something is unread, the connection would be reset, which may overtake the answer.
            let mut rest = vec![0; 4096];
            while self.socket.read(&mut rest).await? > 0 {}
            io::Result::Ok(())
        };
        // Whoever does not take it in time, or has gone, is not waited for.
        let _ = tokio::time::timeout(PARTING, parting).await;
    }
}

/// The whole answer, as it goes over the wire.
fn written(problem: &Problem) -> Vec<u8> {
    let id = edge::new_request_id();
    let mut headers = HeaderMap::new();
    let body = problem.document(id.to_str().unwrap_or_default(), &mut headers);
    secure::add(&mut headers);
    headers.insert(edge::REQUEST_ID, id);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    let mut answer = format!("HTTP/1.1 {}\r\n", problem.status()).into_bytes();
    for (name, value) in &headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            answer.extend_from_slice(part);
        }
    }
    answer.extend_from_slice(b"\r\n");
    answer.extend_from_slice(&body);
    answer
}

/// The status, when this is a refusal of hyper's own: a head of some few lines, and nothing after it.
fn bare_refusal(bytes: &[u8]) -> Option<StatusCode> {
    let status = bytes.strip_prefix(b"HTTP/1.")?.get(1..5)?.strip_prefix(b" ")?;
    let bare = status[0] == b'4' && bytes.len() < BARE && bytes.ends_with(b"\r\n\r\n");
    StatusCode::from_bytes(status).ok().filter(|_| bare)
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Takes these pieces for sent when they are hyper's own refusal; else they are sent by `send`.
    fn send(
        &mut self,
        pieces: &[IoSlice<'_>],
        send: impl FnOnce(Pin<&mut S>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let [head] = pieces
            && let Some(status) = bare_refusal(head)
        {
            self.refused = Some(status);
            return Poll::Ready(Ok(head.len()));
        }
        let sent = send(Pin::new(&mut self.socket));
        self.stuck = sent.is_pending();
        sent
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.send(&[IoSlice::new(bytes)], |socket| socket.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.send(pieces, |socket| socket.poll_write_vectored(context, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Something is still to be said.
        if self.refused.is_some() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::FutureExt;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;

    use super::*;

    const LIMITS: Limits = Limits { headers: 64, bytes: 1024, time: Duration::from_secs(1) };

    /// What hyper ends with when it reads what is no head at all.
    async fn parse_error() -> hyper::Error {
        let (mut ours, theirs) = tokio::io::duplex(1024);
        ours.write_all(b"no head\r\n\r\n").await.unwrap();
        let service = service_fn(async |_| Ok::<_, Infallible>(axum::response::Response::new(String::new())));
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(theirs), service)
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn nothing_is_said_into_an_answer_that_is_still_on_its_way() {
        let error = parse_error().await;
        for (room, said) in [(1024, true), (100, false)] {
            let (_ours, theirs) = tokio::io::duplex(room);
            let mut wire = Wire::new(theirs);
            let sent = wire.write_all(&[b'x'; 200]).now_or_never();
            assert_eq!(sent.is_some(), said);
            assert_eq!(wire.bad_head(&error, &Bytes::from_static(b"no head"), &LIMITS).is_some(), said);
        }
    }

    #[test]
    fn only_a_bare_refusal_is_taken_for_one() {
        let bare = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(bare_refusal(bare), Some(StatusCode::BAD_REQUEST));
        let ours = written(&unreadable());
        let head = ours.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let others: [&[u8]; 6] = [
            &ours,
            &ours[..head],
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 4",
            b"",
        ];
        for other in others {
            assert_eq!(bare_refusal(other), None, "{}", String::from_utf8_lossy(other));
        }
    }
}
