//! One key: its live line, figures and facts, its usage, versions, access and audit; reveal, copy, switch, freeze, delete.
//! Live figures are read again when the core says something happened, never on a timer of their own; the panels when
//! they are seen.

mod history;
mod load;
mod paint;
mod panels;
mod people;
mod reading;
mod rights;
mod rotate;
mod rotation;
mod secret;
mod tabs;
mod usage;

use keyward_keys::input::KeyPatch;
use keyward_keys::view::{
    AuditView, KeyAccess, KeyStatus, KeyView, LiveView, RotationView, UsageReport, VersionView,
};
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use secrecy::SecretString;

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Deed, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::form::FormPage;
use crate::pages::routes::RoutesPage;
use crate::pages::{Page, Step, asking, scrolled, sooner, word};
use crate::term::input::{Button, Mouse, MouseKind};
use crate::widgets::blank::blank;
use crate::widgets::format;
use crate::widgets::pen::{Ui, safe};
use crate::widgets::ring::Ring;

use load::Load;
use secret::Secret;
use tabs::{Shape, Tab};

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
    report: Load<UsageReport>,
    rotation: Load<Box<RotationView>>,
    versions: Load<Vec<VersionView>>,
    access: Load<KeyAccess>,
    trail: Load<Vec<AuditView>>,
    tab: Tab,
    changing: Option<(Pending, Subject)>,
    live_wanted: bool,
    live_asked_ms: i64,
    paused_ms: Option<i64>,
    secret: Secret,
    scroll: u16,
    /// It is deleted, or no longer this person's to see.
    gone: bool,
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
            report: Load::default(),
            rotation: Load::default(),
            versions: Load::default(),
            access: Load::default(),
            trail: Load::default(),
            tab: Tab::default(),
            changing: None,
            live_wanted: true,
            live_asked_ms: 0,
            paused_ms: None,
            secret: Secret::default(),
            scroll: 0,
            gone: false,
        }
    }

    fn confirm_switch(&self, cx: &mut Cx<'_>) {
        match asking::switch(&self.key) {
            Some(dialog) => cx.open(dialog),
            None => cx.say(NoticeKind::Warning, asking::EXPIRED),
        }
    }

    fn change(&mut self, subject: Subject, cx: &mut Cx<'_>) {
        let (id, revision) = (self.key.id, self.key.revision);
        let patch = match subject {
            Subject::Freeze => KeyPatch { frozen: Some(!self.key.frozen), ..KeyPatch::default() },
            Subject::Decoy => KeyPatch { decoy: Some(!self.key.decoy), ..KeyPatch::default() },
            _ => {
                let status = match self.key.status {
                    KeyStatus::Active => KeyStatus::Inactive,
                    KeyStatus::Inactive | KeyStatus::Expired => KeyStatus::Active,
                };
                KeyPatch { status: Some(status), ..KeyPatch::default() }
            }
        };
        let query = if subject == Subject::Delete {
            Query::Delete { id, revision }
        } else {
            Query::Update { id, patch: Box::new(patch), revision }
        };
        self.changing = Some((cx.ask(query), subject));
    }

    fn set_value(&mut self, value: SecretString, cx: &mut Cx<'_>) {
        let (id, revision) = (self.key.id, self.key.revision);
        self.changing = Some((cx.ask(Query::SetValue { id, value, revision }), Subject::Rotate));
    }

    fn changed(&mut self, subject: Subject, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        match result {
            Ok(_) if subject == Subject::Delete => {
                cx.did(Deed::Delete, &format!("{} is", safe(&self.key.name)), vec![self.key.id]);
                return Step::Back;
            }
            Ok(Answer::Key(key)) => {
                self.key = *key;
                let who = format!("{} is", safe(&self.key.name));
                let done = match subject {
                    Subject::Rotate => Err("at its next version"),
                    Subject::Decoy if self.key.decoy => Err("a decoy"),
                    Subject::Decoy => Err("a decoy no more"),
                    Subject::Freeze => Ok(Deed::Freeze(self.key.frozen)),
                    _ => Ok(Deed::Switch(self.key.status)),
                };
                match done {
                    Ok(deed) => cx.did(deed, &who, vec![self.key.id]),
                    Err(what) => cx.say(NoticeKind::Done, format!("{who} {what}.")),
                }
                self.doubt_panels();
                self.pump(cx);
            }
            Ok(Answer::Rotation(answer)) => self.rotated(subject, answer, cx),
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

    fn key(&self) -> Option<Id> {
        Some(self.key.id)
    }

    fn operand(&self) -> Option<String> {
        Some(word(&self.key.name))
    }

    fn refuses(&self, command: Command, area: Rect) -> bool {
        self.has_no_use_for(command, area)
    }

    fn paused(&self) -> bool {
        self.paused_ms.is_some()
    }

    fn again(&self) -> Option<Again> {
        let tab = self.tab;
        Again::after(Query::Key(self.key.id), move |answer| match answer {
            Answer::Key(key) => Some(Self { tab, ..Self::new(*key) }),
            _ => None,
        })
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
            Command::Delete => cx.open(asking::delete(&self.key)),
            Command::Switch => self.confirm_switch(cx),
            Command::Edit => return Step::Open(Box::new(FormPage::edit(self.key.clone()))),
            Command::Rotate => self.rotate(cx),
            Command::Emergency => self.rotate_at_once(cx),
            Command::SetValue => self.ask_value(cx),
            Command::RollBack => self.roll_back(cx),
            Command::TickOff => self.tick_off(cx),
            Command::Freeze => cx.open(asking::freeze(&self.key)),
            Command::Decoy => cx.open(asking::decoy(&self.key)),
            Command::Next => self.turn_to(Shape::of(cx.area).next(self.tab, true), cx),
            Command::Previous => self.turn_to(Shape::of(cx.area).next(self.tab, false), cx),
            Command::Refresh => self.read(cx),
            Command::Lines => {
                let page = RoutesPage::of_key(self.key.id.to_string(), word(&self.key.name));
                return Step::Open(Box::new(page));
            }
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
            MouseKind::Press(Button::Left) => {
                if let Some(tab) = self.tab_at(cx.area, Position::new(mouse.column, mouse.row)) {
                    self.turn_to(tab, cx);
                }
                Step::Stay
            }
            _ => Step::Stay,
        }
    }

    fn verdict(&mut self, subject: Subject, verdict: Verdict, cx: &mut Cx<'_>) -> Step {
        match (subject, verdict) {
            (Subject::Delete | Subject::Switch | Subject::Freeze | Subject::Decoy, _) => {
                self.change(subject, cx);
            }
            (Subject::Rotate, Verdict::Passphrase(value)) => self.set_value(value, cx),
            (Subject::Rotate | Subject::Emergency | Subject::RollBack | Subject::TickOff, _) => {
                self.go_on(subject, cx);
            }
            (subject, Verdict::Line(reason)) => self.explained(subject, reason, cx),
            (subject, Verdict::Passphrase(passphrase)) => self.try_passphrase(subject, passphrase, cx),
            (subject, _) => self.open_secret(subject, None, cx),
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        let changing = self.changing.map(|(pending, _)| pending);
        let panels = [
            self.report.pending(),
            self.rotation.pending(),
            self.versions.pending(),
            self.access.pending(),
            self.trail.pending(),
        ];
        [self.reading, self.live_pending, changing, self.secret.pending()]
            .into_iter()
            .chain(panels)
            .any(|pending| Pending::is(pending, id))
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        let Some(result) = self.took_panel(id, result) else {
            self.pump(cx);
            return Step::Stay;
        };
        if Pending::is(self.reading, id) {
            self.reading = None;
            match result {
                Ok(Answer::Key(key)) => (self.key, self.gone) = (*key, false),
                Err(notice) if notice.kind == NoticeKind::Gone => {
                    // Under another page it cannot leave; nothing of the key is shown any more.
                    (self.gone, self.secret) = (true, Secret::default());
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
                self.doubt_panels();
            }
            Event::Lagged | Event::AccountChanged { .. } => self.read(cx),
            Event::KeyChanged { .. }
            | Event::SessionsEnded { .. }
            | Event::TokenRevoked { .. }
            | Event::Notified { .. }
            | Event::Announced { .. }
            | Event::AlertChanged { .. }
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
        let second = self.secret.is_shown().then(|| (now_ms.div_euclid(1_000) + 1) * 1_000);
        let age = self.last_used().map(|at| format::age_changes_at(now_ms, at));
        let free = self.live_wanted && self.live_pending.is_none() && self.paused_ms.is_none();
        let live = free.then_some(self.live_asked_ms + reading::LIVE_MS);
        sooner(sooner(second, age.filter(|at| *at < i64::MAX)), live)
    }

    fn slides(&self, now_ms: i64) -> bool {
        let now_s = now_ms.div_euclid(1_000);
        let moves = |live: &Live| live.requests.moves(now_s) || live.errors.moves(now_s);
        self.paused_ms.is_none() && self.live.as_ref().is_some_and(moves)
    }

    fn deadline(&self) -> Option<i64> {
        self.secret.until_ms()
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        if self.gone {
            let title = format!("{} is gone.", safe(&self.key.name));
            return blank(
                area,
                buf,
                &title,
                &["It was deleted, or is no longer yours to see.", "Esc goes back."],
                ui,
            );
        }
        self.draw(area, buf, ui)
    }
}
