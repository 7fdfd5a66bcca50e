//! Live events: one hub, and three ways to it (plain WebSocket, Socket.IO, server-sent events). What a client may hear
//! the core decides, at each event.

mod alert;
mod filter;
mod hub;
mod message;
mod places;
mod session;
mod socket_io;
mod sse;
mod subscriber;
mod ws;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use keyward_keys::{Caller, Identity, Service};
use socketioxide::SocketIo;
use tokio_util::task::TaskTracker;
use utoipa_axum::router::OpenApiRouter;

use crate::connections::{self, Connections};
use crate::problem::Problem;
use crate::{ApiSettings, HttpDoor, terminal};

use hub::Hub;
use places::{Place, Places};
pub(crate) use session::{prove, too_many_connections};

/// All live connections.
pub(crate) struct Live {
    hub: Hub,
    sockets: Arc<Connections>,
    places: Arc<Places>,
    tasks: TaskTracker,
    /// Set once the routes are made; it knows the door, and lets go of it when it is closed.
    socket_io: OnceLock<SocketIo>,
}

impl Live {
    pub(crate) fn new(service: Service, settings: &ApiSettings) -> Self {
        let limits = &settings.limits;
        let unlimited = [settings.api.trusted_proxies.clone(), limits.exempt.clone()];
        Self {
            hub: Hub::new(service),
            sockets: Connections::new(limits.live_sockets.get() as usize, unlimited),
            places: Places::new(limits.live_sockets_per_account.get() as usize, limits.exempt.clone()),
            tasks: TaskTracker::new(),
            socket_io: OnceLock::new(),
        }
    }

    /// Says goodbye to everybody; done when all are gone.
    pub(crate) fn close(&self, seconds: u32) -> impl Future<Output = ()> + use<> {
        self.hub.close(seconds);
        let (tasks, socket_io) = (self.tasks.clone(), self.socket_io.get().cloned());
        async move {
            tasks.close();
            tasks.wait().await;
            if let Some(socket_io) = socket_io {
                socket_io.close().await;
            }
        }
    }

    /// A place among all live connections, for one from this address.
    pub(crate) fn socket_place(&self, address: IpAddr) -> Option<connections::Place> {
        self.sockets.admit(address)
    }

    /// A place among the caller's own connections.
    pub(crate) fn place(&self, caller: &Caller) -> Option<Place> {
        let (Identity::Account(id) | Identity::Token(id)) = caller.identity() else { return None };
        self.places.admit(id, caller.origin().address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()))
    }
}

/// The two ways that are said in the document. Socket.IO is a protocol of its own.
pub(crate) fn described() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().merge(ws::routes()).merge(sse::routes())
}

/// The routes of all three ways.
pub(crate) fn routes(door: &HttpDoor) -> Router<HttpDoor> {
    let (socket_io, handle) = socket_io::routes(door);
    // A second router of one door would leave the first handle in place; there is none.
    let _ = door.live.socket_io.set(handle);
    Router::new()
        .merge(described())
        .merge(socket_io)
        .merge(terminal::socket(door))
        .layer(from_fn_with_state(door.clone(), refuse_foreign_pages))
}

/// WebSockets know no CORS: a page of another site could open one. So the rule of CORS is applied to all of them here.
async fn refuse_foreign_pages(
    State(door): State<HttpDoor>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if welcome(request.headers(), &door) {
        return Ok(next.run(request).await);
    }
    let detail = "pages of this origin may not connect; api.cors_origins names those that may";
    Err(Problem::new(StatusCode::FORBIDDEN, "foreign_origin", detail))
}

/// No origin (no browser), our own, or one that the settings name.
fn welcome(headers: &HeaderMap, door: &HttpDoor) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let own = || origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host);
    own() || door.settings.api.cors_origins.iter().any(|allowed| allowed.as_str() == origin)
}
