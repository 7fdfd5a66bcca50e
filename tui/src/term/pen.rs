//! The terminal's current colours and attributes, and the shortest SGR sequence from one set to another.

use ratatui::style::Modifier;

use super::{caps::Depth, palette::Ink};

/// What the terminal writes its next character with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pen {
    pub(super) fg: Ink,
    pub(super) bg: Ink,
    mods: Modifier,
}

/// Modifiers with the SGR numbers that switch them on and off.
const CODES: [(Modifier, u8, u8); 6] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];
/// Two modifiers that one number switches off.
const INTENSITY: Modifier = Modifier::BOLD.union(Modifier::DIM);

impl Pen {
    /// The modifiers that are written at all.
    pub(super) const WRITTEN: Modifier = INTENSITY
        .union(Modifier::ITALIC)
        .union(Modifier::CROSSED_OUT)
        .union(Modifier::UNDERLINED)
        .union(Modifier::REVERSED);
    /// The modifiers that show on a blank.
    pub(super) const MARKS_BLANKS: Modifier =
        Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);

    /// A pen of mapped colours. Mono keeps bold, dim, underline and reverse.
    pub(super) fn new(fg: Ink, bg: Ink, mods: Modifier, depth: Depth) -> Self {
        let mods = match depth {
            Depth::Mono => mods & INTENSITY.union(Modifier::UNDERLINED).union(Modifier::REVERSED),
            _ => mods & Self::WRITTEN,
        };
        Self { fg, bg, mods }
    }

    /// This pen changed as little as a blank on `bg` asks for.
    pub(super) fn for_blank(self, bg: Ink) -> Self {
        Self { bg, mods: self.mods - Self::MARKS_BLANKS, ..self }
    }

    /// Whether a blank written with it shows more than the background.
    pub(super) fn marks_blanks(self) -> bool {
        self.mods.intersects(Self::MARKS_BLANKS)
    }

    /// Becomes `to`, and appends the shortest sequence that tells the terminal; nothing if nothing changes.
    pub(super) fn change(&mut self, to: Self, out: &mut Vec<u8>) {
        if *self == to {
            return;
        }
        let start = out.len();
        self.step_to(to, out);
        let middle = out.len();
        Self::afresh(to, out);
        if out.len() - middle < middle - start {
            out.drain(start..middle);
        } else {
            out.truncate(middle);
        }
        *self = to;
    }

    /// Only what differs.
    fn step_to(self, to: Self, out: &mut Vec<u8>) {
        let mut sgr = Sgr::open(out);
        let mut kept = self.mods;
        if (kept - to.mods).intersects(INTENSITY) {
            sgr.code(22);
            kept -= INTENSITY;
        }
        for (modifier, _, off) in CODES {
            if (kept - to.mods).contains(modifier) {
                sgr.code(off);
            }
        }
        sgr.modifiers(to.mods - kept);
        if self.fg != to.fg {
            sgr.ink(to.fg, 30);
        }
        if self.bg != to.bg {
            sgr.ink(to.bg, 40);
        }
        sgr.close();
    }

    /// Everything from a reset on.
    fn afresh(to: Self, out: &mut Vec<u8>) {
        let mut sgr = Sgr::open(out);
        if to != Self::default() {
            sgr.code(0);
        }
        sgr.modifiers(to.mods);
        for (ink, base) in [(to.fg, 30), (to.bg, 40)] {
            if ink != Ink::Default {
                sgr.ink(ink, base);
            }
        }
        sgr.close();
    }
}

/// A sequence of numbers between `CSI` and `m`.
struct Sgr<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Sgr<'a> {
    fn open(out: &'a mut Vec<u8>) -> Self {
        out.extend_from_slice(b"\x1b[");
        Self { out, first: true }
    }

    fn close(self) {
        self.out.push(b'm');
    }

    fn code(&mut self, n: u8) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b';');
        }
        number(self.out, n.into());
    }

    fn modifiers(&mut self, mods: Modifier) {
        for (modifier, on, _) in CODES {
            if mods.contains(modifier) {
                self.code(on);
            }
        }
    }

    /// A colour; `base` is 30 for the foreground, 40 for the background.
    fn ink(&mut self, ink: Ink, base: u8) {
        match ink {
            Ink::Default => self.code(base + 9),
            Ink::Ansi(n @ 0..=7) => self.code(base + n),
            Ink::Ansi(n) => self.code(base + 52 + (n & 15)),
            Ink::Indexed(n) => [base + 8, 5, n].into_iter().for_each(|code| self.code(code)),
            Ink::Rgb(r, g, b) => [base + 8, 2, r, g, b].into_iter().for_each(|code| self.code(code)),
        }
    }
}

/// Appends a number in decimal.
pub(super) fn number(out: &mut Vec<u8>, n: u16) {
    if n >= 10 {
        number(out, n / 10);
    }
    out.push(b'0' + (n % 10) as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(from: Pen, to: Pen) -> String {
        let (mut pen, mut out) = (from, Vec::new());
        pen.change(to, &mut out);
        assert_eq!(pen, to);
        String::from_utf8(out).unwrap()
    }

    fn pen(fg: Ink, bg: Ink, mods: Modifier) -> Pen {
        Pen::new(fg, bg, mods, Depth::TrueColor)
    }

    #[test]
    fn writes_only_what_differs() {
        let plain = Pen::default();
        let bold = pen(Ink::Default, Ink::Default, Modifier::BOLD);
        assert_eq!(change(plain, plain), "");
        assert_eq!(change(plain, bold), "\x1b[1m");
        assert_eq!(change(bold, plain), "\x1b[m");
        let red = pen(Ink::Ansi(1), Ink::Rgb(1, 2, 3), Modifier::BOLD);
        assert_eq!(change(red, Pen { fg: Ink::Ansi(9), ..red }), "\x1b[91m");
        assert_eq!(change(red, Pen { fg: Ink::Default, ..red }), "\x1b[39m");
    }

    #[test]
    fn folds_a_reset_in_where_that_is_shorter() {
        let busy = pen(Ink::Rgb(1, 2, 3), Ink::Rgb(4, 5, 6), Modifier::UNDERLINED | Modifier::REVERSED);
        assert_eq!(change(busy, pen(Ink::Ansi(4), Ink::Default, Modifier::empty())), "\x1b[0;34m");
    }

    #[test]
    fn bold_and_dim_share_an_off_switch() {
        let both = pen(Ink::Ansi(1), Ink::Rgb(200, 200, 200), INTENSITY);
        let dim = Pen { mods: Modifier::DIM, ..both };
        assert_eq!(change(both, dim), "\x1b[22;2m");
    }

    #[test]
    fn sixteen_colours_use_their_own_codes() {
        let bright = pen(Ink::Ansi(12), Ink::Ansi(8), Modifier::empty());
        assert_eq!(change(Pen::default(), bright), "\x1b[94;100m");
        let indexed = pen(Ink::Indexed(200), Ink::Default, Modifier::empty());
        assert_eq!(change(Pen::default(), indexed), "\x1b[38;5;200m");
    }
}
