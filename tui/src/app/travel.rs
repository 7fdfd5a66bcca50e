//! Going from page to page: on top of one another, back, and to other sections. Nothing that was typed is lost without
//! a question.

use super::dialog::{Dialog, Subject};
use super::sections::{SECTIONS, Section};
use super::{App, Effect, Spot};
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
            // Whoever goes elsewhere is not taken back.
            self.reopening = None;
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
        self.reopening = None;
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

    /// Where one is, for others to see.
    pub fn spot(&self) -> Spot {
        Spot { section: self.section.name, key: self.pages.iter().rev().find_map(|page| page.key()) }
    }

    pub(super) fn put(&mut self, page: Box<dyn Page>, effects: &mut Vec<Effect>) {
        self.pages.push(page);
        self.with_page(effects, |page, cx| {
            page.opened(cx);
            Step::Stay
        });
    }
}
