//! What stands around every page: the header with the way back and the sections, the footer with the keys that work
//! here, passing messages, and the word to a window that is too small. Clicks read the same places as drawing does.

mod footer;
mod header;
mod messages;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::App;
use crate::app::keymap::Command;
use crate::app::travel::Destination;
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, wrap};

pub(super) use footer::paint as footer;
pub(super) use header::{ending, paint as header};
pub(crate) use messages::notice_mark;
pub(super) use messages::paint as messages;

/// Columns and rows below which no page can be drawn.
pub(super) const LEAST: (u16, u16) = (20, 5);
/// From this height on, there is room for the sections under the header.
const AIRY: u16 = 16;
/// From this height on, there is room for a rule under them.
const TALL: u16 = 30;
/// From this width on, there is room for a margin.
const WIDE: u16 = 60;

/// What a click around the page is meant for.
pub(super) enum Target {
    /// A hint in the footer.
    Command(Command),
    /// A section, or a page on the way here.
    Travel(Destination),
}

/// What is at this cell of the screen, if it is around the page.
pub(super) fn target(app: &App, area: Rect, at: Position) -> Option<Target> {
    footer::hit(app, area, at).map(Target::Command).or_else(|| header::hit(app, area, at).map(Target::Travel))
}

/// The page's place.
pub(super) fn body(area: Rect) -> Rect {
    let top = match area.height {
        TALL.. => 3,
        AIRY.. => 2,
        _ => 1,
    };
    let side = u16::from(area.width >= WIDE);
    Rect {
        x: area.x + side,
        y: area.y.saturating_add(top),
        width: area.width.saturating_sub(2 * side),
        height: area.height.saturating_sub(top + 1),
    }
}

fn line(area: Rect, row: u16) -> Rect {
    let side = u16::from(area.width >= WIDE);
    Rect { x: area.x + side, y: area.y + row, width: area.width.saturating_sub(2 * side), height: 1 }
}

/// In the place of everything when there is no room.
pub(super) fn too_small(area: Rect, buf: &mut Buffer, ui: &Ui) -> Option<Position> {
    let text = format!("Too small: {}x{} needed", LEAST.0, LEAST.1);
    for (row, line) in (0u16..).zip(wrap(&text, area.width)).take(usize::from(area.height)) {
        Pen::new(buf, area, row).text(line, ui.style(Tone::Warn));
    }
    None
}
