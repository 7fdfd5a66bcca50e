//! Writes text along one row of the screen, cutting what doesn't fit with an ellipsis, and draws frames and rules.
//! Whatever comes from people goes through [`safe`] first. Writing outside the area does nothing.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::symbols::merge::MergeStrategy;
use ratatui::widgets::{Block, Clear, Padding, Widget};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::term::sanitize::{is_plain, term_safe, truncate_to_width};
use crate::theme::{Theme, Tone};
use crate::widgets::glyphs::Glyphs;

/// What drawing needs besides the state: colours and marks of this terminal, and the moment.
#[derive(Clone, Copy)]
pub(crate) struct Ui {
    pub(crate) theme: Theme,
    pub(crate) glyphs: &'static Glyphs,
    /// Milliseconds since the Unix epoch.
    pub(crate) now_ms: i64,
}

impl Ui {
    pub(crate) fn style(&self, tone: Tone) -> Style {
        self.theme.style(tone)
    }

    /// The present Unix second.
    pub(crate) fn now_s(&self) -> i64 {
        self.now_ms.div_euclid(1_000)
    }
}

/// Text of people, made harmless for a terminal.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    term_safe(text)
}

/// Cells a text takes.
pub(crate) fn width(text: &str) -> u16 {
    let columns = if is_plain(text) { text.chars().count() } else { text.width() };
    u16::try_from(columns).unwrap_or(u16::MAX)
}

/// Writes at most `columns` columns of text, as far as the row goes; answers the column after it.
fn put(buf: &mut Buffer, x: u16, y: u16, text: &str, columns: u16, style: Style) -> u16 {
    if !is_plain(text) {
        return buf.set_stringn(x, y, text, usize::from(columns), style).0;
    }
    let room = usize::from(columns.min(buf.area.right().saturating_sub(x)));
    if room == 0 {
        return x;
    }
    let first = buf.index_of(x, y);
    let mut after = x;
    for (cell, c) in buf.content[first..first + room].iter_mut().zip(text.chars()) {
        cell.set_char(c).set_style(style);
        after += 1;
    }
    after
}

/// Writes along one row.
pub(crate) struct Pen<'b> {
    buf: &'b mut Buffer,
    x: u16,
    end: u16,
    y: u16,
}

impl<'b> Pen<'b> {
    /// At the left end of `row` (from 0) of `area`.
    pub(crate) fn new(buf: &'b mut Buffer, area: Rect, row: u16) -> Self {
        let visible = area.intersection(buf.area);
        let y = area.y.saturating_add(row);
        let inside = row < area.height && y < visible.bottom();
        let end = if inside { visible.right() } else { visible.x };
        Self { buf, x: visible.x, end, y }
    }

    /// The next free column.
    pub(crate) fn x(&self) -> u16 {
        self.x
    }

    /// Columns left.
    pub(crate) fn left(&self) -> u16 {
        self.end.saturating_sub(self.x)
    }

    /// Goes on.
    pub(crate) fn text(&mut self, text: impl AsRef<str>, style: Style) -> &mut Self {
        let room = self.left();
        self.write(text.as_ref(), room, style);
        self
    }

    /// Leaves `n` columns free.
    pub(crate) fn skip(&mut self, n: u16) -> &mut Self {
        self.x = self.x.saturating_add(n).min(self.end);
        self
    }

    /// A column of `columns`, filled from the left.
    pub(crate) fn cell(&mut self, text: impl AsRef<str>, columns: u16, style: Style) -> &mut Self {
        let next = self.x.saturating_add(columns).min(self.end);
        self.write(text.as_ref(), columns.min(self.left()), style);
        self.x = next;
        self
    }

    /// A column of `columns`, filled from the right.
    pub(crate) fn cell_right(&mut self, text: impl AsRef<str>, columns: u16, style: Style) -> &mut Self {
        self.skip(columns.saturating_sub(width(text.as_ref())));
        self.text(text, style)
    }

    /// At the right end of the row, which moves left by it and one free column. Nothing if it doesn't fit.
    pub(crate) fn end(&mut self, text: impl AsRef<str>, style: Style) -> &mut Self {
        let columns = width(text.as_ref());
        if columns > 0 && columns < self.left() {
            let at = self.end - columns;
            put(self.buf, at, self.y, text.as_ref(), columns, style);
            self.end = at.saturating_sub(1).max(self.x);
        }
        self
    }

    fn write(&mut self, text: &str, columns: u16, style: Style) {
        if columns > 0 {
            let text = truncate_to_width(text, usize::from(columns));
            self.x = put(self.buf, self.x, self.y, &text, columns, style);
        }
    }
}

/// Parts of one row with dots between them. A part that does not fit is left out whole.
pub(crate) struct Parts<'p, 'b> {
    pen: Pen<'b>,
    ui: &'p Ui,
    any: bool,
}

impl<'p, 'b> Parts<'p, 'b> {
    /// From where the pen stands; `after` says whether parts stand there already.
    pub(crate) fn new(pen: Pen<'b>, after: bool, ui: &'p Ui) -> Self {
        Self { pen, ui, any: after }
    }

