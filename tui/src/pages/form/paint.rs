//! Draws the form: label, field, and beside or below it what is wrong. Where it is low, it scrolls with the cursor.

use keyward_keys::input::RotationMethodName;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::notice_mark;
use crate::pages::form::FormPage;
use crate::pages::form::field::Field;
use crate::pages::marks::{self, ENVIRONMENTS};
use crate::pages::track;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, safe};

/// Columns of the labels.
const LABEL: u16 = 16;
/// From this width on, faults stand beside their fields.
const WIDE: u16 = 96;

enum Line {
    Field(Field),
    Below(Field),
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
            let remarked = self.fault(field).is_some() || self.fields.warning(field).is_some();
            let fault = area.width < WIDE && remarked;
            if fault || (field == self.focus && area.width < WIDE) {
                lines.push(Line::Below(field));
            } else if airy {
                lines.push(Line::Gap);
            }
        }
        lines
    }

    /// Where the lines go, and how many are scrolled away.
    fn place(&self, area: Rect, lines: &[Line]) -> (Rect, usize) {
        let head = if area.height >= 16 { 3 } else { 0 };
        let foot = u16::from(self.banner.is_some() || self.saving.is_some()) * 2;
        let height = area.height.saturating_sub(head + foot.min(area.height / 4));
        let place = Rect { y: area.y + head, height, ..area };
        let focus = lines.iter().position(|line| matches!(line, Line::Field(field) if *field == self.focus));
        let wanted = focus.unwrap_or(0) + 2;
        (place, wanted.saturating_sub(usize::from(height)))
    }

    /// The field at a cell of the screen.
    pub(super) fn field_at(&self, area: Rect, at: Position) -> Option<Field> {
        let lines = self.lines(area);
        let (place, hidden) = self.place(area, &lines);
        let row = place.contains(at).then(|| hidden + usize::from(at.y - place.y))?;
        match lines.get(row)? {
            Line::Field(field) | Line::Below(field) => Some(*field),
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
                Line::Below(field) => {
                    let from = LABEL.min(line_at.width * 2 / 5);
                    let below = Rect { x: line_at.x + from, width: line_at.width - from, ..line_at };
                    self.remark(*field, below, buf, ui);
                }
                Line::Gap => {}
            }
        }
        let last = area.height.saturating_sub(1);
        if self.saving.is_some_and(|pending| pending.is_long(ui.now_ms)) {
            Pen::new(buf, area, last).text("Saving…", dim);
        } else if let Some(banner) = &self.banner {
            let (mark, tone) = notice_mark(banner.kind, ui);
            Pen::new(buf, area, last)
                .text(mark, ui.style(tone))
                .skip(1)
                .text(safe(&banner.text), ui.style(tone))
                .skip(1)
                .text("What you typed is kept.", dim);
        }
        cursor
    }

    fn field(&self, field: Field, area: Rect, buf: &mut Buffer, ui: &Ui) -> Position {
        let focused = field == self.focus;
        let label_width = LABEL.min(area.width * 2 / 5);
        let tone = ui.style(if focused { Tone::Accent } else { Tone::Dim });
        let mut pen = Pen::new(buf, area, 0);
        pen.cell(if focused { ui.glyphs.marker } else { " " }, 2, tone);
        pen.cell(field.label(), label_width.saturating_sub(2), tone);
        let x = area.x + label_width;
        let columns = area.width.saturating_sub(label_width).min(46);
        let place = Rect { x, width: columns, ..area };
        let cursor = if field == Field::Environment {
            self.environments(place, buf, ui)
        } else if field == Field::Method {
            self.methods(place, buf, ui)
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
            let beside =
                Rect { x: place.right() + 2, width: area.right().saturating_sub(place.right() + 2), ..area };
            self.remark(field, beside, buf, ui);
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

    fn methods(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Position {
        let at = self.fields.rotating.method;
        let mut x = area.x;
        let mut cursor = Position::new(x, area.y);
        for method in RotationMethodName::ALL {
            // Where there is little room, the chosen one stands alone.
            if area.width < 44 && method != at {
                continue;
            }
            let text = format!(" {} ", track::method(method));
            let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
            let mut pen = Pen::new(buf, rest, 0);
            pen.text(text, ui.style(if method == at { Tone::Accent } else { Tone::Dim }));
            let end = pen.x();
            if method == at {
                cursor = Position::new(x, area.y);
                ui.theme.select(buf, Rect { width: end - x, ..rest });
            }
            x = end;
        }
        cursor
    }

    /// What is wrong, or a word of help where the cursor is.
    fn remark(&self, field: Field, area: Rect, buf: &mut Buffer, ui: &Ui) {
        let mut pen = Pen::new(buf, area, 0);
        match (self.fault(field), self.fields.warning(field)) {
            (Some(fault), _) => {
                let tone = ui.style(Tone::Bad);
                pen.text(ui.glyphs.cross, tone).skip(1).text(safe(&fault), tone);
            }
            (None, Some(warning)) => {
                let tone = ui.style(Tone::Warn);
                pen.text(ui.glyphs.warning, tone).skip(1).text(warning, tone);
            }
            (None, None) if field == self.focus => {
                pen.skip(1).text(self.fields.hint(field), ui.style(Tone::Dim));
            }
            (None, None) => {}
        }
    }
}
