//! Usage over a span of days, from rollups: totals, a row a day, the busiest endpoints. Never from raw events.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

use keyward_store::model::Id;
use keyward_store::usage::{Cell, EndpointReport, Grain, HOUR_RETENTION_MS};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::error::{Error, Result};
use crate::input::{KeyRef, ReportQuery, SeriesQuery, UsageQuery};
use crate::policy::Permission;
use crate::prices::{Pricer, Tally};
use crate::service::Service;
use crate::service::period::Before;
use crate::service::shares::{endpoints, methods, models, service_tokens, statuses};
use crate::service::text::Faults;
use crate::view::{ErrorClasses, UsageDay, UsageReport, UsageSummary};

/// The longest span, days.
const LONGEST_DAYS: i64 = 3660;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The span of a report.
pub(super) struct Span {
    pub(super) name: String,
    pub(super) zone: TimeZone,
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
    pub(super) first: Date,
    pub(super) last: Date,
    /// It ends now and not with a day.
    pub(super) rolling: bool,
}

impl Service {
    /// A key's usage over a span.
    pub async fn usage(&self, caller: &Caller, key: &KeyRef, query: &ReportQuery) -> Result<UsageReport> {
        let id = self.resolve(caller, key)?;
        let row = self.key_row(caller, Permission::UsageRead, id)?;
        let now_ms = self.now_ms();
        let span = self.span(caller, &query.span, now_ms)?;
        let points = match query.step {
            Some(_) => {
                let (span, keys) = (query.span.clone(), vec![key.clone()]);
                let asked = SeriesQuery { span, step: query.step, keys, ..SeriesQuery::default() };
                self.usage_series(caller, &asked).await?.total.points
            }
            None => Vec::new(),
        };
        let grain = grain(&span, now_ms);
        let cells = self.0.usage.cells(id, grain, span.from_ms, span.to_ms)?;
        let days = Days::of(&span, grain);
        let (mut total, mut daily) = (Cell::default(), vec![Cell::default(); days.count()]);
        for (start_ms, cell) in &cells {
            total.merge(cell);
            daily[days.place(*start_ms)].merge(cell);
        }
        let EndpointReport { totals, kinds } = self.0.usage.endpoints(id, grain, span.from_ms, span.to_ms)?;
        let named = totals.iter().filter_map(|entry| Some((&**entry.endpoint.as_ref()?, &entry.cell)));
        let all: u64 = totals.iter().map(|entry| entry.cell.requests).sum();
        let failed: u64 = totals.iter().map(|entry| entry.cell.errors).sum();
        let (book, mut tally) = (&self.0.settings.prices, Tally::default());
        let uses = self.0.usage.models(id, grain, span.from_ms, span.to_ms)?;
        Pricer::new(book).count(&row.record.service, &uses, &cells, &mut tally);
        let previous = span.before(now_ms).filter(|_| query.compare).map(|range| {
            let mut of_key = (id, row.record.service.clone());
            let keys = std::iter::once(&mut of_key);
            Ok::<_, Error>(Before::read(&self.0.usage, book, keys, (&span, &range, now_ms))?.shown(&range))
        });
        Ok(UsageReport {
            points,
            previous: previous.transpose()?,
            key_id: row.record.key_id.clone(),
            daily_breakdown: days.rows(&daily),
            timeframe: span.name,
            summary: spent(summary(&total), &tally),
            top_endpoints: endpoints(named, all, failed),
            methods: methods(&kinds),
            statuses: statuses(&kinds),
            service_tokens: service_tokens(&self.mirror().read(), &kinds),
            unique_clients: kinds.clients(),
            models: models(&tally),
            currency: book.currency.clone(),
            errors: classes(&total),
            month: self.outlook(&row, now_ms)?,
        })
    }

    /// Today's totals, in the caller's time zone.
    pub(crate) fn today(&self, caller: &Caller, key: Id, now_ms: i64) -> Result<UsageSummary> {
        let zone = self.zone_of(caller);
        let start_ms = start_of(today_in(&zone, now_ms), &zone)?;
        let mut total = Cell::default();
        let end_ms = now_ms + DAY_MS;
        for (_, cell) in self.0.usage.cells(key, hours_of(&zone, start_ms, end_ms), start_ms, end_ms)? {
            total.merge(&cell);
        }
        Ok(summary(&total))
    }

