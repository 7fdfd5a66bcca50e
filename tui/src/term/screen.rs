//! What a terminal shows, as one hash per cell, and the bytes that turn it into the next picture.
//! No I/O and no second buffer: a session costs four bytes a cell.

use std::{
    hash::{BuildHasher, Hasher},
    sync::OnceLock,
};

use ratatui::{
    buffer::Buffer,
    layout::{Position, Size},
    style::{Color, Modifier},
};

use super::{
    caps::{Caps, Depth},
    glyph::Glyph,
    palette::Palette,
    pen::{Pen, number},
};

const BEGIN_SYNC: &[u8] = b"\x1b[?2026h";
const END_SYNC: &[u8] = b"\x1b[?2026l";
const HIDE_CURSOR: &[u8] = b"\x1b[?25l";
const SHOW_CURSOR: &[u8] = b"\x1b[?25h";
/// Stands for the right part of a wide character.
const TAIL: u32 = 0;
/// Cells that must change before erasing to the end of a row beats writing blanks.
const ERASE_FROM: usize = 4;

/// The picture on one terminal.
#[derive(Default)]
pub struct Screen {
    /// A hash per cell, row by row. Empty: what the terminal shows is unknown. 32 bits: a dashboard that changes
    /// 200 cells a second leaves one of them stale, until it changes again, in some 250 days.
    cells: Vec<u32>,
    size: Size,
    /// What the cells were encoded for: another depth or character set repaints everything.
    encoded_for: Option<(Depth, bool)>,
    pen: Pen,
    /// Where the terminal's cursor is; the column is unknown after a character whose width terminals disagree on.
    row: u16,
    column: Option<u16>,
    /// Whether the cursor shows, once known.
    visible: Option<bool>,
}

impl Screen {
    /// Forgets what the terminal shows, and the memory of it: the next frame repaints everything. To be called when
    /// the window changed its size, when something else wrote to the terminal, and when nobody looks for a while.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Appends to `out` the bytes that make the terminal show `buf` with the cursor at `cursor` (hidden if none), and
    /// remembers it. Appends nothing if it already does. The area of `buf` must begin at 0, 0.
    ///
    /// Control characters in cells become U+FFFD. Underline colours, blinking and cells' diff options are ignored.
    pub fn diff(
        &mut self,
        buf: &Buffer,
        cursor: Option<Position>,
        caps: &Caps,
        palette: &Palette,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        // A terminal that can't hold a frame back would show the cursor running over it.
        match (caps.sync_output, self.visible) {
            (true, _) => out.extend_from_slice(BEGIN_SYNC),
            (false, Some(false)) => {}
            (false, _) => out.extend_from_slice(HIDE_CURSOR),
        }
        let body = out.len();
        self.paint(buf, caps, palette, out);
        let painted = out.len() > body;
        if !painted {
            out.truncate(start);
        } else if !caps.sync_output {
            self.visible = Some(false);
        }
        self.place_cursor(cursor.filter(|at| buf.area.contains(*at)), out);
        if painted && caps.sync_output {
            out.extend_from_slice(END_SYNC);
        }
    }

    fn paint(&mut self, buf: &Buffer, caps: &Caps, palette: &Palette, out: &mut Vec<u8>) {
        let (size, encoded_for) = (buf.area.as_size(), Some((caps.depth, caps.utf8)));
        if buf.content.is_empty() {
            return;
        }
        if self.cells.is_empty() || self.size != size || self.encoded_for != encoded_for {
            out.extend_from_slice(b"\x1b[m\x1b[H\x1b[2J");
            *self = Self {
                cells: vec![Shade::BLANK.hash(" "); buf.content.len()],
                size,
                encoded_for,
                column: Some(0),
                visible: self.visible,
                ..Self::default()
            };
        }
        let mut brush = Brush { caps, palette, out, blank: (Color::Reset, Shade::BLANK.hash(" ")) };
        for y in 0..size.height {
            self.paint_row(buf, y, &mut brush);
        }
    }

