//! The palette of commands: everything one can do here, found by typing a little of it. It offers what the tables of
//! sections, keys and commands say, and tells what was chosen; it does nothing itself.

mod entries;
mod paint;

use std::cell::OnceCell;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::layout::{Position, Rect};

use crate::app::keymap::{Command, Place, lookup};
use crate::app::sections::Section;
use crate::term::input::{Button, Key, Mouse, MouseKind};
use crate::widgets::edit::Edit;

use entries::Entry;
pub(super) use entries::Offer;

/// Bytes that may be typed.
const LONGEST: usize = 128;

/// What an entry does.
#[derive(Clone, Copy)]
pub(super) enum Act {
    Section(&'static Section),
    Command(Command),
}

/// What became of the palette after an input.
pub(super) enum Outcome {
    Open,
    Left,
    /// It was left by doing this.
    Do(Act),
    /// It was left by taking this line.
    Copy(String),
}

/// The open palette.
pub(super) struct Finder {
    /// How this person reaches this host.
    ssh_command: String,
    typed: Edit,
    entries: Vec<Entry>,
    /// Those that fit what was typed, the best first. Looked for when they are needed: many keys may come between two pictures.
    found: OnceCell<Vec<usize>>,
    selected: usize,
    scroll: usize,
}

impl Finder {
    /// Opens it with what can be done here.
    pub(super) fn new(offer: &Offer<'_>) -> Self {
        let entries = entries::of(offer);
        let found = OnceCell::from((0..entries.len()).collect::<Vec<_>>());
        let ssh_command = offer.ssh_command.to_owned();
        Self { ssh_command, typed: Edit::new(LONGEST), entries, found, selected: 0, scroll: 0 }
    }

    /// Takes a key in a screen whose page is in `area`.
    pub(super) fn key(&mut self, key: Key, area: Rect) -> Outcome {
        if let Some(command) = lookup(Place::Palette, key) {
            return self.command(command, area);
        }
        if self.typed.key(key) {
            self.forget();
        }
        Outcome::Open
    }

    /// Takes pasted text.
    pub(super) fn pasted(&mut self, text: &str) -> Outcome {
        self.typed.insert(&text.replace(['\n', '\t'], " "));
        self.forget();
        Outcome::Open
    }

    /// Takes what a key or a hint means.
    pub(super) fn command(&mut self, command: Command, area: Rect) -> Outcome {
        let page = usize::from(paint::list(area).height.max(1));
        let to = match command {
            Command::Cancel => return Outcome::Left,
            Command::Accept => return self.chosen(),
            Command::Copy => return self.line(),
            Command::Up => self.selected.saturating_sub(1),
            Command::Down => self.selected + 1,
            Command::PageUp => self.selected.saturating_sub(page),
            Command::PageDown => self.selected + page,
            _ => return Outcome::Open,
        };
        self.select(to, area);
        Outcome::Open
    }

    /// Takes the mouse: a press does what it is on, and closes the palette outside of it.
    pub(super) fn mouse(&mut self, mouse: Mouse, area: Rect) -> Outcome {
        let list = paint::list(area);
        let at = Position::new(mouse.column, mouse.row);
        match mouse.kind {
            MouseKind::ScrollUp => self.select(self.selected.saturating_sub(3), area),
            MouseKind::ScrollDown => self.select(self.selected + 3, area),
            MouseKind::Press(Button::Left) if list.contains(at) => {
                let row = self.scroll + usize::from(mouse.row - list.y);
                if row < self.found().len() {
                    self.select(row, area);
                    return self.chosen();
                }
            }
            MouseKind::Press(Button::Left) if !paint::place(area).contains(at) => return Outcome::Left,
            _ => {}
        }
        Outcome::Open
    }

    /// There is nothing to choose, or no line to copy.
    pub(super) fn refuses(&self, command: Command) -> bool {
        match command {
            Command::Accept => self.current().is_none(),
            Command::Copy => self.current().is_none_or(|entry| entry.line.is_empty()),
            _ => false,
        }
    }

    fn select(&mut self, row: usize, area: Rect) {
        let height = usize::from(paint::list(area).height.max(1));
        self.selected = row.min(self.found().len().saturating_sub(1));
        self.scroll = self.scroll.clamp((self.selected + 1).saturating_sub(height), self.selected);
    }

    fn current(&self) -> Option<&Entry> {
        self.found().get(self.selected).and_then(|at| self.entries.get(*at))
    }

    fn chosen(&self) -> Outcome {
        match self.current() {
            Some(Entry { act: Some(act), .. }) => Outcome::Do(*act),
            Some(_) => self.line(),
            None => Outcome::Open,
        }
    }

    fn line(&self) -> Outcome {
        match self.current() {
            Some(entry) if !entry.line.is_empty() => Outcome::Copy(entry.line.clone()),
            _ => Outcome::Open,
        }
    }

    /// Something else was typed.
    fn forget(&mut self) {
        self.found.take();
        (self.selected, self.scroll) = (0, 0);
    }

    fn found(&self) -> &[usize] {
        self.found.get_or_init(|| self.find())
    }

    /// Looks for what was typed. The matcher is large and is not kept.
    fn find(&self) -> Vec<usize> {
        let text = self.typed.text();
        let pattern = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        let mut config = Config::DEFAULT;
        config.prefer_prefix = true;
        let mut matcher = Matcher::new(config);
        let mut buffer = Vec::new();
        let mut score = |entry: &Entry| {
            let mut of = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
            // Its name says more than what is said about it.
            of(&entry.name).map(|score| (1, score)).or_else(|| of(&entry.haystack()).map(|score| (0, score)))
        };
        let mut found: Vec<_> =
            self.entries.iter().enumerate().filter_map(|(at, entry)| Some((score(entry)?, at))).collect();
        found.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        found.into_iter().map(|(_, at)| at).collect()
    }
}
