//! Draws the form: label, field, and beside or below it what is wrong. Where it is low, it scrolls with the cursor.

use keyward_keys::input::RotationMethodName;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::pages::banner;
use crate::pages::form::FormPage;
use crate::pages::form::field::Field;
use crate::pages::marks::{self, ENVIRONMENTS};
use crate::pages::track;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, safe, width, wrap};

/// Columns of the labels.
const LABEL: u16 = 17;
/// Columns of a mark before what is wrong.
const MARK: u16 = 2;
/// Columns of a field.
const FIELD: u16 = 46;
/// What is said beside a refusal where there is room: the fields show it, too.
const KEPT: &str = "What you typed is kept.";
/// From this width on, faults stand beside their fields.
const WIDE: u16 = 96;

enum Line {
    Field(Field),
    /// A row of what is said of a field, below it; from 1 where the first stands beside it.
    Said(Field, usize),
    Gap,
}

impl FormPage {
    /// The lines of the form, top to bottom.
    fn lines(&self, area: Rect) -> Vec<Line> {
        let shown = self.fields.shown();
        let airy = usize::from(area.height) >= shown.len() * 2 + 5;
        let mut lines = Vec::new();
        for field in shown {
            lines.push(Line::Field(field));
            let said = self.said(field, area.width).len();
            let first = usize::from(area.width >= WIDE);
            lines.extend((first..said).map(|row| Line::Said(field, row)));
            if airy && said <= first {
                lines.push(Line::Gap);
            }
        }
        lines
    }

    /// Where the lines go, and how many are scrolled away.
    fn place(&self, area: Rect, lines: &[Line]) -> (Rect, usize) {
        let head = if area.height >= 16 { 3 } else { 0 };
        let foot = match (&self.banner, self.saving) {
            (Some(told), None) => banner::rows(told, area) + u16::from(area.height >= 16),
            (_, Some(_)) => u16::from(area.height >= 8) * 2,
            (None, None) => 0,
        };
        let height = area.height.saturating_sub(head + foot);
        let place = Rect { y: area.y + head, height, ..area };
        let focus = lines.iter().position(|line| matches!(line, Line::Field(field) if *field == self.focus));
        let said = self.said(self.focus, area.width).len().max(1);
        let wanted = focus.unwrap_or(0) + 1 + said.min(usize::from(height).saturating_sub(1));
        (place, wanted.saturating_sub(usize::from(height)))
    }

