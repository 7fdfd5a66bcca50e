//! The marks of the dashboard, once in Unicode and once in ASCII for terminals that have no more. Marks that tell
//! states apart differ in shape, not only in colour. One cell each.

use ratatui::symbols::border;

/// One set of marks.
#[derive(Debug)]
pub(crate) struct Glyphs {
    pub(crate) active: &'static str,
    pub(crate) inactive: &'static str,
    pub(crate) expired: &'static str,
    pub(crate) frozen: &'static str,
    pub(crate) production: &'static str,
    pub(crate) staging: &'static str,
    pub(crate) development: &'static str,
    pub(crate) brand: &'static str,
    pub(crate) crumb: &'static str,
    pub(crate) rule: &'static str,
    /// A place on a rule that has a name.
    pub(crate) tick: &'static str,
    pub(crate) mask: &'static str,
    pub(crate) marker: &'static str,
    pub(crate) check: &'static str,
    pub(crate) cross: &'static str,
    pub(crate) warning: &'static str,
    pub(crate) info: &'static str,
    pub(crate) dot: &'static str,
    pub(crate) live: &'static str,
    pub(crate) paused: &'static str,
    /// A horizontal bar's full cell, half cell and empty cell.
    pub(crate) bar: [&'static str; 3],
    /// A column of a chart in eighths, 0 to 8.
    pub(crate) levels: [&'static str; 9],
    /// Charts may use braille dots.
    pub(crate) braille: bool,
    pub(crate) border: border::Set<'static>,
}

static UNICODE: Glyphs = Glyphs {
    active: "●",
    inactive: "○",
    expired: "✗",
    frozen: "◇",
    production: "▲",
    staging: "◆",
    development: "▪",
    brand: "◆",
    crumb: "›",
    rule: "─",
    tick: "┬",
    mask: "•",
    marker: "▌",
    check: "✓",
    cross: "✗",
    warning: "▲",
    info: "•",
    dot: "·",
    live: "●",
    paused: "‖",
    bar: ["━", "╸", "─"],
    levels: [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    braille: true,
    border: border::ROUNDED,
};

static ASCII: Glyphs = Glyphs {
    active: "*",
    inactive: "o",
    expired: "x",
    frozen: "=",
    production: "^",
    staging: "+",
    development: "-",
    brand: "#",
    crumb: ">",
    rule: "-",
    tick: "+",
    mask: "*",
    marker: ">",
    check: "+",
    cross: "x",
    warning: "!",
    info: "*",
    dot: "-",
    live: "*",
    paused: "=",
    bar: ["#", "=", "-"],
    levels: [" ", "_", "_", ".", ".", ":", "+", "#", "#"],
    braille: false,
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
};

impl Glyphs {
    /// The set for a terminal that does or does not show Unicode.
    pub(crate) fn of(utf8: bool) -> &'static Self {
        if utf8 { &UNICODE } else { &ASCII }
    }
}
