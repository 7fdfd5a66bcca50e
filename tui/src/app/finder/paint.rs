//! How the palette looks: what is typed, what fits it, and the selected one's line for a shell below.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{Entry, Finder};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, frame, rule, safe, width};

/// Columns for a key's name.
const KEY: u16 = 8;
/// From this width on, each row has its line of a shell.
const WIDE: u16 = 68;

/// The palette's place over a page in `area`.
pub(super) fn place(area: Rect) -> Rect {
    let columns = if area.width < 60 { area.width } else { (area.width - 4).min(110) };
    let rows = if area.height < 20 { area.height } else { (area.height - 2).min(26) };
    Rect {
        x: area.x + (area.width - columns) / 2,
        y: area.y + (area.height - rows).min(1),
        width: columns,
        height: rows,
    }
}

/// The place of its rows: below what is typed, above the line of a shell.
pub(super) fn list(area: Rect) -> Rect {
    let place = place(area);
    Rect {
        x: place.x + 2,
        y: place.y + 3,
        width: place.width.saturating_sub(4),
        height: place.height.saturating_sub(6),
    }
}

impl Finder {
    /// Draws it over a page in `area`; answers where the cursor belongs.
    pub(in crate::app) fn paint(&self, area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
        let inner = frame(buf, place(area), "Commands", ui.style(Tone::Accent), ui);
        let mut pen = Pen::new(buf, inner, 0);
        if !self.typed.is_empty() {
            pen.end(self.found().len().to_string(), ui.style(Tone::Dim));
        }
        pen.text(": ", ui.style(Tone::Accent));
        let field = Rect { x: pen.x(), width: pen.left(), height: inner.height.min(1), ..inner };
        let cursor = self.typed.paint(field, buf, false, ui);
        rule(buf, inner, 1, ui);
        let list = list(area).intersection(inner);
        let rows = self.found().iter().enumerate().skip(self.scroll).take(usize::from(list.height));
        for (row, (at, entry)) in (0u16..).zip(rows) {
            self.row(&self.entries[*entry], list, row, buf, ui);
            if at == self.selected {
                ui.theme.select(buf, Rect { y: list.y + row, height: 1, ..list });
            }
        }
        if self.found().is_empty() {
            Pen::new(buf, list, 0).text("Nothing is called that. Esc closes.", ui.style(Tone::Dim));
        }
        if let Some(entry) = self.current().filter(|_| inner.height > 4) {
            rule(buf, inner, inner.height - 2, ui);
            let mut pen = Pen::new(buf, inner, inner.height - 1);
            if entry.line.is_empty() {
                pen.text("No line of a shell does this.", ui.style(Tone::Dim));
            } else {
                pen.text("$ ", ui.style(Tone::Dim));
                // Where there is no room, what is run matters more than where.
                let fits = width(&entry.line) <= pen.left();
                let line = if fits { entry.line.clone() } else { self.short(entry) };
                pen.text(safe(&line), ui.style(Tone::Strong));
            }
        }
        Some(cursor)
    }

    /// The line of a shell without the host, which is the same in all of them.
    fn short(&self, entry: &Entry) -> String {
        let words = entry.line.strip_prefix(&self.ssh_command);
        words.map_or_else(|| entry.line.clone(), |words| format!("ssh …{words}"))
    }

    fn row(&self, entry: &Entry, list: Rect, row: u16, buf: &mut Buffer, ui: &Ui) {
        let (key, dim) = (ui.style(Tone::Accent), ui.style(Tone::Dim));
        let mut pen = Pen::new(buf, list, row);
        if list.width >= WIDE && entry.act.is_some() {
            pen.end(safe(&self.short(entry)), dim);
        }
        pen.cell(if entry.act.is_some() { &entry.key } else { "$" }, KEY, key).skip(1);
        pen.text(&entry.name, ui.style(Tone::Text));
        if width(entry.about) > 0 {
            pen.skip(2).text(entry.about, dim);
        }
    }
}
