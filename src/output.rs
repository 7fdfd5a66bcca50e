//! The two streams: standard output carries a command's result, standard error the talk.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

/// Writes a result to standard output. A reader that has gone is not our failure.
pub fn result(text: &str) {
    write(io::stdout(), text);
}

/// Writes a result as one JSON document.
pub fn json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => result(&text),
        Err(error) => talk(&format!("keyward: a result could not be written as JSON: {error}")),
    }
}

/// A moment of an answer as people read it: `2026-12-04 07:48 UTC`. What is none stays as it is.
pub fn moment(value: &serde_json::Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.parse()
        .map_or_else(|_| text.to_owned(), |at: Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// Writes a line to standard error.
pub fn talk(text: &str) {
    write(io::stderr(), text);
}

fn write(mut stream: impl Write, text: &str) {
    // One call, so that lines of several processes do not mix.
    let _ = stream.write_all(format!("{text}\n").as_bytes()).and_then(|()| stream.flush());
}
