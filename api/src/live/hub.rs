//! The live hub: hears of everything once, and hands each event to those of its clients who may hear it and want to.
//! The last events are kept for a while, so that a client that was cut off goes on where it was. It holds no rule of
//! its own about who may hear what, and while nobody listens it does nothing at all.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyward_keys::view::UsageDelta;
use keyward_keys::{Caller, Door, Error, Event, Id, Identity, People, Relay, Result, Service};
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::filter::{Filter, Kind};
use super::gather::Gatherer;
use super::message::{Message, Seq};
use super::subscriber::{Ending, Sink, Subscriber};

/// Events that are kept.
const KEPT: usize = 4096;
/// Bytes of events that are kept.
const KEPT_BYTES: usize = 4 << 20;
/// How long events for somebody who left go on being kept.
const LINGER: Duration = Duration::from_secs(60);
/// How often those who left are looked for, and every session is looked at again.
const SWEEP: Duration = Duration::from_secs(10);

/// The hub. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Shared>);

struct Shared {
    service: Service,
    /// Names this start.
    start: u32,
    state: Mutex<State>,
    closed: CancellationToken,
}

#[derive(Default)]
struct State {
    /// The number of the newest event.
    newest: u64,
    kept: VecDeque<Kept>,
    kept_bytes: usize,
    /// By account or token.
    seats: HashMap<Id, Seat>,
    listening: bool,
}

/// One person or app that has, or lately had, clients here.
struct Seat {
    /// Events after this one are kept for them.
    since: u64,
    clients: Vec<Arc<Sink>>,
    /// When the last client left.
    left: Option<Instant>,
}

/// An event that may be asked for again.
struct Kept {
    number: u64,
    kind: Kind,
    about: Event,
    message: Arc<Message>,
}

#[derive(Serialize)]
struct Resync {
    reason: &'static str,
}

#[derive(Serialize)]
struct Alert {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'static str,
    /// Until the daemon is down, at most.
    seconds: u32,
}

impl Hub {
    pub(crate) fn new(service: Service) -> Self {
        let start = getrandom::u32().unwrap_or_else(|_| std::process::id());
        let closed = CancellationToken::new();
        Self(Arc::new(Shared { service, start, state: Mutex::default(), closed }))
    }

    /// Lets a client hear what its caller may, from now on or, when it says what it saw last, from there on.
    pub(crate) fn subscribe(
        &self,
        caller: &Caller,
        filter: Filter,
        after: Option<&str>,
    ) -> Result<Subscriber> {
        let who = who(caller).ok_or(Error::Unauthenticated)?;
        let mut state = self.state();
        if self.0.closed.is_cancelled() {
            return Err(Error::Busy);
        }
        self.listen(&mut state)?;
        let (subscriber, sink) = Subscriber::new(self.clone(), caller.clone(), filter);
        let since = state.newest;
        let seat = state.seats.entry(who).or_insert(Seat { since, clients: Vec::new(), left: None });
        seat.left = None;
        seat.clients.push(sink.clone());
        if let Some(after) = after {
            self.resume(&state, who, &sink, after);
        }
        Ok(subscriber)
    }

    /// The newest event's place.
    pub(crate) fn newest(&self) -> Seq {
        self.place(self.state().newest)
    }

    /// Tells everybody that the daemon is going down, and ends them all.
    pub(crate) fn close(&self, seconds: u32) {
        self.0.closed.cancel();
        let mut state = self.state();
        let message = "the daemon is going down; come back in a moment";
        let alert = Alert { kind: "shutdown", message, seconds };
        let clients: Vec<_> = state.seats.values().flat_map(|seat| seat.clients.iter().cloned()).collect();
        let message = self.keep(&mut state, Kind::SystemAlert, Event::Draining { seconds }, &alert);
        for sink in clients {
            if sink.wants(Kind::SystemAlert, None) {
                sink.offer(&message);
            }
            sink.end(Ending::Closing);
        }
    }

