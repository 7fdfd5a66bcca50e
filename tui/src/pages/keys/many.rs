//! Several keys at once: which are marked, what is asked before something is done to them, and what came of it. With
//! nothing marked it is the selected key that is meant.

use std::collections::BTreeMap;

use keyward_keys::view::KeyStatus;
use keyward_keys::{Environment, Id};

use crate::app::cx::{Cx, Pending};
use crate::app::dialog::{Dialog, Subject, Verdict};
use crate::app::undo::keys;
use crate::app::{Answer, Deed, Query};
use crate::notice::{Notice, NoticeKind};
use crate::pages::asking::{self, TO_THE_BIN};
use crate::pages::keys::KeysPage;
use crate::widgets::format;

/// Keys that can be marked at once.
const MOST: usize = 1_000;

/// The marked keys, and what is being done to some.
#[derive(Default)]
pub(super) struct Many {
    marked: BTreeMap<Id, Environment>,
    /// Those the open dialog is about, and what their status is if it is one key.
    about: (Vec<Id>, Option<KeyStatus>),
    doing: Option<(Pending, Deed)>,
}

impl Many {
    pub(super) fn is_marked(&self, id: Id) -> bool {
        self.marked.contains_key(&id)
    }

    pub(super) fn count(&self) -> usize {
        self.marked.len()
    }

    pub(super) fn clear(&mut self) {
        self.marked.clear();
    }

    pub(super) fn pending(&self) -> Option<Pending> {
        self.doing.map(|(pending, _)| pending)
    }
}

impl KeysPage {
    /// Marks the selected key, or takes its mark away, and goes on to the next.
    pub(super) fn mark(&mut self, cx: &mut Cx<'_>) {
        let Some((id, environment)) = self.rows.current().map(|key| (key.id, key.environment)) else {
            return;
        };
        if self.many.marked.remove(&id).is_none() {
            if self.many.marked.len() == MOST {
                cx.say(NoticeKind::Warning, format!("{MOST} keys are marked; that is the most."));
                return;
            }
            self.many.marked.insert(id, environment);
        }
        self.select(self.rows.selected() + 1, cx);
    }

    /// Asks before the marked keys, or the selected one, are deleted.
    pub(super) fn ask_delete(&mut self, cx: &mut Cx<'_>) {
        self.many.about = self.meant();
        let count = self.many.about.0.len();
        match self.rows.current().filter(|_| self.many.marked.is_empty()) {
            Some(key) => cx.open(asking::delete(key)),
            None if count > 0 => {
                let text = format!("Delete {}{}? They go {TO_THE_BIN} them.", keys(count), self.production());
                cx.open(Dialog::confirm(Subject::Delete, "Delete", text, true));
            }
            None => {}
        }
    }

    /// Asks before the marked keys, or the selected one, are switched off or on.
    pub(super) fn ask_switch(&mut self, cx: &mut Cx<'_>) {
        self.many.about = self.meant();
        let count = self.many.about.0.len();
        match self.rows.current().filter(|_| self.many.marked.is_empty()) {
            Some(key) => match asking::switch(key) {
                Some(dialog) => cx.open(dialog),
                None => cx.say(NoticeKind::Warning, asking::EXPIRED),
            },
            None if count > 0 => {
                let text = format!(
                    "Switch {}{}. What is off can no longer be fetched by apps; calls are still counted.",
                    keys(count),
                    self.production()
                );
                cx.open(Dialog::choice(Subject::Switch, "Switch", text, ('o', "off"), ('n', "on")));
            }
            None => {}
        }
    }

    /// Takes the marked keys, or the selected one, back out of the bin: nothing is lost by that, so nothing is asked.
    pub(super) fn restore(&mut self, cx: &mut Cx<'_>) {
        let ids = self.meant().0;
        self.act(Deed::Restore, ids, cx);
    }

    /// A dialog said yes, or which way.
    pub(super) fn decided(&mut self, subject: Subject, verdict: &Verdict, cx: &mut Cx<'_>) {
        let (ids, status) = std::mem::take(&mut self.many.about);
        let deed = match (subject, verdict, status) {
            (Subject::Delete, ..) => Deed::Delete,
            (Subject::Switch, Verdict::Other, _) | (Subject::Switch, _, Some(KeyStatus::Inactive)) => {
                Deed::Switch(KeyStatus::Active)
            }
            (Subject::Switch, ..) => Deed::Switch(KeyStatus::Inactive),
            _ => return,
        };
        self.act(deed, ids, cx);
    }

    fn act(&mut self, deed: Deed, ids: Vec<Id>, cx: &mut Cx<'_>) {
        if self.many.doing.is_none() && !ids.is_empty() {
            self.many.doing = Some((cx.ask(Query::Many(deed, ids)), deed));
        }
    }

    /// What came of it: said, and read again.
    pub(super) fn done(&mut self, result: Result<Answer, Notice>, cx: &mut Cx<'_>) {
        let Some((_, deed)) = self.many.doing.take() else { return };
        let (done, refused) = match result {
            Ok(Answer::Many { done, refused }) => (done, refused),
            Ok(_) => return,
            Err(notice) => return cx.tell(notice),
        };
        self.many.marked.retain(|id, _| !done.contains(id));
        cx.did_to_many(deed, done, &refused);
        self.rows.doubt();
        self.counts.want();
    }

    /// The marked keys, or the selected one and its status.
    fn meant(&self) -> (Vec<Id>, Option<KeyStatus>) {
        match self.rows.current() {
            Some(key) if self.many.marked.is_empty() => (vec![key.id], Some(key.status)),
            _ => (self.many.marked.keys().copied().collect(), None),
        }
    }

    /// How many of the marked keys are in production.
    fn production(&self) -> String {
        let production = |environment: &&Environment| **environment == Environment::Production;
        match self.many.marked.values().filter(production).count() {
            0 => String::new(),
            count if count == self.many.marked.len() => ", all in production".to_owned(),
            count => format!(", {} of them in production", format::count(count as u64)),
        }
    }
}
