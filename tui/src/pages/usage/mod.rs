//! Usage as charts: over a span, told apart by whose calls they are or by what kind, beside the period before. It is read
//! again when the core says that there were calls, never on a timer of its own.

mod choice;
mod copy;
mod layout;
mod legend;
mod lines;
mod options;
mod paint;

use std::collections::HashSet;

use jiff::tz::TimeZone;
use keyward_keys::Event;
use keyward_keys::input::Breakdown;
use keyward_keys::view::UsageSeries;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::pages::key::KeyPage;
use crate::pages::{Page, Step, about_people, sooner};
use crate::term::input::{Button, Key, Mouse, MouseKind, Paste};
use crate::widgets::edit::Edit;
use crate::widgets::pen::Ui;
use keyward_keys::table::{Metric, tells_of_models};

use choice::{Choice, Span};
use layout::Layout;
use legend::LineName;
use options::Pick;

/// Figures of an hour or a day are read again at most this often, ms.
const OFTEN_MS: i64 = 5_000;
/// Those of longer spans.
const SELDOM_MS: i64 = 30_000;

/// The page.
pub(crate) struct UsagePage {
    choice: Choice,
    series: Option<Box<UsageSeries>>,
    /// What the period before that is called: another span may have been chosen since, and not have been answered.
    before: String,
    reading: Option<Pending>,
    /// It is to be read again: at once, or when its time has come.
    wanted: bool,
    asked_ms: i64,
    failed: Option<Notice>,
    /// The line that is pointed out; the total when none.
    selected: Option<LineName>,
    /// Lines that are not drawn.
    hidden: HashSet<LineName>,
    /// The endpoint on the selection, and the first row in view.
    row: usize,
    offset: usize,
    /// The point that is pointed at.
    point: Option<usize>,
    opening: Option<Pending>,
    search: Edit,
    searching: bool,
    /// What was typed could not be taken.
    mistake: Option<String>,
    paused: bool,
}

impl Default for UsagePage {
    fn default() -> Self {
        Self {
            choice: Choice::default(),
            series: None,
            before: String::new(),
            reading: None,
            wanted: false,
            asked_ms: 0,
            failed: None,
            selected: None,
            hidden: HashSet::new(),
            row: 0,
            offset: 0,
            point: None,
            opening: None,
            search: Edit::new(512),
            searching: false,
            mistake: None,
            paused: false,
        }
    }
}

impl UsagePage {
    /// What models cost in the last thirty days, this one pointed out.
    pub(crate) fn of_model(name: String) -> Self {
        let (metric, span, by) = (Metric::Cost, Span::Month, Some(Breakdown::Model));
        let choice = Choice { metric, span, by, ..Choice::default() };
        Self { choice, selected: Some((None, name)), ..Self::default() }
    }

    /// Asks anew: something else was chosen.
    fn read(&mut self, cx: &mut Cx<'_>) {
        (self.wanted, self.failed, self.asked_ms) = (false, None, cx.now_ms);
        self.reading = Some(cx.ask(Query::Series(Box::new(self.choice.query()))));
    }

    fn pump(&mut self, cx: &mut Cx<'_>) {
        let due = self.wanted && cx.now_ms >= self.asked_ms + self.every_ms();
        if due && cx.front && self.reading.is_none() && !self.paused {
            self.read(cx);
        }
    }

    fn every_ms(&self) -> i64 {
        let often = self.choice.dates.is_none() && matches!(self.choice.span, Span::Hour | Span::Day);
        if often { OFTEN_MS } else { SELDOM_MS }
    }

    /// Lines are chosen anew, and so is all that depends on them.
    fn start_over(&mut self, cx: &mut Cx<'_>) {
        (self.selected, self.point, self.row, self.offset) = (None, None, 0, 0);
        self.hidden.clear();
        self.read(cx);
    }

    fn point_at(&mut self, on: bool) {
        let Some(last) = self.series.as_ref().and_then(|series| series.total.points.len().checked_sub(1))
        else {
            return;
        };
        self.point = Some(match self.point {
            None => last,
            Some(at) if on => (at + 1).min(last),
            Some(at) => at.saturating_sub(1),
        });
    }

