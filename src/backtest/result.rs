//! What `keyward alerts backtest` writes: a table as it came, with scores, or the same as one JSON document with reasons.

use std::io::{self, Write};

use keyward_keys::anomaly::Verdict;

/// Where judged rows go, one by one.
pub(super) enum Sheet<W: Write> {
    /// A table.
    Csv(Box<csv::Writer<W>>),
    /// An array of objects, and whether one is in it.
    Json(W, bool),
}

impl<W: Write> Sheet<W> {
    pub(super) fn begin(out: W, json: bool) -> io::Result<Self> {
        if json {
            return Ok(Self::Json(out, false));
        }
        let mut table = csv::Writer::from_writer(out);
        table.write_record(["timestamp", "value", "score"])?;
        Ok(Self::Csv(Box::new(table)))
    }

    /// Writes a row. `reading` is what was understood of the text of the value.
    pub(super) fn row(
        &mut self,
        timestamp: &str,
        value: &str,
        reading: f64,
        verdict: &Verdict,
    ) -> io::Result<()> {
        // Rounded down: a score below the alarm must not be printed as one at it.
        let score = (verdict.score * 1e6).floor() / 1e6;
        match self {
            Self::Csv(table) => table.write_record([timestamp, value, &format!("{score:.6}")])?,
            Self::Json(out, any) => {
                let reasons: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
                let row = serde_json::json!({
                    "timestamp": timestamp,
                    "value": reading.is_finite().then_some(reading),
                    "score": score,
                    "reasons": reasons,
                });
                write!(out, "{}{row}", if *any { ",\n" } else { "[\n" })?;
                *any = true;
            }
        }
        Ok(())
    }

    /// Ends the document. Rows written so far stand, whatever came after them.
    pub(super) fn end(self) -> io::Result<()> {
        match self {
            Self::Csv(mut table) => table.flush(),
            Self::Json(mut out, any) => {
                writeln!(out, "{}", if any { "\n]" } else { "[]" })?;
                out.flush()
            }
        }
    }
}
