//! What one person's terminal can do: guessed from TERM and the few variables their client sent, corrected by the
//! terminal's own answers. It never looks at the daemon's terminal or environment.

use super::{environment::Environment, input::Reply, modes};

/// How many colours may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// None: bold, dim, underline and reverse only.
    Mono,
    /// The 16 named ones.
    Ansi16,
    /// xterm's 256.
    Ansi256,
    /// 24 bits.
    TrueColor,
}

/// Whether the terminal takes text for the clipboard (OSC 52).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Osc52 {
    /// It has not said: try, and tell the person that nothing confirms it.
    Unknown,
    /// It says it does.
    Yes,
    /// It is known not to.
    No,
}

/// The terminal at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caps {
    /// Colours.
    pub depth: Depth,
    /// Characters beyond ASCII may be written. If not, the encoder writes ASCII stand-ins.
    pub utf8: bool,
    /// No cursor addressing wanted: line mode instead of pages (TERM=dumb, or ACCESSIBLE set).
    pub plain: bool,
    /// Frames are wrapped in synchronised output (mode 2026).
    pub sync_output: bool,
    /// Copying to the clipboard.
    pub osc52: Osc52,
    /// Light or dark background, once known.
    pub light_background: Option<bool>,
    /// tmux stands between: by default it swallows OSC 52.
    pub tmux: bool,
    /// The terminal knows kitty's keyboard protocol and we switched it on: Escape needs no timer.
    pub kitty: bool,
    /// Erasing fills with the current background.
    pub erases_in_colour: bool,
    /// A console or terminal of the old school: it gets no titles, no paste or focus modes, and no questions but DA1.
    pub basic: bool,
    /// The person chose the depth (NO_COLOR, FORCE_COLOR …): the terminal's answers don't change it.
    depth_chosen: bool,
}

/// Names, as TERM or the terminal's own version text spells them, that show 24-bit colour.
const TRUE_COLOUR: &[&str] = &[
    "alacritty",
    "contour",
    "foot",
    "ghostty",
    "iterm",
    "kitty",
    "konsole",
    "mintty",
    "rio",
    "vscode",
    "vte",
    "warp",
    "wezterm",
    "windows terminal",
];

impl Caps {
    /// A cautious first guess; the terminal's replies correct it.
    pub fn detect(term: &str, env: &Environment) -> Self {
        let term = term.to_ascii_lowercase();
        let program = env.get("TERM_PROGRAM").or(env.get("LC_TERMINAL")).unwrap_or("").to_ascii_lowercase();
        let dumb = term.is_empty() || term == "dumb" || term == "unknown";
        let old = is_vt(&term) || ["linux", "ansi", "cons25"].iter().any(|name| term.starts_with(name));
        let chosen = chosen_depth(env);
        Self {
            depth: chosen.unwrap_or_else(|| guessed_depth(&term, &program, env)),
            utf8: is_utf8(env),
            plain: dumb || env.get("ACCESSIBLE").is_some_and(|value| value != "0"),
            sync_output: !(dumb || old),
            osc52: if dumb || old || program == "apple_terminal" { Osc52::No } else { Osc52::Unknown },
            light_background: match env.get("KEYWARD_THEME") {
                Some("light") => Some(true),
                Some("dark") => Some(false),
                _ => None,
            },
            tmux: term.starts_with("tmux") || program == "tmux",
            kitty: false,
            erases_in_colour: !(dumb || is_vt(&term) || term.starts_with("screen")),
            basic: dumb || old,
            depth_chosen: chosen.is_some(),
        }
    }

    /// Learns from an answer, and appends to `out` what the terminal is to be told in turn.
    pub fn apply(&mut self, reply: &Reply, out: &mut Vec<u8>) {
        match reply {
            Reply::Attributes(list) if list.contains(&52) => self.osc52 = Osc52::Yes,
            Reply::Attributes(_) => {}
            Reply::Version(text) => {
                let text = text.to_ascii_lowercase();
                self.tmux |= text.starts_with("tmux");
                self.erases_in_colour |= text.starts_with("tmux");
                if !self.depth_chosen && TRUE_COLOUR.iter().any(|name| text.contains(name)) {
                    self.depth = Depth::TrueColor;
                }
            }
            Reply::KittyFlags(_) if !self.kitty && !self.plain => {
                self.kitty = true;
                out.extend_from_slice(modes::KITTY_PUSH);
            }
            Reply::KittyFlags(_) => {}
            Reply::Mode { mode: modes::SYNC_OUTPUT, value } => self.sync_output = matches!(value, 1..=3),
            Reply::Mode { .. } => {}
            Reply::Background(rgb) => {
                self.light_background.get_or_insert(is_light(*rgb));
            }
        }
    }
}

