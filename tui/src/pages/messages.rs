//! Everything the dashboard told in this session, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::Cx;
use crate::app::keymap::{Command, Place};
use crate::app::notice_mark;
use crate::app::toast::{Toasts, Told};
use crate::pages::{Page, Step, scrolled};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui, at, safe, wrap};

/// Columns of a message's mark and age.
const LEAD: u16 = 10;

/// The log of messages.
#[derive(Default)]
pub(crate) struct MessagesPage {
    scroll: usize,
}

impl Page for MessagesPage {
    fn place(&self) -> Place {
        Place::Messages
    }

    fn crumb(&self) -> String {
        "Messages".to_owned()
    }

    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step {
        if command == Command::Back {
            return Step::Back;
        }
        let rows = cx.log().map(|told| said(told, cx.area.width).len()).sum::<usize>();
        let last = rows.saturating_sub(usize::from(cx.area.height));
        self.scroll = scrolled(self.scroll, command, cx.area.height, last);
        Step::Stay
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, toasts: &Toasts, ui: &Ui) -> Option<Position> {
        if toasts.log().len() == 0 {
            Pen::new(buf, area, 1).text("Nothing was said yet.", ui.style(Tone::Dim));
        }
        let rows = toasts.log().flat_map(|told| {
            said(told, area.width).into_iter().enumerate().map(move |(row, line)| (told, row, line))
        });
        for (row, (told, part, line)) in (0..area.height).zip(rows.skip(self.scroll)) {
            let mut pen = Pen::new(buf, area, row);
            if part == 0 {
                let (mark, tone) = notice_mark(told.notice.kind, ui);
                pen.text(mark, ui.style(tone)).skip(1);
                pen.cell(format::age(ui.now_ms, told.at_ms), LEAD - 2, ui.style(Tone::Dim));
            } else {
                pen.skip(LEAD);
            }
            pen.text(line, ui.style(Tone::Text));
        }
        at(area, 0, 0)
    }
}

/// The rows of a message: the log is where one reads it to its end.
fn said(told: &Told, columns: u16) -> Vec<String> {
    wrap(&safe(&told.notice.text), columns.saturating_sub(LEAD))
}
