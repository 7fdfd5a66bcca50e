//! Reading `keyward.toml` into single settings, each with its line. It must not judge names or values.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use crate::error::Fault;
use crate::origin::Origin;
use crate::schema::Schema;

/// One setting of a file: its name, its value, its place.
pub(crate) type Entry = (String, Value, Origin);

/// The settings of a file.
///
/// # Errors
/// The file cannot be read, or is not TOML.
pub(crate) fn read(path: &Path, schema: &Schema) -> Result<Vec<Entry>, Fault> {
    let at = |line| Origin::File { path: path.into(), line };
    let text = std::fs::read_to_string(path)
        .map_err(|error| Fault::new(at(None), format!("cannot be read: {error}")))?;
    let not_toml = |error: toml::de::Error| {
        Fault::new(
            at(error.span().map(|span| line_of(&text, span.start))),
            format!("not TOML: {}", error.message()),
        )
    };
    let spans = DeTable::parse(&text).map_err(not_toml)?;
    let mut lines = BTreeMap::new();
    note_lines(spans.get_ref(), "", &text, &mut lines);
    let table: Table = toml::from_str(&text).map_err(not_toml)?;
    let mut entries = Vec::new();
    flatten(table, "", schema, &mut |name, value| {
        let line = lines.get(&name).copied();
        entries.push((name, value, at(line)));
    });
    Ok(entries)
}

/// Hands out each setting under its full name. A table is a section, except an empty one of no known name, which is
/// handed out itself so that it can be refused.
fn flatten(table: Table, prefix: &str, schema: &Schema, take: &mut impl FnMut(String, Value)) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(section) if !section.is_empty() => flatten(section, &name, schema, take),
            Value::Table(_) if matches!(schema.defaults.get(&name), Some(Value::Table(_))) => {}
            value => take(name, value),
        }
    }
}

fn note_lines(table: &DeTable<'_>, prefix: &str, text: &str, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let name =
            if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        if let DeValue::Table(section) = value.get_ref() {
            note_lines(section, &name, text, lines);
        }
        lines.insert(name, line_of(text, key.span().start));
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
