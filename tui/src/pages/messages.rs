//! Everything the dashboard told in this session, newest first.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::cx::Cx;
use crate::app::keymap::{Command, Place};
use crate::app::notice_mark;
use crate::app::toast::Toasts;
use crate::pages::{Page, Step, scrolled};
use crate::theme::Tone;
use crate::widgets::format;
use crate::widgets::pen::{Pen, Ui, at, safe};

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
        let last = cx.messages().saturating_sub(usize::from(cx.area.height));
        self.scroll = scrolled(self.scroll, command, cx.area.height, last);
        Step::Stay
    }

    fn paint(&self, area: Rect, buf: &mut Buffer, toasts: &Toasts, ui: &Ui) -> Option<Position> {
        if toasts.log().len() == 0 {
            Pen::new(buf, area, 1).text("Nothing was said yet.", ui.style(Tone::Dim));
        }
        let rows = toasts.log().skip(self.scroll).take(usize::from(area.height));
        for (row, (at_ms, notice)) in (0u16..).zip(rows) {
            let (mark, tone) = notice_mark(notice.kind, ui);
            Pen::new(buf, area, row)
                .text(mark, ui.style(tone))
                .skip(1)
                .cell(format::age(ui.now_ms, *at_ms), 8, ui.style(Tone::Dim))
                .text(safe(&notice.text), ui.style(Tone::Text));
        }
        at(area, 0, 0)
    }
}
