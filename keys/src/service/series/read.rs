//! Reads rollups into the lines of a chart. It decides nothing about who may see what; it must not hold more than a few
//! lines, however many keys there are.

use std::cmp::Reverse;
use std::sync::Arc;

use keyward_store::model::Id;
use keyward_store::usage::{
    Cell, CellSum, EndpointCell, EndpointSums, FoundCell, KeyUsage, ModelCell, ModelUse, Usage,
};

use crate::clock::timestamp;
use crate::error::Result;
use crate::input::Breakdown;
use crate::prices::{Bill, Pricer, Prices, Tally, tokens};
use crate::service::layout::{Count, in_parts};
use crate::service::report::{percent, quantile_ms, round, summary};
use crate::service::shares::model_name;
use crate::view::{EndpointUse, UsagePoint, UsageSummary};

use super::MOST_LINES;
use super::frame::{Each, Frame, Place, Stretches};
use super::kinds::KindSums;

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
#[derive(Clone)]
pub(super) struct Line {
    pub(super) id: Option<Id>,
    /// Empty until it is looked up.
    pub(super) name: String,
    pub(super) sum: Sum,
}

/// What is counted for a line.
pub(super) type Sum = Each<Point>;

/// What is counted for one stretch.
#[derive(Clone, Default)]
pub(super) struct Point {
    cells: CellSum,
    tokens: u64,
    bill: Bill,
}

impl Point {
    fn merge(&mut self, other: &Self) {
        self.cells.merge(&other.cells);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.bill.add(other.bill);
    }

    /// Adds what a model's calls tell of tokens and money; the calls themselves are counted by the cells.
    fn spend(&mut self, used: &ModelUse, bill: Bill) {
        self.tokens = self.tokens.saturating_add(tokens(&used.cell));
        self.bill.add(bill);
    }
}

/// What was read of all keys.
pub(super) struct Read {
    pub(super) total: Sum,
    pub(super) lines: Vec<Line>,
    endpoints: EndpointSums,
    endpoints_before: EndpointSums,
    /// When calls are told apart by them.
    pub(super) kinds: Option<KindSums>,
    /// What models were used, now.
    pub(super) tally: Tally,
}

impl Sum {
    /// Those of the span itself.
    pub(super) fn requests(&self) -> u64 {
        self.now.iter().map(|point| point.cells.requests()).sum()
    }
}

impl Read {
    fn new(frame: &Frame, lines: Vec<Line>, by: Option<Breakdown>) -> Self {
        Self {
            total: Sum::new(frame),
            lines,
            endpoints: EndpointSums::without_kinds(),
            endpoints_before: EndpointSums::without_kinds(),
            kinds: KindSums::of(by, frame),
            tally: Tally::default(),
        }
    }

    /// Reads all keys into the total and the lines, and their endpoints or kinds of calls if these are told apart.
    pub(super) fn keys(
        lines: Vec<Line>,
        usage: &Usage,
        frame: &Frame,
        sources: &mut [Source],
        book: &Prices,
        by: Option<Breakdown>,
    ) -> Result<Self> {
        let part = |sources: &mut dyn Iterator<Item = &mut Source>| {
            let (mut read, mut pricer) = (Self::new(frame, lines.clone(), by), Pricer::new(book));
            for source in sources {
                read.key(usage, frame, source, &mut pricer, by == Some(Breakdown::Endpoint))?;
            }
            Ok(read)
        };
        let (mut read, more) = in_parts(sources, part)?;
        more.into_iter().for_each(|more| read.merge(&more));
        let Self { total, lines, .. } = &mut read;
        lines.iter().for_each(|line| total.merge(&line.sum, Point::merge));
        Ok(read)
    }

    fn key(
        &mut self,
        usage: &Usage,
        frame: &Frame,
        source: &mut Source,
        pricer: &mut Pricer<'_>,
        endpoints: bool,
    ) -> Result<()> {
        let Some(key) = usage.of(source.key)? else { return Ok(()) };
        let line = source.line.and_then(|line| self.lines.get_mut(line));
        let sum = line.map_or(&mut self.total, |line| &mut line.sum);
        let uses;
        let before;
        (source.requests, before, uses) = read_key(&key, frame, source, pricer, sum)?;
        pricer.count(&source.service, &uses, &[], &mut self.tally);
        if let Some(kinds) = &mut self.kinds {
            kinds.add_key(&key, frame)?;
        }
        if !endpoints {
            return Ok(());
        }
        // Where there were no calls, no rows are looked for.
        let now = Some(&frame.now).filter(|_| source.requests > 0);
        let before = frame.before.as_ref().filter(|_| before > 0);
        let spans = [(now, &mut self.endpoints), (before, &mut self.endpoints_before)];
        let spans = spans.into_iter().filter_map(|(of, sums)| Some((of?.cells(frame.grain), sums)));
        Ok(key.add_endpoints(frame.grain, &mut spans.collect::<Vec<_>>())?)
    }

    fn merge(&mut self, other: &Self) {
        self.total.merge(&other.total, Point::merge);
        let lines = self.lines.iter_mut().zip(&other.lines);
        lines.for_each(|(line, more)| line.sum.merge(&more.sum, Point::merge));
        self.endpoints.merge(&other.endpoints);
        self.endpoints_before.merge(&other.endpoints_before);
        if let Some((kinds, more)) = self.kinds.as_mut().zip(other.kinds.as_ref()) {
            kinds.merge(more);
        }
        self.tally.merge(&other.tally);
    }

