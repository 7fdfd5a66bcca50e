//! Reads rollups into the lines of a chart. It decides nothing about who may see what; it must not hold more than a few
//! lines, however many keys there are.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use keyward_store::model::Id;
use keyward_store::usage::{Cell, EndpointCell, ModelUse, Usage};

use crate::clock::timestamp;
use crate::error::Result;
use crate::prices::{Bill, Pricer, Tally, tokens};
use crate::service::report::{model_name, percent, quantile_ms, round, summary};
use crate::view::{EndpointUse, UsagePoint, UsageSummary};

use super::MOST_LINES;
use super::frame::{Frame, Place, Stretches};

/// Endpoints that are told apart.
const MOST_ENDPOINTS: usize = 50;

/// One key that is read, the line its calls belong to, and how many they are.
pub(super) struct Source {
    pub(super) key: Id,
    /// Its service, which prices go by.
    pub(super) service: String,
    pub(super) line: Option<usize>,
    pub(super) requests: u64,
}

/// A line.
pub(super) struct Line {
    pub(super) id: Option<Id>,
    /// Empty until it is looked up.
    pub(super) name: String,
    pub(super) sum: Sum,
}

/// What is counted for a line, a point for each of the frame's stretches.
pub(super) struct Sum {
    pub(super) now: Vec<Point>,
    pub(super) before: Vec<Point>,
}

/// What is counted for one stretch.
#[derive(Clone, Default)]
pub(super) struct Point {
    pub(super) cell: Cell,
    pub(super) tokens: u64,
    pub(super) bill: Bill,
}

impl Point {
    fn merge(&mut self, other: &Self) {
        self.cell.merge(&other.cell);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.bill.add(other.bill);
    }

    /// What a model's calls tell of tokens and money; the calls themselves are counted by the cells.
    fn of(used: &ModelUse, bill: Bill) -> Self {
        Self { cell: Cell::default(), tokens: tokens(&used.cell), bill }
    }
}

/// What was read of all keys.
pub(super) struct Read {
    pub(super) total: Sum,
    pub(super) lines: Vec<Line>,
    /// Calls now and before, by endpoint.
    endpoints: HashMap<Arc<str>, (EndpointCell, u64)>,
    /// Calls of all endpoints, also of those beyond the names that are kept.
    endpoint_calls: u64,
    /// What models were used, now.
    pub(super) tally: Tally,
}

impl Sum {
    pub(super) fn new(frame: &Frame) -> Self {
        let cells = |stretches: &Stretches| vec![Point::default(); stretches.starts.len()];
        Self { now: cells(&frame.now), before: frame.before.as_ref().map(cells).unwrap_or_default() }
    }

    fn add(&mut self, place: Place, point: &Point) {
        match place {
            Place::Now(at) => self.now[at].merge(point),
            Place::Before(at) => self.before[at].merge(point),
        }
    }

    fn requests(&self) -> u64 {
        self.now.iter().map(|point| point.cell.requests).sum()
    }
}

impl Read {
    pub(super) fn new(frame: &Frame, lines: Vec<Line>) -> Self {
        Self {
            total: Sum::new(frame),
            lines,
            endpoints: HashMap::new(),
            endpoint_calls: 0,
            tally: Tally::default(),
        }
    }

    pub(super) fn cells(
        &mut self,
        usage: &Usage,
        frame: &Frame,
        sources: &mut [Source],
        pricer: &mut Pricer<'_>,
    ) -> Result<()> {
        for source in sources {
            let mut requests = 0;
            let uses = points_of(usage, frame, source, pricer, |place, point| {
                requests += if let Place::Now(_) = place { point.cell.requests } else { 0 };
                self.total.add(place, point);
                if let Some(line) = source.line {
                    self.lines[line].sum.add(place, point);
                }
            })?;
            source.requests = requests;
            pricer.count(&source.service, &uses, &[], &mut self.tally);
        }
        Ok(())
    }

    /// A line for each of the busiest keys, which are read once more for it: lines of all would take too much memory. Keys
    /// that were asked for by name have one however quiet they were.
    pub(super) fn busiest_keys(
        &mut self,
        usage: &Usage,
        frame: &Frame,
        mut sources: Vec<Source>,
        named: bool,
        pricer: &mut Pricer<'_>,
    ) -> Result<()> {
        sources.retain(|source| named || source.requests > 0);
        sources.sort_unstable_by_key(|source| (Reverse(source.requests), source.key));
        for source in sources.iter().take(MOST_LINES) {
            let mut sum = Sum::new(frame);
            points_of(usage, frame, source, pricer, |place, point| sum.add(place, point))?;
            self.lines.push(Line { id: Some(source.key), name: String::new(), sum });
        }
        Ok(())
    }

