//! Draws the dashboard's pages as SVG pictures, and as text, into a folder: `cargo run -p keyward-tui --example screens -- FOLDER`.
//! The pictures are the real pages painted over sample keys, cell by cell; the README's are made so.

#[path = "../tests/screens/sample.rs"]
mod sample;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use keyward_tui::term::caps::Depth;
use keyward_tui::term::palette::{Ink, Palette};
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;
use sample::{Look, Stage, keys};

/// Width and height of a cell, in pixels.
const CELL: (f64, f64) = (9.0, 20.0);
const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];
/// A page's name and the keys that lead to it.
const PAGES: [(&str, &str); 66] = [
    ("home", ""),
    ("empty-home", ""),
    ("keys", "2jj"),
    ("marked", "2  j D"),
    ("bin", "2Bj"),
    ("hygiene", "2HH"),
    ("search", "2/stripe"),
    ("key", "2\r"),
    ("reveal", "2\rvrefund\r"),
    ("reason", "2\rvrefund"),
    ("key-usage", "2\r\t"),
    ("key-versions", "2\r\t\t"),
    ("key-access", "2\r\t\t\t"),
    ("key-audit", "2\r\t\t\t\t"),
    ("edit", "2\re"),
    ("delete", "2\rD"),
    ("form", "2nstripe-live\tstripe\t\tsk_live_51Nq8cX\tshort\tsho\t"),
    ("billing", "7j"),
    ("monitor", "8\n\n"),
    ("rotation", "5jj"),
    ("rotation-queue", "5\t"),
    ("rotation-history", "5\t\tj"),
    ("key-rotation", "2j\r\t\t"),
    ("key-budget", "2j\r"),
    ("team-edit", "6e\t"),
    ("rotate", "2\rR"),
    ("rotate-at-once", "2\r!stripe"),
    ("usage", "3"),
    ("usage-keys", "3bjj"),
    ("usage-latency", "3txxhhhh"),
    ("usage-endpoints", "3bbbbj"),
    ("usage-methods", "3bbbbb"),
    ("usage-statuses", "3bbbbbbj"),
    ("usage-tokens", "3bbbbbbbjj"),
    ("help", "2?"),
    ("palette", "2:"),
    ("palette-search", "2\r:get"),
    ("copied", "2jjjj\ry"),
    ("empty", "2"),
    ("empty-alerts", "A"),
    ("alerts", "A"),
    ("alerts-all", "A\tjjjj"),
    ("alert", "A\r"),
    ("alert-snooze", "As"),
    ("alert-rules", "A\t\t\tj"),
    ("alert-rule", "An"),
    ("alert-rule-wrong", "An\tstripe-live\t200\tx\t"),
    ("teams", "6"),
    ("team", "6\rjj"),
    ("team-code", "6\rnliam@example.com\r\r"),
    ("team-departed", "6\rjjDBo Lindqvist\r"),
    ("roles", "6P"),
    ("profile", "9jjjj"),
    ("profile-theme", "9jjjj\r"),
    ("profile-factor", "9jjjjjj\r"),
    ("profile-recovery", "9jjjjjj\r123456\r"),
    ("profile-password", "9jjjjj\rold one\tnew\toth\t"),
    ("ssh-keys", "9jjjjjjj\r"),
    ("sessions", "9jjjjjjjj\r"),
    ("notifications", "4j"),
    ("audit", "0jj"),
    ("audit-record", "0jj\r"),
    ("audit-filter", "0/key.reveal\t"),
    ("support", ":ask the operators\r"),
    ("support-question", ":ask the operators\r\r"),
    ("api", ":routes with lines\rjj"),
];

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "screens".into()));
    fs::create_dir_all(&folder)?;
    for look in Look::ALL {
        for size in SIZES {
            for (page, presses) in PAGES {
                let keys = if page.starts_with("empty") { Vec::new() } else { keys() };
                let mut stage = Stage::new(keys, &look.caps(), size);
                stage.press(presses);
                stage.pass(1_000);
                let (buf, cursor) = stage.screen();
                let picture = Picture::of(look, stage.app.palette());
                let svg = picture.draw(&buf, cursor.map(|at| (at.x, at.y)));
                let name = format!("{page}-{}-{}x{}", look.name(), size.0, size.1);
                fs::write(folder.join(name.clone() + ".svg"), svg)?;
                fs::write(folder.join(name + ".txt"), stage.text())?;
            }
        }
    }
    Ok(())
}

/// A terminal's colours.
struct Picture {
    palette: &'static Palette,
    depth: Depth,
    ground: &'static str,
    text: &'static str,
}

/// xterm's sixteen, as Tango draws them.
const SIXTEEN: [&str; 16] = [
    "#2e3436", "#cc0000", "#4e9a06", "#c4a000", "#3465a4", "#75507b", "#06989a", "#d3d7cf", "#555753",
    "#ef2929", "#8ae234", "#fce94f", "#729fcf", "#ad7fa8", "#34e2e2", "#eeeeec",
];

