//! The audit chain: what was done, by whom, newest first, a page at a time; filtered by a form that opens the filtered
//! list on top. Ids are told by the names that this person may know.

mod filter;
mod record;
mod words;

use std::collections::HashMap;

use jiff::tz::TimeZone;
use keyward_keys::Id;
use keyward_keys::input::AuditQuery;
use keyward_keys::view::{AuditPage as PageOfRecords, AuditView, Pagination};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, Query, RequestId};
use crate::notice::Notice;
use crate::pages::read::Read;
use crate::pages::{Page, Step, marks};
use crate::term::input::Mouse;
use crate::theme::Tone;
use crate::widgets::blank::blank;
use crate::widgets::format;
use crate::widgets::list::{self, Column, List};
use crate::widgets::pen::{Pen, Ui, frame, safe};

use record::RecordPage;

/// Records read at a time.
const PAGE: u32 = 100;
/// From this width on, the selected record is beside the list.
const WIDE: u16 = 120;
const PANE: u16 = 50;
/// From this height on, it is below the list otherwise, in so many rows.
const TALL: u16 = 18;
const BELOW: u16 = 4;

#[derive(Clone, Copy)]
enum Cell {
    When,
    Who,
    Action,
    Object,
    Outcome,
    Door,
    Detail,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::When, "WHEN", 12, 19, 6),
    Column::new(Cell::Who, "WHO", 10, 20, 7),
    Column::new(Cell::Action, "DID", 14, 17, 9),
    Column::new(Cell::Object, "TO", 12, 24, 5),
    Column::new(Cell::Outcome, "", 9, 9, 8),
    Column::new(Cell::Door, "BY", 6, 8, 3),
    Column::new(Cell::Detail, "MORE", 14, 60, 2),
];

/// The page.
pub(crate) struct AuditPage {
    filter: AuditQuery,
    /// The filter in words; empty where there is none.
    said: String,
    records: Read<Vec<AuditView>>,
    /// Where the page of records is among all.
    place: Option<Pagination>,
    list: List<u64>,
    names: HashMap<Id, String>,
    naming: Option<Pending>,
    /// Turning back, the selection goes to the last row.
    to_end: bool,
    zone: TimeZone,
}

impl Default for AuditPage {
    fn default() -> Self {
        let filter = AuditQuery { page: 1, limit: PAGE, ..AuditQuery::default() };
        Self {
            filter,
            said: String::new(),
            records: Read::default(),
            place: None,
            list: List::default(),
            names: HashMap::new(),
            naming: None,
            to_end: false,
            zone: TimeZone::UTC,
        }
    }
}

impl AuditPage {
    /// A filtered list whose first page is here.
    fn filtered(filter: AuditQuery, said: String, page: PageOfRecords) -> Self {
        let mut list = List::default();
        list.renew(page.records.iter().map(|record| record.seq), 1);
        let (place, records) = (Some(page.pagination), Read::of(page.records));
        Self { filter, said, records, place, list, ..Self::default() }
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        let filter = self.filter.clone();
        self.records.ask(cx, Query::Audit(Box::new(filter)));
    }

    fn parts(area: Rect) -> (Rect, Rect, Rect) {
        let summary = Rect { height: area.height.min(1), ..area };
        let top = if area.height >= 10 { 2 } else { 1 };
        let below =
            Rect { y: area.y + top.min(area.height), height: area.height.saturating_sub(top), ..area };
        let pane = if area.width >= WIDE { PANE } else { 0 };
        let gap = if pane > 0 { 2 } else { 0 };
        // Where there is no room beside the list, what it cannot show stands below it.
        let rows = if pane == 0 && area.height >= TALL { BELOW } else { 0 };
        let height = below.height - rows - u16::from(rows > 0);
        let left = Rect { width: below.width - pane - gap, height, ..below };
        let beside = Rect { x: below.right() - pane, width: pane, ..below };
        (summary, left, if rows > 0 { Rect { y: left.bottom() + 1, height: rows, ..below } } else { beside })
    }

    fn height(cx: &Cx<'_>) -> usize {
        usize::from(list::rows(Self::parts(cx.area).1).height)
    }

    fn current(&self) -> Option<&AuditView> {
        self.records.get()?.get(self.list.selected())
    }

    fn name(&mut self, cx: &mut Cx<'_>) {
        let records = self.records.get().map(Vec::as_slice).unwrap_or_default();
        let ids = records.iter().flat_map(|record| [record.actor, record.object, record.space]).flatten();
        let mut unknown: Vec<Id> = ids.filter(|id| !self.names.contains_key(id)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        if !unknown.is_empty() {
            self.naming = Some(cx.ask(Query::Names(unknown)));
        }
    }

    /// Turns to the next page, or the one before; whether there is one.
    fn turn(&mut self, forward: bool, cx: &mut Cx<'_>) -> bool {
        let Some(place) = self.place else { return false };
        let page = if forward { place.page + 1 } else { place.page.saturating_sub(1) };
        if page == 0 || u64::from(page) > place.pages {
            return false;
        }
        self.filter.page = page;
        self.to_end = !forward;
        self.read(cx);
        true
    }

    fn open(&mut self) -> Step {
        match self.current().cloned() {
            Some(record) => {
                Step::Open(Box::new(RecordPage::new(record, self.names.clone(), self.zone.clone())))
            }
            None => Step::Stay,
        }
    }
}

impl Page for AuditPage {
    fn place(&self) -> Place {
        Place::Audit
    }

