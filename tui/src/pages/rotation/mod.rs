//! The rotations of all keys one may see: what is due, what is under way or waits for a person, and what has ended. Read
//! again when the core says that a key changed. Nothing is changed here: Enter opens the key, where one can.

mod calendar;
mod layout;
mod paint;

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use keyward_keys::view::{PastRotationView, RotationSummary, RotationsView};
use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId, RotationAnswer, RotationAsk};
use crate::notice::Notice;
use crate::pages::key::KeyPage;
use crate::pages::read::Read;
use crate::pages::{Page, Step, sooner, word};
use crate::term::input::{Button, Mouse, MouseKind};
use crate::widgets::list::{self, List};
use crate::widgets::pen::Ui;

use layout::{Layout, Pane};

/// It is read again at most this often, ms.
const EVERY_MS: i64 = 1_000;
/// Entries of each list that are read: as many as the core gives.
const ENTRIES: u32 = 100;
/// Figures of minutes are drawn again this often, ms.
const MINUTE_MS: i64 = 60_000;

/// The page.
#[derive(Default)]
pub(crate) struct RotationPage {
    all: Read<Box<RotationsView>>,
    pane: Pane,
    queue: List<Id>,
    due: List<Id>,
    past: List<Id>,
    /// Who asked for what, by name.
    names: HashMap<Id, String>,
    naming: Option<Pending>,
    opening: Option<Pending>,
    wanted: bool,
    asked_ms: i64,
    paused: bool,
    zone: Option<TimeZone>,
}

impl RotationPage {
    /// The page with what is under way in front.
    pub(crate) fn under_way() -> Self {
        Self { pane: Pane::Queue, ..Self::default() }
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        (self.wanted, self.asked_ms) = (false, cx.now_ms);
        self.all.ask(cx, Query::Rotation(RotationAsk::All(ENTRIES)));
    }

    fn pump(&mut self, cx: &mut Cx<'_>) {
        let rested = cx.now_ms >= self.asked_ms + EVERY_MS;
        if self.wanted && rested && cx.front && !self.paused {
            self.read(cx);
        }
    }

    fn took(&mut self, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        let news = self.all.take(result, cx, |answer| match answer {
            Answer::Rotation(RotationAnswer::All(all)) => Some(all),
            _ => None,
        });
        let Some(all) = self.all.get().filter(|_| news) else { return };
        let layout = Layout::of(cx.area, self.pane, (all.queue.len(), all.history.len()));
        let height = |place: Rect| usize::from(list::rows(place).height);
        self.queue.renew(all.queue.iter().map(|key| key.id), height(layout.queue));
        self.due.renew(all.calendar.iter().map(|key| key.id), height(layout.agenda()));
        self.past.renew(all.history.iter().map(|past| past.id), height(layout.past));
        let asked = all.history.iter().filter_map(|past| past.asked_by);
        let mut unknown: Vec<Id> = asked.filter(|id| !self.names.contains_key(id)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        if !unknown.is_empty() {
            self.naming = Some(cx.ask(Query::Names(unknown)));
        }
    }

    fn layout(&self, area: Rect) -> Layout {
        Layout::of(area, self.pane, (self.queue.len(), self.past.len()))
    }

    fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// The day on which a key is due, where that is known and still to come.
    fn day(&self, key: &RotationSummary, now_ms: i64) -> Option<Date> {
        let at = key.next_rotation.filter(|at| at.as_millisecond() >= now_ms)?;
        Some(at.to_zoned(self.zone()).date())
    }

    fn queued(&self) -> Option<&RotationSummary> {
        self.all.get()?.queue.get(self.queue.selected())
    }

    fn coming(&self) -> Option<&RotationSummary> {
        self.all.get()?.calendar.get(self.due.selected())
    }

    fn gone(&self) -> Option<&PastRotationView> {
        self.all.get()?.history.get(self.past.selected())
    }

    /// The selected key and its name.
    fn selected(&self) -> Option<(Id, &str)> {
        match self.pane {
            Pane::Calendar => self.coming().map(|key| (key.id, key.name.as_str())),
            Pane::Queue => self.queued().map(|key| (key.id, key.name.as_str())),
            Pane::Past => self.gone().map(|past| (past.api_key_id, past.name.as_str())),
        }
    }

    fn open(&mut self, cx: &mut Cx<'_>) {
        if let Some((id, _)) = self.selected() {
            self.opening = Some(cx.ask(Query::Key(id)));
        }
    }

    /// The list at hand, and its place.
    fn at_hand(&mut self, pane: Pane, area: Rect) -> (&mut List<Id>, Rect) {
        let layout = self.layout(area);
        match pane {
            Pane::Calendar => (&mut self.due, list::rows(layout.agenda())),
            Pane::Queue => (&mut self.queue, list::rows(layout.queue)),
            Pane::Past => (&mut self.past, list::rows(layout.past)),
        }
    }

    /// To the first key of the next day on which one is due, or of the day before.
    fn turn(&mut self, forward: bool, cx: &Cx<'_>) {
        let keys = self.all.get().map(|all| all.calendar.as_slice()).unwrap_or_default();
        let days: Vec<_> = keys.iter().map(|key| self.day(key, cx.now_ms)).collect();
        let at = self.due.selected();
        let here = days.get(at).copied().flatten();
        let to = if forward {
            days.iter().position(|day| *day > here)
        } else {
            let before = days.iter().rev().find(|day| **day < here);
            before.and_then(|before| days.iter().position(|day| day == before))
        };
        let height = usize::from(list::rows(self.layout(cx.area).agenda()).height);
        self.due.select(to.unwrap_or(at), height);
    }

    /// To the first key that is due on this day.
    fn turn_to(&mut self, day: Date, cx: &Cx<'_>) {
        let keys = self.all.get().map(|all| all.calendar.as_slice()).unwrap_or_default();
        let row = keys.iter().position(|key| self.day(key, cx.now_ms) == Some(day));
        let height = usize::from(list::rows(self.layout(cx.area).agenda()).height);
        if let Some(row) = row {
            self.due.select(row, height);
        }
    }
}

impl Page for RotationPage {
    fn place(&self) -> Place {
        Place::Rotation
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        let rows = match self.pane {
            Pane::Calendar => &self.due,
            Pane::Queue => &self.queue,
            Pane::Past => &self.past,
        };
        match command {
            Command::Open => rows.is_empty(),
            Command::Next => [&self.due, &self.queue, &self.past].into_iter().all(List::is_empty),
            Command::Left => self.pane != Pane::Calendar || rows.selected() == 0,
            Command::Right => self.pane != Pane::Calendar || rows.selected() + 1 >= rows.len(),
            _ => false,
        }
    }

