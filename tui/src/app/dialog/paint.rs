//! Where everything of a question stands, and draws it; what a click is meant for is read from the same places.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Dialog, Kind};
use crate::term::input::{Key, KeyCode};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, centred, frame, framed, width, wrap};

/// Columns between two keys.
const GAP: u16 = 3;

/// Where everything stands.
pub(super) struct Laid {
    frame: Rect,
    /// The rows of it that are in view.
    text: Vec<String>,
    /// The first of those, and what that is at most.
    pub(super) from: u16,
    pub(super) last: u16,
    /// The field, if something is typed.
    field: Option<Rect>,
    /// What was wrong, from this row of the screen on.
    error: (u16, Vec<String>),
    keys: Vec<Shown>,
    /// The key that Enter is as good as, or the first.
    cursor: usize,
}

/// A key that answers, and what it does.
struct Shown {
    key: Key,
    label: String,
    what: &'static str,
    /// Columns between the two.
    apart: u16,
    place: Rect,
}

impl Laid {
    /// The key that somebody presses by a click there.
    pub(super) fn key_at(&self, at: Position) -> Option<Key> {
        self.keys.iter().find(|shown| shown.place.contains(at)).map(|shown| shown.key)
    }
}

impl Dialog {
    pub(super) fn laid(&self, area: Rect) -> Laid {
        let columns = 64.min(area.width.saturating_sub(2));
        let mut text = wrap(&self.text, columns.saturating_sub(4));
        let typed = matches!(self.kind, Kind::Name { .. } | Kind::Passphrase { .. } | Kind::Line { .. });
        let error = self.error.as_ref().map_or_else(Vec::new, |error| wrap(error, columns.saturating_sub(6)));
        let all = if let Kind::Pick { all } = self.kind { all } else { &[] };
        let picks = all.len() as u16 + u16::from(!all.is_empty());
        let rows = text.len() as u16 + 4 + 2 * u16::from(typed) + error.len() as u16 + picks;
        let frame = centred(area, columns, rows);
        let inner = framed(frame);
        let airy = frame.height >= rows;
        // On a very low screen the field and the keys are always in view, the explanation is scrolled, and gaps go.
        let (mut from, mut last) = (0, 0);
        if !airy {
            let fixed = 1 + u16::from(typed) + error.len() as u16 + all.len() as u16;
            let room = usize::from(inner.height.saturating_sub(fixed));
            last = text.len().saturating_sub(room) as u16;
            from = self.scroll.min(last);
            text.drain(..usize::from(from));
            text.truncate(room);
        }
        let mut row = text.len() as u16 + u16::from(airy);
        let line = |row: u16| Rect { y: inner.y + row, height: 1, ..inner }.intersection(inner);
        let mut keys = Vec::new();
        let mut field = None;
        let mut wrong = inner.y + row;
        if typed && row < inner.height {
            field = Some(line(row));
            wrong += 1;
            row += 1 + error.len() as u16 + u16::from(airy);
        }
        for (letter, what) in all {
            let label = letter.to_string();
            keys.push(Shown { key: Key::char(*letter), label, what, apart: 2, place: line(row) });
            row += 1;
        }
        row += u16::from(!all.is_empty() && airy);
        let mut rest = line(row.min(inner.height.saturating_sub(1)));
        for (key, label, what) in self.answers(inner.width) {
            let wide = (width(&label) + 1 + width(what)).min(rest.width);
            keys.push(Shown { key, label, what, apart: 1, place: Rect { width: wide, ..rest } });
            rest.x += (wide + GAP).min(rest.width);
            rest.width -= (wide + GAP).min(rest.width);
        }
        let cursor = usize::from(matches!(self.kind, Kind::Confirm));
        Laid { frame, text, from, last, field, error: (wrong, error), keys, cursor }
    }

    /// Draws it over `area`.
    pub(crate) fn paint(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let laid = self.laid(area);
        let tone = ui.style(if self.danger { Tone::Bad } else { Tone::Accent });
        let inner = frame(buf, laid.frame, &self.title, tone, ui);
        for (row, line) in (0u16..).zip(&laid.text) {
            Pen::new(buf, inner, row).text(line, ui.style(Tone::Text));
        }
        if laid.last > 0 {
            let word = if laid.from < laid.last { " Down: more " } else { " Up: back " };
            let edge = Rect { x: inner.x, y: laid.frame.bottom().saturating_sub(1), height: 1, ..inner };
            Pen::new(buf, edge, 0).end(word, ui.style(Tone::Accent));
        }
        for shown in &laid.keys {
            let what = ui.style(if shown.apart > 1 { Tone::Text } else { Tone::Dim });
            Pen::new(buf, shown.place, 0)
                .text(&shown.label, ui.style(Tone::Accent))
                .skip(shown.apart)
                .text(shown.what, what);
        }
        let (row, error) = laid.error;
        for (row, line) in (row.saturating_sub(inner.y)..).zip(&error) {
            let tone = ui.style(Tone::Bad);
            let mark = if row == laid.error.0 - inner.y { ui.glyphs.cross } else { " " };
            Pen::new(buf, inner, row).text(mark, tone).text(" ", tone).text(line, tone);
        }
        if let (Kind::Name { typed, .. } | Kind::Passphrase { typed } | Kind::Line { typed }, Some(field)) =
            (&self.kind, laid.field)
        {
            buf.set_style(field, ui.theme.field());
            return Some(typed.paint(field, buf, matches!(self.kind, Kind::Passphrase { .. }), ui));
        }
        laid.keys.get(laid.cursor).map(|shown| shown.place.as_position())
    }

    /// The keys below, what stands on them, and what they do.
    fn answers(&self, columns: u16) -> Vec<(Key, String, &'static str)> {
        let letter = |letter: char, what| (Key::char(letter), letter.to_string(), what);
        let enter = |what| (Key::plain(KeyCode::Enter), "Enter".to_owned(), what);
        let esc = (Key::plain(KeyCode::Esc), "Esc".to_owned(), "cancel");
        let keys = match &self.kind {
            Kind::Confirm => vec![letter('y', "yes"), letter('N', "no")],
            Kind::Choice { yes, other } => vec![letter(yes.0, yes.1), letter(other.0, other.1), esc],
            Kind::Pick { .. } => vec![esc],
            Kind::Name { .. } => vec![enter("do it"), esc],
            Kind::Passphrase { .. } | Kind::Line { .. } => vec![enter("go on"), esc],
        };
        let total: u16 = keys.iter().map(|(_, label, what)| width(label) + width(what) + 1 + GAP).sum();
        if total > columns + GAP { keys.into_iter().take(2).collect() } else { keys }
    }
}
