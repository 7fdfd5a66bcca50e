//! What a page may reach while it handles an event: the moment, the size, and ways to ask, tell and open a dialog.

use keyward_keys::view::UserView;
use ratatui::layout::Rect;

use crate::app::dialog::Dialog;
use crate::app::toast::{Toasts, Told};
use crate::app::undo::Undo;
use crate::app::{Effect, HostInfo, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::term::caps::Caps;
use crate::theme::Theme;
use crate::widgets::glyphs::Glyphs;
use crate::widgets::pen::Ui;

/// A question that has no answer yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Pending {
    id: RequestId,
    since_ms: i64,
}

/// Waiting is not mentioned before it took this long, ms.
const PATIENCE_MS: i64 = 300;

impl Pending {
    /// This is the answer's id.
    pub(crate) fn is(this: Option<Self>, id: RequestId) -> bool {
        this.is_some_and(|pending| pending.id == id)
    }

    /// It takes so long that the screen should say so.
    pub(crate) fn is_long(self, now_ms: i64) -> bool {
        now_ms >= self.since_ms + PATIENCE_MS
    }

    /// The moment from which [`Self::is_long`], if that is still to come.
    pub(crate) fn long_from(self, now_ms: i64) -> Option<i64> {
        (!self.is_long(now_ms)).then_some(self.since_ms + PATIENCE_MS)
    }
}

/// Handed to a page with each event.
pub(crate) struct Cx<'a> {
    pub(crate) now_ms: i64,
    /// The page is the one on screen. Those below it ask for nothing until they are again.
    pub(crate) front: bool,
    /// The page's place on the screen.
    pub(crate) area: Rect,
    pub(crate) host: &'a HostInfo,
    pub(crate) caps: &'a Caps,
    /// The person, as the core last told.
    pub(crate) user: &'a UserView,
    pub(super) effects: &'a mut Vec<Effect>,
    pub(super) next_request: &'a mut u64,
    pub(super) toasts: &'a mut Toasts,
    pub(super) undo: &'a mut Undo,
    pub(super) dialog: &'a mut Option<Dialog>,
}

impl Cx<'_> {
    /// What drawing would have now, for whoever has to know what is drawn.
    pub(crate) fn ui(&self) -> Ui {
        let theme = Theme::new(&self.user.theme, self.caps);
        Ui { theme, glyphs: Glyphs::of(self.caps.utf8), now_ms: self.now_ms }
    }

    /// Asks the core.
    pub(crate) fn ask(&mut self, query: Query) -> Pending {
        let id = RequestId(*self.next_request);
        *self.next_request += 1;
        self.effects.push(Effect::Request { id, query });
        Pending { id, since_ms: self.now_ms }
    }

    /// Has the session do something.
    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Tells a line.
    pub(crate) fn say(&mut self, kind: NoticeKind, text: impl Into<String>) {
        self.toasts.say(self.now_ms, kind, text);
    }

    /// Passes a refusal on.
    pub(crate) fn tell(&mut self, notice: Notice) {
        self.toasts.push(self.now_ms, notice);
    }

    /// The messages so far.
    pub(crate) fn log(&self) -> impl Iterator<Item = &Told> {
        self.toasts.log()
    }

    /// Puts a question over the page; it comes back as `Page::verdict`.
    pub(crate) fn open(&mut self, dialog: Dialog) {
        *self.dialog = Some(dialog);
    }
}