    /// Looks closer at the selected line.
    fn open(&mut self, cx: &mut Cx<'_>) {
        let line = self.selected.clone();
        match (self.choice.by, line) {
            (Some(Breakdown::Key), Some((Some(id), _))) => self.opening = Some(cx.ask(Query::Key(id))),
            (Some(Breakdown::Environment), Some((_, word))) => {
                self.choice.environment = keyward_keys::input::environment(&word);
                self.choice.by = Some(Breakdown::Key);
                self.start_over(cx);
            }
            (Some(Breakdown::Team), Some((Some(id), name))) => {
                self.choice.team = Some((id, name));
                self.choice.by = Some(Breakdown::Key);
                self.start_over(cx);
            }
            (None, _) => {
                self.choice.by = Some(Breakdown::Key);
                self.start_over(cx);
            }
            _ => cx.say(NoticeKind::Info, "Select a line with j and k, then Enter looks closer at it."),
        }
    }

    fn turn(&mut self, back: bool, cx: &mut Cx<'_>) {
        let zone = self.series.as_ref().and_then(|series| TimeZone::get(&series.timezone).ok());
        let now = jiff::Timestamp::from_millisecond(cx.now_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let today = now.to_zoned(zone.unwrap_or(TimeZone::UTC)).date();
        if self.choice.turn(back, today) {
            self.point = None;
            self.read(cx);
        } else {
            cx.say(NoticeKind::Info, "Minutes are kept for 48 hours only; t shows a longer span.");
        }
    }

    fn accept(&mut self, cx: &mut Cx<'_>) {
        let now = jiff::Timestamp::from_millisecond(cx.now_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let today = now.to_zoned(TimeZone::get(&cx.user.time_zone).unwrap_or(TimeZone::UTC)).date();
        match self.choice.read(self.search.text(), today) {
            Ok(()) => {
                (self.searching, self.mistake) = (false, None);
                self.start_over(cx);
            }
            Err(mistake) => self.mistake = Some(mistake),
        }
    }

    fn back(&mut self, cx: &mut Cx<'_>) -> Step {
        if self.point.is_some() || self.selected.is_some() {
            (self.point, self.selected) = (None, None);
        } else if self.choice.narrowed() || self.choice.by.is_some() {
            self.choice.widen();
            self.search.clear();
            self.start_over(cx);
        } else {
            return Step::Back;
        }
        Step::Stay
    }
}

impl Page for UsagePage {
    fn place(&self) -> Place {
        if self.searching { Place::Search } else { Place::Usage }
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        use Command as C;
        let drawn = self.series.as_ref().is_some_and(|series| !self.is_empty(series));
        match command {
            C::Open => match (self.choice.by, &self.selected) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(Breakdown::Endpoint | Breakdown::Model), _)
                | (Some(Breakdown::Method | Breakdown::Status | Breakdown::Token), _) => true,
                (Some(Breakdown::Key | Breakdown::Team), Some((id, _))) => id.is_none(),
                (Some(Breakdown::Environment), Some(_)) => false,
            },
            C::Mark => self.selected.is_none(),
            C::Left | C::Right | C::Copy | C::CopyJson => !drawn,
            _ => false,
        }
    }

    fn crumb(&self) -> String {
        "Usage".to_owned()
    }

    fn paused(&self) -> bool {
        self.paused
    }

