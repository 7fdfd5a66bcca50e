//! The colours of the dashboard, by meaning. Each tone is written in RGB for dark and light, with a stand-in for 16
//! colours, and with modifiers where colours are few or none. State is never told by colour alone: pages add a glyph
//! and a word. Backgrounds are the terminal's own, but for the selected row and input fields.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::term::caps::{Caps, Depth};
use crate::term::palette::{Ansi, Palette, Tone as Swatch};

/// What a piece of text or a mark means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tone {
    /// Second in rank: labels, units.
    Dim,
    /// Rules, empty parts of bars.
    Faint,
    /// The product, focus, keys to press.
    Accent,
    /// Fine.
    Good,
    /// Look at this.
    Warn,
    /// Wrong, dangerous.
    Bad,
    /// Used in production.
    Production,
    /// Used in staging.
    Staging,
    /// Used in development.
    Development,
    /// What is read first: names, figures.
    Strong,
    /// Everything else.
    Text,
}

/// Steps of the gradient that charts are drawn with.
const STEPS: usize = 6;
/// Swatches before the gradient: the coloured tones, then the selected row's and the input field's.
const SELECTED_TEXT: usize = 9;
const SELECTED_BACK: usize = 10;
const FIELD_BACK: usize = 11;
const GRADIENT: usize = 12;

static DARK: [Swatch; GRADIENT + STEPS] = [
    Swatch::new(0x8b95a7, Ansi::Default),
    Swatch::new(0x3c4556, Ansi::Default),
    Swatch::new(0x82b1ff, Ansi::Code(14)),
    Swatch::new(0x7fd18b, Ansi::Code(10)),
    Swatch::new(0xe8b866, Ansi::Code(11)),
    Swatch::new(0xf2777f, Ansi::Code(9)),
    Swatch::new(0xf59e7a, Ansi::Code(13)),
    Swatch::new(0xd8c46b, Ansi::Code(3)),
    Swatch::new(0x79b8c4, Ansi::Code(6)),
    Swatch::new(0xf4f7fc, Ansi::Default),
    Swatch::new(0x22304a, Ansi::Default),
    Swatch::new(0x1c2433, Ansi::Default),
    Swatch::new(0x3d5f94, Ansi::Code(4)),
    Swatch::new(0x4a78bb, Ansi::Code(4)),
    Swatch::new(0x5b93dd, Ansi::Code(12)),
    Swatch::new(0x6faaf2, Ansi::Code(12)),
    Swatch::new(0x8cc4ff, Ansi::Code(14)),
    Swatch::new(0xb4dcff, Ansi::Code(14)),
];

static LIGHT: [Swatch; GRADIENT + STEPS] = [
    Swatch::new(0x5d6675, Ansi::Default),
    Swatch::new(0xc6ccd6, Ansi::Default),
    Swatch::new(0x1a5fd0, Ansi::Code(4)),
    Swatch::new(0x1b7a37, Ansi::Code(2)),
    Swatch::new(0x8f5f00, Ansi::Code(5)),
    Swatch::new(0xc2222d, Ansi::Code(1)),
    Swatch::new(0xb8431a, Ansi::Code(1)),
    Swatch::new(0x7c6700, Ansi::Code(5)),
    Swatch::new(0x17717f, Ansi::Code(6)),
    Swatch::new(0x0b1b33, Ansi::Default),
    Swatch::new(0xdbe7fb, Ansi::Default),
    Swatch::new(0xeaeff6, Ansi::Default),
    Swatch::new(0xa9c6f2, Ansi::Code(6)),
    Swatch::new(0x86aeea, Ansi::Code(6)),
    Swatch::new(0x6397e2, Ansi::Code(4)),
    Swatch::new(0x4180d8, Ansi::Code(4)),
    Swatch::new(0x256ccb, Ansi::Code(4)),
    Swatch::new(0x1257b4, Ansi::Code(4)),
];

static CONTRAST_DARK: [Swatch; GRADIENT + STEPS] = [
    Swatch::new(0xd7dce5, Ansi::Default),
    Swatch::new(0x9aa3b2, Ansi::Default),
    Swatch::new(0xa8d1ff, Ansi::Code(14)),
    Swatch::new(0x8dff9d, Ansi::Code(10)),
    Swatch::new(0xffd75f, Ansi::Code(11)),
    Swatch::new(0xffa0a0, Ansi::Code(9)),
    Swatch::new(0xffb38a, Ansi::Code(13)),
    Swatch::new(0xffe97a, Ansi::Code(11)),
    Swatch::new(0x8fe8f7, Ansi::Code(14)),
    Swatch::new(0xffffff, Ansi::Default),
    Swatch::new(0x0a3a8c, Ansi::Default),
    Swatch::new(0x2b3240, Ansi::Default),
    Swatch::new(0x7fb0ff, Ansi::Code(12)),
    Swatch::new(0x8cbcff, Ansi::Code(12)),
    Swatch::new(0x9ac8ff, Ansi::Code(12)),
    Swatch::new(0xa8d4ff, Ansi::Code(14)),
    Swatch::new(0xc0e0ff, Ansi::Code(14)),
    Swatch::new(0xe0f0ff, Ansi::Code(15)),
];

