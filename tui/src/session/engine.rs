//! The heart of a session: events in, frames out, in one task. A frame is drawn only when something changed, the
//! terminal took the last one, and its time has come; what happens meanwhile only marks the picture as old.

mod clock;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use keyward_keys::{Caller, Event, Service, Subscription};
use ratatui::layout::Rect;
use secrecy::ExposeSecret;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::pace::{Pace, Why};
use super::{ExitReason, Output, OutputGone, Stop, TimeLimits, requests};
use crate::app::{Answer, App, AppEvent, Effect, HostInfo, RequestId, Spot, Trail};
use crate::notice::{Notice, NoticeKind};
use crate::term::caps::Caps;
use crate::term::input::{Decoder, Input, Reply};
use crate::term::screen::Screen;
use crate::term::{modes, osc, scratch};

/// How long an Escape is waited on: it may be the beginning of more.
const ESCAPE: Duration = Duration::from_millis(50);
/// Input taken before a picture of what it did is due, in bytes.
const TURN: usize = 32 * 1024;
/// Questions that may be asked of the core at once.
const MAX_QUESTIONS: usize = 32;
/// The bell rings at most so often.
const BELL_EVERY: Duration = Duration::from_secs(5);

type Asked = BoxFuture<'static, (RequestId, Result<Answer, Notice>)>;

/// Why a session ends, and what its person is told.
pub(super) struct Ending {
    pub(super) reason: ExitReason,
    pub(super) line: Option<String>,
}

impl From<ExitReason> for Ending {
    fn from(reason: ExitReason) -> Self {
        Self { reason, line: None }
    }
}

struct Write {
    since: Instant,
    done: BoxFuture<'static, Result<(), OutputGone>>,
}

/// What a session listens to.
pub(super) struct Sources {
    pub(super) input: mpsc::Receiver<Bytes>,
    pub(super) size: watch::Receiver<(u16, u16)>,
    pub(super) events: Subscription,
    pub(super) stop: Stop,
}

/// The state of one session.
pub(super) struct Engine {
    pub(super) caps: Caps,
    pub(super) output: Arc<dyn Output>,
    /// The terminal has not yet answered the last of our questions.
    pub(super) fence: bool,
    service: Service,
    caller: Caller,
    limits: TimeLimits,
    app: App,
    screen: Screen,
    decoder: Decoder,
    size: (u16, u16),
    writing: Option<Write>,
    /// Bytes for the terminal that are no part of the picture; they go before the next frame.
    extra: Vec<u8>,
    old: bool,
    painted: bool,
    pace: Pace,
    questions: FuturesUnordered<Asked>,
    escape_at: Option<Instant>,
    ticked: Instant,
    started: Instant,
    pressed: Instant,
    /// The limit whose end was announced.
    warned: Option<ExitReason>,
    rang: Option<Instant>,
    ending: Option<Ending>,
    /// What was last told of what the screen shows; none while it is locked.
    shown: Option<Spot>,
}

impl Engine {
    pub(super) fn new(
        caps: Caps,
        output: Arc<dyn Output>,
        service: Service,
        caller: Caller,
        limits: TimeLimits,
        (user, host): (keyward_keys::view::UserView, HostInfo),
        size: (u16, u16),
    ) -> Self {
        let now = Instant::now();
        let (app, effects) = App::new(user, host, &caps, now_ms());
        let mut engine = Self {
            extra: modes::enter(&caps),
            caps,
            output,
            fence: false,
            service,
            caller,
            limits,
            app,
            screen: Screen::default(),
            decoder: Decoder::default(),
            size,
            writing: None,
            old: true,
            painted: false,
            pace: Pace::new(now),
            questions: FuturesUnordered::new(),
            escape_at: None,
            ticked: now,
            started: now,
            pressed: now,
            warned: None,
            rang: None,
            ending: None,
            shown: None,
        };
        engine.carry_out(effects);
        engine.resize(size);
        engine
    }

    /// Opens where the person's last dashboard ended.
    pub(super) fn reopen(&mut self, trail: Trail) {
        let effects = self.app.reopen(trail, now_ms());
        self.carry_out(effects);
    }

    /// The way back to where the person is.
    pub(super) fn trail(&self) -> Trail {
        self.app.trail()
    }

