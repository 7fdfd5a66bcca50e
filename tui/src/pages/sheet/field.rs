//! The fields of a sheet and what is in them. What is wrong is only said sooner here than the core would.

use keyward_keys::prices::Money;
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::pages::form::parse::parse_budget;
use crate::term::input::{Key, KeyCode};
use crate::widgets::edit::Edit;

/// What can be put into a field.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A line.
    Line,
    /// An amount of money; empty is none.
    Amount,
    /// Several lines.
    Lines,
    /// A line that is not shown.
    Secret,
    /// The same as another field, which is not shown either.
    Again(usize),
    /// One of these: what it is called, and a word on it.
    Choice(&'static [(&'static str, &'static str)]),
    /// One of what the field offers.
    Offered,
}

/// A field as its page describes it.
pub(crate) struct Field {
    /// What the core calls it.
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) kind: Kind,
    /// Characters it needs.
    pub(crate) least: usize,
    /// What it begins with; for a choice, its number.
    pub(crate) start: String,
    /// What can be chosen, safe to show, where that is known only now.
    pub(crate) offered: Vec<String>,
}

impl Field {
    /// A field that must be filled.
    pub(crate) fn new(name: &'static str, label: &'static str, hint: &'static str, kind: Kind) -> Self {
        Self { name, label, hint, kind, least: 1, start: String::new(), offered: Vec::new() }
    }

    /// With this many characters at least.
    pub(crate) fn at_least(self, least: usize) -> Self {
        Self { least, ..self }
    }

    /// That begins with this.
    pub(crate) fn starting(self, start: impl Into<String>) -> Self {
        Self { start: start.into(), ..self }
    }

    /// That begins with this choice.
    pub(crate) fn choosing(self, choice: usize) -> Self {
        Self { start: choice.to_string(), ..self }
    }

    /// One of these; there is at least one.
    pub(crate) fn one_of(
        name: &'static str,
        label: &'static str,
        hint: &'static str,
        offered: Vec<String>,
    ) -> Self {
        Self { offered, ..Self::new(name, label, hint, Kind::Offered) }
    }

    /// What can be chosen.
    pub(super) fn choices(&self) -> Vec<&str> {
        match self.kind {
            Kind::Choice(choices) => choices.iter().map(|(word, _)| *word).collect(),
            _ => self.offered.iter().map(String::as_str).collect(),
        }
    }

    fn room(&self) -> usize {
        if matches!(self.kind, Kind::Lines) { 20_000 } else { 4_096 }
    }
}

struct Filled {
    field: Field,
    edit: Edit,
    choice: usize,
    left: bool,
    touched: bool,
}

/// What is in the fields.
pub(crate) struct Values {
    filled: Vec<Filled>,
    /// When the sheet is sent, ms since the Unix epoch.
    pub(crate) now_ms: i64,
}

impl Values {
    pub(super) fn new(fields: Vec<Field>) -> Self {
        let filled = |field: Field| {
            let (mut edit, mut choice) = (Edit::new(field.room()), 0);
            match field.kind {
                Kind::Choice(_) | Kind::Offered => {
                    let last = field.choices().len().saturating_sub(1);
                    choice = field.start.parse::<usize>().unwrap_or(0).min(last);
                }
                // What is known already fits: it came from the core.
                _ => _ = edit.insert(&field.start),
            }
            Filled { field, edit, choice, left: false, touched: false }
        };
        Self { filled: fields.into_iter().map(filled).collect(), now_ms: 0 }
    }

    /// A line as it was typed, without spaces around it.
    pub(crate) fn text(&self, field: usize) -> String {
        self.filled[field].edit.text().trim().to_owned()
    }

    /// The amount that was typed, where it is one.
    pub(crate) fn amount(&self, field: usize) -> Option<Money> {
        parse_budget(self.filled[field].edit.text()).ok().flatten()
    }

    /// A secret.
    pub(crate) fn secret(&self, field: usize) -> SecretString {
        self.filled[field].edit.secret()
    }

    /// The number of what was chosen.
    pub(crate) fn choice(&self, field: usize) -> usize {
        self.filled[field].choice
    }

    pub(super) fn len(&self) -> usize {
        self.filled.len()
    }

    pub(super) fn field(&self, field: usize) -> &Field {
        &self.filled[field].field
    }

    pub(super) fn edit(&self, field: usize) -> &Edit {
        &self.filled[field].edit
    }

    pub(super) fn touched(&self) -> bool {
        self.filled.iter().any(|filled| filled.touched)
    }

    /// It was taken: leaving loses nothing.
    pub(super) fn forget(&mut self) {
        self.filled.iter_mut().for_each(|filled| filled.touched = false);
    }

    /// The cursor was in it and moved on: from now on its faults are shown.
    pub(super) fn leave(&mut self, field: usize) {
        self.filled[field].left = true;
    }

    pub(super) fn was_left(&self, field: usize) -> bool {
        self.filled[field].left
    }

    /// The field that the core calls so.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        let name = name.split('/').next().unwrap_or(name);
        self.filled.iter().position(|filled| filled.field.name == name)
    }

    pub(super) fn key(&mut self, field: usize, key: Key) -> bool {
        let filled = &mut self.filled[field];
        let changed = match filled.field.kind {
            Kind::Choice(_) | Kind::Offered => {
                let count = filled.field.choices().len().max(1);
                let step = match key.code {
                    KeyCode::Left => count - 1,
                    KeyCode::Right | KeyCode::Char(' ') => 1,
                    _ => return false,
                };
                filled.choice = (filled.choice + step) % count;
                true
            }
            Kind::Line | Kind::Amount | Kind::Lines | Kind::Secret | Kind::Again(_) => filled.edit.key(key),
        };
        filled.touched |= changed;
        changed
    }

    /// Puts a paste in; false when it is too much. A line takes several as one.
    pub(super) fn paste(&mut self, field: usize, text: &str) -> bool {
        let filled = &mut self.filled[field];
        filled.touched = true;
        match filled.field.kind {
            Kind::Choice(_) | Kind::Offered => true,
            Kind::Lines => filled.edit.insert(text),
            Kind::Line | Kind::Amount | Kind::Secret | Kind::Again(_) => {
                let lines = text.trim_matches('\n').lines().map(str::trim).collect::<Vec<_>>();
                filled.edit.insert(&Zeroizing::new(lines.join(" ")))
            }
        }
    }

    /// Begins a new line in a field that has several; false in any other.
    pub(super) fn new_line(&mut self, field: usize) -> bool {
        let filled = &mut self.filled[field];
        matches!(filled.field.kind, Kind::Lines) && filled.edit.insert("\n")
    }

    /// What is wrong with a field.
    pub(super) fn fault(&self, field: usize) -> Option<String> {
        let Filled { field, edit, .. } = &self.filled[field];
        match field.kind {
            Kind::Choice(_) | Kind::Offered => None,
            Kind::Amount => parse_budget(edit.text()).err().map(str::to_owned),
            Kind::Again(other) => {
                (edit.text() != self.filled[other].edit.text()).then(|| "is not the same".to_owned())
            }
            Kind::Line | Kind::Lines | Kind::Secret => {
                let length = edit.text().trim().chars().count();
                match (length < field.least, field.least) {
                    (true, 1) => Some("is needed".to_owned()),
                    (true, least) => Some(format!("at least {least} characters")),
                    (false, _) => None,
                }
            }
        }
    }
}