fn is_vt(term: &str) -> bool {
    term.strip_prefix("vt").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// A depth the person asked for.
fn chosen_depth(env: &Environment) -> Option<Depth> {
    if env.get("NO_COLOR").is_some() {
        return Some(Depth::Mono);
    }
    match env.get("FORCE_COLOR") {
        Some("0" | "false") => return Some(Depth::Mono),
        Some("1" | "true") => return Some(Depth::Ansi16),
        Some("2") => return Some(Depth::Ansi256),
        Some("3") => return Some(Depth::TrueColor),
        _ => {}
    }
    (env.get("CLICOLOR") == Some("0")).then_some(Depth::Mono)
}

fn guessed_depth(term: &str, program: &str, env: &Environment) -> Depth {
    let says_so = matches!(env.get("COLORTERM"), Some("truecolor" | "24bit")) || term.ends_with("-direct");
    let known = |name: &&str| term.contains(*name) || program.contains(*name);
    if says_so || TRUE_COLOUR.iter().any(known) {
        Depth::TrueColor
    } else if term.contains("256color") {
        Depth::Ansi256
    } else if term.is_empty() || term == "dumb" || is_vt(term) {
        Depth::Mono
    } else {
        Depth::Ansi16
    }
}

/// POSIX order: the first that is set decides. Clients that send nothing almost always sit in a UTF-8 terminal.
fn is_utf8(env: &Environment) -> bool {
    let locale = env.get("LC_ALL").or(env.get("LC_CTYPE")).or(env.get("LANG"));
    locale.is_none_or(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

/// Perceived brightness above half.
fn is_light([r, g, b]: [u8; 3]) -> bool {
    u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114 > 127_500
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(term: &str, vars: &[(&str, &str)]) -> Caps {
        let mut env = Environment::default();
        for (name, value) in vars {
            assert!(env.insert(name, value), "{name} is on the list");
        }
        Caps::detect(term, &env)
    }

    fn learn(mut caps: Caps, reply: Reply) -> (Caps, Vec<u8>) {
        let mut out = Vec::new();
        caps.apply(&reply, &mut out);
        (caps, out)
    }

    #[test]
    fn depth_follows_term_and_what_the_person_asked_for() {
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Depth);
        let table: &[Case<'_>] = &[
            ("xterm-256color", &[], Depth::Ansi256),
            ("xterm-256color", &[("COLORTERM", "truecolor")], Depth::TrueColor),
            ("xterm-256color", &[("LC_TERMINAL", "iTerm2")], Depth::TrueColor),
            ("xterm-256color", &[("TERM_PROGRAM", "Apple_Terminal")], Depth::Ansi256),
            ("xterm-direct", &[], Depth::TrueColor),
            ("xterm-kitty", &[], Depth::TrueColor),
            ("alacritty", &[], Depth::TrueColor),
            ("foot", &[], Depth::TrueColor),
            ("screen", &[], Depth::Ansi16),
            ("linux", &[], Depth::Ansi16),
            ("vt100", &[], Depth::Mono),
            ("dumb", &[], Depth::Mono),
            ("", &[], Depth::Mono),
            ("xterm-kitty", &[("NO_COLOR", "1")], Depth::Mono),
            ("xterm-kitty", &[("NO_COLOR", "")], Depth::TrueColor),
            ("xterm-kitty", &[("CLICOLOR", "0")], Depth::Mono),
            ("vt100", &[("FORCE_COLOR", "3")], Depth::TrueColor),
        ];
        for (term, vars, depth) in table {
            assert_eq!(caps(term, vars).depth, *depth, "{term} {vars:?}");
        }
    }

    #[test]
    fn characters_follow_the_locale_in_posix_order() {
        assert!(caps("xterm", &[]).utf8);
        assert!(caps("xterm", &[("LANG", "de_AT.UTF-8")]).utf8);
        assert!(caps("xterm", &[("LANG", "C.utf8")]).utf8);
        assert!(!caps("xterm", &[("LANG", "C")]).utf8);
        assert!(!caps("xterm", &[("LANG", "de_AT.UTF-8"), ("LC_ALL", "POSIX")]).utf8);
    }

    #[test]
    fn plain_for_dumb_terminals_and_for_who_asks() {
        assert!(caps("dumb", &[]).plain);
        assert!(caps("", &[]).plain);
        assert!(caps("xterm", &[("ACCESSIBLE", "1")]).plain);
        assert!(!caps("xterm", &[("ACCESSIBLE", "0")]).plain);
        assert!(!caps("xterm-256color", &[]).plain);
    }

    #[test]
    fn old_consoles_get_no_synchronised_output() {
        assert!(!caps("linux", &[]).sync_output);
        assert!(!caps("vt220", &[]).sync_output);
        assert!(caps("vte-256color", &[]).sync_output);
    }

    #[test]
    fn replies_upgrade_the_guess() {
        let xterm = || caps("xterm-256color", &[]);
        assert_eq!(learn(xterm(), Reply::Version("foot(1.16)".into())).0.depth, Depth::TrueColor);
        assert!(learn(xterm(), Reply::Version("tmux 3.4".into())).0.tmux);
        assert_eq!(learn(xterm(), Reply::Attributes(vec![62, 22, 52])).0.osc52, Osc52::Yes);
        assert_eq!(learn(xterm(), Reply::Attributes(vec![62, 22])).0.osc52, Osc52::Unknown);
        assert!(!learn(xterm(), Reply::Mode { mode: 2026, value: 0 }).0.sync_output);
        assert!(learn(xterm(), Reply::Mode { mode: 2026, value: 2 }).0.sync_output);
        assert_eq!(learn(xterm(), Reply::Background([255, 250, 240])).0.light_background, Some(true));
        assert_eq!(learn(xterm(), Reply::Background([30, 30, 46])).0.light_background, Some(false));
    }

    #[test]
    fn what_the_person_chose_stays() {
        let chosen = caps("xterm", &[("NO_COLOR", "1"), ("KEYWARD_THEME", "dark")]);
        let (after, _) = learn(chosen, Reply::Version("kitty(0.35)".into()));
        assert_eq!(after.depth, Depth::Mono);
        let (after, _) = learn(after, Reply::Background([255, 255, 255]));
        assert_eq!(after.light_background, Some(false));
    }

    #[test]
    fn kitty_keys_are_switched_on_once() {
        let (caps, out) = learn(caps("xterm", &[]), Reply::KittyFlags(0));
        assert!(caps.kitty);
        assert_eq!(out, modes::KITTY_PUSH);
        assert_eq!(learn(caps, Reply::KittyFlags(1)).1, b"");
    }
}