    fn paint_row(&mut self, buf: &Buffer, y: u16, brush: &mut Brush<'_>) {
        let width = usize::from(self.size.width);
        let first = usize::from(y) * width;
        let row = &buf.content[first..first + width];
        let mut blank_from = None;
        let mut x = 0;
        while x < width {
            let cell = &row[x];
            if Shade::is_blank(cell) && self.cells[first + x] == brush.blank(cell.bg) {
                x += 1;
                continue;
            }
            let glyph = Glyph::of(cell, width - x, brush.caps.utf8);
            let shade = Shade::of(cell, &glyph);
            let hash = shade.hash(glyph.text());
            let next = x + glyph.width();
            if self.cells[first + x] != hash {
                let blank_from = *blank_from.get_or_insert_with(|| blank_tail(row, brush.caps.utf8));
                let rest = &mut self.cells[first + x..first + width];
                let erase = x >= blank_from
                    && (brush.caps.erases_in_colour || shade.bg == Color::Reset)
                    && rest.iter().filter(|old| **old != hash).count() > ERASE_FROM;
                if erase {
                    rest.fill(hash);
                } else {
                    rest[0] = hash;
                    rest[1..glyph.width()].fill(TAIL);
                }
                self.write(x as u16, y, &glyph, &shade, erase, brush);
                if erase {
                    return;
                }
            }
            x = next;
        }
    }

    /// Writes one cell, or erases from it to the end of the row.
    fn write(
        &mut self,
        x: u16,
        y: u16,
        glyph: &Glyph<'_>,
        shade: &Shade,
        erase: bool,
        brush: &mut Brush<'_>,
    ) {
        self.move_to(x, y, brush.out);
        let mut pen = shade.pen(brush.caps.depth, brush.palette);
        if glyph.text() == " " && !pen.marks_blanks() {
            // A blank shows its background only: whatever else is set may stay.
            pen = self.pen.for_blank(pen.bg);
        }
        self.pen.change(pen, brush.out);
        if erase {
            brush.out.extend_from_slice(b"\x1b[K");
            return;
        }
        if glyph.may_be_narrow() {
            // If the terminal draws it narrower than we think, nothing old may show beside it.
            brush.out.resize(brush.out.len() + glyph.width(), b' ');
            self.column = None;
            self.move_to(x, y, brush.out);
        }
        brush.out.extend_from_slice(glyph.text().as_bytes());
        let after = x + glyph.width() as u16;
        // In the last column the cursor stays or waits to wrap, as terminals please.
        self.column = (glyph.is_certain() && after < self.size.width).then_some(after);
    }

    /// Moves the cursor with the shortest sequence.
    fn move_to(&mut self, x: u16, y: u16, out: &mut Vec<u8>) {
        let same_row = self.row == y;
        match self.column {
            Some(column) if same_row && column == x => return,
            _ if same_row && x == 0 => out.push(b'\r'),
            Some(column) if same_row && x > column => {
                forward_or_absolute(x, x - column, out);
            }
            _ if same_row => sequence(out, x + 1, b'G'),
            _ if x == 0 => sequence(out, y + 1, b'H'),
            _ => {
                out.extend_from_slice(b"\x1b[");
                number(out, y + 1);
                out.push(b';');
                number(out, x + 1);
                out.push(b'H');
            }
        }
        (self.row, self.column) = (y, Some(x));
    }

    fn place_cursor(&mut self, cursor: Option<Position>, out: &mut Vec<u8>) {
        if let Some(at) = cursor {
            self.move_to(at.x, at.y, out);
        }
        if self.visible != Some(cursor.is_some()) {
            out.extend_from_slice(if cursor.is_some() { SHOW_CURSOR } else { HIDE_CURSOR });
            self.visible = Some(cursor.is_some());
        }
    }
}

/// What painting a row needs besides the screen itself.
struct Brush<'a> {
    caps: &'a Caps,
    palette: &'a Palette,
    out: &'a mut Vec<u8>,
    /// The background of the last blank, and its hash: most cells are blanks, of few colours.
    blank: (Color, u32),
}

impl Brush<'_> {
    /// The hash of a blank on this background.
    fn blank(&mut self, bg: Color) -> u32 {
        if self.blank.0 != bg {
            self.blank = (bg, Shade { bg, ..Shade::BLANK }.hash(" "));
        }
        self.blank.1
    }
}

