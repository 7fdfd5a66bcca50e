//! What the core had against a form, at the foot of its page: to its end, and that nothing typed is lost.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::app::notice_mark;
use crate::notice::Notice;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, safe, width, wrap};

/// Columns of the mark.
const MARK: u16 = 2;

/// The rows of a banner in this width: as many as it takes, but half of the page at the most.
fn lines(notice: &Notice, area: Rect) -> Vec<String> {
    let mut lines = wrap(&safe(&notice.text), area.width.saturating_sub(MARK));
    lines.truncate(usize::from((area.height / 2).max(1)));
    lines
}

/// Rows that it takes.
pub(crate) fn rows(notice: &Notice, area: Rect) -> u16 {
    u16::try_from(lines(notice, area).len()).unwrap_or(u16::MAX)
}

/// Draws it in the last rows of `area`; `kept` says what is not lost, where there is room beside it.
pub(crate) fn draw(notice: &Notice, kept: &str, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let lines = lines(notice, area);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let place = Rect { y: area.bottom().saturating_sub(rows), height: rows.min(area.height), ..area };
    Clear.render(place.intersection(buf.area), buf);
    let (mark, tone) = notice_mark(notice.kind, ui);
    let last = lines.len().saturating_sub(1);
    for ((row, at), line) in (0u16..).zip(0..).zip(&lines) {
        let mut pen = Pen::new(buf, place, row);
        pen.cell(if at == 0 { mark } else { " " }, MARK, ui.style(tone)).text(line, ui.style(tone)).skip(1);
        if at == last && pen.left() >= width(kept) {
            pen.text(kept, ui.style(Tone::Dim));
        }
    }
}
