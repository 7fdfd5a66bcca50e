//! The fields of an object, taken one by one under their names. Each fault is noted and reading goes on, so that one
//! answer names them all; whatever nobody took is a fault too.

use std::collections::BTreeMap;
use std::str::FromStr;

use keyward_keys::Fault;
use keyward_keys::input::word;
use keyward_keys::prices::{AMOUNT, Money};
use secrecy::SecretString;
use serde::Deserialize;

use super::tree::Tree;
use crate::problem::Problem;

/// Faults told at once; a body full of them is not answered by a longer one.
const FAULTS: usize = 100;
/// Longest name repeated in a pointer.
const NAME: usize = 64;

/// The largest whole number that is taken: what every JSON reader holds exactly (RFC 8259, section 6).
pub(crate) const LARGEST_NUMBER: u64 = (1 << 53) - 1;

/// What is left of an object, and what was wrong with what was taken.
pub(crate) struct Fields {
    values: BTreeMap<String, Tree>,
    /// The names that were asked for: those this request has.
    asked: Vec<&'static str>,
    faults: Vec<Fault>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A JSON object: typed, and nothing unknown in it.
    Body,
    /// A query string: all text, and what is unknown is somebody else's.
    Query,
}

impl Fields {
    /// The fields of a JSON document that must be an object.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Problem> {
        Self::of(Tree::parse(json)?).map_err(|fault| Problem::invalid(vec![fault]))
    }

    /// The fields of an object.
    pub(crate) fn of(tree: Tree) -> Result<Self, Fault> {
        match tree {
            Tree::Object(values) => Ok(Self::new(values, Kind::Body)),
            _ => Err(Fault { field: String::new(), detail: "an object is needed".into() }),
        }
    }

    fn new(values: BTreeMap<String, Tree>, kind: Kind) -> Self {
        Self { values, asked: Vec::new(), faults: Vec::new(), kind }
    }

    /// None at all.
    pub(crate) fn none() -> Self {
        Self::new(BTreeMap::new(), Kind::Body)
    }

    /// The names of a query string; what is empty counts as not given.
    pub(crate) fn of_query(pairs: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut values = BTreeMap::new();
        for (name, value) in pairs {
            if !value.is_empty() && values.insert(name, Tree::Text(value)).is_some() {
                return Err(Problem::malformed("a name is given twice in the query string"));
            }
        }
        Ok(Self::new(values, Kind::Query))
    }

    /// Notes a fault.
    pub(crate) fn fault(&mut self, field: &str, detail: impl Into<String>) {
        if self.faults.len() < FAULTS {
            self.faults.push(Fault { field: pointer_part(field), detail: detail.into() });
        }
    }

    /// Notes the faults of something inside, which stands at this place.
    pub(super) fn faults_within(&mut self, place: &str, faults: Vec<Fault>) {
        let room = FAULTS.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room).map(|Fault { field, detail }| {
            let field = if field.is_empty() { place.to_owned() } else { format!("{place}/{field}") };
            Fault { field, detail }
        }));
    }

    /// Takes a field and leaves it unread.
    pub(crate) fn skip(&mut self, field: &'static str) {
        self.values.remove(field);
    }

    /// Text that must be there; empty when it is not, which the faults then say.
    pub(crate) fn required_text(&mut self, field: &'static str) -> String {
        self.required(field, Self::text)
    }

    /// A secret that must be there.
    pub(crate) fn required_secret(&mut self, field: &'static str) -> SecretString {
        self.required(field, Self::text).into()
    }

    /// A list of texts that must be there.
    pub(crate) fn required_texts(&mut self, field: &'static str) -> Vec<String> {
        self.required(field, Self::texts)
    }

    fn required<T: Default>(
        &mut self,
        field: &'static str,
        read: fn(&mut Self, &'static str) -> Option<T>,
    ) -> T {
        let faults = self.faults.len();
        let value = read(self, field);
        if value.is_none() && self.faults.len() == faults {
            self.fault(field, "is missing");
        }
        value.unwrap_or_default()
    }

    /// Text, when it is given.
    pub(crate) fn text(&mut self, field: &'static str) -> Option<String> {
        match self.take(field)? {
            Tree::Text(text) => Some(text),
            _ => self.wrong(field, "must be text"),
        }
    }

    /// A secret, when it is given.
    pub(crate) fn secret(&mut self, field: &'static str) -> Option<SecretString> {
        self.text(field).map(Into::into)
    }

    /// A list of texts, when it is given.
    pub(crate) fn texts(&mut self, field: &'static str) -> Option<Vec<String>> {
        let Tree::List(items) = self.take(field)? else {
            return self.wrong(field, "must be a list of texts");
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Tree::Text(text) => texts.push(text),
                _ => self.fault_at(field, index, "must be text"),
            }
        }
        Some(texts)
    }

    /// A whole number in the type's range, when it is given.
    pub(crate) fn number<T: TryFrom<u64>>(&mut self, field: &'static str) -> Option<T> {
        let number = match self.take(field)? {
            Tree::Number(number) => number.as_u64(),
            Tree::Text(digits) if self.kind == Kind::Query => digits.parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| *number <= LARGEST_NUMBER);
        match number.and_then(|number| T::try_from(number).ok()) {
            Some(number) => Some(number),
            None => self.wrong(field, "must be a whole number, not negative and not too large"),
        }
    }

    /// A number, when it is given.
    pub(crate) fn float(&mut self, field: &'static str) -> Option<f64> {
        match self.take(field)? {
            Tree::Number(number) => number.as_f64(),
            _ => self.wrong(field, "must be a number"),
        }
    }

    /// An amount of money that somebody sets, when it is given.
    pub(crate) fn money(&mut self, field: &'static str) -> Option<Money> {
        let amount = match self.take(field)? {
            Tree::Number(number) => number.as_f64().and_then(|units| Money::set(units).ok()),
            _ => None,
        };
        match amount {
            Some(amount) => Some(amount),
            None => self.wrong(field, AMOUNT),
        }
    }

    /// Yes or no, when it is given.
    pub(crate) fn flag(&mut self, field: &'static str) -> Option<bool> {
        match self.take(field)? {
            Tree::Bool(flag) => Some(flag),
            Tree::Text(text) if self.kind == Kind::Query => match text.as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => self.wrong(field, "must be true or false"),
            },
            _ => self.wrong(field, "must be true or false"),
        }
    }

    /// Text with a form of its own (an id, a time), when it is given.
    pub(crate) fn parsed<T: FromStr>(&mut self, field: &'static str, expected: &str) -> Option<T> {
        match self.text(field)?.parse() {
            Ok(value) => Some(value),
            Err(_) => self.wrong(field, expected),
        }
    }

    /// One of a few words, when it is given.
    pub(crate) fn choice<T: for<'de> Deserialize<'de>>(
        &mut self,
        field: &'static str,
        words: &str,
    ) -> Option<T> {
        let text = self.text(field)?;
        match word(&text) {
            Some(value) => Some(value),
            None => self.wrong(field, format!("must be one of {words}")),
        }
    }

    /// One of a few words, that must be there.
    pub(crate) fn required_choice<T: for<'de> Deserialize<'de>>(
        &mut self,
        field: &'static str,
        words: &str,
    ) -> Option<T> {
        let faults = self.faults.len();
        let value = self.choice(field, words);
        if value.is_none() && self.faults.len() == faults {
            self.fault(field, format!("is missing: one of {words}"));
        }
        value
    }

    /// A list of words, each one of a few, when it is given.
    pub(crate) fn choices<T: for<'de> Deserialize<'de>>(
        &mut self,
        field: &'static str,
        words: &str,
    ) -> Option<Vec<T>> {
        self.texts(field).map(|texts| self.words(field, &texts, words))
    }

    /// A list of words, each one of a few, that must be there.
    pub(crate) fn required_choices<T: for<'de> Deserialize<'de>>(
        &mut self,
        field: &'static str,
        words: &str,
    ) -> Vec<T> {
        let texts = self.required_texts(field);
        self.words(field, &texts, words)
    }

    fn words<T: for<'de> Deserialize<'de>>(
        &mut self,
        field: &'static str,
        texts: &[String],
        words: &str,
    ) -> Vec<T> {
        let mut values = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match word(text) {
                Some(value) => values.push(value),
                None => self.fault_at(field, index, format!("must be one of {words}")),
            }
        }
        values
    }

    /// A field that `null` clears: none when it is not named, none inside when it is `null`.
    pub(crate) fn clearable<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self, &'static str) -> Option<T>,
    ) -> Option<Option<T>> {
        if let Some(Tree::Null) = self.values.get(field) {
            self.take(field);
            return Some(None);
        }
        read(self, field).map(Some)
    }

    /// An object, when it is given, read by its own fields.
    pub(crate) fn object<T>(&mut self, field: &'static str, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let tree = self.take(field)?;
        match Self::of(tree) {
            Ok(mut fields) => {
                let value = read(&mut fields);
                self.faults_within(field, fields.into_faults());
                Some(value)
            }
            Err(_) => self.wrong(field, "must be an object"),
        }
    }

    /// Everything there is, each a text under a name of the caller's choice.
    pub(crate) fn all_texts(&mut self) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for (name, value) in std::mem::take(&mut self.values) {
            match value {
                Tree::Text(text) => {
                    texts.insert(name, text);
                }
                _ => self.fault(&name, "must be text"),
            }
        }
        texts
    }

    /// Whatever is given, as it is; null when nothing is.
    pub(crate) fn tree(&mut self, field: &'static str) -> Tree {
        self.take(field).unwrap_or(Tree::Null)
    }

    /// An object, when it is given: checked to be one, and dropped.
    pub(crate) fn check_object(&mut self, field: &'static str) {
        if let Some(tree) = self.take(field)
            && !matches!(tree, Tree::Object(_))
        {
            self.fault(field, "must be an object");
        }
    }

    /// Every fault, with a fault for each field that nobody took.
    pub(crate) fn into_faults(mut self) -> Vec<Fault> {
        if self.kind == Kind::Body && !self.values.is_empty() {
            let detail = format!("is not a field here; there are {}", self.asked.join(", "));
            for name in std::mem::take(&mut self.values).into_keys() {
                self.fault(&name, detail.as_str());
            }
        }
        self.faults
    }

    /// Refuses when there is a fault.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        self.finish_with(Vec::new())
    }

    /// Refuses when there is a fault, or when the core has one to find with what was read. A field is named once: what
    /// could not be read is not held against what stands in for it.
    pub(crate) fn finish_with(self, more: Vec<Fault>) -> Result<(), Problem> {
        let mut faults = self.into_faults();
        let named = faults.len();
        for fault in more {
            let within = |known: &Fault| {
                known
                    .field
                    .strip_prefix(&fault.field)
                    .is_some_and(|item| item.is_empty() || item.starts_with('/'))
            };
            if faults.len() < FAULTS && !faults[..named].iter().any(within) {
                faults.push(fault);
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }

    /// Takes a field as it is; none when it is `null`.
    pub(super) fn take(&mut self, field: &'static str) -> Option<Tree> {
        self.asked.push(field);
        self.values.remove(field).filter(|tree| !matches!(tree, Tree::Null))
    }

    fn wrong<T>(&mut self, field: &str, detail: impl Into<String>) -> Option<T> {
        self.fault(field, detail);
        None
    }

    /// Notes a fault of one item of a list.
    pub(crate) fn fault_at(&mut self, field: &str, index: usize, detail: impl Into<String>) {
        if self.faults.len() < FAULTS {
            self.faults.push(Fault { field: format!("{field}/{index}"), detail: detail.into() });
        }
    }
}

/// A name as part of a JSON pointer (RFC 6901, section 3); what a stranger chose is cut short.
fn pointer_part(name: &str) -> String {
    name.chars().take(NAME).collect::<String>().replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
