//! The way back to where somebody was when their session was cut off: the section, the pages over it, and how each stood.
//! It holds ids, words that were searched for and choices; never a value, and nothing of what was unlocked.

use std::vec;

use super::cx::Pending;
use super::sections::{self, SECTIONS};
use super::{Answer, App, Effect, Query};
use crate::notice::{Notice, NoticeKind};
use crate::pages::Page;

/// Pages that are opened again, from the section's on.
const DEEPEST: usize = 6;

type Made = Box<dyn Page>;

/// How one page is opened again as it stood.
pub(crate) enum Again {
    /// It reads what it shows by itself.
    Page(Box<dyn FnOnce() -> Made + Send>),
    /// What it is about is read first: it may be gone.
    After(Query, Box<dyn FnOnce(Answer) -> Option<Made> + Send>),
}

impl Again {
    /// A page that can be opened at once.
    pub(crate) fn page<P: Page + 'static>(open: impl FnOnce() -> P + Send + 'static) -> Option<Self> {
        Some(Self::Page(Box::new(|| Box::new(open()))))
    }

    /// A page of something that `query` asks for.
    pub(crate) fn after<P: Page + 'static>(
        query: Query,
        open: impl FnOnce(Answer) -> Option<P> + Send + 'static,
    ) -> Option<Self> {
        Some(Self::After(query, Box::new(|answer| Some(Box::new(open(answer)?)))))
    }
}

/// What is left of a dashboard when it ends, for the next one to open there.
pub struct Trail {
    section: &'static str,
    /// The section's own page first.
    pages: Vec<Again>,
    locked: bool,
}

/// A page that is being opened again, and those over it.
pub(super) struct Reopening {
    asked: Pending,
    open: Box<dyn FnOnce(Answer) -> Option<Made> + Send>,
    rest: vec::IntoIter<Again>,
}

impl App {
    /// The way back to here, as far as it consists of pages that can be opened again: forms, and what is shown once, cannot.
    pub fn trail(&self) -> Trail {
        let pages = self.pages.iter().map_while(|page| page.again()).take(DEEPEST).collect();
        Trail { section: self.section.name, pages, locked: self.is_locked() }
    }

    /// Opens where the last dashboard of this person ended, as far as that still is for them. What was locked is.
    pub fn reopen(&mut self, trail: Trail, now_ms: i64) -> Vec<Effect> {
        self.with_effects(now_ms, |app, effects| {
            if trail.locked {
                app.lock(effects);
            }
            let found = sections::visible(&app.user).find(|section| section.name == trail.section);
            let Some(section) = found else { return app.is_gone() };
            let elsewhere = section.name != SECTIONS[0].name || trail.pages.len() > 1;
            let mut pages = trail.pages.into_iter();
            let first = match pages.next() {
                Some(Again::Page(open)) => open(),
                Some(Again::After(..)) | None => (section.open)(),
            };
            app.section = section;
            app.pages.clear();
            app.put(first, effects);
            app.reopen_next(pages, effects);
            if elsewhere {
                app.toasts.say(now_ms, NoticeKind::Info, "Opened where you were. 1 is Home.");
            }
        })
    }

    /// Opens the next pages, as far as none has to wait for an answer.
    fn reopen_next(&mut self, mut pages: vec::IntoIter<Again>, effects: &mut Vec<Effect>) {
        while let Some(again) = pages.next() {
            match again {
                Again::Page(open) => self.put(open(), effects),
                Again::After(query, open) => {
                    let asked = self.lend(self.pages.len() - 1, effects, |_, cx| cx.ask(query));
                    self.reopening = Some(Box::new(Reopening { asked, open, rest: pages }));
                    return;
                }
            }
        }
    }

    /// Takes the answer to what a page is about; gives it back when it is not that.
    pub(super) fn reopened(
        &mut self,
        id: super::RequestId,
        result: Result<Answer, Notice>,
        effects: &mut Vec<Effect>,
    ) -> Option<Result<Answer, Notice>> {
        let Some(next) = self.reopening.take_if(|next| Pending::is(Some(next.asked), id)) else {
            return Some(result);
        };
        match result.map(next.open) {
            Ok(Some(page)) => {
                self.put(page, effects);
                self.reopen_next(next.rest, effects);
            }
            Err(notice) if !matches!(notice.kind, NoticeKind::Gone | NoticeKind::Forbidden) => {
                self.toasts.push(self.seen_ms, notice);
            }
            Ok(None) | Err(_) => self.is_gone(),
        }
        None
    }

    fn is_gone(&mut self) {
        let text = "What you had open is gone, or no longer yours to see.";
        self.toasts.say(self.seen_ms, NoticeKind::Info, text);
    }
}
