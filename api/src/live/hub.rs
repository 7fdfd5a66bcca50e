//! The live hub: hears of everything once, and hands each event to those of its clients who may hear it and want to.
//! The last events are kept for a while, so that a client that was cut off goes on where it was. It holds no rule of
//! its own about who may hear what, and while nobody listens it does nothing at all.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyward_keys::view::{Resync, SystemAlert, UsageDelta};
use keyward_keys::{Caller, Door, Error, Event, Gatherer, Id, Identity, People, Relay, Result, Service};
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::alert::Condition;
use super::filter::{Filter, Kind};
use super::message::{Message, Seq};
use super::subscriber::{Ending, Sink, Subscriber};

/// Events that are kept.
const KEPT: usize = 4096;
/// Bytes of events that are kept.
const KEPT_BYTES: usize = 4 << 20;
/// How long events for somebody who left go on being kept.
const LINGER: Duration = Duration::from_secs(60);
/// How often those who left are looked for, and every session and the store are looked at again.
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
    /// No event up to this one is kept.
    forgotten: u64,
    kept: VecDeque<Kept>,
    kept_bytes: usize,
    /// By account or token.
    seats: HashMap<Id, Seat>,
    listening: bool,
    /// How the store was when it was last looked at; none before.
    store: Option<Condition>,
    /// The daemon's jobs that were failing then.
    failing_jobs: BTreeSet<&'static str>,
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
    /// None of what everybody may hear.
    about: Option<Event>,
    message: Arc<Message>,
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
        self.alert(&SystemAlert::shutdown(seconds));
        self.each(&People::All, |sink| sink.end(Ending::Closing));
    }

    fn alert(&self, alert: &SystemAlert) {
        self.tell(&People::All, Kind::SystemAlert, None, alert);
    }

    /// Ends the state of having lost messages; from here on they come again.
    pub(super) fn caught_up(&self, lagged: &AtomicBool) -> Arc<Message> {
        let state = self.state();
        lagged.store(false, Ordering::Relaxed);
        Arc::new(Message::new("resync", Some(self.place(state.newest)), &Resync::default()))
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
        let known = after.parse::<Seq>().ok().filter(|seq| {
            let since = state.seats.get(&who).map_or(u64::MAX, |seat| seat.since);
            seq.start == self.0.start && (since.max(state.forgotten)..=state.newest).contains(&seq.number)
        });
        let Some(seq) = known else { return sink.lose() };
        for kept in state.kept.iter().filter(|kept| kept.number > seq.number) {
            self.hand_over(sink, kept);
        }
    }

    fn hand_over(&self, sink: &Sink, kept: &Kept) {
        let (service, about) = (&self.0.service, kept.about.as_ref());
        if sink.wants(kept.kind, about.and_then(of_key).map(|(_, key)| key))
            && service.still_valid(&sink.caller)
            && about.is_none_or(|about| service.may_hear(&sink.caller, about))
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
                _ = sweep.tick() => {
                    if self.sweep() {
                        return;
                    }
                    self.look_at_health().await;
                }
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
            Event::KeyChanged { space, api_key } => {
                let update = relay.key_update(*space, *api_key);
                if update.key.is_none() {
                    self.forget_key(*space, *api_key);
                }
                self.tell(&relay.people(&event), Kind::ApiKeyUpdate, Some(event), &update);
            }
            Event::Notified { account, notification, created_ms } => {
                match relay.notification(*account, *notification, *created_ms).await {
                    Ok(Some(update)) => {
                        self.tell(&relay.people(&event), Kind::Notification, Some(event), &update);
                    }
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
            Event::Lagged => {
                let mut state = self.state();
                state.forget();
                state.clients_of(&People::All, |sink| {
                    self.look_again(sink);
                    sink.lose();
                });
            }
            Event::Announced { message } => self.alert(&SystemAlert::announcement(message.clone())),
            // The door itself hears of the end, and calls `close`; who is to hear of an alert has a notification.
            Event::Draining { .. } | Event::AlertChanged { .. } => {}
        }
    }

    fn tell_usage(&self, relay: &Relay, space: Id, api_key: Id, usage: UsageDelta) {
        let about = Event::Usage { space, api_key, requests: 0, errors: 0, last: None };
        if let Some(update) = relay.usage_update(api_key, usage) {
            self.tell(&relay.people(&about), Kind::UsageUpdate, Some(about), &update);
        }
    }

    /// Writes an event down under the next number, and hands it over to those of these people who may hear it.
    fn tell(&self, people: &People, kind: Kind, about: Option<Event>, data: &impl Serialize) {
        let mut state = self.state();
        state.newest += 1;
        let number = state.newest;
        let message = Arc::new(Message::new(kind.name(), Some(self.place(number)), data));
        state.kept_bytes += message.len();
        state.kept.push_back(Kept { number, kind, about, message });
        while state.kept.len() > KEPT || (state.kept_bytes > KEPT_BYTES && state.kept.len() > 1) {
            let Some(oldest) = state.kept.pop_front() else { break };
            state.forgotten = oldest.number;
            state.kept_bytes -= oldest.message.len();
        }
        let Some(kept) = state.kept.back() else { return };
        state.clients_of(people, |sink| self.hand_over(sink, kept));
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
            state.forget();
        }
        over
    }

    /// Forgets what was told of a key that left a space: whoever joins the space now may not hear of it any more.
    fn forget_key(&self, space: Id, key: Id) {
        let mut state = self.state();
        let State { kept, kept_bytes, .. } = &mut *state;
        kept.retain(|kept| {
            let stays = kept.about.as_ref().and_then(of_key) != Some((space, key));
            *kept_bytes -= if stays { 0 } else { kept.message.len() };
            stays
        });
    }
}

impl State {
    /// Forgets every event. Something happens that is not kept, so who comes back with the newest place has missed it.
    fn forget(&mut self) {
        self.kept = VecDeque::new();
        self.kept_bytes = 0;
        self.newest += 1;
        self.forgotten = self.newest;
    }

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

/// The space and the key that an event is about.
fn of_key(event: &Event) -> Option<(Id, Id)> {
    match event {
        Event::KeyChanged { space, api_key } | Event::Usage { space, api_key, .. } => {
            Some((*space, *api_key))
        }
        Event::AccountChanged { .. }
        | Event::Notified { .. }
        | Event::SessionsEnded { .. }
        | Event::TokenRevoked { .. }
        | Event::Announced { .. }
        | Event::Draining { .. }
        | Event::AlertChanged { .. }
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

mod health;
#[cfg(test)]
mod tests;
