//! What the dashboard says in passing, drawn over the page at the bottom right.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::AIRY;
use crate::app::toast::Toasts;
use crate::notice::{Notice, NoticeKind};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, frame, safe, width, wrap};

/// How a message is marked.
pub(crate) fn notice_mark(kind: NoticeKind, ui: &Ui) -> (&'static str, Tone) {
    match kind {
        NoticeKind::Info => (ui.glyphs.info, Tone::Accent),
        NoticeKind::Done => (ui.glyphs.check, Tone::Good),
        NoticeKind::Warning | NoticeKind::Stale | NoticeKind::Locked | NoticeKind::Unlock => {
            (ui.glyphs.warning, Tone::Warn)
        }
        NoticeKind::Failure
        | NoticeKind::Forbidden
        | NoticeKind::Invalid
        | NoticeKind::Gone
        | NoticeKind::WrongPassphrase
        | NoticeKind::SignedOut => (ui.glyphs.cross, Tone::Bad),
    }
}

/// Messages at the bottom right, the newest lowest. Those before it leave the upper half of the page to read: `M` has them.
pub(in crate::app) fn paint(toasts: &Toasts, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let framed = area.height >= AIRY;
    let columns = area.width.saturating_sub(2).min(52);
    let mut bottom = area.bottom().saturating_sub(1);
    let mut highest = area.y + 1;
    let wrapped = |notice: &Notice| wrap(&safe(&notice.text), columns.saturating_sub(6));
    let shown: Vec<_> = toasts.shown(ui.now_ms).map(|notice| (notice.kind, wrapped(notice))).collect();
    // A stack has one edge.
    let longest = shown.iter().flat_map(|(_, text)| text).map(|row| width(row)).max().unwrap_or(0);
    for (kind, text) in shown.into_iter().rev() {
        let (mark, tone) = notice_mark(kind, ui);
        let rows = text.len() as u16 + 2 * u16::from(framed);
        let Some(top) = bottom.checked_sub(rows).filter(|top| *top >= highest) else {
            return;
        };
        let beside = if framed { 4 } else { 2 };
        let wide = (longest + 2 + beside).min(area.width);
        // Without a frame it lies against the edge: what is left of a word beside it would read as its end.
        let x = area.right().saturating_sub(wide + u16::from(framed)).max(area.x);
        let place = Rect { x, y: top, width: wide, height: rows };
        let inner = if framed {
            frame(buf, place, "", ui.style(tone), ui)
        } else {
            Clear.render(place, buf);
            buf.set_style(place, ui.theme.field());
            Rect { x: x + 1, width: wide.saturating_sub(2), ..place }
        };
        Pen::new(buf, inner, 0).text(mark, ui.style(tone));
        for (row, line) in (0u16..).zip(&text) {
            Pen::new(buf, inner, row).skip(2).text(line, ui.style(Tone::Text));
        }
        (bottom, highest) = (top, area.y + area.height / 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::caps::Caps;
    use crate::term::environment::Environment;
    use crate::theme::Theme;
    use crate::widgets::glyphs::Glyphs;

    /// Draws such messages over a page.
    fn over(mut page: Buffer, messages: impl Iterator<Item = String>) -> Buffer {
        let mut toasts = Toasts::default();
        messages.for_each(|text| toasts.say(0, NoticeKind::Info, text));
        let theme = Theme::new("dark", &Caps::detect("xterm", &Environment::default()));
        paint(&toasts, page.area, &mut page, &Ui { theme, glyphs: Glyphs::of(true), now_ms: 1 });
        page
    }

    /// The first row that three such messages lie over, of 24.
    fn highest(text: &str) -> u16 {
        let page = Buffer::empty(Rect::new(0, 0, 80, 24));
        let buf = over(page, (0..3).map(|number| format!("{number} {text}")));
        let drawn = |row: &u16| (0..80).any(|column| buf[(column, *row)].symbol() != " ");
        (0..24).find(drawn).expect("something is drawn")
    }

    #[test]
    fn messages_leave_the_upper_half_to_read_but_for_a_newest_one_that_is_long() {
        assert_eq!(highest("short"), 14, "all three");
        assert_eq!(highest(&"word ".repeat(25)), 13, "two of three");
        assert!(highest(&"word ".repeat(120)) < 12, "the newest is told whole");
    }

    #[test]
    fn nothing_of_a_low_page_is_left_to_the_right_of_a_message() {
        let rows = vec!["x".repeat(40); 12];
        let page = over(Buffer::with_lines(rows), std::iter::once("Kept".to_owned()));
        let row: String = (0..40).map(|column| page[(column, 10)].symbol()).collect();
        let (before, message) = row.split_at(row.rfind('x').map_or(0, |last| last + 1));
        assert_eq!(before.chars().filter(|letter| *letter == 'x').count(), 32);
        assert_eq!(message.trim_end().chars().next(), Some(' '), "{row}");
        assert!(message.ends_with("Kept "), "{row}");
    }
}
