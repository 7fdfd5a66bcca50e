//! The dashboard as a pure machine: events go in, effects come out, and `paint` draws what is. It does no I/O, reads
//! no clock and never calls the core: whoever runs a session carries the effects out.

pub(crate) mod again;
mod asks;
mod chrome;
pub(crate) mod cx;
pub(crate) mod dialog;
mod effect;
mod finder;
pub(crate) mod follow;
mod input;
pub(crate) mod keymap;
mod lock;
pub(crate) mod sections;
pub(crate) mod toast;
mod travel;
pub(crate) mod undo;

pub use again::Trail;
pub use asks::{
    AccountAnswer, AccountQuery, AlertAnswer, AlertAsk, InboxAnswer, InboxQuery, RotationAnswer, RotationAsk,
    TeamAnswer, TeamQuery, WebhookAnswer, WebhookAsk,
};
pub(crate) use chrome::notice_mark;
pub use effect::{Answer, AppEvent, Deed, Effect, Ends, HostInfo, Query, RequestId, Spot};

use keyward_keys::input::NotificationQuery;
use keyward_keys::view::UserView;
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Reopening;
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::Dialog;
use crate::app::finder::Finder;
use crate::app::follow::About;
use crate::app::keymap::{Command, Place};
use crate::app::lock::Lock;
use crate::app::sections::{SECTIONS, Section};
use crate::app::toast::Toasts;
use crate::app::travel::Destination;
use crate::app::undo::Undo;
use crate::notice::{Notice, NoticeKind};
use crate::pages::{Page, Step, sooner};
use crate::term::caps::Caps;
use crate::term::palette::Palette;
use crate::theme::Theme;
use crate::widgets::glyphs::Glyphs;
use crate::widgets::pen::{Ui, safe};

/// Notifications that are told in passing, of those that come at one moment: as many as are shown at a time.
const TOLD: u32 = 3;

/// What slides with the time is drawn again after this long, ms.
const SECOND_MS: i64 = 1_000;

/// So much later, ms, if something else was drawn last: calls that come once a second bring it along, and each costs one
/// picture.
const ROOM_MS: i64 = 250;

/// One session's dashboard.
pub struct App {
    user: UserView,
    host: HostInfo,
    caps: Caps,
    size: Rect,
    /// Where one is.
    section: &'static Section,
    /// The first is the section's and stays; the last is the one on screen.
    pages: Vec<Box<dyn Page>>,
    /// Where one wants to go, while it is asked whether what was typed may be lost.
    bound: Option<Destination>,
    dialog: Option<Dialog>,
    finder: Option<Box<Finder>>,
    toasts: Toasts,
    undo: Undo,
    next_request: u64,
    profile: Option<Pending>,
    /// The newest notifications are read, to tell of these in passing.
    told: Option<Pending>,
    untold: Vec<Id>,
    /// What the newest of them is about.
    about: Option<About>,
    /// That is being looked for.
    following: Option<Pending>,
    title: String,
    mouse: bool,
    interrupted_ms: Option<i64>,
    pressed: Option<(i64, Position)>,
    /// The screen is locked.
    lock: Option<Box<Lock>>,
    /// The session ends at this moment.
    ends: Option<(Ends, i64)>,
    /// The terminal takes frames slowly.
    slow: bool,
    /// The pages that are still to be opened again.
    reopening: Option<Box<Reopening>>,
    /// The moment of the last event: what is drawn later than that may have changed by time alone.
    seen_ms: i64,
    /// That was a tick.
    ticked: bool,
}

impl App {
    /// A dashboard for this person, and the first things it wants done at this moment (ms since the Unix epoch). It expects
    /// a `Resize` next.
    pub fn new(user: UserView, host: HostInfo, caps: &Caps, now_ms: i64) -> (Self, Vec<Effect>) {
        let mut app = Self {
            user,
            host,
            caps: caps.clone(),
            size: Rect::new(0, 0, 80, 24),
            section: &SECTIONS[0],
            pages: vec![(SECTIONS[0].open)()],
            bound: None,
            dialog: None,
            finder: None,
            toasts: Toasts::default(),
            undo: Undo::default(),
            next_request: 1,
            profile: None,
            told: None,
            untold: Vec::new(),
            about: None,
            following: None,
            title: String::new(),
            mouse: true,
            interrupted_ms: None,
            pressed: None,
            lock: None,
            ends: None,
            slow: false,
            reopening: None,
            seen_ms: 0,
            ticked: false,
        };
        let effects = app.with_effects(now_ms, |app, effects| {
            app.with_page(effects, |page, cx| {
                page.opened(cx);
                Step::Stay
            });
        });
        (app, effects)
    }

