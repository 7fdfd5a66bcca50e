//! Bytes from a terminal become events: a state machine after DEC's own, as Paul Williams drew it
//! (<https://vt100.net/emu/dec_ansi_parser>), turned round for input.
//!
//! The rule it must never break: every sequence is consumed to its end, known or not, so that no part of an answer, of
//! a strange key or of an attack is ever taken for typing. The work per byte is constant, the memory bounded.
//! It does not know which keys mean what, and has no clock: the caller arms a timer while [`Decoder::pending`].

mod csi;
mod event;
mod paste;
mod reply;

pub use event::{Button, Input, Key, KeyCode, Mods, Mouse, MouseKind, Paste, Reply};

use csi::Csi;
use paste::PasteBuffer;

/// Bytes of an OSC or DCS string kept at most; longer ones are consumed and dropped.
const MAX_STRING: usize = 4 * 1024;

const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const ESC: u8 = 0x1b;

/// Turns a terminal's bytes into events. However the bytes are cut into chunks, the events are the same.
#[derive(Default)]
pub struct Decoder {
    state: State,
    csi: Csi,
    string: Vec<u8>,
    paste: PasteBuffer,
}

#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Ground,
    /// ESC came. `in_string` when it interrupted a string that `\` may yet end.
    Escape { in_string: Option<StringKind> },
    /// ESC [ came; the parameters gather in `csi`.
    Csi,
    /// ESC O came, with the modifier digit some terminals put behind it.
    Ss3 { modifier: u8 },
    /// One of the string sequences. `empty` until its first byte.
    String { kind: StringKind, empty: bool },
    /// Inside a bracketed paste.
    Paste,
    /// Bytes that belong to a mouse report of the oldest coding: never asked for, swallowed.
    Skip { left: u8 },
    /// ESC [ [ came, as the Linux console begins F1 to F5.
    LinuxFunction,
    /// A character of several bytes.
    Utf8 { bytes: [u8; 4], have: u8, need: u8, alt: bool },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StringKind {
    Osc,
    Dcs,
    /// SOS, PM and APC, remembered by the letter that began them.
    Other(u8),
}

impl StringKind {
    fn introduced_by(byte: u8) -> Option<Self> {
        match byte {
            b']' => Some(Self::Osc),
            b'P' => Some(Self::Dcs),
            b'X' | b'^' | b'_' => Some(Self::Other(byte)),
            _ => None,
        }
    }

    fn introducer(self) -> char {
        match self {
            Self::Osc => ']',
            Self::Dcs => 'P',
            Self::Other(byte) => byte.into(),
        }
    }
}

impl Decoder {
    /// Decodes the next bytes, handing each event to `out` as it is complete.
    pub fn feed(&mut self, bytes: &[u8], out: &mut impl FnMut(Input)) {
        for &byte in bytes {
            self.step(byte, out);
        }
    }

    /// Whether what came last may be a key of its own or the beginning of more: the caller then waits some 50 ms for
    /// more and calls [`Decoder::timeout`] if nothing came.
    pub fn pending(&self) -> bool {
        match self.state {
            State::Escape { .. } | State::Ss3 { modifier: 0 } | State::String { empty: true, .. } => true,
            State::Csi => self.csi.is_empty(),
            _ => false,
        }
    }

    /// Nothing followed: decides for the key. Without effect unless [`Decoder::pending`].
    pub fn timeout(&mut self, out: &mut impl FnMut(Input)) {
        if !self.pending() {
            return;
        }
        let key = match self.state {
            State::Csi => Key::alt('['),
            State::Ss3 { .. } => Key::alt('O'),
            State::String { kind, .. } => Key::alt(kind.introducer()),
            _ => Key::plain(KeyCode::Esc),
        };
        self.forget_string();
        self.state = State::Ground;
        out(Input::Key(key));
    }

    fn step(&mut self, byte: u8, out: &mut impl FnMut(Input)) {
        match self.state {
            State::Paste => {
                if let Some(paste) = self.paste.push(byte) {
                    self.state = State::Ground;
                    out(Input::Paste(paste));
                }
            }
            State::Ground => self.ground(byte, false, out),
            State::Escape { in_string } => self.escape(byte, in_string, out),
            State::Utf8 { bytes, have, need, alt } => self.utf8(byte, bytes, have, need, alt, out),
            _ if byte == ESC => {
                let in_string = match self.state {
                    State::String { kind, .. } => Some(kind),
                    _ => None,
                };
                self.state = State::Escape { in_string };
            }
            _ if byte == CAN || byte == SUB => {
                self.forget_string();
                self.state = State::Ground;
            }
            State::Csi => self.csi(byte, out),
            State::Ss3 { modifier } => self.ss3(byte, modifier, out),
            State::String { kind, .. } => self.string(byte, kind, out),
            State::Skip { left } => {
                self.state = if left > 1 { State::Skip { left: left - 1 } } else { State::Ground };
            }
            State::LinuxFunction => {
                self.state = State::Ground;
                if let b'A'..=b'E' = byte {
                    out(Input::Key(Key::plain(KeyCode::F(byte - b'A' + 1))));
                }
            }
        }
    }

