//! What a chart of usage shows, as a table: the dashboard copies it, the command prints it, both in the same columns. It
//! knows no screen and no command line.

use jiff::tz::TimeZone;
use keyward_keys::view::{UsageLine, UsagePoint, UsageSeries};
use serde::Deserialize;

/// What is looked at of the calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Metric {
    /// How many there were.
    #[default]
    Requests,
    /// How many failed.
    Errors,
    /// How long they took.
    Latency,
}

impl Metric {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 3] = [Self::Requests, Self::Errors, Self::Latency];

    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Errors => "errors",
            Self::Latency => "latency",
        }
    }

    /// What a line shows of a point: of response times the 95th percentile.
    pub(crate) fn of(self, point: &UsagePoint) -> Option<f64> {
        match self {
            Self::Requests => Some(point.requests as f64),
            Self::Errors => Some(point.errors as f64),
            Self::Latency => point.p95,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Requests | Self::Errors => self.word(),
            Self::Latency => "p95_ms",
        }
    }
}

/// A table of texts.
pub(crate) struct Table {
    pub(crate) titles: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A row for each moment and a column for each line that is `shown`; without lines a column for the total, or for each
/// percentile, and one for the period before. A row for each endpoint when calls are told apart by those.
pub(crate) fn table(series: &UsageSeries, metric: Metric, shown: impl Fn(&UsageLine) -> bool) -> Table {
    if !series.endpoints.is_empty() {
        return endpoints(series);
    }
    let zone = TimeZone::get(&series.timezone).unwrap_or(TimeZone::UTC);
    let lines: Vec<&UsageLine> = series.lines.iter().filter(|line| shown(line)).collect();
    let mut titles = vec!["start".to_owned()];
    let mut columns: Vec<Vec<String>> = vec![];
    let column = |points: &[UsagePoint], value: fn(&UsagePoint) -> Option<f64>| {
        points.iter().map(|point| value(point).map_or(String::new(), |value| value.to_string())).collect()
    };
    let of_metric: fn(&UsagePoint) -> Option<f64> = match metric {
        Metric::Requests => |point| Metric::Requests.of(point),
        Metric::Errors => |point| Metric::Errors.of(point),
        Metric::Latency => |point| point.p95,
    };
    for line in &lines {
        titles.push(line.name.clone());
        columns.push(column(&line.points, of_metric));
    }
    if series.lines.is_empty() {
        let total = &series.total.points;
        if metric == Metric::Latency {
            titles.extend(["p50_ms", "p95_ms", "p99_ms"].map(str::to_owned));
            columns.extend([column(total, |point| point.p50), column(total, |point| point.p95)]);
            columns.push(column(total, |point| point.p99));
        } else {
            titles.push(metric.title().to_owned());
            columns.push(column(total, of_metric));
        }
        if let Some(previous) = &series.previous {
            titles.push(format!("previous_{}", metric.title()));
            columns.push(column(&previous.points, of_metric));
        }
    }
    let row = |(at, point): (usize, &UsagePoint)| {
        let start = point.start.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M%:z").to_string();
        let cells = columns.iter().map(|column| column.get(at).cloned().unwrap_or_default());
        std::iter::once(start).chain(cells).collect()
    };
    Table { titles, rows: series.total.points.iter().enumerate().map(row).collect() }
}

fn endpoints(series: &UsageSeries) -> Table {
    let mut titles = ["endpoint", "requests", "errors", "average_ms", "percent"].map(str::to_owned).to_vec();
    titles.extend(series.previous.is_some().then(|| "previous_requests".to_owned()));
    let row = |of: &keyward_keys::view::EndpointUse| {
        let mut row = vec![
            of.endpoint.clone(),
            of.requests.to_string(),
            of.errors.to_string(),
            of.average_response_time.map_or(String::new(), |ms| ms.to_string()),
            of.percentage.to_string(),
        ];
        row.extend(of.previous_requests.map(|requests| requests.to_string()));
        row
    };
    Table { titles, rows: series.endpoints.iter().map(row).collect() }
}

impl Table {
    /// The table as comma-separated values (RFC 4180), with line feeds.
    pub(crate) fn csv(&self) -> String {
        let mut text = String::new();
        for row in std::iter::once(&self.titles).chain(&self.rows) {
            let cells: Vec<String> = row.iter().map(|cell| field(cell)).collect();
            text.push_str(&cells.join(","));
            text.push('\n');
        }
        text
    }
}

/// A field. What people named could steer a terminal, or be a formula to a spreadsheet: it becomes plain text.
fn field(text: &str) -> String {
    let text = crate::term::sanitize::term_safe(text);
    let formula = text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text.into_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
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
