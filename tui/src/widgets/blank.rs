//! What stands where there is nothing to list: what this is, and the one thing to do. Also for waiting and failing.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, at, wrap};

/// Columns such a text takes at most.
const COLUMNS: u16 = 70;

/// Draws a title and lines below it, which are safe to show; answers where the cursor belongs.
pub(crate) fn blank(area: Rect, buf: &mut Buffer, title: &str, lines: &[&str], ui: &Ui) -> Option<Position> {
    let columns = area.width.min(COLUMNS);
    let mut text = Vec::new();
    for line in lines {
        if line.is_empty() {
            text.push(String::new());
        } else {
            text.extend(wrap(line, columns));
        }
    }
    let rows = u16::try_from(text.len()).unwrap_or(u16::MAX).saturating_add(2);
    let top = area.height.saturating_sub(rows) / 3;
    let inner = Rect { x: area.x + (area.width - columns) / 2, width: columns, ..area };
    Pen::new(buf, inner, top).text(title, ui.style(Tone::Strong));
    for (row, line) in (top + 2..).zip(&text) {
        Pen::new(buf, inner, row).text(line, ui.style(Tone::Dim));
    }
    at(inner, 0, top)
}
