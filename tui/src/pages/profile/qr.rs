//! Draws a QR code in half blocks, two modules a cell, dark on light whatever the theme is, with a quiet zone around it.

use keyward_keys::view::QrModules;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use crate::widgets::pen::Ui;

/// Modules of light around the code. The standard asks for four; apps read it off a screen with two.
const QUIET: usize = 2;

/// Columns and rows that the code takes.
pub(super) fn size(code: &QrModules) -> (u16, u16) {
    let side = code.side + 2 * QUIET;
    let cells = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    (cells(side), cells(side.div_ceil(2)))
}

/// Draws it at the left top of `area`, where it must fit; without Unicode there are no half blocks to draw it with.
pub(super) fn paint(code: &QrModules, area: Rect, buf: &mut Buffer, ui: &Ui) {
    let (columns, rows) = size(code);
    let dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < code.side);
        inside(x).zip(inside(y)).is_some_and(|(x, y)| code.dark[y * code.side + x])
    };
    // Without colours it is drawn with the text's, which is dark on a light ground and light on a dark one.
    let inverted = !ui.theme.has_colour() && !ui.theme.is_light();
    let style = match ui.theme.has_colour() {
        true => Style::new().fg(Color::Rgb(0, 0, 0)).bg(Color::Rgb(255, 255, 255)),
        false => Style::new(),
    };
    let area = area.intersection(buf.area);
    for row in 0..rows.min(area.height) {
        for column in 0..columns.min(area.width) {
            let (x, y) = (usize::from(column), usize::from(row) * 2);
            // Where text is light it is what is light of the code that is drawn.
            let drawn = |y| dark(x, y) != inverted;
            let symbol = match (drawn(y), drawn(y + 1)) {
                (true, true) => "█",
                (true, false) => "▀",
                (false, true) => "▄",
                (false, false) => " ",
            };
            buf[(area.x + column, area.y + row)].set_symbol(symbol).set_style(style);
        }
    }
}
