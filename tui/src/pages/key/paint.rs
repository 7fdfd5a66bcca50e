//! Draws a key's page: sections from top to bottom, beside each other where it is wide, scrolled where it is low.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::pages::key::{KeyPage, panels};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, at};

/// From this width on, facts stand beside the charts.
const WIDE: u16 = 104;
/// Columns of the facts beside the charts.
const FACTS: u16 = 46;

/// Heights of the sections, for a page of a given size.
pub(super) struct Sections {
    pub(super) wide: bool,
    /// Rows of the value, label row included.
    pub(super) value: u16,
    /// Rows of the live chart alone.
    pub(super) chart: u16,
    pub(super) figures: u16,
    pub(super) facts: u16,
    /// Rows of everything around the live chart, its own not counted.
    pub(super) around: u16,
    /// Rows of the week's chart; 0 when it is one line among the facts.
    pub(super) week: u16,
}

/// Title and the gap under it.
const TITLE: u16 = 3;
/// Label, axis and a gap around the live chart; failed calls take one row more.
const AROUND_CHART: u16 = 3;

impl KeyPage {
    fn sections(&self, area: Rect, now_ms: i64) -> Sections {
        let wide = area.width >= WIDE;
        let facts_width = if wide { FACTS - 4 } else { area.width };
        let value = self.value_rows(if wide { area.width } else { facts_width });
        let figures = if area.width < 60 { 4 } else { 3 };
        let low = area.height < 30;
        let week = if low { 0 } else { 7 };
        let facts = self.fact_rows(facts_width, low && !wide);
        let beside = if wide { 0 } else { facts + 1 };
        let around = AROUND_CHART + u16::from(self.has_errors(self.chart_second(now_ms)));
        let fixed = TITLE + value + 1 + around + figures + beside + week;
        let chart = area.height.saturating_sub(fixed).clamp(3, (area.height / 2).clamp(18, 40) - 4);
        Sections { wide, value, chart, figures, facts, around, week }
    }

    /// Rows the page takes at this size.
    pub(super) fn content_height(&self, area: Rect, now_ms: i64) -> u16 {
        let s = self.sections(area, now_ms);
        let beside = if s.wide { 0 } else { s.facts };
        let left = s.around + s.chart + s.figures + s.week;
        let right = if s.wide { s.facts + 2 } else { 0 };
        TITLE + s.value + 1 + (left + beside).max(right)
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
        self.draw_all(whole, &mut page, ui);
        for row in 0..area.height {
            for column in 0..area.width {
                let from = (column, (row + self.scroll).min(height - 1));
                buf[(area.x + column, area.y + row)] = page[from].clone();
            }
        }
        if self.scroll + area.height < height {
            Pen::new(buf, area, area.height - 1).end("more below", ui.style(Tone::Accent));
        }
        at(area, 0, 0)
    }

    fn draw_all(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let s = self.sections(area, ui.now_ms);
        let part = |from: u16, height: u16| {
            let top = area.y.saturating_add(from).min(area.bottom());
            Rect { y: top, height: height.min(area.bottom() - top), ..area }
        };
        panels::title(self, part(0, 2), buf, ui);
        panels::value(self, part(TITLE, s.value), buf, ui);
        let below = TITLE + s.value + 1;
        let left = if s.wide { area.width - FACTS - 2 } else { area.width };
        let narrow = |rect: Rect| Rect { width: left, ..rect };
        let live = s.around - 1 + s.chart;
        panels::live(self, narrow(part(below, live)), buf, ui);
        panels::figures(self, narrow(part(below + live + 1, s.figures)), buf, ui);
        let after = below + live + 1 + s.figures;
        if s.wide {
            let place = part(below, s.facts + 2);
            let place = Rect { x: area.right() - FACTS, width: FACTS, ..place };
            panels::facts_framed(self, place, buf, ui);
            panels::week(self, narrow(part(after, s.week)), buf, ui);
        } else {
            panels::facts(self, part(after, s.facts), s.week == 0, buf, ui);
            panels::week(self, part(after + s.facts + 1, s.week.saturating_sub(1)), buf, ui);
        }
    }
}
