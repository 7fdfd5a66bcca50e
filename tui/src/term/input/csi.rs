//! CSI and SS3 sequences: parameters gathered, then looked up. No state beyond one sequence.
//!
//! Sources: ECMA-48, xterm's `ctlseqs`, kitty's keyboard protocol, the Linux console's `console_codes(4)`.

use super::{Button, Input, Key, KeyCode, Mods, Mouse, MouseKind, Reply};

/// Parameters kept; a sequence with more is consumed and dropped.
const MAX_PARAMS: usize = 16;
/// Bytes of a sequence; a longer one is consumed and dropped.
const MAX_BYTES: u8 = 64;

/// A CSI sequence under way.
#[derive(Default)]
pub(super) struct Csi {
    params: [Param; MAX_PARAMS],
    /// Index of the parameter being read.
    last: usize,
    bytes: u8,
    /// `<`, `=`, `>` or `?` in front, else 0.
    prefix: u8,
    /// The byte between parameters and final, else 0.
    intermediate: u8,
    /// Malformed or over a limit: consumed without effect.
    dropped: bool,
}

/// A parameter and the first two values behind colons.
#[derive(Clone, Copy, Default)]
struct Param {
    values: [u32; 3],
    /// Index of the value being read; from 3 on they are ignored.
    at: usize,
}

impl Csi {
    /// Whether nothing stands between the introducer and the final byte.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Takes a byte that is not final.
    pub(super) fn push(&mut self, byte: u8) {
        self.bytes = self.bytes.saturating_add(1);
        self.dropped |= self.bytes > MAX_BYTES;
        if self.dropped {
            return;
        }
        let param = &mut self.params[self.last];
        match byte {
            _ if self.intermediate != 0 => self.dropped = true,
            b'0'..=b'9' => {
                if let Some(value) = param.values.get_mut(param.at) {
                    *value = value.saturating_mul(10).saturating_add(u32::from(byte - b'0'));
                }
            }
            b':' => param.at += 1,
            b';' if self.last + 1 < MAX_PARAMS => self.last += 1,
            b'<'..=b'?' if self.bytes == 1 => self.prefix = byte,
            b' '..=b'/' => self.intermediate = byte,
            _ => self.dropped = true,
        }
    }

    /// `CSI 200 ~`, after which everything is data.
    pub(super) fn is_paste_start(&self) -> bool {
        self.plain() && self.value(0) == 200
    }

    /// The event of the whole sequence, or none if it is unknown.
    pub(super) fn finish(&self, last: u8) -> Option<Input> {
        match (self.dropped, self.prefix, self.intermediate, last) {
            (true, ..) => None,
            (_, 0, 0, b'I') if self.is_empty() => Some(Input::Focus(true)),
            (_, 0, 0, b'O') if self.is_empty() => Some(Input::Focus(false)),
            (_, 0, 0, _) => self.key(last).map(Input::Key),
            (_, b'<', 0, b'M' | b'm') => self.mouse(last == b'M').map(Input::Mouse),
            (_, b'?', 0, b'c') => Some(Input::Reply(Reply::Attributes(
                (0..=self.last).filter_map(|i| u16::try_from(self.value(i)).ok()).collect(),
            ))),
            (_, b'?', 0, b'u') => Some(Input::Reply(Reply::KittyFlags(u16::try_from(self.value(0)).ok()?))),
            (_, b'?', b'$', b'y') => Some(Input::Reply(Reply::Mode {
                mode: u16::try_from(self.value(0)).ok()?,
                value: u16::try_from(self.value(1)).ok()?,
            })),
            _ => None,
        }
    }

    fn plain(&self) -> bool {
        !self.dropped && self.prefix == 0 && self.intermediate == 0
    }

    fn value(&self, index: usize) -> u32 {
        self.params[index].values[0]
    }

    fn key(&self, last: u8) -> Option<Key> {
        match last {
            // kitty: code:shifted:base ; modifiers:event ; text
            b'u' => {
                let [code, shifted, _] = self.params[0].values;
                self.coded_key(code, shifted, self.params[1])
            }
            // xterm's modifyOtherKeys: 27 ; modifiers ; code
            b'~' if self.value(0) == 27 => self.coded_key(self.value(2), 0, self.params[1]),
            b'~' => Some(Key { code: tilde_key(self.value(0))?, mods: mods(self.params[1])? }),
            b'Z' => Some(Key { code: KeyCode::Tab, mods: Mods { shift: true, ..mods(self.params[1])? } }),
            // rxvt: arrows in lower case are shifted ones.
            b'a'..=b'd' if self.is_empty() => {
                Some(Key { code: letter_key(last.to_ascii_uppercase())?, mods: Mods::SHIFT })
            }
            // Also tells a cursor report, which nobody asked for, from F3: the first parameter of a key is 1.
            _ if self.value(0) <= 1 => Some(Key { code: letter_key(last)?, mods: mods(self.params[1])? }),
            _ => None,
        }
    }

