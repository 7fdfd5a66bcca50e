//! The vocabulary of the input decoder: what a person or their terminal may say.
//! No bytes and no parsing here.

use std::fmt;

use zeroize::Zeroizing;

/// One thing that arrived from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key press (releases are never reported, repeats count as presses).
    Key(Key),
    /// A mouse action.
    Mouse(Mouse),
    /// Pasted text. It is data, never keys.
    Paste(Paste),
    /// The terminal's window gained (`true`) or lost the focus.
    Focus(bool),
    /// The terminal's answer to one of our questions.
    Reply(Reply),
}

/// A key with the modifiers held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// Modifiers held. Never holds `shift` for [`KeyCode::Char`]: the character itself says so.
    pub mods: Mods,
}

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, mods: Mods::NONE }
    }

    /// A character without modifiers.
    pub const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    /// A character with Control.
    pub const fn ctrl(c: char) -> Self {
        Self { code: KeyCode::Char(c), mods: Mods { ctrl: true, ..Mods::NONE } }
    }

    /// A character with Alt.
    pub const fn alt(c: char) -> Self {
        Self { code: KeyCode::Char(c), mods: Mods { alt: true, ..Mods::NONE } }
    }
}

/// Which key. Back-tab is [`KeyCode::Tab`] with `shift`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyCode {
    /// A character, as typed (upper case when Shift was held).
    Char(char),
    /// Enter, also on the keypad.
    Enter,
    /// Tab.
    Tab,
    /// Backspace (0x7f or 0x08).
    Backspace,
    /// Escape.
    Esc,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Insert.
    Insert,
    /// Delete.
    Delete,
    /// A function key, from 1.
    F(u8),
}

/// Modifiers of a key or a mouse action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Mods {
    /// Control.
    pub ctrl: bool,
    /// Alt or Option.
    pub alt: bool,
    /// Shift.
    pub shift: bool,
}

impl Mods {
    /// No modifier.
    pub const NONE: Self = Self { ctrl: false, alt: false, shift: false };
    /// Shift alone.
    pub const SHIFT: Self = Self { ctrl: false, alt: false, shift: true };
}

/// A mouse action at a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mouse {
    /// What was done.
    pub kind: MouseKind,
    /// Column, from 0. May lie outside the screen when a drag leaves it.
    pub column: u16,
    /// Row, from 0. May lie outside the screen when a drag leaves it.
    pub row: u16,
    /// Modifiers held.
    pub mods: Mods,
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MouseKind {
    /// A button went down.
    Press(Button),
    /// A button went up.
    Release(Button),
    /// The mouse moved with a button held.
    Drag(Button),
    /// Wheel up.
    ScrollUp,
    /// Wheel down.
    ScrollDown,
    /// Wheel left.
    ScrollLeft,
    /// Wheel right.
    ScrollRight,
}

/// A mouse button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Button {
    /// The main button.
    Left,
    /// The wheel pressed.
    Middle,
    /// The context button.
    Right,
}

/// Pasted text, wiped when dropped, because people paste keys and passphrases.
#[derive(Clone, PartialEq, Eq)]
pub struct Paste {
    /// The text: lines end in `\n`, other controls but tab are gone, invalid UTF-8 became U+FFFD.
    pub text: Zeroizing<String>,
    /// More was pasted than is kept: the rest is lost, and the person must be told.
    pub truncated: bool,
}

impl fmt::Debug for Paste {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paste")
            .field("len", &self.text.len())
            .field("truncated", &self.truncated)
            .finish_non_exhaustive()
    }
}

/// An answer of the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Primary device attributes (DA1), the answer every terminal gives: the fence of the query burst.
    Attributes(Vec<u16>),
    /// Name and version (XTVERSION), printable ASCII, at most 256 characters.
    Version(String),
    /// The kitty keyboard flags in force: the terminal knows that protocol.
    KittyFlags(u16),
    /// State of a private mode (DECRPM): 0 unknown, 1 set, 2 reset, 3 always set, 4 always reset.
    Mode {
        /// The mode's number.
        mode: u16,
        /// Its state.
        value: u16,
    },
    /// Background colour (OSC 11), red, green and blue.
    Background([u8; 3]),
}