    /// Runs until the session ends. Cancelling nothing, it may be dropped at any await.
    pub(super) async fn run(&mut self, sources: &mut Sources) -> Ending {
        loop {
            if let Some(ending) = self.ending.take() {
                return ending;
            }
            self.draw();
            let wake = self.wake_at();
            tokio::select! {
                biased;
                () = sources.stop.gone.cancelled() => return ExitReason::Gone.into(),
                () = sources.stop.restart.cancelled() => return ExitReason::Restart.into(),
                written = finished(&mut self.writing) => {
                    let Some(took) = written else { return ExitReason::Gone.into() };
                    if self.pace.handed_over(took) {
                        self.tell(AppEvent::Slow(self.pace.is_slow()));
                    }
                }
                chunk = sources.input.recv() => {
                    let Some(chunk) = chunk else { return ExitReason::Gone.into() };
                    let mut taken = chunk.len();
                    self.take_input(&chunk);
                    while taken < TURN && let Ok(chunk) = sources.input.try_recv() {
                        taken += chunk.len();
                        self.take_input(&chunk);
                    }
                    if taken >= TURN {
                        // Whoever sends without end keeps nobody else waiting.
                        tokio::task::yield_now().await;
                    }
                }
                Ok(()) = sources.size.changed() => {
                    let size = *sources.size.borrow_and_update();
                    self.resize(size);
                }
                event = sources.events.next() => {
                    let Some(event) = event else { return ExitReason::Restart.into() };
                    self.hear(event);
                }
                Some((request, result)) = self.questions.next(), if !self.questions.is_empty() => {
                    self.tell(AppEvent::Answer { request, result });
                }
                () = tokio::time::sleep_until(wake) => self.awake(),
            }
        }
    }

