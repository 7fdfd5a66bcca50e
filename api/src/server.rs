//! The accept loop: a place for each connection, deadlines against slow clients, and a drain that lets what is under
//! way finish. It must not know a route.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use axum::Router;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use keyward_keys::Service;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bad_head::{Limits, Wire};
use crate::connections::{Connections, Place};
use crate::deadline::Deadline;
use crate::edge::Peer;
use crate::{ApiSettings, HttpDoor, Terminals, deferred, unread};

const MAX_HEADERS: usize = 64;
/// Open connections in all, those that became live sockets not counted.
const CONNECTIONS: usize = 4_096;
/// Bytes that a request's head may have, and that are read ahead.
const BUFFER: usize = 32 * 1024;
/// What a client has not taken after this long, it will not take.
const UNSENT: Duration = Duration::from_secs(30);
/// How long dashboards in browsers may take for their last frame, and it on its way.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// After a failure to accept that is ours (no file descriptors left), so that the loop does not spin.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves HTTP, and the dashboard in browsers if `terminals` are given, on `listener` until `shutdown` is cancelled; then accepts nothing more, lets requests under way finish
/// for the settings' drain time, ends the rest, and returns.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    settings: ApiSettings,
    terminals: Option<Terminals>,
    shutdown: CancellationToken,
) {
    let connections =
        Connections::new(CONNECTIONS, [settings.api.trusted_proxies.clone(), settings.limits.exempt.clone()]);
    let header_timeout = Duration::from_secs(settings.api.header_timeout_seconds.get().into());
    let drain_seconds = settings.limits.drain_seconds;
    let door = HttpDoor::new(service, settings, terminals);
    let handler = Handler {
        app: door.router(),
        door: door.clone(),
        http: builder(header_timeout),
        patience: header_timeout,
        shutdown,
    };
    let tasks = TaskTracker::new();
    while let Some((stream, address)) = accept(&listener, &handler.shutdown).await {
        // Nothing is said to those turned away: an answer would cost what the limit is there to save.
        if let Some(place) = connections.admit(address) {
            tasks.spawn(handler.clone().serve(stream, address, place));
        }
    }
    door.drain();
    drop(listener);
    tasks.close();
    let live = door.live.close(drain_seconds);
    let drain = Duration::from_secs(drain_seconds.into());
    if tokio::time::timeout(drain, async { tokio::join!(tasks.wait(), live) }).await.is_err() {
        tracing::warn!(connections = tasks.len(), "ended connections that did not finish in time");
        connections.end();
        tasks.wait().await;
    }
    // Dashboards are told of the end when that time is over; their terminals are given back in these moments.
    door.terminal_tasks.close();
    let _ = tokio::time::timeout(LAST_WORDS, door.terminal_tasks.wait()).await;
}

/// The next connection; none when it is time to go.
async fn accept(listener: &TcpListener, shutdown: &CancellationToken) -> Option<(TcpStream, IpAddr)> {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => return Some((stream, address.ip())),
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) => {
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection; waiting a moment");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn builder(header_timeout: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(BUFFER);
    builder
}

#[derive(Clone)]
struct Handler {
    app: Router,
    door: HttpDoor,
    http: http1::Builder,
    /// What a client may take to send what is needed before or after an answer.
    patience: Duration,
    shutdown: CancellationToken,
}

impl Handler {
    async fn serve(self, stream: TcpStream, address: IpAddr, place: Place) {
        prepare(&stream);
        let (app, patience, place, deadline) = (self.app, self.patience, &place, &Deadline::default());
        let cut = place.gives_way();
        // One of its own: to look at the one that all share, each would wait for the others' looks.
        let shutdown = self.shutdown.child_token();
        place.quiet();
        let service = service_fn(|mut request: hyper::Request<Incoming>| {
            place.busy();
            request.extensions_mut().insert(Peer(address));
            let answer = unread::answer(app.clone(), request, patience, cut.clone());
            async move {
                let answer = deferred::settle(answer.await?, deadline).await;
                // What is streamed goes on for as long as it does.
                if answer.body().size_hint().exact().is_some() {
                    place.quiet();
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let wire = TokioIo::new(Wire::new(stream));
        let mut connection = self.http.serve_connection(wire, service).with_upgrades();
        let mut leaving = false;
        let error = loop {
            tokio::select! {
                ended = &mut connection => match ended {
                    Ok(()) => return,
                    Err(error) => break error,
                },
                () = shutdown.cancelled(), if !leaving => {
                    leaving = true;
                    std::pin::Pin::new(&mut connection).graceful_shutdown();
                }
                () = cut.cancelled() => return,
            }
        };
        tracing::debug!(%error, "a connection ended early");
        let limits = Limits { headers: MAX_HEADERS, bytes: BUFFER, time: patience };
        let left = connection.into_parts();
        let bad = left.and_then(|left| left.io.into_inner().bad_head(&error, &left.read_buf, &limits));
        if let Some(bad) = bad {
            let meters = self.door.service.meters();
            self.door.metered.answered(meters, None, "other", bad.status(), Duration::ZERO);
            tokio::select! {
                () = bad.answer() => {}
                () = cut.cancelled() => {}
            }
        }
    }
}

/// Best effort: a socket that refuses an option still serves.
fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = SockRef::from(stream).set_tcp_user_timeout(Some(UNSENT));
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = SockRef::from(stream).set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(UNSENT));
}
