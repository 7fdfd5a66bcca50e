//! A table of texts, as comma-separated values: what doors send of usage and costs to spreadsheets. It knows no door.

mod series;

pub use series::{Line, Metric, of_series, tells, tells_of_models};

use crate::service::harmless;
use crate::view::{CostReport, UsageDay, UsageOverview, UsageReport};

/// A table of texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// The columns' names.
    pub titles: Vec<String>,
    /// The rows, each with a text for each column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// The table as comma-separated values (RFC 4180), with line feeds.
    pub fn csv(&self) -> String {
        let mut text = String::new();
        for row in std::iter::once(&self.titles).chain(&self.rows) {
            let cells: Vec<String> = row.iter().map(|cell| field(cell)).collect();
            text.push_str(&cells.join(","));
            text.push('\n');
        }
        text
    }

    /// The table as a JSON array of objects, one a row, with numbers where a cell is one and null where it is empty.
    pub fn json(&self) -> String {
        let value = |cell: &String| match cell.parse::<serde_json::Number>() {
            Ok(number) => serde_json::Value::Number(number),
            Err(_) if cell.is_empty() => serde_json::Value::Null,
            Err(_) => serde_json::Value::String(cell.clone()),
        };
        let row = |row: &Vec<String>| self.titles.iter().cloned().zip(row.iter().map(value)).collect();
        serde_json::Value::Array(self.rows.iter().map(row).collect()).to_string()
    }
}

/// A field. What people named could steer a terminal, or be a formula to a spreadsheet: it becomes plain text.
fn field(text: &str) -> String {
    let text = harmless(text, 4 * text.len());
    let formula = text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
    let text: String = if formula { format!("'{text}") } else { text.into() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

impl From<&UsageReport> for Table {
    /// A row a day.
    fn from(report: &UsageReport) -> Self {
        days(&report.daily_breakdown)
    }
}

impl From<&UsageOverview> for Table {
    /// A row a day.
    fn from(overview: &UsageOverview) -> Self {
        days(&overview.daily_breakdown)
    }
}

impl From<&CostReport> for Table {
    /// A row a line.
    fn from(report: &CostReport) -> Self {
        let rows = report.lines.iter().map(|line| {
            let cost = line.cost.map(|cost| cost.units().to_string()).unwrap_or_default();
            vec![
                line.name.clone(),
                line.requests.to_string(),
                line.tokens.to_string(),
                cost,
                report.currency.clone(),
            ]
        });
        let titles = ["name", "requests", "tokens", "cost", "currency"].map(str::to_owned).to_vec();
        Self { titles, rows: rows.collect() }
    }
}

fn days(days: &[UsageDay]) -> Table {
    let row = |day: &UsageDay| {
        vec![
            day.date.clone(),
            day.requests.to_string(),
            day.errors.to_string(),
            day.avg_response_time.to_string(),
        ]
    };
    let titles = ["date", "requests", "errors", "avg_response_time"].map(str::to_owned).to_vec();
    Table { titles, rows: days.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_plain_text_to_whoever_reads_them() {
        for (given, written) in [
            ("stripe-live", "stripe-live"),
            ("12.5", "12.5"),
            ("-3", "-3"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("@cmd", "'@cmd"),
            ("a\u{1b}[2Jb", "a\u{fffd}[2Jb"),
        ] {
            assert_eq!(field(given), written);
        }
    }
}