/// The look of a cell as drawn, before colours are mapped.
struct Shade {
    fg: Color,
    bg: Color,
    mods: Modifier,
}

impl Shade {
    const BLANK: Self = Self { fg: Color::Reset, bg: Color::Reset, mods: Modifier::empty() };

    /// Nothing but a background shows.
    fn is_blank(cell: &ratatui::buffer::Cell) -> bool {
        cell.symbol() == " " && !cell.modifier.intersects(Pen::MARKS_BLANKS)
    }

    /// A blank shows neither foreground nor most modifiers: leaving them out makes equal what looks equal.
    fn of(cell: &ratatui::buffer::Cell, glyph: &Glyph<'_>) -> Self {
        let mods = cell.modifier & Pen::WRITTEN;
        if glyph.text() == " " && !mods.intersects(Pen::MARKS_BLANKS) {
            return Self { bg: cell.bg, ..Self::BLANK };
        }
        Self { fg: cell.fg, bg: cell.bg, mods }
    }

    fn pen(&self, depth: Depth, palette: &Palette) -> Pen {
        Pen::new(palette.ink(self.fg, depth), palette.ink(self.bg, depth), self.mods, depth)
    }

    /// Seeded once per process, so that nobody can make up text that looks unchanged.
    fn hash(&self, text: &str) -> u32 {
        static SEED: OnceLock<foldhash::quality::RandomState> = OnceLock::new();
        let mut hasher = SEED.get_or_init(foldhash::quality::RandomState::default).build_hasher();
        hasher.write_u64((colour_bits(self.fg) << 32) | colour_bits(self.bg));
        // One character fits into a word beside the modifiers; no text has a byte of ones.
        let mut word = [0xff; 8];
        word[..2].copy_from_slice(&self.mods.bits().to_le_bytes());
        match word.get_mut(2..2 + text.len()) {
            Some(place) => place.copy_from_slice(text.as_bytes()),
            None => hasher.write(text.as_bytes()),
        }
        hasher.write_u64(u64::from_le_bytes(word));
        hasher.finish() as u32
    }
}

/// A colour in 32 bits, each its own.
fn colour_bits(color: Color) -> u64 {
    match color {
        Color::Rgb(r, g, b) => u64::from(u32::from_be_bytes([1, r, g, b])),
        Color::Indexed(n) => 0x0200_0000 | u64::from(n),
        Color::Reset => 0,
        Color::Black => 1,
        Color::Red => 2,
        Color::Green => 3,
        Color::Yellow => 4,
        Color::Blue => 5,
        Color::Magenta => 6,
        Color::Cyan => 7,
        Color::Gray => 8,
        Color::DarkGray => 9,
        Color::LightRed => 10,
        Color::LightGreen => 11,
        Color::LightYellow => 12,
        Color::LightBlue => 13,
        Color::LightMagenta => 14,
        Color::LightCyan => 15,
        Color::White => 16,
    }
}

/// Where the blanks of one background begin that end the row.
fn blank_tail(row: &[ratatui::buffer::Cell], utf8: bool) -> usize {
    let Some(last) = row.last() else { return 0 };
    let blank = |cell: &&ratatui::buffer::Cell| {
        Glyph::of(cell, usize::MAX, utf8).text() == " "
            && !cell.modifier.intersects(Pen::MARKS_BLANKS)
            && cell.bg == last.bg
    };
    row.len() - row.iter().rev().take_while(blank).count()
}

fn forward_or_absolute(x: u16, by: u16, out: &mut Vec<u8>) {
    let digits = |n: u16| n.checked_ilog10().map_or(1, |log| log + 1);
    if by == 1 || digits(by) < digits(x + 1) { sequence(out, by, b'C') } else { sequence(out, x + 1, b'G') }
}

/// `CSI n letter`, without the number where 1 is understood.
fn sequence(out: &mut Vec<u8>, n: u16, letter: u8) {
    out.extend_from_slice(b"\x1b[");
    if n != 1 {
        number(out, n);
    }
    out.push(letter);
}

#[cfg(test)]
mod tests;
