//! Colours of a theme and what becomes of them on terminals that can't show them all.
//! Pages draw in RGB; the mapping happens when a frame is encoded, so one drawing serves every terminal.

use ratatui::style::Color;

use super::caps::Depth;

/// One colour of a theme: what to show in RGB, and what to show where only 16 colours exist.
/// The second is chosen by hand: the nearest of 16 loses the contrast a theme was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tone {
    rgb: (u8, u8, u8),
    ansi: Ansi,
}

impl Tone {
    /// A tone from `0xRRGGBB` and its stand-in.
    pub const fn new(rgb: u32, ansi: Ansi) -> Self {
        let [_, r, g, b] = rgb.to_be_bytes();
        Self { rgb: (r, g, b), ansi }
    }

    /// The colour a page puts into its cells.
    pub const fn color(self) -> Color {
        Color::Rgb(self.rgb.0, self.rgb.1, self.rgb.2)
    }
}

/// A stand-in on a terminal of 16 colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ansi {
    /// The terminal's own foreground or background.
    Default,
    /// One of the 16: 0 black, 1 red, 2 green, 3 yellow, 4 blue, 5 magenta, 6 cyan, 7 white, 8 to 15 their bright forms.
    Code(u8),
}

/// All tones of one theme. No two tones may share an RGB value with different stand-ins: the first wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette(&'static [Tone]);

impl Palette {
    /// A palette of these tones.
    pub const fn new(tones: &'static [Tone]) -> Self {
        Self(tones)
    }

    /// What is written for `color` at `depth`. Colours outside the palette become the nearest that exist.
    pub fn ink(&self, color: Color, depth: Depth) -> Ink {
        let rgb = match color {
            _ if depth == Depth::Mono => return Ink::Default,
            Color::Reset => return Ink::Default,
            Color::Indexed(n) if n >= 16 => {
                if depth != Depth::Ansi16 {
                    return Ink::Indexed(n);
                }
                xterm_rgb(n)
            }
            Color::Rgb(r, g, b) => (r, g, b),
            named => return Ink::Ansi(ansi_code(named)),
        };
        match depth {
            Depth::TrueColor => Ink::Rgb(rgb.0, rgb.1, rgb.2),
            Depth::Ansi256 => Ink::Indexed(nearest_of_256(rgb)),
            Depth::Ansi16 | Depth::Mono => self.stand_in(rgb),
        }
    }

    fn stand_in(&self, rgb: (u8, u8, u8)) -> Ink {
        match self.0.iter().find(|tone| tone.rgb == rgb).map(|tone| tone.ansi) {
            Some(Ansi::Default) => Ink::Default,
            Some(Ansi::Code(n)) => Ink::Ansi(n & 15),
            None => Ink::Ansi(nearest((0..).zip(XTERM_16), rgb)),
        }
    }
}

/// A colour as the terminal is told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ink {
    /// The terminal's own colour.
    #[default]
    Default,
    /// One of the 16, 0 to 15.
    Ansi(u8),
    /// One of the 256, 16 to 255.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

fn ansi_code(color: Color) -> u8 {
    match color {
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
        Color::Indexed(n) => n,
        Color::Black | Color::Reset | Color::Rgb(..) => 0,
    }
}

/// xterm's default values of the 16, only used to find a near one.
const XTERM_16: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// Brightness of the six steps along each side of the colour cube.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The fixed part of the 256 colours: a 6x6x6 cube from 16, a ramp of 24 greys from 232.
fn xterm_rgb(n: u8) -> (u8, u8, u8) {
    if n >= 232 {
        let grey = 8 + 10 * (n - 232);
        return (grey, grey, grey);
    }
    let cube = usize::from(n.saturating_sub(16));
    (STEPS[cube / 36 % 6], STEPS[cube / 6 % 6], STEPS[cube % 6])
}

/// The better of the nearest in the cube and the nearest grey.
fn nearest_of_256(rgb: (u8, u8, u8)) -> u8 {
    let step =
        |part: u8| (0..).zip(STEPS).min_by_key(|(_, value)| value.abs_diff(part)).map_or(0u8, |(n, _)| n);
    let cube = 16 + 36 * step(rgb.0) + 6 * step(rgb.1) + step(rgb.2);
    let brightness = (3 * u16::from(rgb.0) + 4 * u16::from(rgb.1) + 2 * u16::from(rgb.2)) / 9;
    let grey = 232 + (brightness.saturating_sub(3) / 10).min(23) as u8;
    nearest([cube, grey].into_iter().map(|n| (n, xterm_rgb(n))), rgb)
}

fn nearest(candidates: impl Iterator<Item = (u8, (u8, u8, u8))>, to: (u8, u8, u8)) -> u8 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    // Weighted as the eye sees: green counts most, blue least.
    candidates
        .min_by_key(|(_, c)| 3 * square(c.0, to.0) + 4 * square(c.1, to.1) + 2 * square(c.2, to.2))
        .map_or(0, |(n, _)| n)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACK: Tone = Tone::new(0x1e_1e_2e, Ansi::Default);
    const WARN: Tone = Tone::new(0xf9_e2_af, Ansi::Code(3));
    const THEME: Palette = Palette::new(&[BACK, WARN]);

    #[test]
    fn a_theme_says_its_own_sixteen_colours() {
        assert_eq!(THEME.ink(BACK.color(), Depth::Ansi16), Ink::Default);
        assert_eq!(THEME.ink(WARN.color(), Depth::Ansi16), Ink::Ansi(3));
        assert_eq!(THEME.ink(Color::Rgb(250, 5, 5), Depth::Ansi16), Ink::Ansi(9));
        assert_eq!(THEME.ink(Color::Indexed(196), Depth::Ansi16), Ink::Ansi(9));
        assert_eq!(THEME.ink(Color::LightBlue, Depth::Ansi16), Ink::Ansi(12));
    }

    #[test]
    fn deeper_terminals_get_the_colour_or_its_neighbour() {
        assert_eq!(THEME.ink(WARN.color(), Depth::TrueColor), Ink::Rgb(0xf9, 0xe2, 0xaf));
        assert_eq!(THEME.ink(Color::Rgb(255, 0, 0), Depth::Ansi256), Ink::Indexed(196));
        assert_eq!(THEME.ink(Color::Rgb(129, 128, 127), Depth::Ansi256), Ink::Indexed(244));
        assert_eq!(THEME.ink(Color::Red, Depth::TrueColor), Ink::Ansi(1));
    }

    #[test]
    fn the_short_way_to_the_nearest_of_256_finds_it() {
        // Every 13th is plenty and quick.
        for n in (0..=u16::MAX).step_by(13) {
            let rgb = ((n >> 11 << 3) as u8, (n >> 5 << 2) as u8, (n << 3) as u8);
            let distance = |code| {
                let (r, g, b) = xterm_rgb(code);
                let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
                3 * square(r, rgb.0) + 4 * square(g, rgb.1) + 2 * square(b, rgb.2)
            };
            let best = (16..=255).map(distance).min();
            assert_eq!(Some(distance(nearest_of_256(rgb))), best, "{rgb:?}");
        }
    }

    #[test]
    fn mono_writes_no_colour_at_all() {
        for color in [Color::Red, Color::Indexed(3), Color::Indexed(200), Color::Rgb(1, 2, 3)] {
            assert_eq!(THEME.ink(color, Depth::Mono), Ink::Default);
        }
    }
}
