//! Problems (RFC 9457): every refusal this door gives, and the one mapping of the core's errors to them. A problem
//! travels as an extension of an empty answer; `edge` writes the body, because only it knows the request's id.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use keyward_keys::{Error, Fault};
use serde::Serialize;
use utoipa::ToSchema;

use crate::limits::Standing;

/// Waiting this long is usually enough when a queue is full.
const BUSY: Duration = Duration::from_secs(1);
/// Somebody has to make room first.
const FULL: Duration = Duration::from_secs(60);

/// A refusal, or a failure.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    faults: Vec<Fault>,
    retry_after: Option<Duration>,
    progress: Option<Box<Progress>>,
    /// What went wrong inside: for the log, never for the caller.
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            faults: Vec::new(),
            retry_after: None,
            progress: None,
            cause: None,
        }
    }

    /// Not to be parsed: bad syntax, bad UTF-8, too deep, a name twice.
    pub(crate) fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail)
    }

    /// Well-formed, with wrong values: all of them.
    pub(crate) fn invalid(faults: Vec<Fault>) -> Self {
        let detail: Cow<'static, str> = match faults.as_slice() {
            [fault] if fault.field.is_empty() => fault.detail.clone().into(),
            [fault] => format!("{}: {}", fault.field, fault.detail).into(),
            faults => format!("{} fields are wrong; each is named in errors", faults.len()).into(),
        };
        Self { faults, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    /// Many things, of which none is to be parsed.
    pub(crate) fn all_malformed(faults: Vec<Fault>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "malformed", ..Self::invalid(faults) }
    }

    /// The caller has to wait.
    pub(crate) fn too_many(wait: Duration) -> Self {
        let detail = format!("too many requests; try again in {} s", whole_seconds(wait));
        Self { retry_after: Some(wait), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", detail) }
    }

    /// Refuses when a limit says so.
    pub(crate) fn unless_within(standing: Option<Standing>) -> Result<(), Self> {
        standing.and_then(|standing| standing.refused()).map_or(Ok(()), |wait| Err(Self::too_many(wait)))
    }

    /// For refusals made by a library, which know their status alone.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => ("not_found", "there is no such route"),
            StatusCode::METHOD_NOT_ALLOWED => {
                ("method_not_allowed", "this route has no such method; Allow names those it has")
            }
            StatusCode::REQUEST_TIMEOUT => {
                ("timeout", "the request took too long; it may or may not have been done")
            }
            StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "the body is larger than this route takes"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("unsupported_media_type", "send JSON, with Content-Type: application/json")
            }
            status if status.is_client_error() => ("malformed", "the request cannot be read"),
            _ => ("internal", "something went wrong inside; the log has the details"),
        };
        Self::new(status, code, detail)
    }

    /// A panic was caught; the panic hook has said where.
    pub(crate) fn of_panic() -> Self {
        Self::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// As part of an answer about many things.
    pub(crate) fn as_item(&self) -> Refusal<'_> {
        Refusal { status: self.status.as_u16(), code: self.code, detail: &self.detail }
    }

    /// Says how far a body of many events was taken before this came up.
    pub(crate) fn after(self, progress: Progress) -> Self {
        Self { progress: Some(Box::new(progress)), ..self }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Names the kind of refusal.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// What is wrong with which field.
    pub(crate) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The chain of causes as one line, when there is one to log.
    pub(crate) fn cause(&self) -> Option<String> {
        let mut next: Option<&dyn StdError> = Some(self.cause.as_deref()?);
        let mut line = String::new();
        while let Some(error) = next {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&error.to_string());
            next = error.source();
        }
        Some(line)
    }

    /// The document, with the headers that belong to it.
    pub(crate) fn document(&self, request_id: &str, headers: &mut HeaderMap) -> Vec<u8> {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.remove(header::CONTENT_LENGTH);
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let errors = self.faults.iter().map(Pointed::from).collect();
        let body = Written {
            kind: format!("urn:keyward:problem:{}", self.code),
            title: title(self.code),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            request_id,
            progress: self.progress.as_deref().copied(),
            errors,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// Whole seconds of a wait, rounded up, never 0: `Retry-After: 0` would ask for a tight loop.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1_000).clamp(1, u64::MAX.into()) as u64
}

/// The code in words: the same for every occurrence, as RFC 9457 asks.
fn title(code: &str) -> String {
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

/// The body of every refusal (RFC 9457).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(crate) struct Written<'a> {
    /// `urn:keyward:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The code in words.
    title: String,
    /// The answer's status.
    status: u16,
    /// What is wrong here, and what to do about it.
    detail: &'a str,
    /// Which kind of problem it is, for programs.
    code: &'a str,
    /// Names this request in the log and the audit.
    request_id: &'a str,
    /// How far a body of many events was taken before this came up.
    #[schema(inline)]
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Progress>,
    /// Every fault, where fields are wrong.
    #[schema(inline)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Pointed<'a>>,
}

/// One refusal among many answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Refusal<'a> {
    status: u16,
    code: &'static str,
    detail: &'a str,
}