    fn ground(&mut self, byte: u8, alt: bool, out: &mut impl FnMut(Input)) {
        self.state = State::Ground;
        let mut key = match byte {
            ESC => {
                self.state = State::Escape { in_string: None };
                return;
            }
            0x00 => Key::ctrl(' '),
            0x08 | 0x7f => Key::plain(KeyCode::Backspace),
            b'\t' => Key::plain(KeyCode::Tab),
            b'\r' | b'\n' => Key::plain(KeyCode::Enter),
            0x01..=0x1a => Key::ctrl((byte + b'a' - 1).into()),
            0x1c..=0x1f => Key::ctrl((byte + b'@').into()),
            b' '..=b'~' => Key::char(byte.into()),
            _ => {
                // Not the first byte of any character: dropped.
                if let Some(need) = utf8_length(byte) {
                    self.state = State::Utf8 { bytes: [byte, 0, 0, 0], have: 1, need, alt };
                }
                return;
            }
        };
        key.mods.alt = alt;
        out(Input::Key(key));
    }

    fn escape(&mut self, byte: u8, in_string: Option<StringKind>, out: &mut impl FnMut(Input)) {
        if byte == b'\\'
            && let Some(kind) = in_string
        {
            return self.finish_string(kind, out);
        }
        self.forget_string();
        self.state = State::Ground;
        match byte {
            ESC => {
                self.state = State::Escape { in_string: None };
                if in_string.is_none() {
                    out(Input::Key(Key::plain(KeyCode::Esc)));
                }
            }
            CAN | SUB => {}
            b'[' => {
                self.csi = Csi::default();
                self.state = State::Csi;
            }
            b'O' => self.state = State::Ss3 { modifier: 0 },
            _ => match StringKind::introduced_by(byte) {
                Some(kind) => self.state = State::String { kind, empty: true },
                // What follows a string cut short belongs to it.
                None if in_string.is_some() => {}
                None => self.ground(byte, true, out),
            },
        }
    }

    fn csi(&mut self, byte: u8, out: &mut impl FnMut(Input)) {
        if !(0x40..=0x7e).contains(&byte) {
            return self.csi.push(byte);
        }
        self.state = State::Ground;
        match byte {
            b'M' if self.csi.is_empty() => self.state = State::Skip { left: 3 },
            b'[' if self.csi.is_empty() => self.state = State::LinuxFunction,
            b'~' if self.csi.is_paste_start() => self.state = State::Paste,
            _ => {
                if let Some(input) = self.csi.finish(byte) {
                    out(input);
                }
            }
        }
    }

    fn ss3(&mut self, byte: u8, modifier: u8, out: &mut impl FnMut(Input)) {
        match byte {
            b'1'..=b'9' => self.state = State::Ss3 { modifier: byte - b'0' },
            0x40..=0x7e | b' '..=b'/' => {
                self.state = State::Ground;
                if let Some(key) = csi::ss3_key(byte, modifier) {
                    out(Input::Key(key));
                }
            }
            _ => {}
        }
    }

    fn string(&mut self, byte: u8, kind: StringKind, out: &mut impl FnMut(Input)) {
        // xterm lets BEL end an OSC.
        if byte == 0x07 && kind == StringKind::Osc {
            return self.finish_string(kind, out);
        }
        self.state = State::String { kind, empty: false };
        // One byte over the limit marks the string as too long.
        if !matches!(kind, StringKind::Other(_)) && self.string.len() <= MAX_STRING {
            self.string.push(byte);
        }
    }

    fn finish_string(&mut self, kind: StringKind, out: &mut impl FnMut(Input)) {
        self.state = State::Ground;
        let reply = match kind {
            _ if self.string.len() > MAX_STRING => None,
            StringKind::Osc => reply::osc(&self.string),
            StringKind::Dcs => reply::dcs(&self.string),
            StringKind::Other(_) => None,
        };
        self.forget_string();
        if let Some(reply) = reply {
            out(Input::Reply(reply));
        }
    }

    fn forget_string(&mut self) {
        self.string = Vec::new();
    }

    fn utf8(
        &mut self,
        byte: u8,
        mut bytes: [u8; 4],
        have: u8,
        need: u8,
        alt: bool,
        out: &mut impl FnMut(Input),
    ) {
        if byte & 0xc0 != 0x80 {
            // The character was cut short: it is dropped, and this byte begins anew.
            return self.ground(byte, false, out);
        }
        bytes[usize::from(have)] = byte;
        if have + 1 < need {
            self.state = State::Utf8 { bytes, have: have + 1, need, alt };
            return;
        }
        self.state = State::Ground;
        let text = std::str::from_utf8(&bytes[..usize::from(need)]);
        if let Some(c) = text.ok().and_then(|text| text.chars().next()).filter(|c| !c.is_control()) {
            let mut key = Key::char(c);
            key.mods.alt = alt;
            out(Input::Key(key));
        }
    }
}

/// How many bytes the character has that begins with this one.
fn utf8_length(first: u8) -> Option<u8> {
    match first {
        0xc2..=0xdf => Some(2),
        0xe0..=0xef => Some(3),
        0xf0..=0xf4 => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
