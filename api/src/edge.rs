//! The outermost layers, which every request and every answer passes: a request id, the client's address, no secrets
//! in the query, time and panic limits, CORS, security headers, and one form for every refusal, also for those that
//! a library made. The log gets the route's template: never the path, the query or a header.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Query, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use keyward_keys::{Door, Origin, RequestId};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::timeout::TimeoutLayer;
use tracing::Instrument;

use crate::input::BODY_LIMIT;
use crate::limits::Standing;
use crate::metered::UnderWay;
use crate::once::OnceLayer;
use crate::problem::{Problem, SaysItself};
use crate::{HttpDoor, address, deferred, secure};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Names under which secrets turn up in query strings, where every log and history on the way would keep them.
const SECRET_NAMES: [&str; 8] =
    ["token", "access_token", "refreshToken", "password", "passphrase", "apiKey", "api_key", "secret"];

/// The other end of the connection, put into each request where it is accepted.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// What is known of one request apart from what it asks for.
pub(crate) struct Visit {
    /// Where it came from.
    pub(crate) origin: Origin,
    /// Where the caller stands with the limit that was counted; told in the answer's headers.
    standing: OnceLock<Standing>,
}

impl Visit {
    fn new(address: IpAddr, request: Option<RequestId>) -> Self {
        Self {
            origin: Origin { door: Door::Rest, address: Some(address), request },
            standing: OnceLock::new(),
        }
    }

    pub(crate) fn address(&self) -> IpAddr {
        self.origin.address.unwrap_or(Ipv4Addr::UNSPECIFIED.into())
    }

    /// Notes a limit's answer for the headers, and refuses when it says so.
    pub(crate) fn count(&self, standing: Option<Standing>) -> Result<(), Problem> {
        if let Some(standing) = standing {
            let _ = self.standing.set(standing);
        }
        Problem::unless_within(standing)
    }
}

/// Puts the layers around the routes; with a time in which each has to answer.
pub(crate) fn wrap(router: Router<HttpDoor>, door: &HttpDoor, time: Option<Duration>) -> Router<HttpDoor> {
    let api = &door.settings.api;
    let timeout = time.map(|time| TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, time));
    let most = usize::try_from(api.body_limit_bytes.get()).unwrap_or(usize::MAX);
    // All of them in one: each step of its own would clone what is below it for every request.
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn_with_state(door.clone(), pass))
            .layer(SetSensitiveRequestHeadersLayer::new([
                header::AUTHORIZATION,
                header::COOKIE,
                HeaderName::from_static("x-unlock"),
                header::SEC_WEBSOCKET_PROTOCOL,
            ]))
            .option_layer(cors(&api.cors_origins))
            .layer(CatchPanicLayer::custom(|_| Problem::of_panic().into_response()))
            .option_layer(timeout)
            // A route that takes more says so further in.
            .layer(DefaultBodyLimit::max(BODY_LIMIT.min(most)))
            .layer(OnceLayer(door.clone())),
    )
}

/// None at all without an origin in the settings.
fn cors(origins: &[keyward_config::WebOrigin]) -> Option<CorsLayer> {
    let origins: Vec<_> =
        origins.iter().filter_map(|origin| HeaderValue::try_from(origin.as_str()).ok()).collect();
    let names =
        |names: &[&'static str]| names.iter().copied().map(HeaderName::from_static).collect::<Vec<_>>();
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_credentials(true)
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers(names(&[
                "authorization",
                "content-type",
                "idempotency-key",
                "if-match",
                "if-none-match",
                "x-request-id",
                "x-unlock",
            ]))
            .expose_headers(names(&[
                "etag",
                "link",
                "location",
                "ratelimit",
                "ratelimit-policy",
                "retry-after",
                "x-ratelimit-limit",
                "x-ratelimit-remaining",
                "x-ratelimit-reset",
                "x-request-id",
            ]))
            .max_age(Duration::from_secs(600))
    })
}

async fn pass(State(door): State<HttpDoor>, mut request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let peer = request.extensions().get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0);
    let client = address::client(peer, request.headers(), &door.settings.api.trusted_proxies);
    let named = id.to_str().ok().and_then(RequestId::parse);
    let visit = Arc::new(Visit::new(client, named));
    request.extensions_mut().insert(visit.clone());
    let exit = Exit {
        started: Instant::now(),
        under_way: UnderWay::new(door),
        id,
        visit,
        route: request.extensions().get::<MatchedPath>().cloned(),
        method: plain(request.method()),
    };
    let response = match secret_in_query(request.uri()) {
        Some(problem) => problem.into_response(),
        None => {
            let span = tracing::debug_span!("request", id = exit.id());
            next.run(request).instrument(span).await
        }
    };
    deferred::finally(response, exit)
}

/// What is left to do for a request when its answer is known.
pub(crate) struct Exit {
    started: Instant,
    under_way: UnderWay,
    id: HeaderValue,
    visit: Arc<Visit>,
    route: Option<MatchedPath>,
    method: &'static str,
}

impl Exit {
    /// When a deferred answer has to be there.
    pub(crate) fn until(&self) -> tokio::time::Instant {
        (self.started + self.under_way.door().request_time()).into()
    }

    fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    /// Counts and logs the answer, and gives it what every answer has.
    pub(crate) fn pass(self, mut response: Response) -> Response {
        let door = self.under_way.door();
        let template = self.route.as_ref().map(MatchedPath::as_str);
        let status = response.status().as_u16();
        let took = self.started.elapsed();
        door.metered.answered(door.service.meters(), template, self.method, status, took);
        let route = template.unwrap_or("none");
        write_problem(&mut response, self.id(), route);
        finish_headers(response.headers_mut(), &self.visit);
        tracing::debug!(
            id = self.id(),
            method = self.method,
            route,
            status,
            us = took.as_micros() as u64,
            "answered"
        );
        response.headers_mut().insert(REQUEST_ID, self.id);
        response
    }
}

