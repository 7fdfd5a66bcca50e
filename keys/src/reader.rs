//! Reading a table of TOML field by field, so that every fault is told at once: what is missing, what is of the wrong
//! kind, and what nobody knows.

use std::cell::RefCell;
use std::rc::Rc;

use jiff::civil::Date;
use toml::{Table, Value};

use crate::error::Fault;

/// A table that is being read. What was never asked for is a fault when it is finished.
pub(crate) struct Reader {
    path: String,
    table: Table,
    /// What was asked for.
    known: Vec<String>,
    faults: Rc<RefCell<Vec<Fault>>>,
}

impl Reader {
    pub(crate) fn new(table: Table) -> Self {
        Self { path: String::new(), table, known: Vec::new(), faults: Rc::default() }
    }

    fn named(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    pub(crate) fn fault(&self, field: &str, detail: impl Into<String>) {
        self.faults.borrow_mut().push(Fault { field: self.named(field), detail: detail.into() });
    }

    /// Where faults are gathered.
    pub(crate) fn told(&self) -> Rc<RefCell<Vec<Fault>>> {
        Rc::clone(&self.faults)
    }

    fn take<T>(&mut self, field: &str, kind: &str, read: impl FnOnce(Value) -> Option<T>) -> Option<T> {
        let value = self.value(field)?;
        let read = read(value);
        if read.is_none() {
            self.fault(field, format!("is not {kind}"));
        }
        read
    }

    pub(crate) fn text(&mut self, field: &str) -> Option<String> {
        let text = |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        };
        self.take(field, "a text", text)
    }

    /// A text that must be there.
    pub(crate) fn needed(&mut self, field: &str) -> Option<String> {
        if !self.table.contains_key(field) {
            self.fault(field, "is missing");
        }
        self.text(field)
    }

    pub(crate) fn number(&mut self, field: &str) -> Option<u32> {
        self.take(field, "a whole number", |value| {
            value.as_integer().and_then(|number| u32::try_from(number).ok())
        })
    }

    /// One of these words.
    pub(crate) fn word<T: Copy>(&mut self, field: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.needed(field)?;
        let known = words.iter().find(|(word, _)| *word == text);
        if known.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(field, format!("is not one of {}", words.join(", ")));
        }
        known.map(|(_, value)| *value)
    }

    /// A value of any kind.
    pub(crate) fn value(&mut self, field: &str) -> Option<Value> {
        self.known.push(field.to_owned());
        self.table.remove(field)
    }

    /// A day.
    pub(crate) fn day(&mut self, field: &str) -> Option<Date> {
        self.take(field, "a day such as 2026-11-26, without quotes", |value| match value {
            Value::Datetime(toml::value::Datetime { date: Some(date), time: None, .. }) => {
                let [month, day] = [date.month, date.day].map(i8::try_from);
                Date::new(i16::try_from(date.year).ok()?, month.ok()?, day.ok()?).ok()
            }
            _ => None,
        })
    }

    /// One text, or an array of texts.
    pub(crate) fn texts(&mut self, field: &str) -> Option<Vec<String>> {
        let text = |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        };
        self.take(field, "a text, or an array of texts", |value| match value {
            Value::Array(values) => values.into_iter().map(text).collect(),
            value => text(value).map(|text| vec![text]),
        })
    }

    /// An amount of money from 0 to a million, in millionths of the currency's unit.
    pub(crate) fn money(&mut self, field: &str) -> Option<u64> {
        self.take(field, "an amount between 0 and 1000000, such as 2.50", |value| {
            let amount = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))?;
            (0.0..=1e6).contains(&amount).then(|| (amount * 1e6).round() as u64)
        })
    }

    /// A table inside this one.
    pub(crate) fn inner(&mut self, field: &str) -> Option<Self> {
        let table = self.take(field, "a table", |value| match value {
            Value::Table(table) => Some(table),
            _ => None,
        })?;
        Some(self.of(field, table))
    }

    /// The tables of an array.
    pub(crate) fn list(&mut self, field: &str) -> Vec<Self> {
        let tables = self.take(field, "an array of tables", |value| match value {
            Value::Array(values) => values
                .into_iter()
                .map(|value| match value {
                    Value::Table(table) => Some(table),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>(),
            _ => None,
        });
        let tables = tables.unwrap_or_default().into_iter().enumerate();
        tables.map(|(at, table)| self.of(&format!("{field}.{at}"), table)).collect()
    }

    fn of(&self, field: &str, table: Table) -> Self {
        Self { path: self.named(field), table, known: Vec::new(), faults: Rc::clone(&self.faults) }
    }

    /// Names of all fields that are left.
    pub(crate) fn names(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    /// Ends the reading: what is left is known to nobody.
    pub(crate) fn finish(self) {
        for field in self.names() {
            let near = self.known.iter().map(|known| (strsim::damerau_levenshtein(known, &field), known));
            let near = near.filter(|(far, known)| *far <= 2.max(known.len() / 3)).min();
            let rather = near.map_or_else(
                || "look for a misspelling".to_owned(),
                |(_, known)| format!("write {known} if that is meant"),
            );
            self.fault(&field, format!("is known to nobody; take it out, or {rather}"));
        }
    }
}