    /// A line for each of the models with the most tokens, which are read once more for it.
    pub(super) fn models(
        &mut self,
        usage: &Usage,
        frame: &Frame,
        sources: &[Source],
        pricer: &mut Pricer<'_>,
    ) -> Result<()> {
        let mut models: Vec<_> = self.tally.models.iter().collect();
        models.sort_by_key(|(model, (cell, _))| (Reverse((tokens(cell), cell.requests)), (*model).clone()));
        let models: Vec<Option<Arc<str>>> =
            models.into_iter().take(MOST_LINES).map(|(model, _)| model.clone()).collect();
        let line = |model: &Option<Arc<str>>| Line {
            id: None,
            name: model_name(model.as_deref()),
            sum: Sum::new(frame),
        };
        self.lines = models.iter().map(line).collect();
        let (from_ms, to_ms) = frame.reach();
        for source in sources {
            for used in usage.models(source.key, frame.grain, from_ms, to_ms)? {
                let place = frame.place(used.start_ms);
                let line = models.iter().position(|model| *model == used.model);
                let Some((place, line)) = place.zip(line) else { continue };
                let calls = (used.cell.requests, used.cell.errors);
                let mut point = Point::of(&used, pricer.bill(&source.service, &used));
                // Of what class errors were is not kept of models.
                (point.cell.requests, point.cell.client_errors) = calls;
                self.lines[line].sum.add(place, &point);
            }
        }
        Ok(())
    }

    /// Keeps the busiest lines, in that order.
    pub(super) fn busiest_lines(&mut self) {
        self.lines.retain(|line| line.sum.requests() > 0);
        self.lines.sort_by_cached_key(|line| (Reverse(line.sum.requests()), line.name.clone()));
        self.lines.truncate(MOST_LINES);
    }

    pub(super) fn endpoints(&mut self, usage: &Usage, frame: &Frame, sources: &[Source]) -> Result<()> {
        let first_ms = |stretches: &Stretches| stretches.starts.first().copied().unwrap_or(stretches.end_ms);
        for source in sources {
            for entry in usage.endpoints(source.key, first_ms(&frame.now), frame.now.end_ms)? {
                self.endpoint_calls += entry.cell.requests;
                let Some(name) = entry.endpoint else { continue };
                let sum = &mut self.endpoints.entry(name).or_default().0;
                sum.requests += entry.cell.requests;
                sum.errors += entry.cell.errors;
                sum.timed += entry.cell.timed;
                sum.response_us += entry.cell.response_us;
            }
        }
        let Some(before) = &frame.before else { return Ok(()) };
        for source in sources {
            for entry in usage.endpoints(source.key, first_ms(before), before.end_ms)? {
                let known = entry.endpoint.and_then(|name| self.endpoints.get_mut(&name));
                known.into_iter().for_each(|sums| sums.1 += entry.cell.requests);
            }
        }
        Ok(())
    }

    /// The busiest endpoints; with their calls of the period before when that is `compared`.
    pub(super) fn busiest_endpoints(&self, compared: bool) -> Vec<EndpointUse> {
        let mut sums: Vec<_> = self.endpoints.iter().collect();
        sums.sort_unstable_by(|(a, (of_a, _)), (b, (of_b, _))| {
            of_b.requests.cmp(&of_a.requests).then_with(|| a.cmp(b))
        });
        let mean = |cell: &EndpointCell| cell.response_us.checked_div(cell.timed);
        let shown = sums.into_iter().take(MOST_ENDPOINTS).map(|(name, (cell, before))| EndpointUse {
            endpoint: name.to_string(),
            requests: cell.requests,
            errors: cell.errors,
            average_response_time: mean(cell).map(|us| round(us as f64 / 1000.0, 100.0)),
            percentage: percent(cell.requests, self.endpoint_calls),
            previous_requests: compared.then_some(*before),
        });
        shown.collect()
    }
}

/// Reads one key into the points of a frame; answers what it used of models in the span itself.
fn points_of(
    usage: &Usage,
    frame: &Frame,
    source: &Source,
    pricer: &mut Pricer<'_>,
    mut add: impl FnMut(Place, &Point),
) -> Result<Vec<ModelUse>> {
    let (from_ms, to_ms) = frame.reach();
    for (start_ms, cell) in usage.cells(source.key, frame.grain, from_ms, to_ms)? {
        let bill = pricer.of_calls(&source.service, start_ms, &cell);
        let point = Point { cell, tokens: 0, bill };
        frame.place(start_ms).into_iter().for_each(|place| add(place, &point));
    }
    let mut now = Vec::new();
    for used in usage.models(source.key, frame.grain, from_ms, to_ms)? {
        let Some(place) = frame.place(used.start_ms) else { continue };
        add(place, &Point::of(&used, pricer.bill(&source.service, &used)));
        now.extend(matches!(place, Place::Now(_)).then_some(used));
    }
    Ok(now)
}

/// The totals of some points.
pub(super) fn summed(points: &[Point]) -> UsageSummary {
    let mut whole = Point::default();
    points.iter().for_each(|point| whole.merge(point));
    UsageSummary { tokens: whole.tokens, cost: whole.bill.money(), ..summary(&whole.cell) }
}

/// A line's points, as doors show them.
pub(super) fn points(stretches: &Stretches, points: &[Point]) -> Vec<UsagePoint> {
    let point = |(start_ms, Point { cell, tokens, bill }): (&i64, &Point)| UsagePoint {
        start: timestamp(*start_ms),
        requests: cell.requests,
        errors: cell.errors(),
        p50: quantile_ms(cell, 0.50),
        p95: quantile_ms(cell, 0.95),
        p99: quantile_ms(cell, 0.99),
        tokens: *tokens,
        cost: bill.money(),
    };
    stretches.starts.iter().zip(points).map(point).collect()
}
