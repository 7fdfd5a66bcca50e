//! Taking over a terminal and giving it back exactly as it was.
//! Whoever wrote [`enter`] must write [`leave`] on every way out, a panic included.

use super::caps::Caps;

/// The private mode of synchronised output.
pub const SYNC_OUTPUT: u16 = 2026;
/// Switches kitty's keyboard protocol on, flag 1 only: keys become unambiguous, releases stay silent.
pub(super) const KITTY_PUSH: &[u8] = b"\x1b[>1u";

/// Alternate screen; no wrapping at the right edge, so that a character wider than we thought can't scroll the screen.
const SCREEN_ON: &[u8] = b"\x1b[?1049h\x1b[?7l";
const SCREEN_OFF: &[u8] = b"\x1b[?7h\x1b[?25h\x1b[?1049l";
/// Title kept aside, bracketed paste, focus reports.
const EXTRAS_ON: &[u8] = b"\x1b[22;0t\x1b[?2004h\x1b[?1004h";
const EXTRAS_OFF: &[u8] = b"\x1b[?1004l\x1b[?2004l\x1b[23;0t";
/// Presses, drags, wheel, in SGR coding. Never 1003: it would send a packet for every move of the mouse.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1002h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1002l\x1b[?1000l";

/// What to write before the first frame. Nothing for a plain terminal.
pub fn enter(caps: &Caps) -> Vec<u8> {
    match (caps.plain, caps.basic) {
        (true, _) => Vec::new(),
        (_, true) => SCREEN_ON.to_vec(),
        _ => [SCREEN_ON, EXTRAS_ON, MOUSE_ON].concat(),
    }
}

/// What to write after the last frame, whatever state the terminal is in: also in the middle of a frame, or before
/// [`enter`] was finished.
pub fn leave(caps: &Caps) -> Vec<u8> {
    if caps.plain {
        return Vec::new();
    }
    if caps.basic {
        return [b"\x1b[m".as_slice(), SCREEN_OFF].concat();
    }
    let kitty_pop: &[u8] = if caps.kitty { b"\x1b[<u" } else { b"" };
    // CAN ends a sequence that was cut short; the cursor gets back the shape its owner configured.
    let reset = b"\x18\x1b[?2026l\x1b[m\x1b[0 q";
    [reset, MOUSE_OFF, kitty_pop, EXTRAS_OFF, SCREEN_OFF].concat()
}

/// Switches mouse reports on or off, so that text can be selected as usual.
pub fn mouse(on: bool) -> &'static [u8] {
    if on { MOUSE_ON } else { MOUSE_OFF }
}

/// The question for the background alone, with the one that every terminal answers behind it.
pub(crate) const GROUND: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";

/// The questions asked once, right after the first frame. DA1 stands last: every terminal answers it, so after its
/// reply no other will come, and what arrives is the person's own.
pub fn queries(caps: &Caps) -> &'static [u8] {
    match (caps.plain, caps.basic) {
        (true, _) => b"",
        (_, true) => b"\x1b[c",
        _ => b"\x1b[>0q\x1b[?u\x1b[?2026$p\x1b]11;?\x1b\\\x1b[c",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::{environment::Environment, input::Reply};

    fn caps(term: &str) -> Caps {
        Caps::detect(term, &Environment::default())
    }

    #[test]
    fn leaving_restores_what_entering_changed() {
        for term in ["xterm-256color", "linux", "vt100"] {
            let mut caps = caps(term);
            let mut terminal = vt100::Parser::new(24, 80, 0);
            terminal.process(b"$ ssh keys");
            terminal.process(&enter(&caps));
            let mut told = Vec::new();
            caps.apply(&Reply::KittyFlags(0), &mut told);
            terminal.process(&told);
            assert!(terminal.screen().alternate_screen(), "{term}");
            terminal.process(b"\x1b[?2026h\x1b[?25l\x1b[31mhalf a fra\x1b[38;5");
            terminal.process(&leave(&caps));
            let screen = terminal.screen();
            assert!(!screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor());
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
            assert_eq!(screen.contents(), "$ ssh keys");
            assert_eq!(screen.fgcolor(), vt100::Color::Default);
        }
    }

    #[test]
    fn every_mode_set_is_reset_and_every_push_popped() {
        let mut caps = caps("xterm-256color");
        let mut on = enter(&caps);
        caps.apply(&Reply::KittyFlags(0), &mut on);
        let off = leave(&caps);
        let (on, off) = (String::from_utf8(on).unwrap(), String::from_utf8(off).unwrap());
        for sequence in on.split_inclusive(|c: char| c.is_ascii_alphabetic()) {
            let undo = match sequence {
                "\x1b[?7l" => "\x1b[?7h".to_owned(),
                "\x1b[22;0t" => "\x1b[23;0t".to_owned(),
                "\x1b[>1u" => "\x1b[<u".to_owned(),
                set => set.replace('h', "l"),
            };
            assert_ne!(undo, sequence);
            assert!(off.contains(&undo), "{sequence:?} is undone");
        }
    }

    #[test]
    fn a_plain_terminal_gets_no_sequence() {
        let caps = caps("dumb");
        assert!(enter(&caps).is_empty() && leave(&caps).is_empty() && queries(&caps).is_empty());
    }

    #[test]
    fn the_fence_is_last() {
        assert!(queries(&caps("xterm")).ends_with(b"\x1b[c"));
        assert_eq!(queries(&caps("linux")), b"\x1b[c");
    }
}
