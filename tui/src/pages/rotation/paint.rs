//! Draws the page: how much there is, the calendar, what is under way with its steps and what to do, what has ended.

use keyward_keys::view::{PastRotationView, RotationState, RotationSummary, RotationsView};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::RotationPage;
use super::layout::{Layout, Pane};
use crate::pages::{marks, track};
use crate::theme::Tone;
use crate::widgets::blank::blank;
use crate::widgets::format;
use crate::widgets::list::{self, Column};
use crate::widgets::pen::{Pen, Ui, at, frame, safe, width, wrap};

#[derive(Clone, Copy)]
enum Cell {
    Name,
    Steps,
    State,
}

const QUEUE: &[Column<Cell>] = &[
    Column::new(Cell::Name, "KEY", 12, 22, 9),
    Column::new(Cell::Steps, "STEPS", track::SHORT, track::LONG, 8),
    Column::new(Cell::State, "STATE", 16, 24, 7),
];

#[derive(Clone, Copy)]
enum Past {
    Name,
    Outcome,
    Ended,
    Version,
    Method,
    Why,
}

const PAST: &[Column<Past>] = &[
    Column::new(Past::Name, "KEY", 14, 18, 9),
    Column::new(Past::Outcome, "OUTCOME", 10, 10, 8),
    Column::new(Past::Ended, "ENDED", 10, 10, 7),
    Column::new(Past::Version, "NOW", 4, 4, 4),
    Column::new(Past::Why, "WHY", 15, 24, 3),
    Column::new(Past::Method, "HOW", 8, 8, 2),
];