static CONTRAST_LIGHT: [Swatch; GRADIENT + STEPS] = [
    Swatch::new(0x2b3240, Ansi::Default),
    Swatch::new(0x6b7280, Ansi::Default),
    Swatch::new(0x003a99, Ansi::Code(4)),
    Swatch::new(0x00501a, Ansi::Code(2)),
    Swatch::new(0x5a3a00, Ansi::Code(5)),
    Swatch::new(0x8c0010, Ansi::Code(1)),
    Swatch::new(0x7a2500, Ansi::Code(1)),
    Swatch::new(0x4d4000, Ansi::Code(5)),
    Swatch::new(0x004550, Ansi::Code(6)),
    Swatch::new(0x000000, Ansi::Default),
    Swatch::new(0xb8d4ff, Ansi::Default),
    Swatch::new(0xdfe6f0, Ansi::Default),
    Swatch::new(0x4a6fb5, Ansi::Code(4)),
    Swatch::new(0x3c62ad, Ansi::Code(4)),
    Swatch::new(0x2f55a5, Ansi::Code(4)),
    Swatch::new(0x21489c, Ansi::Code(4)),
    Swatch::new(0x133b93, Ansi::Code(4)),
    Swatch::new(0x002e8a, Ansi::Code(4)),
];

/// The colours for one person's terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Theme {
    light: bool,
    /// What is second in rank is as easy to read as the rest.
    contrast: bool,
    depth: Depth,
}

impl Theme {
    /// The theme for this terminal: `choice` is the person's own: `dark`, `light`, or on the terminal's own ground `auto`
    /// and `contrast`.
    pub(crate) fn new(choice: &str, caps: &Caps) -> Self {
        let light = match choice {
            "light" => true,
            "dark" => false,
            _ => caps.light_background.unwrap_or(false),
        };
        Self { light, contrast: choice == "contrast", depth: caps.depth }
    }

    /// It is made for light grounds.
    pub(crate) fn is_light(self) -> bool {
        self.light
    }

    /// The terminal shows colours.
    pub(crate) fn has_colour(self) -> bool {
        self.depth > Depth::Mono
    }

    /// What the encoder needs to show these colours where there are only 16.
    pub(crate) fn palette(self) -> &'static Palette {
        static PALETTES: [Palette; 4] = [
            Palette::new(&DARK),
            Palette::new(&LIGHT),
            Palette::new(&CONTRAST_DARK),
            Palette::new(&CONTRAST_LIGHT),
        ];
        &PALETTES[usize::from(self.light) + 2 * usize::from(self.contrast)]
    }

    fn swatches(self) -> &'static [Swatch; GRADIENT + STEPS] {
        match (self.contrast, self.light) {
            (false, false) => &DARK,
            (false, true) => &LIGHT,
            (true, false) => &CONTRAST_DARK,
            (true, true) => &CONTRAST_LIGHT,
        }
    }

    /// How a tone is written.
    pub(crate) fn style(self, tone: Tone) -> Style {
        let few = self.depth <= Depth::Ansi16;
        let mono = self.depth == Depth::Mono;
        let (at, modifier) = match tone {
            Tone::Text => return Style::new().fg(Color::Reset),
            Tone::Strong => return Style::new().fg(Color::Reset).add_modifier(Modifier::BOLD),
            Tone::Dim => (0, pick(few && !self.contrast, Modifier::DIM)),
            Tone::Faint => (1, pick(few && !self.contrast, Modifier::DIM)),
            Tone::Accent => (2, pick(mono, Modifier::BOLD)),
            Tone::Good => (3, Modifier::empty()),
            Tone::Warn => (4, pick(mono, Modifier::BOLD)),
            Tone::Bad => (5, Modifier::BOLD),
            Tone::Production => (6, pick(mono, Modifier::BOLD)),
            Tone::Staging => (7, Modifier::empty()),
            Tone::Development => (8, pick(mono && !self.contrast, Modifier::DIM)),
        };
        self.ink(at).add_modifier(modifier)
    }

    /// The colour of a chart at this share of its height, 0 to 1.
    pub(crate) fn gradient(self, share: f64) -> Style {
        let step = (share.clamp(0.0, 1.0) * (STEPS - 1) as f64).round() as usize;
        self.ink(GRADIENT + step.min(STEPS - 1))
    }

    /// An input field's ground.
    pub(crate) fn field(self) -> Style {
        if self.depth <= Depth::Ansi16 {
            Style::new().add_modifier(Modifier::UNDERLINED)
        } else {
            Style::new().bg(self.color(FIELD_BACK))
        }
    }

    /// Marks what is already drawn in `area` as selected. Colours stay where there are enough of them to be read on
    /// the tinted ground; otherwise the row is reversed as a whole.
    pub(crate) fn select(self, buf: &mut Buffer, area: Rect) {
        let area = area.intersection(buf.area);
        if self.depth <= Depth::Ansi16 {
            buf.set_style(area, Style::new().fg(Color::Reset).remove_modifier(Modifier::DIM));
            buf.set_style(area, Style::new().add_modifier(Modifier::REVERSED));
            return;
        }
        for position in area.positions() {
            let cell = &mut buf[position];
            cell.set_bg(self.color(SELECTED_BACK));
            if cell.fg == Color::Reset {
                cell.set_fg(self.color(SELECTED_TEXT));
            }
        }
    }

    fn color(self, at: usize) -> Color {
        self.swatches()[at].color()
    }

    fn ink(self, at: usize) -> Style {
        if self.depth == Depth::Mono { Style::new() } else { Style::new().fg(self.color(at)) }
    }
}

