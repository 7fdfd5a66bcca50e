//! The calendar: how many keys are due on which day, and the keys themselves, those that are overdue first.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use keyward_keys::view::{RotationSummary, RotationsView};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::RotationPage;
use super::layout::{DAY, Layout, MONTH};
use crate::pages::{marks, track};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::list::{self, Column};
use crate::widgets::pen::{Pen, Ui, safe};

#[derive(Clone, Copy)]
enum Cell {
    Name,
    Due,
    When,
    Method,
}

const COLUMNS: &[Column<Cell>] = &[
    Column::new(Cell::Name, "DUE NEXT", 14, 30, 9),
    Column::new(Cell::Due, "", 12, 12, 8),
    Column::new(Cell::When, "AT", 12, 12, 5),
    Column::new(Cell::Method, "HOW", 8, 8, 3),
];

/// The weeks in view: their first day, and how many there are.
struct Weeks {
    first: Date,
    count: u16,
}

impl RotationPage {
    fn today(&self, now_ms: i64) -> Date {
        let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        now.to_zoned(self.zone()).date()
    }

    /// The weeks from this one on; so far on that the selected day is among them.
    fn weeks(&self, grid: Rect, now_ms: i64) -> Weeks {
        let today = self.today(now_ms);
        let monday = |day: Date| after(day, -i64::from(day.weekday().to_monday_zero_offset()));
        let first = monday(today);
        let count = grid.height.saturating_sub(1).min(13);
        let chosen = self.coming().and_then(|key| self.day(key, now_ms)).unwrap_or(today);
        let away = i64::from(first.until(monday(chosen)).map_or(0, |span| span.get_days())) / 7;
        let skipped = (away - i64::from(count) + 1).max(0);
        Weeks { first: after(first, 7 * skipped), count }
    }

    /// The day at a cell of the screen.
    pub(super) fn day_at(&self, grid: Rect, at: Position, now_ms: i64) -> Option<Date> {
        let weeks = self.weeks(grid, now_ms);
        if !grid.contains(at) || at.y == grid.y || at.x < grid.x + MONTH {
            return None;
        }
        let (column, row) = ((at.x - grid.x - MONTH) / columns(grid), at.y - grid.y - 1);
        let within = column < 7 && row < weeks.count;
        within.then(|| after(weeks.first, i64::from(row * 7 + column)))
    }

    pub(super) fn draw_calendar(
        &self,
        all: &RotationsView,
        layout: &Layout,
        focused: bool,
        buf: &mut Buffer,
        ui: &Ui,
    ) -> Option<Position> {
        self.draw_grid(all, layout.grid(), buf, ui);
        let agenda = layout.agenda();
        if all.calendar.is_empty() {
            let dim = ui.style(Tone::Dim);
            Pen::new(buf, agenda, 0).text("No key is to be rotated by itself.", ui.style(Tone::Text));
            Pen::new(buf, agenda, 1).text("On a key's page, e sets how often.", dim);
            return None;
        }
        let zone = self.zone();
        list::table(&self.due, COLUMNS, agenda, buf, ui, focused, |pen, row, cell, width| {
            let key = &all.calendar[row];
            let at = key.next_rotation;
            match cell {
                Cell::Name => {
                    let (mark, _, _, tone) = marks::environment(key.environment, ui);
                    pen.text(mark, ui.style(tone)).skip(1).text(safe(&key.name), ui.style(Tone::Strong))
                }
                Cell::Due => {
                    let (text, tone) = due(at, ui.now_ms);
                    pen.cell(text, width, ui.style(tone))
                }
                Cell::When => {
                    let when = at.map(|at| at.to_zoned(zone.clone()).strftime("%-d %b %H:%M").to_string());
                    pen.cell(when.unwrap_or_default(), width, ui.style(Tone::Text))
                }
                Cell::Method => pen.cell(track::method(key.method), width, ui.style(Tone::Dim)),
            };
        })
    }

    fn draw_grid(&self, all: &RotationsView, grid: Rect, buf: &mut Buffer, ui: &Ui) {
        let weeks = self.weeks(grid, ui.now_ms);
        if weeks.count == 0 {
            return;
        }
        let (dim, columns) = (ui.style(Tone::Dim), columns(grid));
        let mut counts: BTreeMap<Date, usize> = BTreeMap::new();
        let days = all.calendar.iter().filter_map(|key: &RotationSummary| self.day(key, ui.now_ms));
        days.for_each(|day| *counts.entry(day).or_default() += 1);
        // What comes after the last one that was read is not known.
        let known = all.scheduled <= all.calendar.len() as u64;
        let last = counts.last_key_value().map(|(day, _)| *day).filter(|_| !known);
        let most = counts.values().copied().max().unwrap_or(1);
        let today = self.today(ui.now_ms);
        let chosen = self.coming().map(|key| self.day(key, ui.now_ms).unwrap_or(today));
        let mut pen = Pen::new(buf, grid, 0);
        pen.skip(MONTH);
        for name in ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"] {
            pen.cell(name, columns, dim);
        }
        for week in 0..weeks.count {
            let row = week + 1;
            let monday = after(weeks.first, i64::from(week) * 7);
            // The month of the day beside it, where that is another than above.
            if week == 0 || monday.day() <= 7 {
                Pen::new(buf, grid, row).text(monday.strftime("%b").to_string(), ui.style(Tone::Accent));
            }
            for column in 0..7u16 {
                let day = after(monday, i64::from(column));
                let x = grid.x + MONTH + column * columns;
                let cell = Rect { x, y: grid.y + row, width: columns, height: 1 }.intersection(grid);
                let count = counts.get(&day).copied().unwrap_or(0);
                let mut pen = Pen::new(buf, cell, 0);
                let (mark, tone) = match day {
                    day if day == today => (ui.glyphs.crumb, Tone::Accent),
                    day if day < today => (" ", Tone::Faint),
                    _ => (" ", Tone::Dim),
                };
                pen.cell(format!("{:>2}", day.day()), 2, ui.style(tone)).text(mark, ui.style(Tone::Accent));
                let room = usize::from(columns).saturating_sub(4);
                if count > 0 {
                    let shown = if count < 10 || columns > DAY { count.to_string() } else { "+".to_owned() };
                    let style = ui.theme.gradient(0.4 + 0.6 * count as f64 / most as f64);
                    pen.text(format!("{shown:>room$}"), style);
                } else if day >= today && last.is_none_or(|last| day < last) {
                    pen.text(format!("{:>room$}", ui.glyphs.dot), ui.style(Tone::Faint));
                }
                if chosen == Some(day) {
                    ui.theme.select(buf, Rect { width: columns.saturating_sub(1), ..cell });
                }
            }
        }
    }
}

/// Columns of a day.
fn columns(grid: Rect) -> u16 {
    (grid.width.saturating_sub(MONTH) / 7).clamp(DAY, DAY + 2)
}

/// So many days later. No calendar here goes so far that there are none.
fn after(day: Date, days: i64) -> Date {
    day.checked_add(Span::new().days(days)).unwrap_or(day)
}

/// How long until a key is due, and how urgent that is.
fn due(at: Option<Timestamp>, now_ms: i64) -> (String, Tone) {
    let Some(at) = at else { return ("off".to_owned(), Tone::Dim) };
    let at_ms = at.as_millisecond();
    (format::due(now_ms, at_ms), if at_ms < now_ms { Tone::Warn } else { Tone::Text })
}