/// A line of what is said of the selected one: a mark, and text that is wrapped.
type Said = (&'static str, String, Tone);

impl RotationPage {
    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let Some(all) = self.all.get() else {
            return self.all.paint_absence("the rotations", area, buf, ui);
        };
        if all.queue.is_empty() && all.calendar.is_empty() && all.history.is_empty() {
            let lines = [
                "Open a key and press e: \"Rotate every\" says how many days its value is used.",
                "",
                "On its page, R rotates it now; what would break is shown first.",
            ];
            return blank(area, buf, "No key is to be rotated yet.", &lines, ui);
        }
        let layout = self.layout(area);
        head(all, layout.head, buf, ui);
        self.draw_tabs(all, layout.tabs, buf, ui);
        for (pane, place) in Pane::ALL.into_iter().zip(layout.frames.into_iter().flatten()) {
            let tone = if pane == self.pane { Tone::Accent } else { Tone::Faint };
            frame(buf, place, &titled(pane, all), ui.style(tone), ui);
        }
        let focus = |pane| pane == self.pane;
        let cursors = [
            self.draw_calendar(all, &layout, focus(Pane::Calendar), buf, ui),
            self.draw_queue(all, &layout, focus(Pane::Queue), buf, ui),
            self.draw_past(all, &layout, focus(Pane::Past), buf, ui),
        ];
        let cursor = Pane::ALL.into_iter().zip(cursors).find(|(pane, _)| focus(*pane));
        cursor.and_then(|(_, cursor)| cursor).or(at(area, 0, 0))
    }

    fn draw_tabs(&self, all: &RotationsView, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let mut pen = Pen::new(buf, area, 0);
        for pane in Pane::ALL {
            let here = pane == self.pane;
            let (mark, tone) = if here { (ui.glyphs.marker, Tone::Strong) } else { (" ", Tone::Dim) };
            pen.text(mark, ui.style(Tone::Accent)).text(pane.title(), ui.style(tone));
            pen.text(" ", ui.style(tone));
        }
        if area.width >= 60 && all.queued > 0 && self.pane != Pane::Queue {
            pen.end(format!("{} under way", format::count(all.queued)), ui.style(Tone::Dim));
        }
    }

    fn draw_queue(
        &self,
        all: &RotationsView,
        layout: &Layout,
        focused: bool,
        buf: &mut Buffer,
        ui: &Ui,
    ) -> Option<Position> {
        if all.queue.is_empty() {
            let area = layout.queue;
            Pen::new(buf, area, 0).text("Nothing is under way.", ui.style(Tone::Text));
            Pen::new(buf, area, 1).text("On a key's page, R rotates it now.", ui.style(Tone::Dim));
            return None;
        }
        let place = layout.queue;
        let cursor = list::table(&self.queue, QUEUE, place, buf, ui, focused, |pen, row, cell, width| {
            let key = &all.queue[row];
            match cell {
                Cell::Name => {
                    let (mark, _, _, tone) = marks::environment(key.environment, ui);
                    pen.text(mark, ui.style(tone)).skip(1).text(safe(&key.name), ui.style(Tone::Strong));
                }
                Cell::Steps => {
                    let leaving = key.retiring.map(|old| old.state);
                    let steps = track::steps(&key.steps, leaving, key.method);
                    track::draw(pen, &steps, width, ui);
                }
                Cell::State => {
                    let (mark, word, tone) = track::state(key.state, ui);
                    pen.text(mark, ui.style(tone)).skip(1).text(word, ui.style(tone));
                    if let Some(left) = left(key, ui.now_ms) {
                        pen.skip(1).text(left, ui.style(Tone::Dim));
                    }
                }
            }
        });
        if let Some(key) = self.queued() {
            let title = (safe(&key.name).into_owned(), track::method_in_words(key.method).to_owned());
            tell(&title, &queued(key, ui), layout.told, buf, ui);
        }
        cursor
    }

    fn draw_past(
        &self,
        all: &RotationsView,
        layout: &Layout,
        focused: bool,
        buf: &mut Buffer,
        ui: &Ui,
    ) -> Option<Position> {
        if all.history.is_empty() {
            Pen::new(buf, layout.past, 0).text("No rotation has ended yet.", ui.style(Tone::Text));
            return None;
        }
        let place = layout.past;
        let cursor = list::table(&self.past, PAST, place, buf, ui, focused, |pen, row, cell, width| {
            let past = &all.history[row];
            let (text, dim) = (ui.style(Tone::Text), ui.style(Tone::Dim));
            match cell {
                Past::Name => pen.cell(safe(&past.name), width, ui.style(Tone::Strong)),
                Past::Outcome => {
                    let (mark, word, tone) = track::outcome(past.outcome, ui);
                    pen.text(mark, ui.style(tone)).skip(1).text(word, ui.style(tone))
                }
                Past::Ended => pen.cell(format::ago(ui.now_ms, past.ended_at.as_millisecond()), width, text),
                Past::Version => {
                    pen.cell(past.version.map_or_else(String::new, |n| format!("v{n}")), width, text)
                }
                Past::Method => pen.cell(safe(&past.method), width, dim),
                Past::Why => pen.cell(self.why(past, width), width, dim),
            };
        });
        if let Some(past) = self.gone() {
            let took = past.ended_at.as_millisecond() - past.started_at.as_millisecond();
            let took = if took < 60_000 { format!("{} s", took / 1_000) } else { format::span(took) };
            let title = (safe(&past.name).into_owned(), format!("{}, took {took}", self.why(past, u16::MAX)));
            let said: Vec<Said> = past
                .log
                .iter()
                .map(|entry| {
                    let at = entry.at.to_zoned(self.zone()).strftime("%H:%M:%S");
                    (ui.glyphs.dot, format!("{at} {}: {}", track::step(entry.step), entry.text), Tone::Text)
                })
                .collect();
            tell(&title, &said, layout.log, buf, ui);
        }
        cursor
    }

    /// Why it began, by whom if somebody asked: by their first name where the whole has no room, or without.
    fn why(&self, past: &PastRotationView, columns: u16) -> String {
        let cause = track::cause(past.cause);
        let Some(name) = past.asked_by.and_then(|id| self.names.get(&id)) else { return cause.to_owned() };
        let name = safe(name);
        let first = name.split_whitespace().next().unwrap_or_default();
        let texts = [&*name, first].map(|name| format!("{cause}, {name}"));
        texts.into_iter().find(|text| width(text) <= columns).unwrap_or_else(|| cause.to_owned())
    }
}

/// A frame's title, with how much is in it.
fn titled(pane: Pane, all: &RotationsView) -> String {
    let count = match pane {
        Pane::Calendar => all.scheduled,
        Pane::Queue => all.queued,
        Pane::Past => return pane.title().to_owned(),
    };
    format!("{} {}", pane.title(), format::count(count))
}