    fn coded_key(&self, code: u32, shifted: u32, modifiers: Param) -> Option<Key> {
        let mut mods = mods(modifiers)?;
        let code = match kitty_key(code)? {
            KeyCode::Char(c) if mods.shift => {
                mods.shift = false;
                let shifted = char::from_u32(shifted).filter(|c| !c.is_control());
                KeyCode::Char(shifted.unwrap_or_else(|| c.to_ascii_uppercase()))
            }
            other => other,
        };
        Some(Key { code, mods })
    }

    /// SGR coding (mode 1006): buttons and modifiers in one number, then column and row from 1.
    fn mouse(&self, down: bool) -> Option<Mouse> {
        let flags = self.value(0);
        let button = match flags & 3 {
            0 => Some(Button::Left),
            1 => Some(Button::Middle),
            2 => Some(Button::Right),
            _ => None,
        };
        let (moved, wheel) = (flags & 32 != 0, flags & 64 != 0);
        let kind = match (flags & 3, wheel) {
            _ if flags & !0x7f != 0 => return None,
            (0, true) => MouseKind::ScrollUp,
            (1, true) => MouseKind::ScrollDown,
            (2, true) => MouseKind::ScrollLeft,
            (_, true) => MouseKind::ScrollRight,
            _ if moved => MouseKind::Drag(button?),
            _ if down => MouseKind::Press(button?),
            _ => MouseKind::Release(button?),
        };
        let place = |index| u16::try_from(self.value(index)).ok()?.checked_sub(1);
        let mods = Mods { shift: flags & 4 != 0, alt: flags & 8 != 0, ctrl: flags & 16 != 0 };
        Some(Mouse { kind, column: place(1)?, row: place(2)?, mods })
    }
}

/// Modifiers as xterm and kitty code them: 1 plus a bit each. None for a release and for modifiers we don't have, so
/// that Super+Q is not taken for Q.
fn mods(param: Param) -> Option<Mods> {
    const RELEASE: u32 = 3;
    const LOCKS: u32 = 64 | 128;
    let [coded, event, _] = param.values;
    let bits = coded.saturating_sub(1) & !LOCKS;
    (event != RELEASE && bits <= 7).then_some(Mods {
        shift: bits & 1 != 0,
        alt: bits & 2 != 0,
        ctrl: bits & 4 != 0,
    })
}

/// Keys ending in a letter, of CSI and SS3 alike.
fn letter_key(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

/// Keys of the form `CSI number ~`, numbered after the VT220's keyboard.
fn tilde_key(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11..=15 => function_key(number - 10)?,
        17..=21 => function_key(number - 11)?,
        23..=26 => function_key(number - 12)?,
        28 | 29 => function_key(number - 13)?,
        31..=34 => function_key(number - 14)?,
        _ => return None,
    })
}

fn function_key(number: u32) -> Option<KeyCode> {
    u8::try_from(number).ok().map(KeyCode::F)
}

/// Keys by Unicode code point, and by kitty's numbers in the private use area.
fn kitty_key(code: u32) -> Option<KeyCode> {
    Some(match code {
        9 => KeyCode::Tab,
        13 | 57414 => KeyCode::Enter,
        27 => KeyCode::Esc,
        8 | 127 => KeyCode::Backspace,
        57376..=57398 => function_key(code - 57376 + 13)?,
        57399..=57416 => KeyCode::Char(char::from(b"0123456789./*-+\r=,"[(code - 57399) as usize])),
        57417 => KeyCode::Left,
        57418 => KeyCode::Right,
        57419 => KeyCode::Up,
        57420 => KeyCode::Down,
        57421 => KeyCode::PageUp,
        57422 => KeyCode::PageDown,
        57423 => KeyCode::Home,
        57424 => KeyCode::End,
        57425 => KeyCode::Insert,
        57426 => KeyCode::Delete,
        // The rest of the private use area: volume, locks, modifiers on their own.
        0xe000..=0xf8ff => return None,
        _ => KeyCode::Char(char::from_u32(code).filter(|c| !c.is_control())?),
    })
}

/// SS3 keys: the arrows and F1 to F4 of application mode, the keypad, with a modifier in the form some old terminals
/// use.
pub(super) fn ss3_key(last: u8, modifier: u8) -> Option<Key> {
    let code = match last {
        b'M' => KeyCode::Enter,
        b'I' => KeyCode::Tab,
        b' ' => KeyCode::Char(' '),
        b'X' => KeyCode::Char('='),
        b'j'..=b'y' => KeyCode::Char(char::from(b"*+,-./0123456789"[usize::from(last - b'j')])),
        _ => letter_key(last)?,
    };
    let mods = mods(Param { values: [u32::from(modifier), 0, 0], at: 0 })?;
    Some(Key { code, mods })
}
