//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): a person's POST that carries one is carried out
//! once; for 24 hours the same request gets the same answer, another under the same key is refused, and so is one whose
//! first try is still under way. One layer for all routes. What it keeps of an answer is sealed under the caller's
//! bearer token and the request itself; where that is another by now, or the answer was lost in a crash, the repeated
//! request is told what it made. Answers to sign-ins and opened values are never kept.

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::future::{BoxFuture, Either};
use futures_util::{FutureExt, StreamExt};
use keyward_keys::service::{Begun, Once};
use keyward_keys::{Caller, Id};
use serde::{Deserialize, Serialize};
use tower::{Layer, Service, ServiceExt};

use crate::deadline::Deadline;
use crate::problem::Problem;
use crate::signed;
use crate::{HttpDoor, deferred};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST_KEY: usize = 255;
/// Headers that belong to an answer.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// Many events in one body, each with an `eventId` of its own.
const BULK: &str = "/api/usage/track";

/// Whether a POST to this path may be repeated under an `Idempotency-Key`.
pub(crate) fn covers(path: &str) -> bool {
    path != BULK && looks_at(path)
}

fn looks_at(path: &str) -> bool {
    let opens = ["/reveal", "/value", "/export", "/unlock"].iter().any(|end| path.ends_with(end));
    path.starts_with("/api/") && !path.starts_with("/api/auth/") && !path.starts_with("/api/fetch") && !opens
}

/// The layer. A request without such a key goes straight through: nothing is cloned or boxed for it.
#[derive(Clone)]
pub(crate) struct OnceLayer(pub(crate) HttpDoor);

/// What the layer puts around the routes.
#[derive(Clone)]
pub(crate) struct OnceService<S> {
    door: HttpDoor,
    routes: S,
}

impl<S> Layer<S> for OnceLayer {
    type Service = OnceService<S>;

    fn layer(&self, routes: S) -> OnceService<S> {
        OnceService { door: self.0.clone(), routes }
    }
}

impl<S> Service<Request> for OnceService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.routes.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let asks = request.method() == Method::POST
            && request.headers().contains_key(KEY)
            && looks_at(request.uri().path());
        if !asks {
            return Either::Left(self.routes.call(request));
        }
        Either::Right(once(self.door.clone(), self.routes.clone(), request).boxed())
    }
}

async fn once<S>(door: HttpDoor, routes: S, request: Request) -> Result<Response, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    Ok(match repeatable(&door, request).await {
        Ok(Asked::New(request, once)) => {
            let response = deferred::settle(routes.oneshot(request).await?, &Deadline::default()).await;
            match once {
                Some(once) => keep(&door, once, response).await,
                None => response,
            }
        }
        Ok(Asked::Before(response)) => response,
        Err(problem) => problem.into_response(),
    })
}

enum Asked {
    /// Not asked before, or nothing that is kept track of.
    New(Request, Option<Once>),
    Before(Response),
}

async fn repeatable(door: &HttpDoor, request: Request) -> Result<Asked, Problem> {
    // Whoever is not signed in, or is an app, is the handler's to answer.
    let Some((caller, bearer)) = person(door, &request) else { return Ok(Asked::New(request, None)) };
    if request.uri().path() == BULK {
        return Err(Problem::malformed(
            "a body of many events has no Idempotency-Key: give each event an eventId, which is counted once",
        ));
    }
    let key = key(&request)?;
    let (mut parts, body) = request.into_parts();
    let body = read(door, body).await?;
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let asked = [parts.method.as_str().as_bytes(), target.as_bytes(), &body];
    match door.service.begin_once(&caller, &bearer, &key, &asked).await? {
        Begun::First(once) => {
            parts.extensions.insert(once.clone());
            Ok(Asked::New(Request::from_parts(parts, Body::from(body)), Some(once)))
        }
        Begun::Running => Err(Problem::new(
            StatusCode::CONFLICT,
            "idempotency_key_in_use",
            "the first request with this Idempotency-Key is still under way; wait for its answer",
        )),
        Begun::Other => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "another request had this Idempotency-Key within 24 hours; a new request needs a new one",
        )),
        Begun::Again { object, answer } => {
            let kept = answer.and_then(|answer| serde_json::from_slice::<Kept>(answer.expose()).ok());
            Ok(Asked::Before(kept.map_or_else(|| lost(object), Kept::again)))
        }
    }
}

fn person(door: &HttpDoor, request: &Request) -> Option<(Caller, String)> {
    let bearer = signed::bearer(request.headers())?;
    let caller = door.service.sign_in_with_bearer(signed::origin(request.extensions())?, bearer).ok()?;
    caller.account().is_some().then(|| (caller, bearer.to_owned()))
}

/// The key, as a structured string (RFC 9651) or bare, which is what most clients send.
fn key(request: &Request) -> Result<String, Problem> {
    let mut keys = request.headers().get_all(KEY).into_iter();
    let text = match (keys.next(), keys.next()) {
        (Some(key), None) => key.to_str().unwrap_or_default().trim(),
        _ => "",
    };
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if text.is_empty() || text.len() > LONGEST_KEY {
        return Err(Problem::malformed(
            "Idempotency-Key must be one text of 1 to 255 ASCII characters; a new UUID is a good one",
        ));
    }
    Ok(text.to_owned())
}

async fn read(door: &HttpDoor, body: Body) -> Result<Bytes, Problem> {
    let most = usize::try_from(door.settings.api.body_limit_bytes.get()).unwrap_or(usize::MAX);
    let too_large = || Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE);
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut frames = body.into_data_stream();
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(|_| Problem::malformed("the body ended before it was complete"))?;
        if bytes.len() + frame.len() > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&frame);
    }
    Ok(bytes.into())
}

/// An answer as it is kept, sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Kept {
    fn again(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

/// Keeps a good answer; a refusal has changed nothing, so that its request may be tried again.
async fn keep(door: &HttpDoor, once: Once, response: Response) -> Response {
    if !response.status().is_success() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return Problem::of_panic().into_response();
    };
    let header = |name: &HeaderName| {
        Some((name.as_str().to_owned(), parts.headers.get(name)?.to_str().ok()?.to_owned()))
    };
    let kept = Kept {
        status: parts.status.as_u16(),
        headers: KEPT.iter().filter_map(header).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let kept = serde_json::to_vec(&kept).unwrap_or_default();
    if let Err(error) = door.service.finish_once(once, &kept).await {
        // It was carried out, and that is noted: a repeated request is told so.
        tracing::warn!(%error, "an answer could not be kept");
    }
    Response::from_parts(parts, Body::from(body))
}

/// For a request that was carried out, when its answer can't be had any more.
fn lost(object: Option<Id>) -> Response {
    #[derive(Serialize)]
    struct Lost {
        #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
        id: Option<Id>,
        message: &'static str,
    }
    let message = "this request was carried out before; its answer is not kept, read what it made or changed";
    let mut response = axum::Json(Lost { id: object, message }).into_response();
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