    /// One more part, of pieces that are written differently.
    pub(crate) fn add(&mut self, pieces: &[(&str, Style)]) -> &mut Self {
        let dot = format!(" {} ", self.ui.glyphs.dot);
        let before = if self.any { width(&dot) } else { 0 };
        let needed: u16 = pieces.iter().map(|(text, _)| width(text)).fold(before, u16::saturating_add);
        if needed <= self.pen.left() {
            if self.any {
                self.pen.text(&dot, self.ui.style(Tone::Faint));
            }
            for (text, style) in pieces {
                self.pen.text(text, *style);
            }
            self.any = true;
        }
        self
    }
}

/// Breaks text at spaces into rows of at most `columns`; words that are longer are cut.
pub(crate) fn wrap(text: &str, columns: u16) -> Vec<String> {
    let columns = columns.max(1);
    let mut rows = Vec::new();
    for paragraph in text.lines() {
        let mut row = String::new();
        for mut word in paragraph.split(' ') {
            if width(&row) + width(word) + u16::from(!row.is_empty()) > columns && !row.is_empty() {
                rows.push(std::mem::take(&mut row));
            }
            while width(word) > columns {
                let (kept, rest) = word.split_at(prefix(word, columns));
                rows.push(kept.to_owned());
                word = rest;
            }
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(word);
        }
        rows.push(row);
    }
    rows
}

/// Bytes of the longest beginning that fits into `columns`; at least one cluster.
fn prefix(text: &str, columns: u16) -> usize {
    let mut bytes = 0;
    let mut used = 0;
    for cluster in text.graphemes(true) {
        used += width(cluster);
        if used > columns && bytes > 0 {
            break;
        }
        bytes += cluster.len();
    }
    bytes
}

/// A rounded frame with a title; answers the room inside.
pub(crate) fn frame(buf: &mut Buffer, area: Rect, title: &str, border: Style, ui: &Ui) -> Rect {
    let area = area.intersection(buf.area);
    let block =
        outline().border_set(ui.glyphs.border).border_style(border).merge_borders(MergeStrategy::Replace);
    let inner = block.inner(area);
    Clear.render(area, buf);
    block.render(area, buf);
    if area.width > 6 && area.height > 0 && !title.is_empty() {
        let row = Rect { x: area.x + 2, y: area.y, width: area.width - 4, height: 1 };
        Pen::new(buf, row, 0).text(" ", border).text(title, ui.style(Tone::Strong)).text(" ", border);
    }
    inner
}

/// The room inside of a [`frame`].
pub(crate) fn framed(area: Rect) -> Rect {
    outline().inner(area)
}

fn outline() -> Block<'static> {
    Block::bordered().padding(Padding::horizontal(1))
}

/// A rule across one row.
pub(crate) fn rule(buf: &mut Buffer, area: Rect, row: u16, ui: &Ui) {
    let mut pen = Pen::new(buf, area, row);
    let line = ui.glyphs.rule.repeat(usize::from(pen.left()));
    pen.text(line, ui.style(Tone::Faint));
}

/// Says in the last row of `area`, in the place of what stands there, that there is more.
pub(crate) fn more_below(area: Rect, buf: &mut Buffer, ui: &Ui) {
    let last = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
    Clear.render(last.intersection(buf.area), buf);
    Pen::new(buf, last, 0).end("more below", ui.style(Tone::Accent));
}

/// A rectangle of at most this size in the middle of `area`.
pub(crate) fn centred(area: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(area.width), rows.min(area.height));
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    Rect { x, y, width, height }
}

/// The first cell of a row, for the cursor.
pub(crate) fn at(area: Rect, column: u16, row: u16) -> Option<Position> {
    let position = Position::new(area.x.saturating_add(column), area.y.saturating_add(row));
    area.contains(position).then_some(position)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn plain_text_is_drawn_as_the_rules_for_all_of_unicode_say(
            text in "[ -~·…›éŁ─█⣿]{0,24}", x in 0u16..22, columns in 0u16..26,
        ) {
            prop_assert!(is_plain(&text));
            prop_assert_eq!(usize::from(width(&text)), text.width());
            let style = Style::new().red();
            let (mut quick, mut slow) = (Buffer::empty(Rect::new(0, 0, 22, 2)), Buffer::empty(Rect::new(0, 0, 22, 2)));
            let after = put(&mut quick, x, 1, &text, columns, style);
            prop_assert_eq!(after, slow.set_stringn(x, 1, &text, usize::from(columns), style).0);
            prop_assert_eq!(quick, slow);
        }

        #[test]
        fn what_is_not_plain_is_known(text in "[a-z─]{0,5}[\u{301}\u{200d}\u{fe0f}語👩\u{7f}\u{1b}é\u{300}][a-z]{0,5}") {
            prop_assume!(!text.chars().all(|c| c == 'é' || c.is_ascii_lowercase() || c == '─'));
            prop_assert!(!is_plain(&text));
        }
    }
}
