//! One key: its live line, figures and facts; reveal, copy, switch, delete. Live figures are read again when the core
//! says something happened, never on a timer of their own.

mod paint;
mod panels;
mod secret;

use keyward_keys::Event;
use keyward_keys::input::{KeyPatch, UsageQuery};
use keyward_keys::view::{KeyStatus, KeyView, LiveView, UsageReport};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::{Page, Step, scrolled, sooner, word};
use crate::term::input::{Mouse, MouseKind};
use crate::widgets::format;
use crate::widgets::pen::{Ui, safe};
use crate::widgets::ring::Ring;

use secret::Secret;

/// Live figures are read again at most this often, ms.
const LIVE_MS: i64 = 100;

/// What the last two minutes and today look like.
struct Live {
    requests: Ring,
    errors: Ring,
    view: LiveView,
}

/// A key's page.
pub(crate) struct KeyPage {
    key: KeyView,
    live: Option<Live>,
    /// The last seven days: the day's name and its calls.
    week: Vec<(String, u64)>,
    reading: Option<Pending>,
    live_pending: Option<Pending>,
    week_pending: Option<Pending>,
    changing: Option<(Pending, Subject)>,
    live_wanted: bool,
    live_asked_ms: i64,
    paused_ms: Option<i64>,
    secret: Secret,
    scroll: u16,
}

impl KeyPage {
    /// The page of this key, as the list last saw it.
    pub(crate) fn new(key: KeyView) -> Self {
        Self {
            key,
            live: None,
            week: Vec::new(),
            reading: None,
            live_pending: None,
            week_pending: None,
            changing: None,
            live_wanted: true,
            live_asked_ms: 0,
            paused_ms: None,
            secret: Secret::default(),
            scroll: 0,
        }
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        self.reading = Some(cx.ask(Query::Key(self.key.id)));
        let week = UsageQuery { timeframe: Some("week".to_owned()), ..UsageQuery::default() };
        self.week_pending = Some(cx.ask(Query::Usage(self.key.id, week)));
        self.live_wanted = true;
        self.pump(cx);
    }

    fn pump(&mut self, cx: &mut Cx<'_>) {
        if !cx.front {
            return;
        }
        let rested = cx.now_ms >= self.live_asked_ms + LIVE_MS;
        if self.live_wanted && rested && self.live_pending.is_none() && self.paused_ms.is_none() {
            self.live_wanted = false;
            self.live_asked_ms = cx.now_ms;
            self.live_pending = Some(cx.ask(Query::Live(self.key.id)));
        }
    }

    fn took_live(&mut self, view: LiveView) {
        let requests = Ring::new(view.ends_at, view.requests.clone());
        let errors = Ring::new(view.ends_at, view.errors.clone());
        self.live = Some(Live { requests, errors, view });
    }

    fn took_week(&mut self, report: &UsageReport) {
        let day = |date: &str| {
            let date: jiff::civil::Date = date.parse().ok()?;
            Some(date.strftime("%a").to_string())
        };
        let days = report.daily_breakdown.iter().rev().take(7).rev();
        self.week = days
            .map(|row| (day(&row.date).unwrap_or_else(|| safe(&row.date).into_owned()), row.requests))
            .collect();
    }

    fn confirm_delete(&self, cx: &mut Cx<'_>) {
        let name = safe(&self.key.name);
        let bin =
            "It goes to the bin for 30 days and can be restored from there. Apps can no longer fetch it.";
        cx.open(if self.key.environment == keyward_keys::Environment::Production {
            let text = format!("Type {name} to delete this production key. {bin}");
            Dialog::name(Subject::Delete, "Delete", text, &self.key.name)
        } else {
            Dialog::confirm(Subject::Delete, "Delete", format!("Delete {name}? {bin}"), true)
        });
    }

    fn confirm_switch(&self, cx: &mut Cx<'_>) {
        let name = safe(&self.key.name);
        match self.key.status {
            KeyStatus::Active => {
                let text =
                    format!("Switch {name} off? Apps can no longer fetch it; calls are still counted.");
                cx.open(Dialog::confirm(Subject::Switch, "Switch off", text, false));
            }
            KeyStatus::Inactive => {
                let text = format!("Switch {name} on again? Apps can fetch it.");
                cx.open(Dialog::confirm(Subject::Switch, "Switch on", text, false));
            }
            KeyStatus::Expired => {
                cx.say(NoticeKind::Warning, "It has expired: give it a later expiry first.");
            }
        }
    }

    fn change(&mut self, subject: Subject, cx: &mut Cx<'_>) {
        let (id, revision) = (self.key.id, self.key.revision);
        let query = if subject == Subject::Delete {
            Query::Delete { id, revision }
        } else {
            let status = match self.key.status {
                KeyStatus::Active => KeyStatus::Inactive,
                KeyStatus::Inactive | KeyStatus::Expired => KeyStatus::Active,
            };
            Query::Update {
                id,
                patch: Box::new(KeyPatch { status: Some(status), ..KeyPatch::default() }),
                revision,
            }
        };
        self.changing = Some((cx.ask(query), subject));
    }

