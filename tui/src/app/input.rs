//! What a person does: keys, pastes, the mouse. It goes to what lies on top (a dialog, the palette, the page), or means
//! something everywhere.

use ratatui::layout::{Position, Rect};

use super::chrome::{self, Target};
use super::dialog::{Dialog, Outcome, Subject, Verdict};
use super::finder::{self, Act, Finder, Offer};
use super::keymap::{self, Command, Place};
use super::sections;
use super::travel::Destination;
use super::{App, Effect, Query};
use crate::notice::NoticeKind;
use crate::pages::Step;
use crate::pages::help::HelpPage;
use crate::pages::messages::MessagesPage;
use crate::term::input::{Button, Input, Key, Mouse, MouseKind};
use crate::widgets::pen::safe;

/// A second Ctrl-C within this time leaves, ms.
const TWICE_MS: i64 = 2_000;
/// A second press of the mouse within this time is a double click, ms.
const DOUBLE_MS: i64 = 400;

impl App {
    pub(super) fn on_input(&mut self, input: &Input, effects: &mut Vec<Effect>) {
        if let Input::Key(key) = input
            && keymap::lookup(self.place(), *key) == Some(Command::Interrupt)
        {
            self.interrupt(effects);
            return;
        }
        if let Some(lock) = &mut self.lock {
            if let Some(password) = lock.on(input) {
                let asked = self.lend(0, effects, |_, cx| cx.ask(Query::Prove(password)));
                self.lock.iter_mut().for_each(|lock| lock.asked = Some(asked));
            }
            return;
        }
        if let Some(dialog) = &mut self.dialog {
            let (subject, outcome) = (dialog.subject, dialog.on(input, chrome::body(self.size)));
            match outcome {
                Outcome::Open => {}
                Outcome::Left => {
                    self.dialog = None;
                    self.bound = None;
                }
                Outcome::Done(verdict) => {
                    self.dialog = None;
                    self.decided(subject, verdict, effects);
                }
            }
            return;
        }
        match input {
            Input::Key(key) if self.finder.is_some() => {
                self.on_finder(effects, |finder, area| finder.key(*key, area));
            }
            Input::Key(key) => self.on_key(*key, effects),
            Input::Paste(paste) if self.finder.is_some() => {
                self.on_finder(effects, |finder, _| finder.pasted(&paste.text));
            }
            Input::Paste(paste) => self.with_page(effects, |page, cx| {
                page.pasted(paste, cx);
                Step::Stay
            }),
            Input::Mouse(mouse) => self.on_mouse(*mouse, effects),
            Input::Focus(_) | Input::Reply(_) => {}
        }
    }

    /// Lets the palette act, and does what was chosen.
    fn on_finder(
        &mut self,
        effects: &mut Vec<Effect>,
        act: impl FnOnce(&mut Finder, Rect) -> finder::Outcome,
    ) {
        let Some(open) = &mut self.finder else { return };
        match act(open, chrome::body(self.size)) {
            finder::Outcome::Open => return,
            finder::Outcome::Left => {}
            finder::Outcome::Do(act) => {
                self.finder = None;
                match act {
                    Act::Section(section) => self.travel(Destination::Section(section), effects),
                    Act::Command(command) => self.command(command, effects),
                }
            }
            finder::Outcome::Copy(line) => {
                let text = format!("Sent to your terminal's clipboard: {}", safe(&line));
                effects.push(Effect::Copy(line.into()));
                self.toasts.say(self.seen_ms, NoticeKind::Info, text);
            }
        }
        self.finder = None;
    }

    fn interrupt(&mut self, effects: &mut Vec<Effect>) {
        let now_ms = self.seen_ms;
        if self.interrupted_ms.is_some_and(|at| now_ms - at < TWICE_MS) {
            self.leave(effects);
        } else {
            self.interrupted_ms = Some(now_ms);
            self.lock.iter_mut().for_each(|lock| lock.told = Some("Ctrl-C again leaves.".to_owned()));
            self.toasts.say(now_ms, NoticeKind::Info, "Ctrl-C again leaves.");
        }
    }

    fn leave(&mut self, effects: &mut Vec<Effect>) {
        effects.push(Effect::Quit { message: self.host.goodbye() });
    }

    fn decided(&mut self, subject: Subject, verdict: Verdict, effects: &mut Vec<Effect>) {
        match subject {
            Subject::Quit => self.leave(effects),
            Subject::Elsewhere => self.travel_on(effects),
            _ => self.with_page(effects, |page, cx| page.verdict(subject, verdict, cx)),
        }
    }

    fn on_key(&mut self, key: Key, effects: &mut Vec<Effect>) {
        match keymap::lookup(self.place(), key) {
            Some(command) => self.command(command, effects),
            None => self.with_page(effects, |page, cx| {
                page.typed(key, cx);
                Step::Stay
            }),
        }
    }

    fn command(&mut self, command: Command, effects: &mut Vec<Effect>) {
        if self.finder.is_some() {
            return self.on_finder(effects, |finder, area| finder.command(command, area));
        }
        let place = self.page().place();
        match command {
            Command::Palette => {
                self.finder = Some(Box::new(Finder::new(&Offer {
                    user: &self.user,
                    place,
                    operand: self.page().operand(),
                    alert: self.page().alert().map(|id| id.to_string()),
                    ssh_command: &self.host.ssh_command,
                })));
            }
            Command::Section(digit) => {
                let found = sections::visible(&self.user).find(|section| section.key == Some(digit));
                if let Some(section) = found {
                    self.travel(Destination::Section(section), effects);
                }
            }
            Command::Help if !matches!(place, Place::Help | Place::HelpSearch) => {
                self.go(Step::Open(Box::new(HelpPage::new(place))), effects);
            }
            Command::Messages if place != Place::Messages => {
                self.go(Step::Open(Box::new(MessagesPage::default())), effects);
            }
            Command::Help | Command::Messages => self.go(Step::Back, effects),
            Command::Follow => self.follow(effects),
            Command::Mouse => {
                self.mouse = !self.mouse;
                effects.push(Effect::Mouse(self.mouse));
                let text = if self.mouse {
                    "The mouse works here."
                } else {
                    "The mouse selects text; m takes it back."
                };
                self.toasts.say(self.seen_ms, NoticeKind::Info, text);
            }
            Command::Undo => self.take_back(effects),
            Command::Quit if self.pages.iter().any(|page| page.unsaved()) => {
                let text = "Something you typed is not saved. Leave all the same?".to_owned();
                self.dialog = Some(Dialog::confirm(Subject::Quit, "Leave", text, false));
            }
            Command::Quit => self.leave(effects),
            command => self.with_page(effects, |page, cx| page.command(command, cx)),
        }
    }

    fn on_mouse(&mut self, mouse: Mouse, effects: &mut Vec<Effect>) {
        let position = Position::new(mouse.column, mouse.row);
        let mut double = false;
        if mouse.kind == MouseKind::Press(Button::Left) {
            let now_ms = self.seen_ms;
            double = self.pressed.is_some_and(|(at, place)| place == position && now_ms - at < DOUBLE_MS);
            self.pressed = Some((now_ms, position));
            match chrome::target(self, self.size, position) {
                Some(Target::Command(command)) => return self.command(command, effects),
                Some(Target::Travel(to)) => {
                    self.finder = None;
                    return self.travel(to, effects);
                }
                None => {}
            }
        }
        if self.finder.is_some() {
            return self.on_finder(effects, |finder, area| finder.mouse(mouse, area));
        }
        self.with_page(effects, |page, cx| page.mouse(mouse, double, cx));
    }
}
