//! Text in colours for a terminal that is not taken over: it scrolls away like any other output, and moves no cursor.

use ratatui::style::{Color, Style};

use super::caps::Caps;
use super::palette::Palette;
use super::pen::Pen;

/// The pieces one after the other, each in its look, and the terminal's own look after them. Plain text for a plain
/// terminal.
pub fn line<'a>(
    pieces: impl IntoIterator<Item = (&'a str, Style)>,
    caps: &Caps,
    palette: &Palette,
) -> String {
    let (mut pen, mut out) = (Pen::default(), Vec::new());
    for (text, style) in pieces {
        if !caps.plain {
            let ink = |color: Option<Color>| palette.ink(color.unwrap_or(Color::Reset), caps.depth);
            pen.change(Pen::new(ink(style.fg), ink(style.bg), style.add_modifier, caps.depth), &mut out);
        }
        out.extend_from_slice(text.as_bytes());
    }
    pen.change(Pen::default(), &mut out);
    // Sequences are ASCII.
    String::from_utf8_lossy(&out).into_owned()
}