    /// Ends the state of having lost messages; from here on they come again.
    pub(super) fn caught_up(&self, lagged: &AtomicBool) -> Arc<Message> {
        let state = self.state();
        lagged.store(false, Ordering::Relaxed);
        let resync = Resync { reason: "events were missed: read again what you show" };
        Arc::new(Message::new("resync", Some(self.place(state.newest)), &resync))
    }

    pub(super) fn leave(&self, sink: &Arc<Sink>) {
        let Some(who) = who(&sink.caller) else { return };
        if let Some(seat) = self.state().seats.get_mut(&who) {
            seat.clients.retain(|other| !Arc::ptr_eq(other, sink));
            if seat.clients.is_empty() {
                seat.left = Some(Instant::now());
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, number: u64) -> Seq {
        Seq { start: self.0.start, number }
    }

    /// Begins to listen, unless that is so already.
    fn listen(&self, state: &mut State) -> Result<()> {
        if !state.listening {
            let system = self.0.service.system_caller("live", Door::System);
            let relay = self.0.service.relay(&system)?;
            state.listening = true;
            tokio::spawn(self.clone().run(relay));
        }
        Ok(())
    }

    /// Queues what a client missed, or notes that it cannot be told.
    fn resume(&self, state: &State, who: Id, sink: &Sink, after: &str) {
        let oldest = state.kept.front().map_or(state.newest, |kept| kept.number - 1);
        let known = after.parse::<Seq>().ok().filter(|seq| {
            let since = state.seats.get(&who).map_or(u64::MAX, |seat| seat.since);
            seq.start == self.0.start && (since.max(oldest)..=state.newest).contains(&seq.number)
        });
        let Some(seq) = known else { return sink.lose() };
        for kept in state.kept.iter().filter(|kept| kept.number > seq.number) {
            self.hand_over(sink, kept);
        }
    }

    fn hand_over(&self, sink: &Sink, kept: &Kept) {
        let service = &self.0.service;
        if sink.wants(kept.kind, api_key(&kept.about))
            && service.still_valid(&sink.caller)
            && service.may_hear(&sink.caller, &kept.about)
        {
            sink.offer(&kept.message);
        }
    }

    async fn run(self, mut relay: Relay) {
        let mut gatherer = Gatherer::default();
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            let due = gatherer.next();
            tokio::select! {
                () = self.0.closed.cancelled() => return,
                event = relay.next() => match event {
                    Some(event) => self.hear(&relay, &mut gatherer, event).await,
                    None => return self.close(0),
                },
                () = sleep_until(due) => {}
                _ = sweep.tick() => if self.sweep() { return },
            }
            while let Some((space, api_key, usage)) = gatherer.take(Instant::now()) {
                self.tell_usage(&relay, space, api_key, usage);
            }
        }
    }

    async fn hear(&self, relay: &Relay, gatherer: &mut Gatherer, event: Event) {
        match &event {
            Event::Usage { space, api_key, requests, errors, last } => {
                if self.concerns_somebody(&relay.people(&event)) {
                    let calls = (*requests, *errors);
                    gatherer.add((*space, *api_key), calls, last.as_ref(), Instant::now());
                }
            }
            Event::KeyChanged { api_key, .. } => {
                let update = relay.key_update(*api_key);
                self.tell(relay, Kind::ApiKeyUpdate, event, &update);
            }
            Event::Notified { account, notification, created_ms } => {
                match relay.notification(*account, *notification, *created_ms).await {
                    Ok(Some(update)) => self.tell(relay, Kind::Notification, event, &update),
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "a notification could not be passed on"),
                }
            }
            Event::SessionsEnded { .. } | Event::TokenRevoked { .. } => {
                self.each(&relay.people(&event), |sink| {
                    if self.0.service.may_hear(&sink.caller, &event) {
                        sink.end(Ending::SignedOut);
                    }
                });
            }
            Event::AccountChanged { .. } => self.each(&relay.people(&event), |sink| self.look_again(sink)),
            Event::Lagged => self.each(&People::All, |sink| {
                self.look_again(sink);
                sink.lose();
            }),
            // The door itself hears of the end, and calls `close`.
            Event::Draining { .. } => {}
        }
    }