    fn again(&self) -> Option<Again> {
        let (choice, selected, hidden) = (self.choice.clone(), self.selected.clone(), self.hidden.clone());
        let search = self.search.text().to_owned();
        Again::page(move || {
            let mut page = Self { choice, selected, hidden, ..Self::default() };
            page.search.insert(&search);
            page
        })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        self.read(cx);
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let row = self.place_selected();
        let page = usize::from(Layout::of(self, cx.area).rows.height).max(2);
        match command {
            Command::Back => return self.back(cx),
            Command::Cancel => (self.searching, self.mistake) = (false, None),
            Command::Accept => self.accept(cx),
            Command::Search => self.searching = true,
            Command::Open => self.open(cx),
            Command::Copy => self.copy(cx),
            Command::CopyJson => self.copy_json(cx),
            Command::Refresh => self.read(cx),
            Command::Metric => self.choice.next_metric(self.series.as_deref().is_some_and(tells_of_models)),
            Command::Earlier => self.turn(true, cx),
            Command::Later => self.turn(false, cx),
            Command::Left => self.point_at(false),
            Command::Right => self.point_at(true),
            Command::Span => {
                self.choice.next_span();
                self.point = None;
                self.read(cx);
            }
            Command::Step => {
                self.choice.next_step();
                self.point = None;
                self.read(cx);
            }
            Command::Breakdown => {
                self.choice.next_breakdown();
                self.start_over(cx);
            }
            Command::Compare => {
                self.choice.compare = !self.choice.compare;
                self.read(cx);
            }
            Command::Mark => {
                if let Some(line) = self.selected.clone()
                    && !self.hidden.remove(&line)
                {
                    self.hidden.insert(line);
                }
            }
            Command::Pause => {
                self.paused = !self.paused;
                self.pump(cx);
            }
            Command::Up => self.select(row.saturating_sub(1), cx),
            Command::Down => self.select(row + 1, cx),
            Command::HalfUp | Command::PageUp => self.select(row.saturating_sub(page / 2), cx),
            Command::HalfDown | Command::PageDown => self.select(row + page / 2, cx),
            Command::Top => self.select(0, cx),
            Command::Bottom => self.select(usize::MAX, cx),
            _ => {}
        }
        Step::Stay
    }

    fn typed(&mut self, key: Key, _cx: &mut Cx<'_>) {
        if self.searching && self.search.key(key) {
            self.mistake = None;
        }
    }

    fn pasted(&mut self, paste: &Paste, _cx: &mut Cx<'_>) {
        if self.searching {
            self.search.insert(&paste.text.replace(['\n', '\t'], " "));
        }
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        let layout = Layout::of(self, cx.area);
        let at = Position::new(mouse.column, mouse.row);
        let row = self.place_selected();
        match mouse.kind {
            MouseKind::ScrollUp => self.select(row.saturating_sub(1), cx),
            MouseKind::ScrollDown => self.select(row + 1, cx),
            MouseKind::Press(Button::Left) if layout.rows.contains(at) => {
                let row = self.offset + usize::from(at.y - layout.rows.y);
                if row < self.rows() {
                    self.select(row, cx);
                    if double {
                        self.open(cx);
                    }
                }
            }
            MouseKind::Press(Button::Left) if layout.options.contains(at) => {
                match self.pick_at(layout.options, at) {
                    Some(Pick::Metric(metric)) => self.choice.metric = metric,
                    Some(Pick::Span(span)) => {
                        (self.choice.span, self.choice.step, self.point) = (span, None, None);
                        self.read(cx);
                    }
                    None => {}
                }
            }
            MouseKind::Press(Button::Left) => {
                self.point = paint::point_under(self, &layout, at).or(self.point);
            }
            _ => {}
        }
        Step::Stay
    }

    fn awaits(&self, id: RequestId) -> bool {
        Pending::is(self.reading, id) || Pending::is(self.opening, id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.opening, id) {
            self.opening = None;
            match result {
                Ok(Answer::Key(key)) => return Step::Open(Box::new(KeyPage::new(*key))),
                Ok(_) => {}
                Err(notice) => cx.tell(notice),
            }
            return Step::Stay;
        }
        self.reading = None;
        match result {
            Ok(Answer::Series(series)) => self.took(series, cx),
            Ok(_) => {}
            Err(notice) => self.failed = Some(notice),
        }
        Step::Stay
    }

    fn domain(&mut self, event: &Event, cx: &mut Cx<'_>) {
        let counts = matches!(event, Event::Usage { .. });
        self.wanted |= about_people(event) || (counts && self.failed.is_none());
        self.pump(cx);
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.reveal(self.place_selected(), cx.area);
        self.pump(cx);
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        let again = self.wanted && self.reading.is_none() && !self.paused;
        let long = self.reading.and_then(|pending| pending.long_from(now_ms));
        sooner(again.then_some(self.asked_ms + self.every_ms()), long)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        self.draw(area, buf, ui)
    }
}