    fn crumb(&self) -> String {
        "Rotation".to_owned()
    }

    fn operand(&self) -> Option<String> {
        self.selected().map(|(_, name)| word(name))
    }

    fn paused(&self) -> bool {
        self.paused
    }

    fn again(&self) -> Option<Again> {
        let (pane, queue) = (self.pane, self.queue.left());
        let (due, past) = (self.due.left(), self.past.left());
        Again::page(move || Self {
            pane,
            queue: List::on(queue),
            due: List::on(due),
            past: List::on(past),
            ..Self::default()
        })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        // A zone that this machine does not know is told in UTC.
        self.zone = TimeZone::get(&cx.user.time_zone).ok();
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let (list, place) = self.at_hand(self.pane, cx.area);
        if list.command(command, usize::from(place.height)) {
            return Step::Stay;
        }
        match command {
            Command::Back => return Step::Back,
            Command::Open => self.open(cx),
            Command::Next => self.pane = self.pane.next(true),
            Command::Previous => self.pane = self.pane.next(false),
            Command::Left if self.pane == Pane::Calendar => self.turn(false, cx),
            Command::Right if self.pane == Pane::Calendar => self.turn(true, cx),
            Command::Pause => {
                self.paused = !self.paused;
                self.wanted = !self.paused;
                self.pump(cx);
            }
            Command::Refresh => self.read(cx),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        let layout = self.layout(cx.area);
        let at = Position::new(mouse.column, mouse.row);
        let pressed = mouse.kind == MouseKind::Press(Button::Left);
        if let Some(pane) = layout.pane_at(at).filter(|_| pressed) {
            self.pane = pane;
        }
        if let Some(day) = self.day_at(layout.grid(), at, cx.now_ms).filter(|_| pressed) {
            self.turn_to(day, cx);
        }
        let (list, place) = self.at_hand(self.pane, cx.area);
        if list.mouse(mouse, place) && double {
            self.open(cx);
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        self.all.awaits(id) || [self.naming, self.opening].into_iter().any(|one| Pending::is(one, id))
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if self.all.awaits(id) {
            self.took(result, cx);
        } else if Pending::is(self.naming, id) {
            self.naming = None;
            // Whom one may not know is told by nothing.
            if let Ok(Answer::Names(names)) = result {
                self.names.extend(names);
            }
        } else {
            self.opening = None;
            match result {
                Ok(Answer::Key(key)) => return Step::Open(Box::new(KeyPage::new(*key))),
                Ok(_) => {}
                Err(notice) => cx.tell(notice),
            }
        }
        self.pump(cx);
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        match event {
            Event::KeyChanged { .. } | Event::AccountChanged { .. } | Event::Lagged => self.wanted = true,
            Event::Usage { .. }
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
        for pane in Pane::ALL {
            let (list, place) = self.at_hand(pane, cx.area);
            list.reveal(usize::from(place.height));
        }
        self.pump(cx);
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let wanted = (self.wanted && !self.paused).then_some(self.asked_ms + EVERY_MS);
        let counts = |key: &RotationSummary| key.next_try.is_some() || key.retiring.is_some();
        let counting = self.all.get().is_some_and(|all| all.queue.iter().any(counts));
        let minute = counting.then(|| (now_ms.div_euclid(MINUTE_MS) + 1) * MINUTE_MS);
        sooner(sooner(wanted, minute), self.all.next_tick(now_ms))
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.draw(area, buf, ui)
    }
}
