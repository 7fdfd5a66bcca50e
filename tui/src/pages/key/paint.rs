//! Draws a key's page: the live panel and the others, side by side where it is wide and one at a time where it is not,
//! scrolled as a whole where it is low.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::pages::key::tabs::{Shape, Tab};
use crate::pages::key::{KeyPage, panels};
use crate::theme::Tone;
use crate::widgets::pen::{Ui, at, frame, more_below};

/// Columns of the facts beside the charts, and of the people beside those.
const FACTS: u16 = 46;
const PEOPLE: u16 = 58;
/// Rows that the audit panel keeps beside the others.
const LEAST_AUDIT: u16 = 12;

/// Heights of the sections, for a page of a given size.
struct Sections {
    shape: Shape,
    /// Rows of name and tabs, and the gap under them.
    title: u16,
    /// Rows of the value, label row included.
    value: u16,
    /// Rows of the live chart alone.
    chart: u16,
    figures: u16,
    facts: u16,
    /// Rows of everything around the live chart, its own not counted.
    around: u16,
    /// Rows of the week's chart; 0 when it is one line among the facts.
    week: u16,
    /// Columns left of the facts.
    left: u16,
}

/// Label, axis and a gap around the live chart; failed calls take one row more.
const AROUND_CHART: u16 = 3;

impl Sections {
    /// Where what is below the value begins.
    fn below(&self) -> u16 {
        self.title + self.value + 1
    }
}

impl KeyPage {
    fn sections(&self, area: Rect, now_ms: i64) -> Sections {
        let shape = Shape::of(area);
        let one = shape == Shape::One;
        let facts_width = if one { area.width } else { FACTS - 4 };
        let value = self.value_rows(area.width);
        let figures = if area.width < 60 { 4 } else { 3 } + u16::from(self.key.monthly_budget.is_some());
        let low = area.height < 30;
        let week = if low { 0 } else { 7 };
        let facts = self.fact_rows(facts_width, low && one);
        let title = 3 + u16::from(one && area.height >= 14);
        let around = AROUND_CHART + u16::from(self.has_errors(self.chart_second(now_ms)));
        let usage = if shape == Shape::All { self.usage_rows() + 1 } else { 0 };
        let beside = if one { facts + 1 } else { 0 };
        let fixed = title + value + 1 + around + figures + beside + week + usage;
        let chart = area.height.saturating_sub(fixed).clamp(3, (area.height / 2).clamp(18, 40) - 4);
        let left = match shape {
            Shape::One => area.width,
            Shape::Two => area.width - FACTS - 2,
            Shape::All => area.width - FACTS - PEOPLE - 4,
        };
        Sections { shape, title, value, chart, figures, facts, around, week, left }
    }

    /// Rows a panel takes in this width.
    fn panel_rows(&self, tab: Tab, columns: u16, now_ms: i64) -> u16 {
        match tab {
            Tab::Live => 0,
            Tab::Usage => self.usage_rows(),
            Tab::Versions => self.version_rows(columns, now_ms),
            Tab::Access => self.access_rows(columns),
            Tab::Audit => self.audit_rows(),
        }
    }