fn pick(when: bool, modifier: Modifier) -> Modifier {
    if when { modifier } else { Modifier::empty() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::environment::Environment;

    /// Relative luminance by WCAG 2.
    fn luminance(color: Color) -> f64 {
        let Color::Rgb(r, g, b) = color else { panic!("a theme's colours are RGB") };
        let part = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
    }

    fn contrast(a: Color, b: Color) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_the_usual_grounds() {
        for (swatches, ground) in [(&DARK, Color::Rgb(30, 30, 30)), (&LIGHT, Color::Rgb(255, 255, 255))] {
            for (at, swatch) in swatches.iter().enumerate().take(SELECTED_TEXT) {
                let least = if at == Tone::Faint as usize { 1.3 } else { 4.5 };
                assert!(contrast(swatch.color(), ground) >= least, "swatch {at}");
                let selected = contrast(swatch.color(), swatches[SELECTED_BACK].color());
                assert!(
                    at == Tone::Faint as usize || selected >= 3.0,
                    "swatch {at} when selected: {selected}"
                );
            }
        }
    }

    #[test]
    fn strong_contrasts_are_strong() {
        let grounds =
            [(&CONTRAST_DARK, Color::Rgb(30, 30, 30)), (&CONTRAST_LIGHT, Color::Rgb(255, 255, 255))];
        for (swatches, ground) in grounds {
            for (at, swatch) in swatches.iter().enumerate().take(SELECTED_TEXT) {
                let least = if at == Tone::Faint as usize { 4.5 } else { 7.0 };
                let (plain, selected) = (
                    contrast(swatch.color(), ground),
                    contrast(swatch.color(), swatches[SELECTED_BACK].color()),
                );
                assert!(plain >= least, "swatch {at}: {plain}");
                assert!(
                    at == Tone::Faint as usize || selected >= 4.5,
                    "swatch {at} when selected: {selected}"
                );
            }
        }
        let theme = Theme::new("contrast", &Caps::detect("vt100", &Environment::default()));
        for tone in [Tone::Dim, Tone::Faint, Tone::Development] {
            assert!(!theme.style(tone).add_modifier.contains(Modifier::DIM));
        }
    }

    #[test]
    fn without_colour_nothing_is_coloured() {
        let mut caps = Caps::detect("vt100", &Environment::default());
        caps.light_background = Some(true);
        let theme = Theme::new("auto", &caps);
        for tone in [Tone::Dim, Tone::Accent, Tone::Good, Tone::Bad, Tone::Production] {
            assert_eq!(theme.style(tone).fg, None);
        }
        let mut buf = Buffer::empty(Rect::new(0, 0, 2, 1));
        theme.select(&mut buf, Rect::new(0, 0, 2, 1));
        assert!(buf[(0, 0)].modifier.contains(Modifier::REVERSED));
    }
}
