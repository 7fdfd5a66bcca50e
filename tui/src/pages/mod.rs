//! The pages. Each is a pure machine like the dashboard itself: it takes what concerns it and draws itself. A page
//! must not know the others' insides; it opens them by handing out a [`Step`].

pub(crate) mod alerts;
pub(crate) mod asking;
pub(crate) mod audit;
pub(crate) mod banner;
pub(crate) mod billing;
mod days;
pub(crate) mod form;
pub(crate) mod help;
pub(crate) mod home;
pub(crate) mod key;
pub(crate) mod keys;
pub(crate) mod marks;
pub(crate) mod messages;
pub(crate) mod monitor;
pub(crate) mod notices;
pub(crate) mod once;
pub(crate) mod profile;
pub(crate) mod read;
pub(crate) mod rotation;
pub(crate) mod routes;
pub(crate) mod sheet;
pub(crate) mod support;
pub(crate) mod team;
pub(crate) mod track;
pub(crate) mod usage;

use keyward_keys::{Event, Id};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::app::again::Again;
use crate::app::cx::Cx;
use crate::app::dialog::{Subject, Verdict};
use crate::app::keymap::{Command, Place};
use crate::app::toast::Toasts;
use crate::app::{Answer, RequestId};
use crate::notice::Notice;
use crate::term::input::{Key, Mouse, MouseKind, Paste};
use crate::widgets::pen::{Ui, safe};

/// Where to go after an event.
pub(crate) enum Step {
    /// Nowhere.
    Stay,
    /// To the page below.
    Back,
    /// On top of this page.
    Open(Box<dyn Page>),
    /// In the place of this page.
    Replace(Box<dyn Page>),
}

/// A page.
pub(crate) trait Page: Send {
    /// Which keys hold now.
    fn place(&self) -> Place;

    /// Its name in the header, safe to show.
    fn crumb(&self) -> String;

    /// The key at hand, as a word of a shell: what `KEY` stands for in the lines of the palette.
    fn operand(&self) -> Option<String> {
        None
    }

    /// The key whose page it is.
    fn key(&self) -> Option<Id> {
        None
    }

    /// The alert at hand: what `ALERT` stands for in the lines of the palette.
    fn alert(&self) -> Option<Id> {
        None
    }

    /// Something was typed that leaving would lose.
    fn unsaved(&self) -> bool {
        false
    }

    /// How it is opened again as it stands, when the session is cut off; none for what cannot be, such as a form.
    fn again(&self) -> Option<Again> {
        None
    }

    /// It was opened: the first questions.
    fn opened(&mut self, _cx: &mut Cx<'_>) {}

    /// A key that means something here.
    fn command(&mut self, command: Command, cx: &mut Cx<'_>) -> Step;

    /// A key that means nothing: typing.
    fn typed(&mut self, _key: Key, _cx: &mut Cx<'_>) {}

    /// Pasted text.
    fn pasted(&mut self, _paste: &Paste, _cx: &mut Cx<'_>) {}

    /// The mouse within the page; `double` for the second of two quick presses on one cell. The wheel scrolls any page.
    fn mouse(&mut self, mouse: Mouse, _double: bool, cx: &mut Cx<'_>) -> Step {
        match mouse.kind {
            MouseKind::ScrollUp => self.command(Command::Up, cx),
            MouseKind::ScrollDown => self.command(Command::Down, cx),
            _ => Step::Stay,
        }
    }

    /// How a dialog of this page ended.
    fn verdict(&mut self, _subject: Subject, _verdict: Verdict, _cx: &mut Cx<'_>) -> Step {
        Step::Stay
    }

    /// It still wants the answer to this.
    fn awaits(&self, _id: RequestId) -> bool {
        false
    }

    /// The answer to a question it awaits.
    fn answer(&mut self, _id: RequestId, _result: Result<Answer, Notice>, _cx: &mut Cx<'_>) -> Step {
        Step::Stay
    }

    /// Something happened in the core.
    fn domain(&mut self, _event: &Event, _cx: &mut Cx<'_>) {}

    /// Time has passed, or the size changed.
    fn tick(&mut self, _cx: &mut Cx<'_>) {}

    /// When it next changes by time alone, seen from `now_ms`.
    fn next_tick(&self, _now_ms: i64) -> Option<i64> {
        None
    }

    /// It shows seconds that pass, seen from `now_ms`: what moves on with each of them, and may do so a little later.
    fn slides(&self, _now_ms: i64) -> bool {
        false
    }

    /// When it must act even while another page covers it.
    fn deadline(&self) -> Option<i64> {
        None
    }

    /// The theme it tries out, in the place of the person's own.
    fn theme(&self) -> Option<&'static str> {
        None
    }

    /// What it shows stands still on purpose.
    fn paused(&self) -> bool {
        false
    }

    /// This does nothing as it stands now in `area`: there is nothing to do it to, or it is not for this person. The footer
    /// leaves it out.
    fn refuses(&self, _command: Command, _area: Rect) -> bool {
        false
    }

    /// It has a way back of its own from what was done on it.
    fn takes_back(&self) -> bool {
        false
    }

    /// Draws it; answers where the cursor belongs.
    fn paint(&self, area: Rect, buf: &mut Buffer, toasts: &Toasts, ui: &Ui) -> Option<Position>;
}

/// Where a page that scrolls stands after a command: a row from 0 to `last`, in a window `height` rows high.
pub(crate) fn scrolled(scroll: usize, command: Command, height: u16, last: usize) -> usize {
    let page = usize::from(height.max(2) / 2);
    let scroll = match command {
        Command::Up => scroll.saturating_sub(1),
        Command::Down => scroll + 1,
        Command::HalfUp | Command::PageUp => scroll.saturating_sub(page),
        Command::HalfDown | Command::PageDown => scroll + page,
        Command::Top => 0,
        Command::Bottom => last,
        _ => scroll,
    };
    scroll.min(last)
}

/// A name as one word of a shell, safe to show.
pub(crate) fn word(name: &str) -> String {
    let name = safe(name);
    shlex::try_quote(&name).map_or_else(|_| "KEY".to_owned(), |word| word.into_owned())
}

/// The event changes who one is, with whom, or what one may do; or something was missed.
pub(crate) fn about_people(event: &Event) -> bool {
    match event {
        Event::AccountChanged { .. } | Event::Lagged => true,
        Event::KeyChanged { .. }
        | Event::Usage { .. }
        | Event::SessionsEnded { .. }
        | Event::TokenRevoked { .. }
        | Event::Notified { .. }
        | Event::Announced { .. }
        | Event::AlertChanged { .. }
        | Event::Draining { .. } => false,
    }
}

/// Something was told to this person; or something was missed.
pub(crate) fn about_notices(event: &Event) -> bool {
    match event {
        Event::Notified { .. } | Event::Lagged => true,
        Event::AccountChanged { .. }
        | Event::KeyChanged { .. }
        | Event::Usage { .. }
        | Event::SessionsEnded { .. }
        | Event::TokenRevoked { .. }
        | Event::Announced { .. }
        | Event::AlertChanged { .. }
        | Event::Draining { .. } => false,
    }
}

/// The earlier of two moments.
pub(crate) fn sooner(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
