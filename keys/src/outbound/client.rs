//! One HTTP request to a target, and its answer: no redirect is followed, every time and every size has an end. It knows
//! no recipe, webhook or key.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;

use super::connect::Connector;
use super::error::{CallError, CallResult, Class};
use super::retry_after;
use super::target::Target;
use crate::clock::Clock;
use crate::crypto::SecretBytes;

/// Calls that are under way at once.
const AT_ONCE: usize = 32;

/// Headers of an answer, and bytes of all of them (hyper may read a little further).
const HEADERS: usize = 100;
const HEADER_BYTES: usize = 64 * 1024;

/// How long and how large a call may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CallLimits {
    /// From the name to a secured connection.
    pub connect: Duration,
    /// From the name to the answer's last byte.
    pub total: Duration,
    /// Bytes of an answer's body.
    pub answer: usize,
    /// From a webhook's "not yet" (202) to its last word.
    pub polling: Duration,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(15),
            answer: 1024 * 1024,
            polling: Duration::from_secs(300),
        }
    }
}

/// What is sent. Not printable: headers and body hold secrets.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: SecretBytes,
}

/// Makes calls.
pub(super) struct Client {
    allow: Vec<IpNet>,
    limits: CallLimits,
    clock: Clock,
    connector: Connector,
    turns: Semaphore,
}

impl Client {
    pub(super) fn new(allow: Vec<IpNet>, limits: CallLimits, clock: Clock) -> Self {
        Self { allow, limits, clock, connector: Connector::default(), turns: Semaphore::new(AT_ONCE) }
    }

    /// The same, with names looked up so.
    #[cfg(test)]
    pub(super) fn looking_up(self, lookup: super::connect::Lookup) -> Self {
        Self { connector: Connector::looking_up(lookup), ..self }
    }

    pub(super) fn allow(&self) -> &[IpNet] {
        &self.allow
    }

    pub(super) fn limits(&self) -> &CallLimits {
        &self.limits
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Waits until one more may be under way; it is, until what is answered is dropped.
    pub(super) async fn turn(&self) -> CallResult<SemaphorePermit<'_>> {
        self.turns.acquire().await.map_err(|_| CallError::transient("the daemon stops"))
    }

    /// Makes a call when its turn comes. An answer of any status is an answer; see [`Answer::good`].
    pub(super) async fn call(&self, call: Call) -> CallResult<Answer> {
        let _turn = self.turn().await?;
        let (host, sent) = (call.target.authority(), AtomicBool::new(false));
        let late = |_| Err(CallError::transient(format!("{host} did not answer in time")));
        let answer =
            tokio::time::timeout(self.limits.total, self.exchange(call, &sent)).await.unwrap_or_else(late);
        answer.map_err(|error| error.maybe_done(sent.into_inner()))
    }

    async fn exchange(&self, call: Call, sent: &AtomicBool) -> CallResult<Answer> {
        let host = call.target.authority();
        let broken =
            |_| CallError::transient(format!("{host} broke the connection off, or does not speak HTTP"));
        let stream = self.connector.connect(&call.target, &self.allow, self.limits.connect).await?;
        let request = request(call)?;
        let mut builder = hyper::client::conn::http1::Builder::new();
        builder.max_headers(HEADERS).max_buf_size(HEADER_BYTES);
        let (mut sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let _driver = Driver(tokio::spawn(async move {
            // Whatever ends the connection ends the request too, which tells of it.
            let _ = connection.await;
        }));
        sent.store(true, Ordering::Relaxed);
        let response = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = Response::into_parts(response);
        let body = self.body(body, &host).await?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }

    async fn body(&self, mut body: Incoming, host: &str) -> CallResult<SecretBytes> {
        let mut read = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame
                .map_err(|_| CallError::transient(format!("{host} broke off in the middle of its answer")))?;
            let Ok(data) = frame.into_data() else { continue };
            if read.len() + data.len() > self.limits.answer {
                let most = self.limits.answer;
                return Err(CallError::config(format!(
                    "{host} answers with more than {most} bytes, which is no answer"
                )));
            }
            read.extend_from_slice(&data);
        }
        Ok(SecretBytes::new(read))
    }
}

/// The connection's task, which ends with the call.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn request(call: Call) -> CallResult<Request<Full<Bytes>>> {
    let Call { method, target, headers, body } = call;
    let made = Request::builder().method(method).uri(target.path_and_query()).body(Full::from(body));
    let mut request = made.map_err(|_| CallError::config("the address of the call cannot be sent"))?;
    let host = HeaderValue::try_from(target.authority())
        .map_err(|_| CallError::config("the host of the call cannot be sent"))?;
    let agent = HeaderValue::from_static(concat!("keyward/", env!("CARGO_PKG_VERSION")));
    *request.headers_mut() = headers;
    request.headers_mut().insert(header::HOST, host);
    request.headers_mut().insert(header::USER_AGENT, agent);
    Ok(request)
}

impl Answer {
    /// A header's text.
    pub(super) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether it is a success (2xx).
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// How long the other side asks to be left alone.
    pub(super) fn retry_after(&self, now_ms: i64) -> Option<Duration> {
        let told = self.header(header::RETRY_AFTER).and_then(|text| retry_after::parse(text, now_ms));
        // Who counts calls may tell of the count with every answer: it says how long to wait where none is left alone.
        let counted = || self.counted("reset").and_then(|text| retry_after::reset(text, now_ms));
        told.or_else(|| self.is_too_often().then(counted).flatten())
    }

    /// What is told of a count of calls, under the names that are in use.
    fn counted(&self, what: &str) -> Option<&str> {
        let named = |prefix| self.headers.get(format!("{prefix}{what}"));
        named("x-ratelimit-").or_else(|| named("ratelimit-")).and_then(|value| value.to_str().ok())
    }

    /// Whether it is called too often. GitHub says that with 403 too, and then how long to wait, or that no call is left.
    fn is_too_often(&self) -> bool {
        let waits =
            || self.headers.contains_key(header::RETRY_AFTER) || self.counted("remaining") == Some("0");
        self.status == 429 || (self.status == 403 && waits())
    }

    /// What a status that is no success says by itself.
    pub(super) fn failure(&self, host: &str, now_ms: i64) -> CallError {
        let status = self.status;
        let (class, what) = match status {
            300..=399 => {
                (Class::Config, "answers with a redirect, and none is followed; give the address it leads to")
            }
            _ if self.is_too_often() => (Class::Transient, "is called too often"),
            401 | 403 => (Class::Auth, "does not accept the credential"),
            402 => (Class::Quota, "asks for payment"),
            408 | 425 => (Class::Transient, "asks to be called again"),
            500.. => (Class::Transient, "has a fault of its own"),
            _ => (Class::Config, "refuses the call"),
        };
        CallError {
            class,
            detail: format!("{host} {what} ({status})"),
            retry_after: if class == Class::Transient { self.retry_after(now_ms) } else { None },
            // Of a server that fails, nobody knows how far it came.
            maybe_done: status >= 500,
            status: Some(status),
        }
    }
}