    /// The busiest kinds of calls: if some came among so many that no points of them were held, all keys are read once more.
    pub(super) fn busiest_kinds(
        &mut self,
        usage: &Usage,
        frame: &Frame,
        sources: &mut [Source],
    ) -> Result<()> {
        let Some(none) = self.kinds.as_ref().and_then(|kinds| kinds.again(frame)) else { return Ok(()) };
        let part = |sources: &mut dyn Iterator<Item = &mut Source>| {
            let mut kinds = none.clone();
            for source in sources {
                if let Some(key) = usage.of(source.key)? {
                    kinds.add_key(&key, frame)?;
                }
            }
            Ok(kinds)
        };
        let (mut kinds, more) = in_parts(sources, part)?;
        more.into_iter().for_each(|more| kinds.merge(&more));
        self.kinds = Some(kinds);
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
            if let Some(key) = usage.of(source.key)? {
                read_key(&key, frame, source, pricer, &mut sum)?;
            }
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
        for source in sources {
            let Some(key) = usage.of(source.key)? else { continue };
            for used in frame.layout.models(&key)? {
                let place = frame.place(used.start_ms);
                let line = models.iter().position(|model| *model == used.model);
                let Some((place, line)) = place.zip(line) else { continue };
                let point = self.lines[line].sum.at(place);
                point.spend(&used, pricer.bill(&source.service, &used));
                // Of what class errors were is not kept of models.
                let ModelCell { requests, errors: client_errors, .. } = used.cell;
                point.cells.add(&FoundCell::held(&Cell { requests, client_errors, ..Cell::default() }))?;
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

    /// The busiest endpoints; with their calls of the period before when that is `compared`.
    pub(super) fn busiest_endpoints(&self, compared: bool) -> Vec<EndpointUse> {
        let mut sums: Vec<_> = self.endpoints.iter().collect();
        sums.sort_unstable_by(|(a, of_a), (b, of_b)| {
            of_b.requests.cmp(&of_a.requests).then_with(|| a.cmp(b))
        });
        let before = |name: &str| self.endpoints_before.get(name).map_or(0, |cell| cell.requests);
        let mean = |cell: &EndpointCell| cell.response_us.checked_div(cell.timed);
        let shown = sums.into_iter().take(MOST_ENDPOINTS).map(|(name, cell)| EndpointUse {
            endpoint: name.to_string(),
            requests: cell.requests,
            errors: cell.errors,
            average_response_time: mean(cell).map(|us| round(us as f64 / 1000.0, 100.0)),
            percentage: percent(cell.requests, self.endpoints.calls),
            previous_requests: compared.then(|| before(name)),
        });
        shown.collect()
    }
}

/// Reads one key into the points of a frame; answers its calls in the span itself and in the one before, and what it used of
/// models in the former.
fn read_key(
    key: &KeyUsage,
    frame: &Frame,
    source: &Source,
    pricer: &mut Pricer<'_>,
    sum: &mut Sum,
) -> Result<(u64, u64, Vec<ModelUse>)> {
    let (mut requests, mut before, mut now) = (0, 0, Vec::new());
    let calls = pricer.calls(&source.service);
    frame.layout.each(key, |count, place, start_ms, cell| {
        let of_place: &mut u64 = if let Place::Now(_) = place { &mut requests } else { &mut before };
        let (point, bill) = (sum.at(place), calls.bill(start_ms, cell.sums));
        match count {
            Count::In => {
                *of_place += cell.sums.requests;
                point.bill.add(bill);
                point.cells.add(cell)
            }
            Count::Out => {
                *of_place = of_place.saturating_sub(cell.sums.requests);
                point.bill.remove(bill);
                point.cells.remove(cell)
            }
        }
    })?;
    for used in frame.layout.models(key)? {
        let Some(place) = frame.place(used.start_ms) else { continue };
        sum.at(place).spend(&used, pricer.bill(&source.service, &used));
        now.extend(matches!(place, Place::Now(_)).then_some(used));
    }
    Ok((requests, before, now))
}

/// The totals of some points.
pub(super) fn summed(points: &[Point]) -> UsageSummary {
    let mut whole = Point::default();
    points.iter().for_each(|point| whole.merge(point));
    UsageSummary { tokens: whole.tokens, cost: whole.bill.money(), ..summary(&whole.cells.cell()) }
}

/// A line's points, as doors show them.
pub(super) fn points(stretches: &Stretches, points: &[Point]) -> Vec<UsagePoint> {
    let point = |(start_ms, Point { cells, tokens, bill }): (&i64, &Point)| {
        let cell = cells.cell();
        UsagePoint {
            start: timestamp(*start_ms),
            requests: cell.requests,
            errors: cell.errors(),
            p50: quantile_ms(&cell, 0.50),
            p95: quantile_ms(&cell, 0.95),
            p99: quantile_ms(&cell, 0.99),
            tokens: *tokens,
            cost: bill.money(),
        }
    };
    stretches.starts.iter().zip(points).map(point).collect()
}
