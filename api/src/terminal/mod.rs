//! `/terminal`: the dashboard in a browser, where the settings ask for it. This door knows no screens: it proves who
//! comes, and carries bytes between a WebSocket and a dashboard that whoever starts the daemon opens for it.
//!
//! | file | |
//! | --- | --- |
//! | `page` | the page and its files |
//! | `talk` | the WebSocket |
//! | `vendor` | the terminal of the page, which others wrote |

mod page;
mod talk;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use keyward_keys::Caller;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::HttpDoor;

/// Somebody who signed in and wants a dashboard.
pub struct Arrival {
    /// Who.
    pub caller: Caller,
    /// What the browser calls itself; free text.
    pub client: String,
    /// The name by which it reached this host, without a port: letters, digits, `.`, `-`, `:` and brackets.
    pub host: String,
    /// Columns and rows of its terminal, as it says.
    pub size: (u16, u16),
}

/// A dashboard for one browser.
pub struct Opened {
    /// What the person types. It is read while the dashboard runs.
    pub input: mpsc::Sender<Bytes>,
    /// Takes the terminal's columns and rows when they change.
    pub resize: Box<dyn Fn(u16, u16) + Send + Sync>,
    /// What the person sees; ends after the last of it.
    pub output: mpsc::Receiver<Bytes>,
    /// To cancel when the browser is gone.
    pub gone: CancellationToken,
    /// Runs the dashboard until its end.
    pub run: BoxFuture<'static, TerminalEnd>,
}

/// How a dashboard in a browser ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TerminalEnd {
    /// The person left, or is gone.
    Left,
    /// What they signed in with is no longer good.
    SignedOut,
    /// It lasted too long, or nobody pressed a key; said in a sentence.
    TimedOut(&'static str),
    /// It was not begun; said in a sentence.
    Refused(String),
    /// The daemon goes down.
    Restarting,
    /// The screens failed.
    Failed,
}

/// Opens dashboards. What they are is known to whoever made it alone.
#[derive(Clone)]
pub struct Terminals(Arc<dyn Fn(Arrival) -> Opened + Send + Sync>);

impl Terminals {
    /// Opens each with this.
    pub fn new(open: impl Fn(Arrival) -> Opened + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }

    fn open(&self, arrival: Arrival) -> Opened {
        (self.0)(arrival)
    }
}

impl fmt::Debug for Terminals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terminals")
    }
}

/// The page; nothing where the settings do not ask for it. Like Socket.IO it is no part of the API, and so not of its
/// document.
pub(crate) fn pages(door: &HttpDoor) -> Router<HttpDoor> {
    if door.terminals.is_some() { page::routes() } else { Router::new() }
}

/// The WebSocket behind it.
pub(crate) fn socket(door: &HttpDoor) -> Router<HttpDoor> {
    match &door.terminals {
        Some(terminals) => {
            let terminals = terminals.clone();
            Router::new().route(
                "/terminal/socket",
                get(move |door, request| talk::open(door, terminals.clone(), request)),
            )
        }
        None => Router::new(),
    }
}