    fn tell_usage(&self, relay: &Relay, space: Id, api_key: Id, usage: UsageDelta) {
        let about = Event::Usage { space, api_key, requests: 0, errors: 0, last: None };
        if let Some(update) = relay.usage_update(api_key, usage) {
            self.tell(relay, Kind::UsageUpdate, about, &update);
        }
    }

    fn tell(&self, relay: &Relay, kind: Kind, about: Event, data: &impl Serialize) {
        let people = relay.people(&about);
        let mut state = self.state();
        self.keep(&mut state, kind, about, data);
        let Some(kept) = state.kept.back() else { return };
        state.clients_of(&people, |sink| self.hand_over(sink, kept));
    }

    /// Writes an event down under the next number.
    fn keep(&self, state: &mut State, kind: Kind, about: Event, data: &impl Serialize) -> Arc<Message> {
        state.newest += 1;
        let message = Arc::new(Message::new(kind.name(), Some(self.place(state.newest)), data));
        state.kept_bytes += message.len();
        state.kept.push_back(Kept { number: state.newest, kind, about, message: message.clone() });
        while state.kept.len() > KEPT || (state.kept_bytes > KEPT_BYTES && state.kept.len() > 1) {
            let oldest = state.kept.pop_front();
            state.kept_bytes -= oldest.map_or(0, |kept| kept.message.len());
        }
        message
    }

    fn look_again(&self, sink: &Sink) {
        if !self.0.service.still_valid(&sink.caller) {
            sink.end(Ending::SignedOut);
        }
    }

    fn each(&self, people: &People, act: impl FnMut(&Sink)) {
        self.state().clients_of(people, act);
    }

    fn concerns_somebody(&self, people: &People) -> bool {
        let state = self.state();
        match people {
            People::All => !state.seats.is_empty(),
            People::Accounts(ids) | People::AccountsAndTokens(ids) => {
                ids.iter().any(|id| state.seats.contains_key(id))
            }
            People::Token(id) => state.seats.contains_key(id),
        }
    }

    /// Forgets those who left a while ago; whether nobody is left.
    fn sweep(&self) -> bool {
        let mut state = self.state();
        let now = Instant::now();
        state.seats.retain(|_, seat| seat.left.is_none_or(|left| now - left < LINGER));
        state.clients_of(&People::All, |sink| self.look_again(sink));
        let over = state.seats.is_empty();
        if over {
            state.listening = false;
            state.kept = VecDeque::new();
            state.kept_bytes = 0;
            // What happens from now on is not kept, so who comes back with the newest place has missed something.
            state.newest += 1;
        }
        over
    }
}

impl State {
    /// Acts on every client of these people.
    fn clients_of(&self, people: &People, mut act: impl FnMut(&Sink)) {
        let mut seat = |seat: &Seat| seat.clients.iter().for_each(|sink| act(sink));
        match people {
            People::All => self.seats.values().for_each(seat),
            People::Accounts(ids) => ids.iter().filter_map(|id| self.seats.get(id)).for_each(seat),
            People::AccountsAndTokens(ids) => {
                ids.iter().filter_map(|id| self.seats.get(id)).for_each(&mut seat);
                self.seats.values().filter(|seat| seat.is_token()).for_each(seat);
            }
            People::Token(id) => self.seats.get(id).into_iter().for_each(seat),
        }
    }
}

impl Seat {
    fn is_token(&self) -> bool {
        self.clients.first().is_some_and(|sink| matches!(sink.caller.identity(), Identity::Token(_)))
    }
}

/// The key that an event is about.
fn api_key(event: &Event) -> Option<Id> {
    match event {
        Event::KeyChanged { api_key, .. } | Event::Usage { api_key, .. } => Some(*api_key),
        Event::AccountChanged { .. }
        | Event::Notified { .. }
        | Event::SessionsEnded { .. }
        | Event::TokenRevoked { .. }
        | Event::Draining { .. }
        | Event::Lagged => None,
    }
}

fn who(caller: &Caller) -> Option<Id> {
    match caller.identity() {
        Identity::Account(id) | Identity::Token(id) => Some(id),
        Identity::System(_) => None,
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
