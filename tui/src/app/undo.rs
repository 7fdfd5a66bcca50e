//! The way back from what was done to keys: told with it, and open for ten seconds on whatever page one is by then. It
//! knows nothing but [`Deed`]s; what was done about an alert its own page takes back.

use keyward_keys::Id;
use keyward_keys::view::KeyStatus;

use crate::app::cx::{Cx, Pending};
use crate::app::keymap::{Command, Place};
use crate::app::{Answer, App, Deed, Effect, Query, RequestId};
use crate::notice::{Notice, NoticeKind};
use crate::widgets::format;

/// For so long something can be taken back, ms.
const UNDO_MS: i64 = 10_000;

/// The way back, and what is being taken back.
#[derive(Default)]
pub(crate) struct Undo {
    /// What undoes the last deed, of which keys, and until when.
    way: Option<(Deed, Vec<Id>, i64)>,
    doing: Option<(Pending, Deed)>,
}

impl Undo {
    /// Something can be taken back.
    pub(super) fn is_open(&self, now_ms: i64) -> bool {
        self.way.as_ref().is_some_and(|(.., until_ms)| *until_ms > now_ms)
    }

    /// What is being taken back, if this is its answer.
    pub(super) fn answered(&mut self, id: RequestId) -> Option<Deed> {
        self.doing.take_if(|(pending, _)| Pending::is(Some(*pending), id)).map(|(_, deed)| deed)
    }
}

impl Deed {
    /// What a key is then, and what undoes it.
    fn became(self) -> (&'static str, Option<Self>) {
        match self {
            Self::Delete => ("in the bin for 30 days", Some(Self::Restore)),
            Self::Restore => ("back from the bin", None),
            Self::Switch(KeyStatus::Active) => ("switched on", Some(Self::Switch(KeyStatus::Inactive))),
            Self::Switch(_) => ("switched off", Some(Self::Switch(KeyStatus::Active))),
            Self::Freeze(true) => ("frozen", Some(Self::Freeze(false))),
            Self::Freeze(false) => ("thawed", Some(Self::Freeze(true))),
        }
    }
}

impl Cx<'_> {
    /// Tells what was done to these keys, `who` being their name or number, and opens the way back.
    pub(crate) fn did(&mut self, deed: Deed, who: &str, ids: Vec<Id>) {
        let (what, back) = deed.became();
        let back = back.filter(|_| !ids.is_empty());
        let undo = if back.is_some() { "; z takes it back" } else { "" };
        let text = format!("{who} {what}{undo}.");
        self.toasts.cut(self.now_ms);
        match back {
            // It is shown for as long as it holds.
            Some(_) => self.toasts.say_for(UNDO_MS, self.now_ms, NoticeKind::Done, text),
            None => self.say(NoticeKind::Done, text),
        }
        self.undo.way = back.map(|deed| (deed, ids, self.now_ms + UNDO_MS));
    }

    /// The same of what was done to several keys, some of which may stand in the way.
    pub(crate) fn did_to_many(&mut self, deed: Deed, done: Vec<Id>, refused: &[Notice]) {
        if let Some(first) = refused.first() {
            let others = match refused.len() {
                1 => String::new(),
                many => format!(" {} stand in the way:", keys(many)),
            };
            self.say(first.kind, format!("Nothing was done.{others} {}", first.text));
        }
        if !done.is_empty() || refused.is_empty() {
            self.did(deed, &keys(done.len()), done);
        }
    }

    /// Something was done since that has a way back of its own, or none.
    pub(crate) fn close_way_back(&mut self) {
        self.undo.way = None;
        self.toasts.cut(self.now_ms);
    }
}

impl App {
    /// Takes back what was done last, to keys or on this page.
    pub(super) fn take_back(&mut self, effects: &mut Vec<Effect>) {
        let now_ms = self.seen_ms;
        match self.undo.way.take().filter(|(.., until_ms)| *until_ms > now_ms) {
            Some((deed, ids, _)) => {
                self.toasts.cut(now_ms);
                let pending = self.lend(0, effects, |_, cx| cx.ask(Query::Many(deed, ids)));
                self.undo.doing = Some((pending, deed));
            }
            None if matches!(self.place(), Place::Alerts | Place::Alert) => {
                self.with_page(effects, |page, cx| page.command(Command::Undo, cx));
            }
            None => {
                let text = "Nothing to take back. The bin (B in the list of keys) has what was deleted.";
                self.toasts.say(now_ms, NoticeKind::Info, text);
            }
        }
    }

    /// What came of it.
    pub(super) fn took_back(
        &mut self,
        deed: Deed,
        result: Result<Answer, Notice>,
        effects: &mut Vec<Effect>,
    ) {
        match result {
            Ok(Answer::Many { done, refused }) => {
                self.lend(0, effects, |_, cx| cx.did_to_many(deed, done, &refused));
            }
            Ok(_) => {}
            Err(notice) => self.toasts.push(self.seen_ms, notice),
        }
    }
}

/// So many keys, in words.
pub(crate) fn keys(count: usize) -> String {
    if count == 1 { "1 key".to_owned() } else { format!("{} keys", format::count(count as u64)) }
}