    fn zone_of(&self, caller: &Caller) -> TimeZone {
        let tables = self.mirror().read();
        let account = caller.account().and_then(|account| tables.accounts.get(&account));
        let name = account.and_then(|row| row.record.time_zone.as_deref());
        crate::clock::zone(name)
    }

    pub(super) fn span(&self, caller: &Caller, query: &UsageQuery, now_ms: i64) -> Result<Span> {
        let mut faults = Faults::default();
        let zone = match query.timezone.as_deref() {
            None => self.zone_of(caller),
            Some(name) => TimeZone::get(name).unwrap_or_else(|_| {
                faults.add("timezone", "is not an IANA time zone such as Europe/Zurich");
                TimeZone::UTC
            }),
        };
        let today = today_in(&zone, now_ms);
        let start = query.start_date.as_deref().and_then(|text| date(&mut faults, "startDate", text, &zone));
        let end = query.end_date.as_deref().and_then(|text| date(&mut faults, "endDate", text, &zone));
        let dated = start.is_some() || end.is_some();
        let name = match (query.timeframe.as_deref(), dated) {
            (Some(name), _) => name,
            (None, true) => "custom",
            (None, false) => "week",
        };
        let back = match name {
            "hour" => i32::from(today_in(&zone, now_ms - HOUR_MS) != today),
            "day" => 1,
            "week" | "custom" => 6,
            "month" => 29,
            "year" => 364,
            _ => {
                faults.add("timeframe", "is one of hour, day, week, month, year");
                0
            }
        };
        let last = end.unwrap_or(today);
        let first = start.unwrap_or_else(|| last.saturating_sub(back.days()));
        let length = last.since(first).map_or(0, |span| i64::from(span.get_days()));
        if first > last {
            faults.add("startDate", "is after endDate");
        } else if length > LONGEST_DAYS {
            faults.add("startDate", format!("is more than {LONGEST_DAYS} days before endDate"));
        }
        faults.check()?;
        let rolling = !dated && matches!(name, "hour" | "day");
        let from_ms = match name {
            "hour" if rolling => now_ms - HOUR_MS,
            "day" if rolling => now_ms - DAY_MS,
            _ => start_of(first, &zone)?,
        };
        let to_ms = start_of(last.saturating_add(1.day()), &zone)?;
        Ok(Span { name: name.to_owned(), zone, from_ms, to_ms, first, last, rolling })
    }
}

/// The finest rollup that is still kept for the whole span.
pub(super) fn grain(span: &Span, now_ms: i64) -> Grain {
    grain_from(span, span.from_ms, now_ms)
}

/// The same from another moment on.
pub(super) fn grain_from(span: &Span, from_ms: i64, now_ms: i64) -> Grain {
    if span.rolling {
        Grain::Minute
    } else if from_ms > now_ms - HOUR_RETENTION_MS {
        hours_of(&span.zone, from_ms, span.to_ms)
    } else {
        Grain::Day
    }
}

/// What the hours of a zone are made of: hours of UTC, or quarters of them where its clocks are not whole hours from UTC.
pub(super) fn hours_of(zone: &TimeZone, from_ms: i64, to_ms: i64) -> Grain {
    let (from, to) = (timestamp(from_ms), timestamp(to_ms));
    let whole = |offset: Offset| i64::from(offset.seconds()) * 1_000 % HOUR_MS == 0;
    let mut changes = zone.following(from).take_while(|change| change.timestamp() < to);
    if whole(zone.to_offset(from)) && changes.all(|change| whole(change.offset())) {
        Grain::Hour
    } else {
        Grain::Quarter
    }
}

/// The days of a span. Where only whole UTC days are kept, a day is a UTC day.
pub(super) struct Days {
    dates: Vec<Date>,
    zone: TimeZone,
}

