//! Questions put over a page: yes or no, type the name, a passphrase, which way to take a paste. They are the only
//! place that asks; what is asked about comes back to the page as a [`Verdict`].

mod paint;

use keyward_keys::Id;
use ratatui::layout::{Position, Rect};
use secrecy::SecretString;

use crate::term::input::{Button, Input, Key, KeyCode, MouseKind};
use crate::widgets::edit::Edit;
use crate::widgets::pen::safe;

/// Bytes a value may have.
const VALUE: usize = 64 * 1024;

/// Bytes a line may have.
const LINE: usize = 200;

/// What a dialog is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Subject {
    /// Leave the program although something was typed.
    Quit,
    /// Go elsewhere although something was typed.
    Elsewhere,
    /// Leave the form although something was typed.
    Discard,
    /// Move the key to the bin.
    Delete,
    /// Remove what has this id: a member, a team, an SSH key, a session.
    Remove(Id),
    /// Withdraw this invitation.
    Withdraw(Id),
    /// End everything but this.
    Others,
    /// Switch the key off or on.
    Switch,
    /// Freeze the key, or thaw it.
    Freeze,
    /// Make the key a decoy, or none.
    Decoy,
    /// Rotate the key, or give it another value.
    Rotate,
    /// Rotate it with nothing of the version before left.
    Emergency,
    /// Back to the version before.
    RollBack,
    /// An old version is gone.
    TickOff,
    /// Show the value.
    Show,
    /// Copy the value.
    Copy,
    /// Open what is sealed, to go on with what was begun.
    Unlock,
    /// Make a value by a template.
    Generate,
    /// Keep or join the lines of a paste.
    Lines,
    /// Put the alert off.
    Snooze,
    /// Settle the alert.
    Settle,
    /// Hold the key to fewer networks.
    Narrow,
    /// Lower the key's limit.
    Lower,
}

/// How a dialog ended, unless it was left.
pub(crate) enum Verdict {
    /// Yes, or the name was typed.
    Yes,
    /// The other of two ways.
    Other,
    /// A passphrase.
    Passphrase(SecretString),
    /// A line.
    Line(String),
    /// One of several, by its letter.
    Picked(char),
}

enum Kind {
    /// `y` does it, everything else doesn't.
    Confirm,
    /// The name does it.
    Name { name: String, typed: Edit },
    /// A hidden line.
    Passphrase { typed: Edit },
    /// A line to be read by others.
    Line { typed: Edit },
    /// Two letters do one thing or the other.
    Choice { yes: (char, &'static str), other: (char, &'static str) },
    /// A letter does one of several things.
    Pick { all: &'static [(char, &'static str)] },
}

/// An open question.
pub(crate) struct Dialog {
    pub(crate) subject: Subject,
    title: String,
    text: String,
    danger: bool,
    error: Option<String>,
    kind: Kind,
    /// Rows of the text that are scrolled out of view, where not all have room.
    scroll: u16,
}

/// What became of a dialog after an input.
pub(crate) enum Outcome {
    Open,
    Left,
    Done(Verdict),
}

impl Dialog {
    fn new(subject: Subject, title: &str, text: String, danger: bool, kind: Kind) -> Self {
        Self { subject, title: title.to_owned(), text, danger, error: None, kind, scroll: 0 }
    }

    /// Yes or no; no unless `y` is pressed.
    pub(crate) fn confirm(subject: Subject, title: &str, text: String, danger: bool) -> Self {
        Self::new(subject, title, text, danger, Kind::Confirm)
    }

    /// Only typing the name says yes.
    pub(crate) fn name(subject: Subject, title: &str, text: String, name: &str) -> Self {
        Self::new(subject, title, text, true, Kind::Name { name: name.to_owned(), typed: Edit::new(1_024) })
    }

    /// Asks for a passphrase; `error` says what was wrong with the last one.
    pub(crate) fn passphrase(subject: Subject, text: String, error: Option<String>) -> Self {
        let mut dialog =
            Self::new(subject, "Passphrase", text, false, Kind::Passphrase { typed: Edit::new(1_024) });
        dialog.error = error;
        dialog
    }

    /// Asks for a value, hidden as it is typed.
    pub(crate) fn value(subject: Subject, title: &str, text: String) -> Self {
        Self::new(subject, title, text, false, Kind::Passphrase { typed: Edit::new(VALUE) })
    }

    /// Asks for a line of text; `typed` is in it already, `error` says what was wrong with the last one.
    pub(crate) fn line(
        subject: Subject,
        title: &str,
        text: String,
        typed: &str,
        error: Option<String>,
    ) -> Self {
        let mut edit = Edit::new(LINE);
        edit.insert(typed);
        Self { error, ..Self::new(subject, title, text, false, Kind::Line { typed: edit }) }
    }