/// Gives every refusal its body, and logs the cause of a failure, once.
fn write_problem(response: &mut Response, id: &str, route: &str) {
    let status = response.status();
    let refusal = status.is_client_error() || status.is_server_error();
    if !refusal || response.extensions().get::<SaysItself>().is_some() {
        return;
    }
    let problem = response.extensions_mut().remove::<Problem>().unwrap_or_else(|| Problem::of_status(status));
    if let Some(cause) = problem.cause() {
        tracing::error!(id, route, cause, "a request failed");
    } else if status.is_server_error() {
        tracing::warn!(
            id,
            route,
            status = status.as_u16(),
            detail = problem.detail(),
            "a request was not served"
        );
    }
    *response.body_mut() = problem.document(id, response.headers_mut()).into();
}

fn finish_headers(headers: &mut HeaderMap, visit: &Visit) {
    secure::add(headers);
    if let Some(standing) = visit.standing.get() {
        standing.add_headers(headers);
    }
    // A foreign origin learns nothing, not even which methods there are.
    if !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        for name in [
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            header::ACCESS_CONTROL_ALLOW_METHODS,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            header::ACCESS_CONTROL_MAX_AGE,
        ] {
            headers.remove(name);
        }
    }
}

/// The caller's own id when it is short and plain, so that it cannot forge a log line; otherwise a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let plain = |id: &HeaderValue| id.to_str().is_ok_and(|id| RequestId::parse(id).is_some());
    headers.get(REQUEST_ID).filter(|id| plain(id)).cloned().unwrap_or_else(new_request_id)
}

/// A random start and a count: unique among the daemon's runs without a draw for each request.
pub(crate) fn new_request_id() -> HeaderValue {
    static START: OnceLock<u32> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let start = START.get_or_init(|| getrandom::u32().unwrap_or_else(|_| std::process::id()));
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    HeaderValue::try_from(format!("{start:08x}{count:08x}")).unwrap_or(HeaderValue::from_static("none"))
}

fn secret_in_query(uri: &Uri) -> Option<Problem> {
    uri.query()?;
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else {
        return Some(Problem::malformed("the query string cannot be read"));
    };
    let secret = |name: &str| SECRET_NAMES.iter().any(|secret| secret.eq_ignore_ascii_case(name));
    pairs.iter().any(|(name, _)| secret(name)).then(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "secret_in_query",
            "secrets do not belong into a query string, where logs keep them: send them in the body or in \
             Authorization, and replace the one that was sent",
        )
    })
}

/// Methods are free text too.
fn plain(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use keyward_keys::crypto::{MasterKey, PasswordCost};
    use keyward_keys::{Clock, Service, ServiceOptions, ServiceSettings};
    use tower::ServiceExt;

    use super::*;
    use crate::deadline::Deadline;
    use crate::deferred::Deferred;

    async fn door(folder: &tempfile::TempDir) -> HttpDoor {
        let overrides = vec![
            ("data_dir".to_owned(), folder.path().display().to_string()),
            ("api.request_timeout_seconds".to_owned(), "1".to_owned()),
        ];
        let sources = keyward_config::Sources { overrides, ..Default::default() };
        let config = keyward_config::Config::load(&sources).unwrap();
        let service = Service::open(ServiceOptions {
            path: folder.path().join("keyward.redb"),
            master_key: MasterKey::generate().unwrap(),
            settings: ServiceSettings::new(Clock::system()),
            password_cost: PasswordCost { memory_kib: 64, passes: 1, lanes: 1 },
        });
        let settings = crate::ApiSettings { api: config.api, limits: config.limits };
        HttpDoor::new(service.await.unwrap(), settings, None)
    }

    async fn boom() -> &'static str {
        panic!("canary-7f3a")
    }

    async fn late_boom() -> Deferred {
        Deferred::new(async { Ok(boom().await) })
    }

    async fn never() -> Deferred {
        Deferred::new(std::future::pending::<Result<(), Problem>>())
    }

    #[tokio::test]
    async fn a_panic_and_a_library_s_refusal_are_problems_like_any_other() {
        let folder = tempfile::tempdir().unwrap();
        let door = door(&folder).await;
        let teapot = || async { (StatusCode::IM_A_TEAPOT, "not in our form") };
        let routes = Router::new()
            .route("/boom", get(boom))
            .route("/late-boom", get(late_boom))
            .route("/never", get(never))
            .route("/late", get(std::future::pending::<()>))
            .route("/teapot", get(teapot));
        let app = wrap(routes, &door, Some(Duration::from_millis(50))).with_state(door.clone());
        for (path, status, code) in [
            ("/boom", 500, "internal"),
            ("/late-boom", 500, "internal"),
            ("/never", 408, "timeout"),
            ("/late", 408, "timeout"),
            ("/teapot", 418, "malformed"),
        ] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            let response = deferred::settle(response, &Deadline::default()).await;
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            assert_eq!(response.headers()["x-content-type-options"], "nosniff");
            let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
            let body = to_bytes(response.into_body(), 1 << 16).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!((&body["code"], &body["requestId"]), (&code.into(), &id.into()));
            assert!(!body.to_string().contains("canary") && !body.to_string().contains("our form"));
        }
    }

    #[test]
    fn a_request_id_is_new_each_time() {
        assert_ne!(new_request_id(), new_request_id());
    }
}