impl Days {
    pub(super) fn of(span: &Span, grain: Grain) -> Self {
        let zone = if grain == Grain::Day { TimeZone::UTC } else { span.zone.clone() };
        let dates = std::iter::successors(Some(span.first), |day| day.tomorrow().ok());
        Self { dates: dates.take_while(|day| *day == span.first || *day <= span.last).collect(), zone }
    }

    pub(super) fn count(&self) -> usize {
        self.dates.len()
    }

    /// The day that a cell counts for: one that begins before the first, for the first.
    pub(super) fn place(&self, start_ms: i64) -> usize {
        let date = today_in(&self.zone, start_ms);
        self.dates.partition_point(|day| *day < date).min(self.dates.len() - 1)
    }

    /// A row a day, those without calls included.
    pub(super) fn rows(&self, cells: &[Cell]) -> Vec<UsageDay> {
        let row = |(date, cell): (&Date, &Cell)| UsageDay {
            date: date.to_string(),
            requests: cell.requests,
            errors: cell.errors(),
            avg_response_time: mean_ms(cell),
        };
        self.dates.iter().zip(cells).map(row).collect()
    }
}

pub(super) fn summary(cell: &Cell) -> UsageSummary {
    let failed = cell.errors();
    let quantile = |q| quantile_ms(cell, q).unwrap_or(0.0);
    UsageSummary {
        total_requests: cell.requests,
        successful_requests: cell.requests - failed,
        failed_requests: failed,
        success_rate: if cell.requests == 0 { 100.0 } else { percent(cell.requests - failed, cell.requests) },
        average_response_time: mean_ms(cell),
        p50: quantile(0.50),
        p95: quantile(0.95),
        p99: quantile(0.99),
        request_bytes: cell.request_bytes,
        response_bytes: cell.response_bytes,
        tokens: 0,
        cost: None,
    }
}

/// With tokens and cost.
pub(super) fn spent(summary: UsageSummary, tally: &Tally) -> UsageSummary {
    UsageSummary { tokens: tally.tokens(), cost: tally.bill().money(), ..summary }
}

/// A quantile of the response time; none when no call told one.
pub(super) fn quantile_ms(cell: &Cell, q: f64) -> Option<f64> {
    cell.sketch.quantile(q).map(|us| round(f64::from(us) / 1000.0, 100.0))
}

pub(super) fn mean_ms(cell: &Cell) -> f64 {
    cell.mean_response_us().map_or(0.0, |us| round(us as f64 / 1000.0, 100.0))
}

pub(super) fn classes(cell: &Cell) -> ErrorClasses {
    ErrorClasses { client_errors: cell.client_errors, server_errors: cell.server_errors }
}

/// One decimal.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { round(part as f64 * 100.0 / whole as f64, 10.0) }
}

pub(super) fn round(value: f64, steps: f64) -> f64 {
    (value * steps).round() / steps
}

pub(super) fn today_in(zone: &TimeZone, ms: i64) -> Date {
    zone.to_datetime(timestamp(ms)).date()
}

pub(super) fn start_of(date: Date, zone: &TimeZone) -> Result<i64> {
    let start = date.to_zoned(zone.clone()).map_err(|_| Error::invalid("startDate", "is out of range"))?;
    Ok(start.timestamp().as_millisecond())
}

/// Years that reports can be asked for.
const YEARS: RangeInclusive<i16> = 1970..=9000;

/// A day, or the day of a full timestamp in the report's time zone.
fn date(faults: &mut Faults, field: &str, text: &str, zone: &TimeZone) -> Option<Date> {
    let parsed = match text.parse::<Timestamp>() {
        Ok(moment) => Some(zone.to_datetime(moment).date()),
        Err(_) => text.parse::<Date>().ok(),
    };
    match parsed {
        None => faults.add(field, "is a day such as 2024-01-15, or a full timestamp"),
        Some(date) if !YEARS.contains(&date.year()) => {
            faults.add(field, format!("is in a year from {} to {}", YEARS.start(), YEARS.end()));
        }
        Some(_) => return parsed,
    }
    None
}