    fn refuses(&self, command: Command, _area: Rect) -> bool {
        match command {
            Command::Open => self.current().is_none(),
            Command::NextPage => self.place.is_none_or(|place| u64::from(place.page) >= place.pages),
            Command::PreviousPage => self.place.is_none_or(|place| place.page <= 1),
            _ => false,
        }
    }

    fn crumb(&self) -> String {
        if self.said.is_empty() { "Audit".to_owned() } else { safe(&self.said).into_owned() }
    }

    fn again(&self) -> Option<Again> {
        let (filter, said, row) = (self.filter.clone(), self.said.clone(), self.list.left());
        Again::page(move || Self { filter, said, list: List::on(row), ..Self::default() })
    }

    fn opened(&mut self, cx: &mut Cx<'_>) {
        // A zone that this machine does not know is told in UTC.
        self.zone = TimeZone::get(&cx.user.time_zone).unwrap_or(TimeZone::UTC);
        match self.records.get() {
            Some(_) => {
                self.list.reveal(Self::height(cx));
                self.name(cx);
            }
            None => self.read(cx),
        }
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        let last = self.list.selected() + 1 >= self.list.len();
        let turned = match command {
            Command::Down if last => self.turn(true, cx),
            Command::Up if self.list.selected() == 0 => self.turn(false, cx),
            Command::NextPage => self.turn(true, cx),
            Command::PreviousPage => self.turn(false, cx),
            _ => false,
        };
        if turned || self.list.command(command, Self::height(cx)) {
            return Step::Stay;
        }
        match command {
            Command::Back => return Step::Back,
            Command::Open => return self.open(),
            Command::Search => return Step::Open(filter::form(cx.user.id)),
            Command::Refresh => {
                self.filter.page = 1;
                self.read(cx);
            }
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: Mouse, double: bool, cx: &mut Cx<'_>) -> Step {
        let rows = list::rows(Self::parts(cx.area).1);
        if self.list.mouse(mouse, rows) && double { self.open() } else { Step::Stay }
    }

    fn awaits(&self, id: RequestId) -> bool {
        self.records.awaits(id) || Pending::is(self.naming, id)
    }

    fn answer(&mut self, id: RequestId, result: Result<Answer, Notice>, cx: &mut Cx<'_>) -> Step {
        if Pending::is(self.naming, id) {
            self.naming = None;
            if let Ok(Answer::Names(names)) = result {
                self.names.extend(names);
            }
            return Step::Stay;
        }
        let mut place = None;
        let news = self.records.take(result, cx, |answer| match answer {
            Answer::Audit(page) => {
                place = Some(page.pagination);
                Some(page.records)
            }
            _ => None,
        });
        if news {
            let height = Self::height(cx);
            let turned = self.place.is_some_and(|before| place.map(|place| place.page) != Some(before.page));
            self.place = place;
            self.list.renew(self.records.get().into_iter().flatten().map(|record| record.seq), height);
            if turned {
                self.list.select(if self.to_end { usize::MAX } else { 0 }, height);
            }
            self.name(cx);
        }
        Step::Stay
    }

    fn tick(&mut self, cx: &mut Cx<'_>) {
        self.list.reveal(Self::height(cx));
    }

    fn next_tick(&self, now_ms: i64) -> Option<i64> {
        self.records.next_tick(now_ms)
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, _toasts: &Toasts, ui: &Ui) -> Option<Position> {
        let Some(records) = self.records.get() else {
            return self.records.paint_absence("the audit records", area, buf, ui);
        };
        let (summary, left, pane) = Self::parts(area);
        let mut pen = Pen::new(buf, summary, 0);
        if let Some(place) = self.place.filter(|place| place.total > 0) {
            let first = (u64::from(place.page) - 1) * u64::from(place.limit) + 1;
            let last = first + records.len() as u64 - 1;
            let text = format!(
                "{} to {} of {}",
                format::count(first),
                format::count(last),
                format::count(place.total)
            );
            pen.end(text, ui.style(Tone::Dim));
        }
        let said = if self.said.is_empty() { "newest first; / filters" } else { self.said.as_str() };
        pen.text(safe(said), ui.style(Tone::Dim));
        if records.is_empty() {
            return blank(left, buf, "No record fits.", &["Esc goes back to all of them."], ui);
        }
        if let Some(record) = self.current().filter(|_| pane.width > 0 && pane.height == BELOW) {
            record::rest(pane, buf, record, &self.names, ui);
        } else if let Some(record) = self.current().filter(|_| pane.width > 0) {
            let title = format!("Record {}", format::count(record.seq));
            let inner = frame(buf, pane, &title, ui.style(Tone::Faint), ui);
            record::facts(inner, buf, record, &self.names, &self.zone, 0, ui);
        }
        list::table(&self.list, COLUMNS, left, buf, ui, true, |pen, row, cell, width| {
            let record = &records[row];
            match cell {
                Cell::When => {
                    let when = words::when(record.timestamp, &self.zone, width >= 19);
                    pen.cell(when, width, ui.style(Tone::Dim))
                }
                Cell::Who => pen.cell(words::actor(record, &self.names), width, ui.style(Tone::Text)),
                Cell::Action => pen.cell(safe(&record.action), width, ui.style(Tone::Strong)),
                Cell::Object => pen.cell(words::object(record, &self.names), width, ui.style(Tone::Text)),
                Cell::Outcome => {
                    let (mark, word, tone) = words::outcome(record.outcome, ui);
                    pen.text(mark, ui.style(tone)).skip(1).text(word, ui.style(tone))
                }
                Cell::Door => pen.cell(marks::door(record.door), width, ui.style(Tone::Dim)),
                Cell::Detail => pen.cell(safe(&record.detail), width, ui.style(Tone::Dim)),
            };
        })
    }
}
