//! How Home looks: calls as they come on top, below it what wants attention, beside or below that the busiest keys and
//! what was told.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::HomePage;
use super::items::{Block, Item, Line};
use super::layout::{Row, rows, scroll};
use crate::theme::Tone;
use crate::widgets::blank::blank;
use crate::widgets::pen::{Pen, Ui, at, safe};
use crate::widgets::{chart, format};

/// Seconds of calls that are shown.
const SECONDS: usize = 120;
/// Cells of a busy key's last minute.
const SPARK: usize = 12;

impl HomePage {
    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        if self.home.is_none() {
            return self.without(area, buf, ui);
        }
        let parts = self.parts(area, ui);
        self.traffic(parts.traffic, buf, ui);
        let selected = self.chosen(&parts.items());
        let mut cursor = None;
        for (place, blocks) in parts.columns {
            let rows = rows(&blocks);
            let skipped = scroll(&rows, selected, place.height);
            for (row, line) in (0..place.height).zip(rows.iter().skip(skipped)) {
                match line {
                    Row::Title(block) => title(block, place, row, buf, ui),
                    Row::None(text) => {
                        Pen::new(buf, place, row).skip(2).text(text, ui.style(Tone::Dim));
                    }
                    Row::Line(line) => {
                        self.line(line, place, row, buf, ui);
                        if selected == Some(line.item) {
                            let slot = Rect { y: place.y + row, height: 1, ..place };
                            Pen::new(buf, slot, 0).text(ui.glyphs.marker, ui.style(Tone::Accent));
                            ui.theme.select(buf, slot);
                            cursor = at(place, 0, row);
                        }
                    }
                    Row::Gap => {}
                }
            }
        }
        cursor.or(at(area, 0, 0))
    }

    /// While nothing is known.
    fn without(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        if let Some(notice) = &self.failed {
            let lines = [&*safe(&notice.text), "r tries again."];
            return blank(area, buf, "Home could not be read.", &lines, ui);
        } else if self.asked.home.is_some_and(|pending| pending.is_long(ui.now_ms)) {
            Pen::new(buf, area, 1).text("Reading…", ui.style(Tone::Dim));
        }
        at(area, 0, 1).or(at(area, 0, 0))
    }

    /// Calls as they come, and the last day.
    fn traffic(&self, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let (dim, strong) = (ui.style(Tone::Dim), ui.style(Tone::Strong));
        let now_s = self.paused_ms.unwrap_or(ui.now_ms).div_euclid(1_000);
        let mut pen = Pen::new(buf, area, 0);
        if let Some(day) = &self.day {
            let total = day.summary.total_requests;
            let failed = format::percent(day.summary.failed_requests, total);
            let tone = if day.summary.failed_requests * 20 > total { Tone::Bad } else { Tone::Strong };
            if area.width >= 60 {
                pen.end("errors in 24 h", dim).end(failed, ui.style(tone));
                pen.end(ui.glyphs.dot, ui.style(Tone::Faint));
                let word = if total == 1 { "request" } else { "requests" };
                pen.end(word, dim).end(format::count(total), strong);
            } else {
                pen.end("err", dim).end(failed, ui.style(tone)).end(format::short(total), strong);
            }
        }
        pen.text(format::rate(self.requests.sum(now_s, 5), 5), strong);
        pen.text(if area.width >= 60 { " requests a second now" } else { "/s" }, dim);
        if area.height < 2 {
            return;
        }
        let place = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let values = self.requests.buckets(now_s, SECONDS, 1);
        let most = values.iter().copied().fold(0.0, f64::max);
        if area.width >= 100 && most > 0.0 {
            // What the chart's top stands for.
            pen.text(format!(", at most {} in two minutes", format::short(most as u64)), dim);
        }
        let max = most.max(1.0);
        if place.height == 1 {
            let cells = usize::from(place.width).min(SECONDS);
            let values = self.requests.buckets(now_s, cells, SECONDS / cells.max(1));
            chart::sparkline(&mut Pen::new(buf, place, 0), &values, max, ui);
        } else {
            chart::area(buf, place, &values, max, ui);
        }
    }

    fn line(&self, line: &Line, place: Rect, row: u16, buf: &mut Buffer, ui: &Ui) {
        let mut pen = Pen::new(buf, place, row);
        pen.skip(2);
        pen.end(&line.end, ui.style(Tone::Dim));
        pen.text(line.mark, ui.style(line.tone)).skip(1);
        match line.item {
            Item::Busy(id) if pen.left() > 30 => {
                let name = pen.left() - SPARK as u16 - 2;
                pen.cell(&line.text, name, ui.style(Tone::Text)).skip(1);
                if let Some(ring) = self.rates.get(&id) {
                    let now_s = self.paused_ms.unwrap_or(ui.now_ms).div_euclid(1_000);
                    let values = ring.buckets(now_s, SPARK, 5);
                    let max = values.iter().copied().fold(1.0, f64::max);
                    chart::sparkline(&mut pen, &values, max, ui);
                }
            }
            _ => {
                pen.text(&line.text, ui.style(Tone::Text));
            }
        }
    }
}

fn title(block: &Block, place: Rect, row: u16, buf: &mut Buffer, ui: &Ui) {
    let mut pen = Pen::new(buf, place, row);
    let gap = u16::from(!block.note.is_empty());
    if gap > 0 {
        pen.end(&block.note, ui.style(Tone::Dim));
    }
    pen.text(block.title, ui.style(Tone::Strong)).skip(1);
    let left = usize::from(pen.left().saturating_sub(gap));
    pen.text(ui.glyphs.rule.repeat(left), ui.style(Tone::Faint));
}