    /// Takes one event in at this moment (ms since the Unix epoch).
    pub fn on(&mut self, event: AppEvent, now_ms: i64) -> Vec<Effect> {
        self.ticked = matches!(event, AppEvent::Tick);
        self.with_effects(now_ms, |app, effects| match event {
            AppEvent::Input(input) => app.on_input(&input, effects),
            AppEvent::Resize { cols, rows } => {
                app.size = Rect::new(0, 0, cols, rows);
                app.every_page(effects, |page, cx| page.tick(cx));
            }
            AppEvent::Caps(caps) => app.caps = caps,
            AppEvent::Notice(notice) => app.toasts.push(now_ms, notice),
            AppEvent::Domain(event) => app.on_domain(&event, effects),
            AppEvent::Answer { request, result } => app.on_answer(request, result, effects),
            AppEvent::Ends { why, at_ms } => app.ends = Some((why, at_ms)),
            AppEvent::Lock => app.lock(effects),
            AppEvent::Stays => app.ends = app.ends.filter(|(why, _)| *why != Ends::Idle),
            AppEvent::Slow(slow) => app.slow = slow,
            AppEvent::Tick => app.every_page(effects, |page, cx| page.tick(cx)),
        })
    }

    /// Draws into `area`; answers where the terminal's cursor belongs, which screen readers follow.
    pub fn paint(&self, area: Rect, buf: &mut Buffer, now_ms: i64) -> Option<Position> {
        let ui = Ui { theme: self.theme(), glyphs: Glyphs::of(self.caps.utf8), now_ms };
        if area.width < chrome::LEAST.0 || area.height < chrome::LEAST.1 {
            return chrome::too_small(area, buf, &ui);
        }
        if let Some(lock) = &self.lock {
            chrome::ending(self, area, buf, &ui);
            return lock.paint(area, buf, &ui);
        }
        let page = self.page();
        chrome::header(self, area, buf, &ui);
        let body = chrome::body(area);
        let cursor = page.paint(body, buf, &self.toasts, &ui);
        chrome::footer(self, area, buf, &ui);
        chrome::messages(&self.toasts, area, buf, &ui);
        // What waits for an answer is never covered.
        match (&self.dialog, &self.finder) {
            (Some(dialog), _) => dialog.paint(body, buf, &ui),
            (None, Some(finder)) => finder.paint(body, buf, &ui),
            (None, None) => cursor,
        }
    }

