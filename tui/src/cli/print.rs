//! Shapes of results: JSON, aligned columns, and text that is safe to show. It knows no command.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::term::sanitize::term_safe;

/// A value as one line of JSON. Characters that could mislead a terminal are escaped, which changes nothing for a
/// program that reads it.
pub(super) fn json(value: &impl Serialize) -> String {
    // Views are plain data with string keys: they always serialise.
    let mut text = escaped(&serde_json::to_string(value).unwrap_or_default());
    text.push('\n');
    text
}

/// JSON text with everything beyond printable ASCII that a terminal should not see written as `\u` escapes.
pub(super) fn escaped(json: &str) -> String {
    if json.is_ascii() {
        return json.to_owned();
    }
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() || term_safe(c.encode_utf8(&mut [0; 4])).chars().eq([c]) {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

/// Rows as aligned columns, two spaces apart, without trailing blanks. Cells are made safe here.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    let safe: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(|cell| term_safe(cell)).collect()).collect();
    for row in &safe {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut text = String::new();
    for row in &safe {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Text of several lines, each made safe.
pub(super) fn safe_lines(text: &str) -> String {
    text.split('\n').map(term_safe).collect::<Vec<_>>().join("\n")
}

/// A moment as people read it, in UTC.
pub(super) fn moment(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M").to_string())
}

/// A moment in a sentence, or beside others that have no heading.
pub(super) fn moment_utc(at: Timestamp) -> String {
    format!("{} UTC", moment(Some(at)))
}

/// The name a value has in JSON, such as `production`.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_width_and_hostile_text_is_visible() {
        let rows = [["NAME", "SERVICE"], ["日本", "x"], ["a\u{1b}[2Jb", "y"]];
        let rows: Vec<_> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        assert_eq!(columns(&rows), "NAME    SERVICE\n日本    x\na\u{fffd}[2Jb  y\n");
    }

    #[test]
    fn json_means_the_same_after_escaping() {
        let hostile = "a\u{9b}2J\u{202e}b日\u{e0041}";
        let text = json(&hostile);
        assert!(!text.contains('\u{9b}') && !text.contains('\u{202e}') && text.contains('日'));
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }
}