    /// The field at a cell of the screen.
    pub(super) fn field_at(&self, area: Rect, at: Position) -> Option<Field> {
        let lines = self.lines(area);
        let (place, hidden) = self.place(area, &lines);
        let row = place.contains(at).then(|| hidden + usize::from(at.y - place.y))?;
        match lines.get(row)? {
            Line::Field(field) | Line::Said(field, _) => Some(*field),
            Line::Gap => None,
        }
    }

    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let dim = ui.style(Tone::Dim);
        let lines = self.lines(area);
        let (place, hidden) = self.place(area, &lines);
        if place.y > area.y {
            let (title, text) = match self.fields.key_at_hand() {
                Some(key) => {
                    (format!("Edit {}", safe(&key.name)), "Only what you change is changed; its value stays.")
                }
                None => {
                    let text = "Its value is sealed before it is stored. Nothing is saved until you say so.";
                    ("New API key".to_owned(), text)
                }
            };
            Pen::new(buf, area, 0).text(title, ui.style(Tone::Strong));
            Pen::new(buf, area, 1).text(text, dim);
        }
        let mut cursor = None;
        for (row, line) in (0..place.height).zip(lines.iter().skip(hidden)) {
            let line_at = Rect { y: place.y + row, height: 1, ..place };
            match line {
                Line::Field(field) => {
                    let at = self.field(*field, line_at, buf, ui);
                    if *field == self.focus {
                        cursor = Some(at);
                    }
                }
                Line::Said(field, row) => self.remark(*field, *row, line_at, buf, ui),
                Line::Gap => {}
            }
        }
        let last = area.height.saturating_sub(1);
        if self.saving.is_some_and(|pending| pending.is_long(ui.now_ms)) {
            Pen::new(buf, area, last).text("Saving…", dim);
        } else if let Some(banner) = &self.banner {
            banner::draw(banner, KEPT, area, buf, ui);
        }
        cursor
    }

    fn field(&self, field: Field, area: Rect, buf: &mut Buffer, ui: &Ui) -> Position {
        let focused = field == self.focus;
        let label_width = LABEL.min(area.width * 2 / 5);
        let tone = ui.style(if focused { Tone::Accent } else { Tone::Dim });
        let mut pen = Pen::new(buf, area, 0);
        pen.cell(if focused { ui.glyphs.marker } else { " " }, 2, tone);
        pen.cell(self.fields.label(field), label_width.saturating_sub(2), tone);
        let x = area.x + label_width;
        let columns = area.width.saturating_sub(label_width).min(FIELD);
        let place = Rect { x, width: columns, ..area };
        let cursor = if field == Field::Environment {
            self.environments(place, buf, ui)
        } else if field == Field::Team {
            let (words, at) = self.fields.spaces.words();
            choices(place, buf, words, at, ui)
        } else if field == Field::Method {
            let at = RotationMethodName::ALL.iter().position(|one| *one == self.fields.rotating.method);
            choices(place, buf, RotationMethodName::ALL.map(track::method).into_iter(), at.unwrap_or(0), ui)
        } else {
            buf.set_style(place, ui.theme.field());
            let inner = Rect { x: x + 1, width: columns.saturating_sub(2), ..place };
            let cursor = self.fields.edit(field).paint(inner, buf, field.is_secret(), ui);
            if field == Field::Service && focused && self.fields.edit(field).at_end() {
                let rest = self.fields.completion().map_or("", |(_, rest)| rest);
                let ghost = Rect { x: cursor.x, width: inner.right().saturating_sub(cursor.x), ..inner };
                Pen::new(buf, ghost, 0).text(rest, ui.style(Tone::Dim));
            }
            cursor
        };
        if area.width >= WIDE {
            self.remark(field, 0, area, buf, ui);
        }
        cursor
    }

    fn environments(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Position {
        let short = area.width < 44;
        let mut x = area.x;
        let mut cursor = Position::new(x, area.y);
        for environment in ENVIRONMENTS {
            let (mark, word, long, tone) = marks::environment(environment, ui);
            let chosen = environment == self.fields.environment();
            let word = if short { word } else { long };
            let text = if area.width < 26 { format!("{mark} {word}") } else { format!(" {mark} {word} ") };
            let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
            let mut pen = Pen::new(buf, rest, 0);
            pen.text(text, ui.style(if chosen { tone } else { Tone::Dim }));
            let end = pen.x();
            if chosen {
                cursor = Position::new(x, area.y);
                ui.theme.select(buf, Rect { width: end - x, ..rest });
            }
            x = end + 1;
        }
        cursor
    }

    /// What is said of a field, in rows as they fit: what is wrong, or a word of help where the cursor is.
    fn said(&self, field: Field, columns: u16) -> Vec<String> {
        let text = self.fault(field).or_else(|| self.fields.warning(field));
        let (_, room) = saying(columns);
        match text {
            Some(text) => wrap(&safe(&text), room.saturating_sub(MARK)),
            None if field == self.focus => {
                let hint = || self.fields.hint(field);
                wrap(&safe(&self.trial.words(field).unwrap_or_else(hint)), room)
            }
            None => Vec::new(),
        }
    }

    /// One row of it.
    fn remark(&self, field: Field, row: usize, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let (from, room) = saying(area.width);
        let place = Rect { x: area.x + from, width: room, ..area };
        let (mark, columns, tone) = match (self.fault(field), self.fields.warning(field)) {
            (Some(_), _) => (ui.glyphs.cross, MARK, Tone::Bad),
            (None, Some(_)) => (ui.glyphs.warning, MARK, Tone::Warn),
            (None, None) => ("", 0, Tone::Dim),
        };
        if let Some(text) = self.said(field, area.width).get(row) {
            let mark = if row == 0 { mark } else { "" };
            Pen::new(buf, place, 0).cell(mark, columns, ui.style(tone)).text(text, ui.style(tone));
        }
    }
}

/// From which column on something is said of a field, and in how many: beside it, or below.
fn saying(columns: u16) -> (u16, u16) {
    let from = if columns >= WIDE { LABEL + FIELD + 2 } else { LABEL.min(columns * 2 / 5) + 1 };
    (from.min(columns), columns.saturating_sub(from))
}

/// Draws words of which one is chosen; where there is no room for all, that one alone.
fn choices<W: AsRef<str>>(
    area: Rect,
    buf: &mut Buffer,
    words: impl ExactSizeIterator<Item = W>,
    at: usize,
    ui: &Ui,
) -> Position {
    let count = words.len();
    let texts: Vec<String> = words.map(|word| format!(" {} ", word.as_ref())).collect();
    let all = texts.iter().map(|text| width(text)).fold(0, u16::saturating_add) <= area.width;
    let mut cursor = Position::new(area.x, area.y);
    let mut x = area.x;
    for (number, text) in texts.iter().enumerate().filter(|(number, _)| all || *number == at) {
        let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
        let mut pen = Pen::new(buf, rest, 0);
        if !all {
            pen.end(format!("{} of {count}", at + 1), ui.style(Tone::Faint));
        }
        pen.text(text, ui.style(if number == at { Tone::Accent } else { Tone::Dim }));
        let end = pen.x();
        if number == at {
            cursor = Position::new(x, area.y);
            ui.theme.select(buf, Rect { width: end - x, ..rest });
        }
        x = end;
    }
    cursor
}
