//! Reading a table of TOML field by field, so that every fault is told at once: what is missing, what is of the wrong
//! kind, and what nobody knows.

use std::cell::RefCell;
use std::rc::Rc;

use toml::{Table, Value};

use super::template::Template;
use crate::error::Fault;

/// A table that is being read. What was never asked for is a fault when it is finished.
pub(super) struct Reader {
    path: String,
    table: Table,
    faults: Rc<RefCell<Vec<Fault>>>,
}

impl Reader {
    pub(super) fn new(table: Table) -> Self {
        Self { path: String::new(), table, faults: Rc::default() }
    }

    fn named(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    pub(super) fn fault(&self, field: &str, detail: impl Into<String>) {
        self.faults.borrow_mut().push(Fault { field: self.named(field), detail: detail.into() });
    }

    /// Where faults are gathered.
    pub(super) fn told(&self) -> Rc<RefCell<Vec<Fault>>> {
        Rc::clone(&self.faults)
    }

    fn take<T>(&mut self, field: &str, kind: &str, read: impl FnOnce(Value) -> Option<T>) -> Option<T> {
        let value = self.table.remove(field)?;
        let read = read(value);
        if read.is_none() {
            self.fault(field, format!("is not {kind}"));
        }
        read
    }

    pub(super) fn text(&mut self, field: &str) -> Option<String> {
        let text = |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        };
        self.take(field, "a text", text)
    }

    /// A text that must be there.
    pub(super) fn needed(&mut self, field: &str) -> Option<String> {
        if !self.table.contains_key(field) {
            self.fault(field, "is missing");
        }
        self.text(field)
    }

    pub(super) fn number(&mut self, field: &str) -> Option<u32> {
        self.take(field, "a whole number", |value| {
            value.as_integer().and_then(|number| u32::try_from(number).ok())
        })
    }

    pub(super) fn template(&mut self, field: &str) -> Option<Template> {
        let text = self.text(field)?;
        self.parsed(field, &text)
    }

    pub(super) fn parsed(&self, field: &str, text: &str) -> Option<Template> {
        Template::parse(text).map_err(|wrong| self.fault(field, wrong)).ok()
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(&mut self, field: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.needed(field)?;
        let known = words.iter().find(|(word, _)| *word == text);
        if known.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(field, format!("is not one of {}", words.join(", ")));
        }
        known.map(|(_, value)| *value)
    }

    /// A value of any kind.
    pub(super) fn value(&mut self, field: &str) -> Option<Value> {
        self.table.remove(field)
    }

    /// A table inside this one.
    pub(super) fn inner(&mut self, field: &str) -> Option<Self> {
        let table = self.take(field, "a table", |value| match value {
            Value::Table(table) => Some(table),
            _ => None,
        })?;
        Some(self.of(field, table))
    }

    /// The tables of an array.
    pub(super) fn list(&mut self, field: &str) -> Vec<Self> {
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
        Self { path: self.named(field), table, faults: Rc::clone(&self.faults) }
    }

    /// Names of all fields that are left.
    pub(super) fn names(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    /// Ends the reading: what is left is known to nobody.
    pub(super) fn finish(self) {
        for field in self.names() {
            self.fault(&field, "is known to nobody; take it out, or look for a misspelling");
        }
    }
}