impl Picture {
    fn of(look: Look, palette: &'static Palette) -> Self {
        let (ground, text) = match look {
            Look::Dark => ("#10141c", "#c9d1de"),
            Look::Light => ("#ffffff", "#1f2733"),
            Look::Ansi16 | Look::Mono => ("#000000", "#d3d7cf"),
        };
        Self { palette, depth: look.caps().depth, ground, text }
    }

    fn draw(&self, buf: &Buffer, cursor: Option<(u16, u16)>) -> String {
        let (columns, rows) = (buf.area.width, buf.area.height);
        let (width, height) = (f64::from(columns) * CELL.0 + 24.0, f64::from(rows) * CELL.1 + 24.0);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14.5\">\n\
             <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n<g transform=\"translate(12,12)\">\n",
            self.ground
        );
        for y in 0..rows {
            for x in 0..columns {
                let under = cursor == Some((x, y));
                self.cell(&mut svg, &buf[(x, y)], f64::from(x) * CELL.0, f64::from(y) * CELL.1, under);
            }
        }
        svg.push_str("</g>\n</svg>\n");
        svg
    }

    fn cell(&self, svg: &mut String, cell: &Cell, x: f64, y: f64, cursor: bool) {
        let ink = |color, other: &str| match self.palette.ink(color, self.depth) {
            Ink::Default => other.to_owned(),
            Ink::Ansi(n) => SIXTEEN[usize::from(n & 15)].to_owned(),
            Ink::Indexed(_) => other.to_owned(),
            Ink::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        };
        let mut fore = ink(cell.fg, self.text);
        let mut back = ink(cell.bg, self.ground);
        if cell.modifier.contains(Modifier::REVERSED) != cursor {
            std::mem::swap(&mut fore, &mut back);
        }
        let (w, h) = CELL;
        if back != self.ground {
            let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{back}\"/>");
        }
        if cell.modifier.contains(Modifier::UNDERLINED) {
            let under = y + h - 2.0;
            let _ = writeln!(svg, "<path d=\"M{x} {under}h{w}\" stroke=\"{fore}\"/>");
        }
        let symbol = cell.symbol();
        let Some(c) = symbol.chars().next().filter(|c| *c != ' ') else { return };
        let dim = if cell.modifier.contains(Modifier::DIM) { " opacity=\"0.6\"" } else { "" };
        if let Some((left, top, wide, high)) = block(c) {
            let (x, y, wide, high) = (x + left * w, y + top * h, wide * w, high * h);
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{wide:.2}\" height=\"{high:.2}\" fill=\"{fore}\"{dim}/>"
            );
        } else if let Some(path) = line(c) {
            let _ = writeln!(
                svg,
                "<path transform=\"translate({x},{y})\" d=\"{path}\" stroke=\"{fore}\" fill=\"none\"{dim}/>"
            );
        } else if ('\u{2800}'..='\u{28ff}').contains(&c) {
            for (dot, (column, row)) in DOTS.into_iter().enumerate() {
                if (c as u32) >> dot & 1 == 1 {
                    let (cx, cy) = (x + w * (0.27 + 0.5 * column), y + h * (0.125 + 0.25 * row));
                    let _ = writeln!(
                        svg,
                        "<circle cx=\"{cx:.2}\" cy=\"{cy:.2}\" r=\"1.7\" fill=\"{fore}\"{dim}/>"
                    );
                }
            }
        } else {
            let bold = if cell.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
            let text = symbol.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let base = y + h * 0.74;
            let _ = writeln!(svg, "<text x=\"{x}\" y=\"{base:.2}\" fill=\"{fore}\"{bold}{dim}>{text}</text>");
        }
    }
}

/// Column and row of braille's dots, by bit.
const DOTS: [(f64, f64); 8] =
    [(0.0, 0.0), (0.0, 1.0), (0.0, 2.0), (1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (0.0, 3.0), (1.0, 3.0)];

/// A block character as left, top, width and height in shares of a cell.
fn block(c: char) -> Option<(f64, f64, f64, f64)> {
    let eighth = |from: char| f64::from(c as u32 - from as u32 + 1) / 8.0;
    match c {
        '▁'..='█' => Some((0.0, 1.0 - eighth('▁'), 1.0, eighth('▁'))),
        '▉'..='▏' => {
            let width = 1.0 - eighth('▉');
            Some((0.0, 0.0, width, 1.0))
        }
        _ => None,
    }
}

/// A line character as a path in a cell.
fn line(c: char) -> Option<&'static str> {
    match c {
        '─' => Some("M0 10H9"),
        '━' => Some("M0 9H9M0 10H9M0 11H9"),
        '╸' => Some("M0 9H4.5M0 10H4.5M0 11H4.5"),
        '│' => Some("M4.5 0V20"),
        '┬' => Some("M0 10H9M4.5 10V20"),
        '╭' => Some("M4.5 20V15Q4.5 10 9 10"),
        '╮' => Some("M4.5 20V15Q4.5 10 0 10"),
        '╰' => Some("M4.5 0V5Q4.5 10 9 10"),
        '╯' => Some("M4.5 0V5Q4.5 10 0 10"),
        _ => None,
    }
}