    /// One of two ways, each by its letter.
    pub(crate) fn choice(
        subject: Subject,
        title: &str,
        text: String,
        yes: (char, &'static str),
        other: (char, &'static str),
    ) -> Self {
        Self::new(subject, title, text, false, Kind::Choice { yes, other })
    }

    /// One of several things, each by its letter.
    pub(crate) fn pick(
        subject: Subject,
        title: &str,
        text: String,
        all: &'static [(char, &'static str)],
    ) -> Self {
        Self::new(subject, title, text, false, Kind::Pick { all })
    }

    /// Takes an input; `area` is where it is drawn over.
    pub(crate) fn on(&mut self, input: &Input, area: Rect) -> Outcome {
        match input {
            Input::Key(Key { code: KeyCode::Up, .. }) if self.scrolls(-1, area) => Outcome::Open,
            Input::Key(Key { code: KeyCode::Down, .. }) if self.scrolls(1, area) => Outcome::Open,
            Input::Key(Key { code: KeyCode::PageUp, .. }) if self.scrolls(-4, area) => Outcome::Open,
            Input::Key(Key { code: KeyCode::PageDown, .. }) if self.scrolls(4, area) => Outcome::Open,
            Input::Mouse(mouse) if mouse.kind == MouseKind::ScrollUp && self.scrolls(-1, area) => {
                Outcome::Open
            }
            Input::Mouse(mouse) if mouse.kind == MouseKind::ScrollDown && self.scrolls(1, area) => {
                Outcome::Open
            }
            Input::Key(key) => self.key(*key),
            Input::Paste(paste) => {
                if let Kind::Name { typed, .. } | Kind::Passphrase { typed } | Kind::Line { typed } =
                    &mut self.kind
                {
                    // A copied passphrase often brings its line's end along.
                    let text = paste.text.trim_end_matches('\n');
                    if paste.truncated || text.contains('\n') || !typed.insert(text) {
                        self.error =
                            Some("That paste does not fit: it is too long or has several lines.".to_owned());
                    }
                }
                Outcome::Open
            }
            Input::Mouse(mouse) if mouse.kind == MouseKind::Press(Button::Left) => {
                let pressed = self.laid(area).key_at(Position::new(mouse.column, mouse.row));
                pressed.map_or(Outcome::Open, |key| self.key(key))
            }
            Input::Mouse(_) | Input::Focus(_) | Input::Reply(_) => Outcome::Open,
        }
    }

    /// Moves the text by so many rows; whether there is more of it than has room in `area`.
    fn scrolls(&mut self, by: i16, area: Rect) -> bool {
        let laid = self.laid(area);
        self.scroll = laid.from.saturating_add_signed(by).min(laid.last);
        laid.last > 0
    }

    fn key(&mut self, key: Key) -> Outcome {
        if key.code == KeyCode::Esc {
            return Outcome::Left;
        }
        match &mut self.kind {
            Kind::Confirm => match key {
                key if key == Key::char('y') || key == Key::char('Y') => Outcome::Done(Verdict::Yes),
                _ => Outcome::Left,
            },
            Kind::Choice { yes, other } => match key {
                key if key == Key::char(yes.0) => Outcome::Done(Verdict::Yes),
                key if key == Key::char(other.0) => Outcome::Done(Verdict::Other),
                _ => Outcome::Open,
            },
            Kind::Pick { all } => {
                let picked = all.iter().find(|(letter, _)| key == Key::char(*letter));
                picked.map_or(Outcome::Open, |(letter, _)| Outcome::Done(Verdict::Picked(*letter)))
            }
            Kind::Name { name, typed } => {
                if key.code != KeyCode::Enter {
                    typed.key(key);
                    self.error = None;
                } else if typed.text() == name || typed.text() == safe(name) {
                    return Outcome::Done(Verdict::Yes);
                } else {
                    self.error = Some("That is not the name.".to_owned());
                }
                Outcome::Open
            }
            Kind::Line { typed } => {
                if key.code != KeyCode::Enter {
                    typed.key(key);
                    self.error = None;
                } else if !typed.text().trim().is_empty() {
                    return Outcome::Done(Verdict::Line(typed.text().trim().to_owned()));
                }
                Outcome::Open
            }
            Kind::Passphrase { typed } => {
                if key.code != KeyCode::Enter {
                    typed.key(key);
                    self.error = None;
                } else if !typed.is_empty() {
                    return Outcome::Done(Verdict::Passphrase(typed.secret()));
                }
                Outcome::Open
            }
        }
    }
}