    fn changed(&mut self, subject: Subject, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        match result {
            Ok(_) if subject == Subject::Delete => {
                let text = format!("{} is in the bin for 30 days.", safe(&self.key.name));
                cx.say(NoticeKind::Done, text);
                return Step::Back;
            }
            Ok(Answer::Key(key)) => {
                self.key = *key;
                let word = if self.key.status == KeyStatus::Active { "on" } else { "off" };
                cx.say(NoticeKind::Done, format!("{} is switched {word}.", safe(&self.key.name)));
            }
            Ok(_) => {}
            Err(notice) => {
                if notice.kind == NoticeKind::Stale {
                    self.read(cx);
                }
                cx.tell(notice);
            }
        }
        Step::Stay
    }
}

impl Page for KeyPage {
    fn place(&self) -> Place {
        Place::Key
    }

    fn crumb(&self) -> String {
        safe(&self.key.name).into_owned()
    }

    fn operand(&self) -> Option<String> {
        Some(word(&self.key.name))
    }

    fn paused(&self) -> bool {
        self.paused_ms.is_some()
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let last = self.content_height(cx.area, cx.now_ms).saturating_sub(cx.area.height);
        let scroll = scrolled(self.scroll.into(), command, cx.area.height, last.into());
        // `last` fits, and this is no more.
        self.scroll = u16::try_from(scroll).unwrap_or(last);
        match command {
            Command::Back => return Step::Back,
            Command::Reveal => self.show(cx),
            Command::Copy => self.copy(cx),
            Command::Delete => self.confirm_delete(cx),
            Command::Switch => self.confirm_switch(cx),
            Command::Refresh => self.read(cx),
            Command::Pause => {
                self.paused_ms = if self.paused_ms.is_some() { None } else { Some(cx.now_ms) };
                self.live_wanted = true;
                self.pump(cx);
            }
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, _double: bool, cx: &mut Cx<'_>) -> Step {
        match mouse.kind {
            MouseKind::ScrollUp => self.command(Command::Up, cx),
            MouseKind::ScrollDown => self.command(Command::Down, cx),
            _ => Step::Stay,
        }
    }

    fn verdict(&mut self, subject: Subject, verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        match (subject, verdict) {
            (Subject::Delete | Subject::Switch, _) => self.change(subject, cx),
            (subject, Verdict::Passphrase(passphrase)) => self.try_passphrase(subject, passphrase, cx),
            (subject, _) => self.open_secret(subject, None, cx),
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        let changing = self.changing.map(|(pending, _)| pending);
        [self.reading, self.live_pending, self.week_pending, changing, self.secret.pending()]
            .into_iter()
            .any(|pending| Pending::is(pending, id))
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.reading, id) {
            self.reading = None;
            match result {
                Ok(Answer::Key(key)) => self.key = *key,
                Err(notice) if notice.kind == NoticeKind::Gone => {
                    cx.say(NoticeKind::Warning, format!("{} is gone.", safe(&self.key.name)));
                    return Step::Back;
                }
                Err(notice) => cx.tell(notice),
                Ok(_) => {}
            }
        } else if Pending::is(self.live_pending, id) {
            self.live_pending = None;
            match result {
                Ok(Answer::Live(view)) if self.paused_ms.is_none() => self.took_live(*view),
                Ok(_) => {}
                Err(notice) => cx.tell(notice),
            }
        } else if Pending::is(self.week_pending, id) {
            self.week_pending = None;
            if let Ok(Answer::Usage(report)) = result {
                self.took_week(&report);
            }
        } else if let Some((_, subject)) =
            self.changing.take_if(|(pending, _)| Pending::is(Some(*pending), id))
        {
            return self.changed(subject, result, cx);
        } else {
            self.took_secret(result, cx);
        }
        self.pump(cx);
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        match event {
            Event::Usage { api_key, .. } => self.live_wanted |= *api_key == self.key.id,
            // While a change of our own is under way, its answer tells; to read a deleted key before that answer would
            // close the page without a word.
            Event::KeyChanged { api_key, .. } if *api_key == self.key.id && self.changing.is_none() => {
                self.reading = Some(cx.ask(Query::Key(self.key.id)));
            }
            Event::Lagged | Event::AccountChanged { .. } => self.read(cx),
            Event::KeyChanged { .. }
            | Event::SessionsEnded { .. }
            | Event::TokenRevoked { .. }
            | Event::Notified { .. }
            | Event::Announced { .. }
            | Event::Draining { .. } => {}
        }
        self.pump(cx);
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.secret.forget_at(cx.now_ms);
        self.scroll = self.scroll.min(self.content_height(cx.area, cx.now_ms).saturating_sub(cx.area.height));
        self.pump(cx);
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let now_s = now_ms.div_euclid(1_000);
        let moves = |live: &Live| live.requests.moves(now_s) || live.errors.moves(now_s);
        let slides = self.paused_ms.is_none() && self.live.as_ref().is_some_and(moves);
        let second = (slides || self.secret.is_shown()).then_some((now_s + 1) * 1_000);
        let age = self.last_used().map(|at| format::age_changes_at(now_ms, at));
        let free = self.live_wanted && self.live_pending.is_none() && self.paused_ms.is_none();
        let live = free.then_some(self.live_asked_ms + LIVE_MS);
        sooner(sooner(second, age.filter(|at| *at < i64::MAX)), live)
    }

    fn deadline(&self) -> Option<i64> {
        self.secret.until_ms()
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.draw(area, buf, ui)
    }
}
