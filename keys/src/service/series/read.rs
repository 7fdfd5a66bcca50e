//! Reads rollups into the lines of a chart. It decides nothing about who may see what; it must not hold more than a few
//! lines, however many keys there are.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use keyward_store::model::Id;
use keyward_store::usage::{Cell, EndpointCell, Usage};

use crate::clock::timestamp;
use crate::error::Result;
use crate::service::report::{percent, quantile_ms, round};
use crate::view::{EndpointUse, UsagePoint};

use super::MOST_LINES;
use super::frame::{Frame, Place, Stretches};

/// Endpoints that are told apart.
const MOST_ENDPOINTS: usize = 50;

/// One key that is read, the line its calls belong to, and how many they are.
pub(super) struct Source {
    pub(super) key: Id,
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

/// What is counted for a line, a cell for each of the frame's stretches.
pub(super) struct Sum {
    pub(super) now: Vec<Cell>,
    pub(super) before: Vec<Cell>,
}

/// What was read of all keys.
pub(super) struct Read {
    pub(super) total: Sum,
    pub(super) lines: Vec<Line>,
    /// Calls now and before, by endpoint.
    endpoints: HashMap<Arc<str>, (EndpointCell, u64)>,
    /// Calls of all endpoints, also of those beyond the names that are kept.
    endpoint_calls: u64,
}

impl Sum {
    pub(super) fn new(frame: &Frame) -> Self {
        let cells = |stretches: &Stretches| vec![Cell::default(); stretches.starts.len()];
        Self { now: cells(&frame.now), before: frame.before.as_ref().map(cells).unwrap_or_default() }
    }

    fn add(&mut self, place: Place, cell: &Cell) {
        match place {
            Place::Now(at) => self.now[at].merge(cell),
            Place::Before(at) => self.before[at].merge(cell),
        }
    }

    fn requests(&self) -> u64 {
        self.now.iter().map(|cell| cell.requests).sum()
    }
}

impl Read {
    pub(super) fn new(frame: &Frame, lines: Vec<Line>) -> Self {
        Self { total: Sum::new(frame), lines, endpoints: HashMap::new(), endpoint_calls: 0 }
    }

    pub(super) fn cells(&mut self, usage: &Usage, frame: &Frame, sources: &mut [Source]) -> Result<()> {
        let (from_ms, to_ms) = frame.reach();
        for source in sources {
            for (start_ms, cell) in usage.cells(source.key, frame.grain, from_ms, to_ms)? {
                let Some(place) = frame.place(start_ms) else { continue };
                source.requests += if let Place::Now(_) = place { cell.requests } else { 0 };
                self.total.add(place, &cell);
                if let Some(line) = source.line {
                    self.lines[line].sum.add(place, &cell);
                }
            }
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
    ) -> Result<()> {
        sources.retain(|source| named || source.requests > 0);
        sources.sort_unstable_by_key(|source| (Reverse(source.requests), source.key));
        let (from_ms, to_ms) = frame.reach();
        for source in sources.iter().take(MOST_LINES) {
            let mut sum = Sum::new(frame);
            for (start_ms, cell) in usage.cells(source.key, frame.grain, from_ms, to_ms)? {
                frame.place(start_ms).into_iter().for_each(|place| sum.add(place, &cell));
            }
            self.lines.push(Line { id: Some(source.key), name: String::new(), sum });
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

/// The sum of some cells.
pub(super) fn whole(cells: &[Cell]) -> Cell {
    let mut whole = Cell::default();
    cells.iter().for_each(|cell| whole.merge(cell));
    whole
}

/// A line's points, as doors show them.
pub(super) fn points(stretches: &Stretches, cells: &[Cell]) -> Vec<UsagePoint> {
    let point = |(start_ms, cell): (&i64, &Cell)| UsagePoint {
        start: timestamp(*start_ms),
        requests: cell.requests,
        errors: cell.errors(),
        p50: quantile_ms(cell, 0.50),
        p95: quantile_ms(cell, 0.95),
        p99: quantile_ms(cell, 0.99),
    };
    stretches.starts.iter().zip(cells).map(point).collect()
}
