//! The last row: the keys that work here, as many as fit. What they are is the key map's.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::line;
use crate::app::App;
use crate::app::keymap::{Binding, Command, bindings, label};
use crate::theme::Tone;
use crate::widgets::pen::{Pen, Ui, width};

/// The hints that fit: column, columns, and what they do. Those of least priority give way first.
fn hints(app: &App, columns: u16) -> Vec<(u16, u16, &'static Binding)> {
    let offered = |binding: &&Binding| binding.priority > 0 && !app.refuses(binding.command);
    let mut shown: Vec<_> = bindings(app.place()).filter(offered).collect();
    let columns_of = |binding: &Binding| width(&label(binding.keys[0])) + 1 + width(binding.hint);
    loop {
        let needed: u16 = shown.iter().map(|binding| columns_of(binding) + 2).sum();
        if needed <= columns + 2 {
            break;
        }
        let least = shown.iter().map(|binding| binding.priority).min();
        shown.retain(|binding| Some(binding.priority) != least);
    }
    let mut x = 0;
    shown
        .into_iter()
        .map(|binding| {
            let at = (x, columns_of(binding), binding);
            x += at.1 + 2;
            at
        })
        .collect()
}

/// The keys that work here.
pub(in crate::app) fn paint(app: &App, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let row = line(area, area.height - 1);
    for (x, columns, binding) in hints(app, row.width) {
        let slot = Rect { x: row.x + x, width: columns, ..row };
        Pen::new(buf, slot, 0)
            .text(label(binding.keys[0]), ui.style(Tone::Accent))
            .skip(1)
            .text(binding.hint, ui.style(Tone::Dim));
    }
}

/// What the hint at this cell of the screen does.
pub(super) fn hit(app: &App, area: Rect, at: Position) -> Option<Command> {
    let row = line(area, area.height.checked_sub(1)?);
    let column = at.x.checked_sub(row.x).filter(|_| at.y == row.y)?;
    let hit = |(x, columns, binding): (u16, u16, &Binding)| {
        (x..x + columns).contains(&column).then_some(binding.command)
    };
    hints(app, row.width).into_iter().find_map(hit)
}
