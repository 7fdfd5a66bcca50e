//! One live client's end of the hub: a bounded queue, and the one word that ends it. A client that does not keep up
//! loses messages, is told so, and costs nobody else anything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use keyward_keys::Caller;
use serde::Serialize;
use tokio::sync::{Notify, mpsc};

use super::filter::{Filter, Kind};
use super::hub::Hub;
use super::message::Message;

/// Messages that may wait for one client.
pub(super) const QUEUE: usize = 256;

/// Why a client hears nothing any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// It did not say who it is in time.
    Silent,
    /// What it said proves nothing.
    Refused,
    /// Its session ended, or its token was revoked.
    SignedOut,
    /// Its token has run out.
    Expired,
    /// It asks too often.
    TooMany,
    /// The daemon is going down.
    Closing,
}

#[derive(Serialize)]
struct Ended {
    reason: &'static str,
    code: u16,
}

impl Ending {
    /// The close code of a WebSocket (RFC 6455, section 7.4).
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Closing => 1001,
            Self::Silent | Self::Refused | Self::SignedOut | Self::Expired => 4401,
            Self::TooMany => 4429,
        }
    }

    /// `session_ended`, the last event of a connection.
    pub(crate) fn message(self) -> Message {
        Message::new("session_ended", None, &Ended { reason: self.text(), code: self.code() })
    }

    /// For people and logs.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Silent => "nobody authenticated in time",
            Self::Refused => "the token is wrong or no longer good",
            Self::SignedOut => "the session has ended; sign in again",
            Self::Expired => "the token has run out; refresh it and come back",
            Self::TooMany => "too many messages; come back later",
            Self::Closing => "the daemon is going down; come back in a moment",
        }
    }
}

/// The hub's end of a client.
pub(super) struct Sink {
    /// Who hears.
    pub(super) caller: Caller,
    filter: Mutex<Filter>,
    queue: mpsc::Sender<Arc<Message>>,
    /// Messages were lost; nothing more is queued until the client was told.
    lagged: AtomicBool,
    ending: OnceLock<Ending>,
    woken: Notify,
}

impl Sink {
    /// Whether the client wants this.
    pub(super) fn wants(&self, kind: Kind, api_key: Option<keyward_keys::Id>) -> bool {
        self.filter.lock().unwrap_or_else(PoisonError::into_inner).passes(kind, api_key)
    }

    /// Queues a message, or notes that it was lost.
    pub(super) fn offer(&self, message: &Arc<Message>) {
        if !self.lagged.load(Ordering::Relaxed) && self.queue.try_send(message.clone()).is_err() {
            self.lagged.store(true, Ordering::Relaxed);
        }
    }

    /// Notes that messages were lost.
    pub(super) fn lose(&self) {
        self.lagged.store(true, Ordering::Relaxed);
        self.woken.notify_one();
    }

    /// The last word.
    pub(super) fn end(&self, ending: Ending) {
        let _ = self.ending.set(ending);
        self.woken.notify_one();
    }
}

/// What comes next for a client.
pub(crate) enum Delivery {
    /// This.
    Message(Arc<Message>),
    /// Nothing more.
    End(Ending),
}

/// A client's end of the hub. Dropping it leaves.
pub(crate) struct Subscriber {
    hub: Hub,
    sink: Arc<Sink>,
    queue: mpsc::Receiver<Arc<Message>>,
}

impl Subscriber {
    pub(super) fn new(hub: Hub, caller: Caller, filter: Filter) -> (Self, Arc<Sink>) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let sink = Arc::new(Sink {
            caller,
            filter: Mutex::new(filter),
            queue: sender,
            lagged: AtomicBool::new(false),
            ending: OnceLock::new(),
            woken: Notify::new(),
        });
        (Self { hub, sink: sink.clone(), queue }, sink)
    }

    /// Who hears.
    pub(crate) fn caller(&self) -> &Caller {
        &self.sink.caller
    }

    /// Changes what it wants.
    pub(crate) fn filter(&self, change: impl FnOnce(&mut Filter)) {
        change(&mut self.sink.filter.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What comes next. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Delivery {
        loop {
            if let Some(ending) = self.sink.ending.get() {
                // Only who goes because the daemon does may hear the last words; for others it is over at once.
                let last = (*ending == Ending::Closing).then(|| self.queue.try_recv().ok()).flatten();
                return last.map_or(Delivery::End(*ending), Delivery::Message);
            }
            if self.queue.is_empty() && self.sink.lagged.load(Ordering::Relaxed) {
                return Delivery::Message(self.hub.caught_up(&self.sink.lagged));
            }
            tokio::select! {
                biased;
                () = self.sink.woken.notified() => {}
                message = self.queue.recv() => match message {
                    Some(message) => return Delivery::Message(message),
                    None => return Delivery::End(Ending::Closing),
                },
            }
        }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.hub.leave(&self.sink);
    }
}
