//! Going from page to page: on top of one another, back, and to other sections. Nothing that was typed is lost without
//! a question.

use super::cx::Pending;
use super::dialog::{Dialog, Subject};
use super::sections::{self, SECTIONS, Section};
use super::{Answer, App, Effect, Query, RequestId, Spot};
use crate::notice::{Notice, NoticeKind};
use crate::pages::key::KeyPage;
use crate::pages::{Page, Step};

/// Where one can go from anywhere.
#[derive(Clone, Copy)]
pub(super) enum Destination {
    /// The first page of a section.
    Section(&'static Section),
    /// A page on the way here, by its place from the first.
    Page(usize),
}

impl App {
    /// Goes where a page says.
    pub(super) fn go(&mut self, step: Step, effects: &mut Vec<Effect>) {
        if !matches!(step, Step::Stay) {
            self.dialog = None;
            self.finder = None;
        }
        match step {
            Step::Stay => {}
            Step::Back if self.pages.len() > 1 => {
                self.pages.pop();
                self.lend(self.pages.len() - 1, effects, |page, cx| page.tick(cx));
            }
            Step::Back => self.arrive(Destination::Section(&SECTIONS[0]), effects),
            Step::Open(page) => self.put(page, effects),
            Step::Replace(page) => {
                if self.pages.len() > 1 {
                    self.pages.pop();
                }
                self.put(page, effects);
            }
        }
    }

    /// Goes elsewhere; asks first when something was typed that would be lost.
    pub(super) fn travel(&mut self, to: Destination, effects: &mut Vec<Effect>) {
        let kept = match to {
            Destination::Section(section) => usize::from(section.name == self.section.name),
            Destination::Page(at) => at + 1,
        };
        if self.pages.iter().skip(kept).any(|page| page.unsaved()) {
            self.bound = Some(to);
            let text = "Something you typed is not saved. Leave it all the same?".to_owned();
            self.dialog = Some(Dialog::confirm(Subject::Elsewhere, "Not saved", text, false));
        } else {
            self.arrive(to, effects);
        }
    }

    /// Goes where one was bound when it was asked.
    pub(super) fn travel_on(&mut self, effects: &mut Vec<Effect>) {
        if let Some(to) = self.bound.take() {
            self.arrive(to, effects);
        }
    }

    fn arrive(&mut self, to: Destination, effects: &mut Vec<Effect>) {
        let at = match to {
            Destination::Section(section) if section.name != self.section.name => {
                self.section = section;
                self.pages.clear();
                return self.put((section.open)(), effects);
            }
            Destination::Section(_) => 0,
            Destination::Page(at) => at,
        };
        if at + 1 < self.pages.len() {
            self.pages.truncate(at + 1);
            self.lend(at, effects, |page, cx| page.tick(cx));
        }
    }

    /// Where one is.
    pub fn spot(&self) -> Spot {
        Spot { section: self.section.name, key: self.pages.iter().rev().find_map(|page| page.key()) }
    }

    /// Opens where the last dashboard of this person ended, as far as that still is for them.
    pub fn reopen(&mut self, spot: &Spot, now_ms: i64) -> Vec<Effect> {
        self.with_effects(now_ms, |app, effects| {
            let section = sections::visible(&app.user).find(|section| section.name == spot.section);
            if let Some(section) = section {
                app.arrive(Destination::Section(section), effects);
            }
            if let Some(key) = spot.key {
                app.reopening = Some(app.lend(app.pages.len() - 1, effects, |_, cx| cx.ask(Query::Key(key))));
            }
            if spot.key.is_some() || app.section.name != SECTIONS[0].name {
                app.toasts.say(now_ms, NoticeKind::Info, "Opened where you were. 1 is Home.");
            }
        })
    }

    /// Takes the answer to which key's page was open; whoever has gone elsewhere meanwhile stays there.
    pub(super) fn reopened(
        &mut self,
        id: RequestId,
        result: &Result<Answer, Notice>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let mine = self.reopening.take_if(|pending| Pending::is(Some(*pending), id)).is_some();
        if let Ok(Answer::Key(key)) = result
            && mine
            && self.pages.len() == 1
        {
            self.go(Step::Open(Box::new(KeyPage::new((**key).clone()))), effects);
        }
        mine
    }

    fn put(&mut self, page: Box<dyn Page>, effects: &mut Vec<Effect>) {
        self.pages.push(page);
        self.with_page(effects, |page, cx| {
            page.opened(cx);
            Step::Stay
        });
    }
}