    /// Waits, but not long, for the write in progress: what follows it must not cut it in two.
    pub(super) async fn finish_write(&mut self, patience: Duration) -> Result<(), OutputGone> {
        if self.writing.is_none() {
            return Ok(());
        }
        match tokio::time::timeout(patience, finished(&mut self.writing)).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) | Err(_) => Err(OutputGone),
        }
    }

    /// Takes input after the end: nothing but the terminal's last answer counts.
    pub(super) fn swallow(&mut self, chunk: &[u8]) {
        let fence = &mut self.fence;
        self.decoder.feed(chunk, &mut |input| {
            if let Input::Reply(Reply::Attributes(_)) = input {
                *fence = false;
            }
        });
    }

    fn draw(&mut self) {
        let now = Instant::now();
        let frame_due = self.old && now >= self.pace.next();
        if self.writing.is_some() || (!frame_due && self.extra.is_empty()) {
            return;
        }
        let mut bytes = std::mem::take(&mut self.extra);
        if frame_due {
            self.old = false;
            self.pace.begun(now);
            let area = Rect::new(0, 0, self.size.0, self.size.1);
            let (app, screen, caps) = (&self.app, &mut self.screen, &self.caps);
            scratch::with_buffer(area, |buf| {
                let cursor = app.paint(area, buf, now_ms());
                screen.diff(buf, cursor, caps, app.palette(), &mut bytes);
            });
            if !std::mem::replace(&mut self.painted, true) {
                bytes.extend_from_slice(modes::queries(&self.caps));
                self.fence = !self.caps.plain;
            }
        }
        if !bytes.is_empty() {
            // A frame may show a revealed value, so its bytes are wiped once they are handed over.
            let bytes = Bytes::from_owner(Zeroizing::new(bytes));
            self.writing = Some(Write { since: now, done: self.output.send(bytes) });
        }
    }

    fn take_input(&mut self, chunk: &[u8]) {
        let mut inputs = Vec::new();
        self.decoder.feed(chunk, &mut |input| inputs.push(input));
        self.escape_at = self.decoder.pending().then(|| Instant::now() + ESCAPE);
        inputs.into_iter().for_each(|input| self.on_input(input));
    }

    fn on_input(&mut self, input: Input) {
        match &input {
            Input::Reply(reply) => {
                self.fence &= !matches!(reply, Reply::Attributes(_));
                let before = self.caps.clone();
                self.caps.apply(reply, &mut self.extra);
                if self.caps != before {
                    self.tell(AppEvent::Caps(self.caps.clone()));
                }
                return;
            }
            Input::Focus(focused) => self.pace.focus(*focused),
            Input::Key(_) | Input::Mouse(_) | Input::Paste(_) => {
                self.pressed = Instant::now();
                if self.warned == Some(ExitReason::Idle) {
                    self.warned = None;
                    self.tell(AppEvent::Stays);
                }
            }
        }
        self.tell(AppEvent::Input(input));
    }

    fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
        self.screen.reset();
        self.tell(AppEvent::Resize { cols: size.0, rows: size.1 });
    }

    fn hear(&mut self, event: Event) {
        let ended = match event {
            Event::SessionsEnded { .. } => true,
            // Something that was missed may have ended this session.
            Event::AccountChanged { .. } | Event::Lagged => !self.service.still_valid(&self.caller),
            Event::KeyChanged { .. }
            | Event::Usage { .. }
            | Event::TokenRevoked { .. }
            | Event::Notified { .. }
            | Event::Announced { .. }
            | Event::AlertChanged { .. }
            | Event::Draining { .. } => false,
        };
        if ended {
            self.ending = Some(ExitReason::SignedOut.into());
        } else {
            self.tell(AppEvent::Domain(event));
        }
    }

    fn tell(&mut self, event: AppEvent) {
        let old = std::mem::replace(&mut self.old, true);
        let why = match event {
            AppEvent::Domain(_) | AppEvent::Tick => Why::News,
            AppEvent::Answer { .. } => Why::Answer,
            _ => Why::Person,
        };
        let locked = self.app.is_locked();
        let effects = self.app.on(event, now_ms());
        if locked && !self.app.is_locked() {
            // The time that the password took is no time without a key press.
            self.pressed = Instant::now();
        }
        self.carry_out(effects);
        self.pace.wanted(why, !old, self.questions.len(), Instant::now());
        self.show();
    }

    /// Tells the core what the screen shows now, once it is something else.
    fn show(&mut self) {
        let shown = (!self.app.is_locked()).then(|| self.app.spot());
        if shown == self.shown {
            return;
        }
        let page = shown.as_ref().map(|spot| (spot.section, spot.key));
        // Whoever is refused has been signed out, which is told otherwise.
        if self.service.viewing(&self.caller, page).is_ok() {
            self.shown = shown;
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Request { id, query } => {
                    let question: Asked = if self.questions.len() < MAX_QUESTIONS {
                        let asked = requests::ask(self.service.clone(), self.caller.clone(), query);
                        Box::pin(async move { (id, asked.await) })
                    } else {
                        let busy = Notice::new(NoticeKind::Failure, "Too much at once: try again.");
                        Box::pin(std::future::ready((id, Err(busy))))
                    };
                    self.questions.push(question);
                }
                Effect::Copy(text) => {
                    if let Some(bytes) = osc::copy(text.expose_secret().as_bytes()) {
                        self.extra.extend_from_slice(&bytes);
                    }
                }
                Effect::SetTitle(_) | Effect::Mouse(_) if self.caps.basic => {}
                Effect::SetTitle(title) => self.extra.extend_from_slice(&osc::title(&title)),
                Effect::Mouse(on) => self.extra.extend_from_slice(modes::mouse(on)),
                Effect::Bell => self.ring(),
                Effect::Quit { message } => {
                    self.ending = Some(Ending { reason: ExitReason::Quit, line: Some(message) });
                }
            }
        }
    }

    fn ring(&mut self) {
        let now = Instant::now();
        if self.rang.is_none_or(|rang| now - rang >= BELL_EVERY) {
            self.rang = Some(now);
            self.extra.extend_from_slice(osc::BELL);
        }
    }
}

/// Completes with the time it took when the write in progress has been handed over; with none when the terminal is
/// gone; never while there is no write.
async fn finished(writing: &mut Option<Write>) -> Option<Duration> {
    let Some(write) = writing else { return std::future::pending().await };
    let result = Pin::new(&mut write.done).await;
    let took = write.since.elapsed();
    *writing = None;
    result.ok().map(|()| took)
}

/// The time of day, ms since the Unix epoch.
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