    /// Rows the page takes at this size.
    pub(super) fn content_height(&self, area: Rect, now_ms: i64) -> u16 {
        let s = self.sections(area, now_ms);
        let live = s.around + s.chart + s.figures + s.week;
        let inner = FACTS - 4;
        let rows = match s.shape {
            Shape::One if self.tab != Tab::Live => {
                return s.title + self.panel_rows(self.tab, area.width, now_ms);
            }
            Shape::One => live + s.facts,
            Shape::Two => live.max(s.facts + 4 + self.panel_rows(s.shape.chosen(self.tab), inner, now_ms)),
            Shape::All => {
                let middle = s.facts + 4 + self.version_rows(inner, now_ms);
                let right = self.access_rows(PEOPLE - 4) + 4 + LEAST_AUDIT;
                (live + 1 + self.usage_rows()).max(middle).max(right)
            }
        };
        s.below() + rows
    }

    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let height = self.content_height(area, ui.now_ms);
        if height <= area.height {
            self.draw_all(area, buf, ui);
            return at(area, 0, 0);
        }
        // Drawn whole beside the screen, then the rows in view are copied.
        let whole = Rect { x: 0, y: 0, width: area.width, height };
        let mut page = Buffer::empty(whole);
        self.draw_all_of(area, whole, &mut page, ui);
        for row in 0..area.height {
            for column in 0..area.width {
                let from = (column, (row + self.scroll).min(height - 1));
                buf[(area.x + column, area.y + row)] = page[from].clone();
            }
        }
        if self.scroll + area.height < height {
            more_below(area, buf, ui);
        }
        at(area, 0, 0)
    }

    fn draw_all(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        self.draw_all_of(area, area, buf, ui);
    }

    /// Draws the page as it is laid out for a window of `window`, into `area`, which may be higher.
    fn draw_all_of(&self, window: Rect, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let s = self.sections(window, ui.now_ms);
        panels::title(self, part(area, 0, 2), buf, ui);
        let tabs = self.tabs_place(&s, area);
        if s.shape == Shape::One && self.tab != Tab::Live {
            s.shape.paint(self.tab, tabs, buf, ui);
            self.panel(self.tab, part(area, s.title, u16::MAX), buf, ui);
            return;
        }
        panels::value(self, part(area, s.title, s.value), buf, ui);
        let beside = part(area, s.below(), u16::MAX);
        let column = |x: u16, width: u16| Rect { x: area.x + x, width, ..beside };
        let rest = self.live_column(&s, Rect { width: s.left, ..beside }, buf, ui);
        match s.shape {
            Shape::One => {
                panels::facts(self, part(rest, 0, s.facts), s.week == 0, buf, ui);
                panels::week(self, part(rest, s.facts + 1, s.week.saturating_sub(1)), buf, ui);
            }
            Shape::Two => {
                let place = column(area.width - FACTS, FACTS);
                panels::facts_framed(self, part(place, 0, s.facts + 2), buf, ui);
                let inner = frame(buf, part(place, s.facts + 2, u16::MAX), "", ui.style(Tone::Faint), ui);
                self.panel(s.shape.chosen(self.tab), inner, buf, ui);
            }
            Shape::All => {
                self.draw_usage(part(rest, 1, u16::MAX), buf, ui);
                let place = column(s.left + 2, FACTS);
                panels::facts_framed(self, part(place, 0, s.facts + 2), buf, ui);
                let rows = self.version_rows(FACTS - 4, ui.now_ms) + 2;
                self.framed(Tab::Versions, part(place, s.facts + 2, rows), buf, ui);
                let place = column(area.width - PEOPLE, PEOPLE);
                let access = self.access_rows(PEOPLE - 4) + 2;
                self.framed(Tab::Access, part(place, 0, access), buf, ui);
                self.framed(Tab::Audit, part(place, access, u16::MAX), buf, ui);
            }
        }
        s.shape.paint(self.tab, tabs, buf, ui);
    }

    /// The live line, figures and, where facts are elsewhere, the week; answers what is left below.
    fn live_column(&self, s: &Sections, area: Rect, buf: &mut Buffer, ui: &Ui) -> Rect {
        let live = s.around - 1 + s.chart;
        panels::live(self, part(area, 0, live), buf, ui);
        panels::figures(self, part(area, live + 1, s.figures), buf, ui);
        let after = live + 1 + s.figures;
        if s.shape == Shape::One {
            return part(area, after, u16::MAX);
        }
        panels::week(self, part(area, after, s.week), buf, ui);
        part(area, after + s.week, u16::MAX)
    }

    fn framed(&self, tab: Tab, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let inner = frame(buf, area, tab.title(), ui.style(Tone::Faint), ui);
        self.panel(tab, inner, buf, ui);
    }

    fn panel(&self, tab: Tab, area: Rect, buf: &mut Buffer, ui: &Ui) {
        match tab {
            Tab::Live => {}
            Tab::Usage => self.draw_usage(area, buf, ui),
            Tab::Versions => self.draw_versions(area, buf, ui),
            Tab::Access => self.draw_access(area, buf, ui),
            Tab::Audit => self.draw_audit(area, buf, ui),
        }
    }

    /// Where the tabs are on the page: under its title, or in the frame of the panel they choose.
    fn tabs_place(&self, s: &Sections, area: Rect) -> Rect {
        match s.shape {
            Shape::One => part(area, 2, 1),
            Shape::Two => {
                let row = part(area, s.below() + s.facts + 2, 1);
                Rect { x: area.right() - FACTS + 2, width: FACTS - 4, ..row }
            }
            Shape::All => Rect::default(),
        }
    }

    /// The tab at a cell of the screen.
    pub(super) fn tab_at(&self, area: Rect, at: Position) -> Option<Tab> {
        let s = self.sections(area, 0);
        let row = at.y.checked_sub(area.y)? + self.scroll;
        let page = Rect { x: area.x, y: 0, width: area.width, height: u16::MAX };
        s.shape.at(self.tabs_place(&s, page), Position::new(at.x, row))
    }
}

/// Rows of an area, as far as it has them.
fn part(area: Rect, from: u16, height: u16) -> Rect {
    let top = area.y.saturating_add(from).min(area.bottom());
    Rect { y: top, height: height.min(area.bottom() - top), ..area }
}
