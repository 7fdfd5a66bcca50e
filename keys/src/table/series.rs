//! What a chart of usage shows, as a table: the dashboard copies it, the command prints it, the API answers it, all in the
//! same columns. It knows no screen and no command line.

use jiff::tz::TimeZone;
use serde::Deserialize;

use keyward_store::model::Id;

use crate::input::Breakdown;
use crate::prices::Money;
use crate::table::Table;
use crate::view::{EndpointUse, KindUse, UsageLine, UsagePoint, UsageSeries};

/// What is looked at of the calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// How many there were.
    #[default]
    Requests,
    /// How many failed.
    Errors,
    /// How long they took.
    Latency,
    /// How many tokens they told of.
    Tokens,
    /// What they cost.
    Cost,
}

impl Metric {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [Self::Requests, Self::Errors, Self::Latency, Self::Tokens, Self::Cost];

    /// Those that need nothing told of models.
    pub const OF_CALLS: [Self; 3] = [Self::Requests, Self::Errors, Self::Latency];

    /// It is one that only calls which tell of models or tokens have.
    pub fn is_of_models(self) -> bool {
        !Self::OF_CALLS.contains(&self)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Errors => "errors",
            Self::Latency => "latency",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
        }
    }

    /// What a line shows of a point: of response times the 95th percentile.
    pub fn of(self, point: &UsagePoint) -> Option<f64> {
        match self {
            Self::Requests => Some(point.requests as f64),
            Self::Errors => Some(point.errors as f64),
            Self::Latency => point.p95,
            Self::Tokens => Some(point.tokens as f64),
            Self::Cost => Some(point.cost.map_or(0.0, Money::units)),
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Requests | Self::Errors | Self::Tokens | Self::Cost => self.word(),
            Self::Latency => "p95_ms",
        }
    }
}

/// Whether calls told of tokens, or of what they cost.
pub fn tells_of_models(series: &UsageSeries) -> bool {
    series.total.summary.tokens > 0 || series.total.summary.cost.is_some()
}

/// Whether this is known of what calls are told apart by: of methods, statuses and service tokens calls and errors are counted.
pub fn tells(by: Option<Breakdown>, metric: Metric) -> bool {
    match by {
        Some(Breakdown::Method | Breakdown::Status | Breakdown::Token) => {
            matches!(metric, Metric::Requests | Metric::Errors)
        }
        _ => true,
    }
}

/// One line of a chart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Line<'a> {
    /// All is known of its calls.
    Whole(&'a UsageLine),
    /// They are counted.
    Kind(&'a KindUse),
}

impl<'a> Line<'a> {
    /// All that a chart's calls are told apart by, the busiest first.
    pub fn all(series: &'a UsageSeries) -> impl ExactSizeIterator<Item = Self> + DoubleEndedIterator {
        let lines: Vec<_> = match series.kinds.as_slice() {
            [] => series.lines.iter().map(Self::Whole).collect(),
            kinds => kinds.iter().map(Self::Kind).collect(),
        };
        lines.into_iter()
    }

    /// The key, team or service token that it is of.
    pub fn id(self) -> Option<Id> {
        match self {
            Self::Whole(line) => line.id,
            Self::Kind(kind) => kind.id,
        }
    }

    /// Its name.
    pub fn name(self) -> &'a str {
        match self {
            Self::Whole(line) => &line.name,
            Self::Kind(kind) => &kind.name,
        }
    }

    /// Its calls, and those of the period before.
    pub fn requests(self) -> (u64, Option<u64>) {
        match self {
            Self::Whole(UsageLine { summary, previous, .. }) => {
                (summary.total_requests, previous.map(|before| before.total_requests))
            }
            Self::Kind(kind) => (kind.requests, kind.previous_requests),
        }
    }

    /// Those of its calls that failed.
    pub fn errors(self) -> u64 {
        match self {
            Self::Whole(line) => line.summary.failed_requests,
            Self::Kind(kind) => kind.errors,
        }
    }

    /// What it shows of each point; none when that is not known of its calls, or none of them failed.
    pub fn values(self, metric: Metric) -> Option<Vec<Option<f64>>> {
        match (self, metric) {
            (Self::Whole(line), _) => Some(line.points.iter().map(|point| metric.of(point)).collect()),
            (Self::Kind(kind), Metric::Requests) => Some(counts(&kind.points)),
            (Self::Kind(kind), Metric::Errors) if kind.errors > 0 => Some(counts(&kind.error_points)),
            (Self::Kind(_), _) => None,
        }
    }
}

fn counts(points: &[u64]) -> Vec<Option<f64>> {
    points.iter().map(|calls| Some(*calls as f64)).collect()
}

/// A row for each moment and a column for each line that is `shown`; without lines a column for the total, or for each
/// percentile, and one for the period before. A row for each endpoint when calls are told apart by those.
pub fn of_series(series: &UsageSeries, metric: Metric, shown: impl Fn(Line<'_>) -> bool) -> Table {
    if !series.endpoints.is_empty() {
        return endpoints(series);
    }
    let zone = TimeZone::get(&series.timezone).unwrap_or(TimeZone::UTC);
    let mut titles = vec!["start".to_owned()];
    let mut columns: Vec<Vec<String>> = vec![];
    let cell = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let column = |points: &[UsagePoint], value: fn(&UsagePoint) -> Option<f64>| {
        points.iter().map(|point| cell(value(point))).collect()
    };
    let of_metric: fn(&UsagePoint) -> Option<f64> = match metric {
        Metric::Requests => |point| Metric::Requests.of(point),
        Metric::Errors => |point| Metric::Errors.of(point),
        Metric::Latency => |point| point.p95,
        Metric::Tokens => |point| Metric::Tokens.of(point),
        Metric::Cost => |point| Metric::Cost.of(point),
    };
    let mut alone = true;
    for line in Line::all(series) {
        let Some(values) = line.values(metric) else { continue };
        alone = false;
        if shown(line) {
            titles.push(line.name().to_owned());
            columns.push(values.into_iter().map(cell).collect());
        }
    }
    if alone {
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
    let row = |of: &EndpointUse| {
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