/// How much there is, the most pressing first.
fn head(all: &RotationsView, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let stands = |state| all.queue.iter().filter(|key| key.state == state).count();
    let due = |from: i64, to: i64| {
        let ahead = |key: &&RotationSummary| {
            let at = key.next_rotation.map(|at| at.as_millisecond() - ui.now_ms);
            at.is_some_and(|at| (from..to).contains(&at))
        };
        all.calendar.iter().filter(ahead).count()
    };
    let figures = [
        (stands(RotationState::Stopped), "stopped", ui.glyphs.cross, Tone::Bad),
        (stands(RotationState::Waiting), "waiting for you", ui.glyphs.paused, Tone::Warn),
        (due(i64::MIN, 0), "overdue", ui.glyphs.warning, Tone::Warn),
        (due(0, 7 * 86_400_000), "due within 7 days", ui.glyphs.active, Tone::Text),
    ];
    let mut pen = Pen::new(buf, area, 0);
    for (count, word, mark, tone) in figures.into_iter().filter(|figure| figure.0 > 0) {
        let count = count.to_string();
        // Half a figure would say something else.
        if pen.left() < width(&count) + width(word) + 3 {
            return;
        }
        pen.text(mark, ui.style(tone)).skip(1);
        pen.text(count, ui.style(Tone::Strong)).skip(1).text(word, ui.style(tone)).skip(3);
    }
    if pen.left() > 16 {
        let count = format::count(all.scheduled);
        pen.text(count, ui.style(Tone::Strong)).text(" scheduled", ui.style(Tone::Dim));
    }
    if all.scheduled > all.calendar.len() as u64 {
        pen.text(format!(", the first {} shown", all.calendar.len()), ui.style(Tone::Dim));
    }
}

/// What a key's state leaves open: until when.
fn left(key: &RotationSummary, now_ms: i64) -> Option<String> {
    let at = match key.state {
        RotationState::Retrying => key.next_try?,
        RotationState::Overlap => key.retiring?.overlap_ends,
        RotationState::Stopped | RotationState::Waiting | RotationState::Running | RotationState::Idle => {
            return None;
        }
    };
    let ahead = at.as_millisecond() - now_ms;
    (ahead > 0).then(|| track::left(now_ms, at.as_millisecond()))
}

/// What there is to say of a key under way: what failed, what to do, what still leaves.
fn queued(key: &RotationSummary, ui: &Ui) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    if let Some(fault) = &key.fault {
        let text = format!("{} ({}): {}", track::step(fault.step), track::class(fault.class), fault.text);
        said.push((ui.glyphs.cross, text, Tone::Bad));
        said.push((ui.glyphs.crumb, format!("What to do: {}.", fault.advice), Tone::Text));
    }
    if let Some(at) = key.next_try {
        let left = track::left(ui.now_ms, at.as_millisecond());
        said.push((ui.glyphs.warning, format!("Tried again in {left}."), Tone::Warn));
    }
    if key.state == RotationState::Waiting && !key.steps.is_empty() {
        let text = "It waits for the new value: Enter opens the key, R takes it.".to_owned();
        said.push((ui.glyphs.paused, text, Tone::Warn));
    }
    if let Some(old) = key.retiring {
        let (text, tone) = track::leaving(old.state, old.overlap_ends.as_millisecond(), ui.now_ms);
        said.push((ui.glyphs.dot, format!("Version {} {text}.", old.version), tone));
    }
    said
}

/// Says it below a rule: a title and what is beside it, then the lines.
fn tell(title: &(String, String), said: &[Said], area: Rect, buf: &mut Buffer, ui: &Ui) {
    let rule: Style = ui.style(Tone::Faint);
    let mut pen = Pen::new(buf, area, 0);
    pen.text(ui.glyphs.rule, rule).text(" ", rule).text(&title.0, ui.style(Tone::Strong));
    pen.text(" ", rule).text(&title.1, ui.style(Tone::Dim)).text(" ", rule);
    pen.text(ui.glyphs.rule.repeat(usize::from(pen.left())), rule);
    let mut row = 1;
    for (mark, text, tone) in said {
        for (line, part) in wrap(&safe(text), area.width.saturating_sub(2)).iter().enumerate() {
            let lead = if line == 0 { mark } else { " " };
            Pen::new(buf, area, row).text(lead, ui.style(*tone)).skip(1).text(part, ui.style(*tone));
            row += 1;
        }
    }
}