    /// When it wants an [`AppEvent::Tick`] (ms since the Unix epoch, past if overdue); none while nothing on the screen
    /// moves.
    pub fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let seen = self.seen_ms.min(now_ms);
        let closing = self.ends.filter(|(_, at)| *at > seen).map(|_| (seen / 1_000 + 1) * 1_000);
        let deadline = self.pages.iter().filter_map(|page| page.deadline()).min();
        if let Some(lock) = &self.lock {
            let long = lock.asked.and_then(|asked| asked.long_from(seen));
            return sooner(sooner(long, closing), deadline);
        }
        let page = sooner(self.page().next_tick(seen), deadline);
        let rest = if self.ticked { SECOND_MS } else { SECOND_MS + ROOM_MS };
        let slide = self.page().slides(seen).then_some(seen + rest);
        sooner(sooner(self.toasts.next_tick(seen), closing), sooner(page, slide))
    }

    /// Nothing is shown before the password is typed.
    pub(crate) fn is_locked(&self) -> bool {
        self.lock.is_some()
    }

    /// What the encoder needs to show the dashboard's colours on this terminal.
    pub fn palette(&self) -> &'static Palette {
        self.theme().palette()
    }

    fn theme(&self) -> Theme {
        Theme::new(self.page().theme().unwrap_or(&self.user.theme), &self.caps)
    }

    /// There always is a page: the first is never taken away.
    fn page(&self) -> &dyn Page {
        self.pages[self.pages.len() - 1].as_ref()
    }

    /// Which keys hold now.
    fn place(&self) -> Place {
        if self.finder.is_some() { Place::Palette } else { self.page().place() }
    }

    /// There is no use for this now.
    fn refuses(&self, command: Command) -> bool {
        match &self.finder {
            Some(finder) => finder.refuses(command),
            None if command == Command::Undo => !self.undo.is_open(self.seen_ms) && !self.page().takes_back(),
            None => self.page().refuses(command, chrome::body(self.size)),
        }
    }

    fn with_effects(&mut self, now_ms: i64, act: impl FnOnce(&mut Self, &mut Vec<Effect>)) -> Vec<Effect> {
        self.seen_ms = now_ms;
        let mut effects = Vec::new();
        act(self, &mut effects);
        let crumb = if self.is_locked() { "locked".to_owned() } else { self.page().crumb() };
        let title = format!("Keyward: {crumb}");
        if title != self.title {
            self.title.clone_from(&title);
            effects.push(Effect::SetTitle(title));
        }
        effects
    }

    /// Lends page `at` everything else, and says what it answered.
    fn lend<R>(
        &mut self,
        at: usize,
        effects: &mut Vec<Effect>,
        act: impl FnOnce(&mut dyn Page, &mut Cx<'_>) -> R,
    ) -> R {
        let mut cx = Cx {
            now_ms: self.seen_ms,
            front: at + 1 == self.pages.len(),
            area: chrome::body(self.size),
            host: &self.host,
            caps: &self.caps,
            user: &self.user,
            effects,
            next_request: &mut self.next_request,
            toasts: &mut self.toasts,
            undo: &mut self.undo,
            dialog: &mut self.dialog,
        };
        act(self.pages[at].as_mut(), &mut cx)
    }

    fn every_page(&mut self, effects: &mut Vec<Effect>, mut act: impl FnMut(&mut dyn Page, &mut Cx<'_>)) {
        for at in 0..self.pages.len() {
            self.lend(at, effects, &mut act);
        }
    }

    /// Lets the page on screen act, and goes where it says.
    fn with_page(&mut self, effects: &mut Vec<Effect>, act: impl FnOnce(&mut dyn Page, &mut Cx<'_>) -> Step) {
        let step = self.lend(self.pages.len() - 1, effects, act);
        self.go(step, effects);
    }

    fn on_domain(&mut self, event: &Event, effects: &mut Vec<Effect>) {
        match event {
            Event::Draining { seconds } => {
                self.ends = Some((Ends::Restart, self.seen_ms + i64::from(*seconds) * 1_000));
                effects.push(Effect::Bell);
            }
            Event::Announced { message } => {
                self.toasts.say(self.seen_ms, NoticeKind::Info, message.clone());
                effects.push(Effect::Bell);
            }
            Event::AccountChanged { account } if *account == self.user.id => self.read_profile(effects),
            Event::Lagged => self.read_profile(effects),
            Event::AccountChanged { .. }
            | Event::KeyChanged { .. }
            | Event::Usage { .. }
            | Event::TokenRevoked { .. }
            | Event::AlertChanged { .. }
            | Event::SessionsEnded { .. } => {}
            Event::Notified { account, notification, .. } if *account == self.user.id => {
                self.untold.push(*notification);
                // Of very many at once, the newest are told.
                let surplus = self.untold.len().saturating_sub(TOLD as usize);
                self.untold.drain(..surplus);
                let newest = NotificationQuery { page: 1, limit: TOLD, unread: true };
                let query = Query::Inbox(InboxQuery::Notices(newest));
                self.told = Some(self.lend(0, effects, |_, cx| cx.ask(query)));
            }
            Event::Notified { .. } => {}
        }
        self.every_page(effects, |page, cx| page.domain(event, cx));
    }

    /// Hides everything, and ends what was unlocked.
    fn lock(&mut self, effects: &mut Vec<Effect>) {
        self.lock = Some(Box::default());
        self.lend(0, effects, |_, cx| cx.ask(Query::Lock));
    }

    fn read_profile(&mut self, effects: &mut Vec<Effect>) {
        self.profile = Some(self.lend(0, effects, |_, cx| cx.ask(Query::Me)));
    }

    fn on_answer(&mut self, id: RequestId, result: Result<Answer, Notice>, effects: &mut Vec<Effect>) {
        if Pending::is(self.profile, id) {
            self.profile = None;
            if let Ok(Answer::Me(user)) = result {
                self.user = *user;
            }
            return;
        }
        if Pending::is(self.told, id) {
            self.told = None;
            let untold = std::mem::take(&mut self.untold);
            if let Ok(Answer::Inbox(InboxAnswer::Notices(page))) = result {
                let told = page.notifications.into_iter().rev().filter(|notice| untold.contains(&notice.id));
                told.for_each(|notice| self.tell_of(notice));
            }
            return;
        }
        if let Some(lock) = &mut self.lock
            && Pending::is(lock.asked, id)
        {
            lock.asked = None;
            match result {
                Ok(_) => self.lock = None,
                Err(notice) => lock.told = Some(notice.text),
            }
            return;
        }
        let Some(result) = self.reopened(id, result, effects) else { return };
        if let Some(deed) = self.undo.answered(id) {
            return self.took_back(deed, result, effects);
        }
        if Pending::is(self.following, id) {
            self.following = None;
            self.followed(result, effects);
            return;
        }
        // What a person changed of their own account holds at once, wherever it was changed.
        if let Ok(Answer::Me(user)) = &result {
            self.user = user.as_ref().clone();
        }
        let Some(at) = self.pages.iter().position(|page| page.awaits(id)) else {
            return;
        };
        let step = self.lend(at, effects, |page, cx| page.answer(id, result, cx));
        if at + 1 == self.pages.len() {
            self.go(step, effects);
        }
    }

    fn address(&self) -> String {
        safe(&self.host.address).into_owned()
    }
}