/// Put beside an answer whose status is a refusal's, and which says by itself how things are.
#[derive(Clone, Copy)]
pub(crate) struct SaysItself;

/// How far a body of many events was taken. A client that retries leaves out the first `taken` events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
pub(crate) struct Progress {
    /// Events from the beginning that are settled: accepted, recognised as duplicates, or rejected.
    pub(crate) taken: u64,
    pub(crate) accepted: u64,
    pub(crate) duplicates: u64,
    pub(crate) rejected: u64,
}

/// A fault under its JSON pointer (RFC 6901).
#[derive(Serialize, ToSchema)]
pub(crate) struct Pointed<'a> {
    pub(crate) pointer: String,
    pub(crate) detail: &'a str,
}

impl<'a> From<&'a Fault> for Pointed<'a> {
    fn from(fault: &'a Fault) -> Self {
        let pointer = if fault.field.is_empty() { String::new() } else { format!("/{}", fault.field) };
        Self { pointer, detail: &fault.detail }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        use StatusCode as S;
        let detail = error.to_string();
        let new = |status, code| Self::new(status, code, detail.clone());
        let later = |wait, problem| Self { retry_after: Some(wait), ..problem };
        match error {
            Error::Unauthenticated => new(S::UNAUTHORIZED, "unauthenticated"),
            Error::TotpRequired => new(S::UNAUTHORIZED, "totp_required"),
            Error::WrongPassword => new(S::FORBIDDEN, "wrong_password"),
            Error::WrongCode => new(S::FORBIDDEN, "wrong_code"),
            Error::Forbidden(_) => new(S::FORBIDDEN, "forbidden"),
            Error::NotFound(_) => new(S::NOT_FOUND, "not_found"),
            Error::Invalid(faults) => Self::invalid(faults),
            Error::Conflict(_) => new(S::CONFLICT, "conflict"),
            Error::Stale => new(S::PRECONDITION_FAILED, "stale"),
            Error::WrongPassphrase => new(S::FORBIDDEN, "wrong_passphrase"),
            Error::Locked(_) => new(S::FORBIDDEN, "locked"),
            Error::KeyInactive => new(S::FORBIDDEN, "key_inactive"),
            Error::LimitExceeded { wait, .. } => later(wait, new(S::TOO_MANY_REQUESTS, "limit_exceeded")),
            Error::BudgetExceeded { wait, .. } => later(wait, new(S::TOO_MANY_REQUESTS, "budget_exceeded")),
            Error::PlanLimit { .. } => new(S::FORBIDDEN, "plan_limit"),
            Error::Registration(_) => new(S::FORBIDDEN, "registration"),
            Error::TooMany(wait) => later(wait, new(S::TOO_MANY_REQUESTS, "too_many")),
            Error::Busy => later(BUSY, new(S::SERVICE_UNAVAILABLE, "busy")),
            Error::Full => later(FULL, new(S::SERVICE_UNAVAILABLE, "disk_full")),
            Error::Internal(cause) => {
                Self { cause: Some(cause.into()), ..new(S::INTERNAL_SERVER_ERROR, "internal") }
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use keyward_keys::Locked;

    use super::*;

    fn written(problem: &Problem) -> (serde_json::Value, HeaderMap) {
        let mut headers = HeaderMap::new();
        let body = problem.document("r-1", &mut headers);
        (serde_json::from_slice(&body).unwrap(), headers)
    }

    /// Every error of the core, with what the door makes of it. The mapping itself has no `_` arm, so a new error
    /// cannot be forgotten there; add its row here.
    #[test]
    fn every_error_has_its_status_and_code() {
        let io = || std::io::Error::other("secret path");
        let table = [
            (Error::Unauthenticated, 401, "unauthenticated", None),
            (Error::TotpRequired, 401, "totp_required", None),
            (Error::WrongPassword, 403, "wrong_password", None),
            (Error::WrongCode, 403, "wrong_code", None),
            (Error::Forbidden("x".into()), 403, "forbidden", None),
            (Error::NotFound("key"), 404, "not_found", None),
            (Error::invalid("name", "is missing"), 422, "invalid", None),
            (Error::Conflict("x".into()), 409, "conflict", None),
            (Error::Stale, 412, "stale", None),
            (Error::WrongPassphrase, 403, "wrong_passphrase", None),
            (Error::Locked(Locked::Sealed), 403, "locked", None),
            (Error::KeyInactive, 403, "key_inactive", None),
            (
                Error::LimitExceeded { reset: jiff::Timestamp::UNIX_EPOCH, wait: Duration::from_secs(90) },
                429,
                "limit_exceeded",
                Some("90"),
            ),
            (
                Error::BudgetExceeded { reset: jiff::Timestamp::UNIX_EPOCH, wait: Duration::from_secs(90) },
                429,
                "budget_exceeded",
                Some("90"),
            ),
            (Error::PlanLimit { allowed: 5 }, 403, "plan_limit", None),
            (Error::Registration("closed"), 403, "registration", None),
            (Error::TooMany(Duration::from_millis(1_200)), 429, "too_many", Some("2")),
            (Error::Busy, 503, "busy", Some("1")),
            (Error::Full, 503, "disk_full", Some("60")),
            (Error::Internal(Box::new(io())), 500, "internal", None),
        ];
        for (error, status, code, retry_after) in table {
            let (body, headers) = written(&error.into());
            assert_eq!(body["status"], status, "{code}");
            assert_eq!(body["code"], code);
            assert_eq!(body["type"], format!("urn:keyward:problem:{code}"));
            assert_eq!(body["requestId"], "r-1");
            assert!(body["title"].is_string() && body["detail"].is_string());
            assert_eq!(
                headers.get("retry-after").map(|value| value.to_str().unwrap()),
                retry_after,
                "{code}"
            );
            assert_eq!(headers["content-type"], "application/problem+json");
            assert_eq!(headers.contains_key("www-authenticate"), status == 401);
        }
    }

    #[test]
    fn the_cause_goes_to_the_log_and_not_to_the_caller() {
        let problem = Problem::from(Error::Internal(Box::new(std::io::Error::other("at /secret/path"))));
        assert_eq!(problem.cause().as_deref(), Some("at /secret/path"));
        assert!(!written(&problem).0.to_string().contains("secret"));
    }

    #[test]
    fn every_fault_is_pointed_at() {
        let fault = |field: &str, detail: &str| Fault { field: field.into(), detail: detail.into() };
        let (body, _) =
            written(&Error::Invalid(vec![fault("name", "is missing"), fault("tags/2", "too long")]).into());
        assert_eq!(
            body["errors"],
            serde_json::json!([
                {"pointer": "/name", "detail": "is missing"},
                {"pointer": "/tags/2", "detail": "too long"},
            ])
        );
    }
}
