//! The stretches of time that the points of a chart stand for, in the asker's time zone, and the same stretches of the
//! period before. It knows calendars and rollups, and no key.

use std::ops::Range;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use keyward_store::usage::{Grain, HOUR_RETENTION_MS, MINUTE_RETENTION_MS};

use crate::clock::timestamp;
use crate::error::{Error, Result};
use crate::input::Step;
use crate::service::layout::Layout;
use crate::service::report::{Span, hours_of, start_of, today_in};

/// Points a chart has at most.
const MOST_POINTS: usize = 1_000;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Stretches of time, one after the other.
pub(super) struct Stretches {
    pub(super) starts: Vec<i64>,
    /// What begins later is not counted.
    pub(super) end_ms: i64,
    /// Where they would end had all of the time passed: a day (UTC) with its middle after it belongs to what follows.
    whole_ms: i64,
    /// The first moment after the last stretch.
    pub(super) until_ms: i64,
}

/// Where a moment falls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    Now(usize),
    Before(usize),
}

/// Something for each of a frame's stretches.
#[derive(Clone)]
pub(super) struct Each<T> {
    pub(super) now: Vec<T>,
    pub(super) before: Vec<T>,
}

impl<T: Clone + Default> Each<T> {
    pub(super) fn new(frame: &Frame) -> Self {
        let nothing = |stretches: &Stretches| vec![T::default(); stretches.starts.len()];
        Self { now: nothing(&frame.now), before: frame.before.as_ref().map(nothing).unwrap_or_default() }
    }

    pub(super) fn at(&mut self, place: Place) -> &mut T {
        match place {
            Place::Now(at) => &mut self.now[at],
            Place::Before(at) => &mut self.before[at],
        }
    }

    /// Adds another's to each.
    pub(super) fn merge(&mut self, other: &Self, add: impl Fn(&mut T, &T)) {
        let ours = self.now.iter_mut().chain(&mut self.before);
        ours.zip(other.now.iter().chain(&other.before)).for_each(|(sum, more)| add(sum, more));
    }
}

/// How the time of a chart is cut.
pub(super) struct Frame {
    pub(super) step: Step,
    pub(super) grain: Grain,
    pub(super) now: Stretches,
    pub(super) before: Option<Stretches>,
    /// Where each cell belongs.
    pub(super) layout: Layout<Place>,
}

impl Frame {
    /// The stretches of a span, and of the one before if that is asked for and kept as finely.
    pub(super) fn of(span: &Span, step: Option<Step>, compare: bool, now_ms: i64) -> Result<Self> {
        let step = step.unwrap_or_else(|| fitting(span, now_ms));
        let kept_ms = kept(step).map_or(i64::MIN, |kept_ms| now_ms - kept_ms);
        if span.from_ms < kept_ms {
            let kept = if step == Step::Hour {
                "hours are kept for 90 days"
            } else {
                "minutes are kept for 48 hours"
            };
            return Err(Error::invalid("step", format!("is too fine for what is asked: {kept}")));
        }
        let to_ms = span.to_ms.min(now_ms + 1);
        let now = Stretches::of(step, &span.zone, span.from_ms, to_ms, span.rolling)?;
        // What is reported ahead of its time belongs to the stretch that goes on, so that a day is read as one.
        let end_ms = now.until_ms.min(span.to_ms);
        let now = Stretches { end_ms, whole_ms: span.to_ms, ..now };
        let before = if compare { span.before(now_ms) } else { None };
        let before =
            before.map(|Range { start, end }| Stretches::of(step, &span.zone, start, end, span.rolling));
        let before = before.transpose()?;
        let before = before.filter(|before| before.starts.first().is_some_and(|first| *first >= kept_ms));
        let from_ms = before.as_ref().unwrap_or(&now).starts.first().copied().unwrap_or(now_ms);
        let grain = match step {
            Step::Minute | Step::QuarterHour => Grain::Minute,
            step if step == Step::Hour || from_ms > now_ms - HOUR_RETENTION_MS => {
                hours_of(&span.zone, from_ms, to_ms)
            }
            _ => Grain::Day,
        };
        let (from_ms, to_ms) = reach(&now, before.as_ref());
        let layout =
            Layout::of(grain, from_ms, to_ms, |start_ms| place(grain, &now, before.as_ref(), start_ms));
        Ok(Self { step, grain, now, before, layout })
    }

    /// Everything from the first moment that is shown to the last.
    pub(super) fn reach(&self) -> (i64, i64) {
        reach(&self.now, self.before.as_ref())
    }

    /// Where a rollup's cell belongs.
    pub(super) fn place(&self, start_ms: i64) -> Option<Place> {
        place(self.grain, &self.now, self.before.as_ref(), start_ms)
    }
}

fn reach(now: &Stretches, before: Option<&Stretches>) -> (i64, i64) {
    let first = before.unwrap_or(now).starts.first().copied();
    (first.unwrap_or(now.end_ms), now.end_ms)
}

fn place(grain: Grain, now: &Stretches, before: Option<&Stretches>, start_ms: i64) -> Option<Place> {
    let before = || Some(Place::Before(before?.place(grain, start_ms)?));
    now.place(grain, start_ms).map(Place::Now).or_else(before)
}

impl Stretches {
    /// Those that begin in `from_ms..to_ms`; the first is cut off by what it begins with, unless it is `rolling`: then
    /// only whole ones are.
    fn of(step: Step, zone: &TimeZone, from_ms: i64, to_ms: i64, rolling: bool) -> Result<Self> {
        let mut starts = Vec::new();
        // Since the last full hour, or whatever the step is, by the zone's clocks.
        let since = |at_ms: i64, length: i64| {
            (at_ms + i64::from(zone.to_offset(timestamp(at_ms)).seconds()) * 1_000).rem_euclid(length)
        };
        let mut start_ms = match length(step) {
            Some(length) if rolling => from_ms - since(from_ms, length) + length,
            Some(length) => from_ms - since(from_ms, length),
            None => from_ms,
        };
        while start_ms < to_ms {
            if starts.len() == MOST_POINTS {
                let detail = format!("makes more than {MOST_POINTS} points of this span; take a longer one");
                return Err(Error::invalid("step", detail));
            }
            starts.push(start_ms);
            start_ms = match length(step) {
                // Where clocks are changed by half an hour, one of them is longer or shorter.
                Some(length) => start_ms + length - since(start_ms, length),
                None => start_of(next(step, today_in(zone, start_ms)), zone)?,
            };
        }
        Ok(Self { starts, end_ms: to_ms, whole_ms: to_ms, until_ms: start_ms })
    }

    /// Where a cell belongs.
    fn place(&self, grain: Grain, start_ms: i64) -> Option<usize> {
        let at_ms = start_ms + shift_ms(grain);
        let after = self.starts.partition_point(|start_ms| *start_ms <= at_ms);
        after.checked_sub(1).filter(|_| start_ms < self.end_ms && at_ms < self.whole_ms)
    }

    /// The cells that belong to any of them: those that start in this range.
    pub(super) fn cells(&self, grain: Grain) -> Range<i64> {
        let (length_ms, shift_ms) = (grain.length_ms(), shift_ms(grain));
        let first_ms = self.starts.first().copied().unwrap_or(self.end_ms) - shift_ms;
        first_ms + (-first_ms).rem_euclid(length_ms)..self.end_ms.min(self.whole_ms - shift_ms)
    }
}

/// How far into a cell the moment is that it belongs by: a day (UTC) to the local day that it shares the most with.
fn shift_ms(grain: Grain) -> i64 {
    if grain == Grain::Day { DAY_MS / 2 } else { 0 }
}

/// How long rollups that fine are kept; for ever when none.
fn kept(step: Step) -> Option<i64> {
    match step {
        // Rolling spans begin anywhere in an hour, and the one before a day's began a day earlier.
        Step::Minute | Step::QuarterHour => Some(MINUTE_RETENTION_MS + HOUR_MS),
        Step::Hour => Some(HOUR_RETENTION_MS),
        Step::Day | Step::Week | Step::Month | Step::Year => None,
    }
}

/// A step's length, if all are of one length.
fn length(step: Step) -> Option<i64> {
    match step {
        Step::Minute => Some(MINUTE_MS),
        Step::QuarterHour => Some(15 * MINUTE_MS),
        Step::Hour => Some(HOUR_MS),
        Step::Day | Step::Week | Step::Month | Step::Year => None,
    }
}

/// The first day of the stretch after the one that a day is in.
fn next(step: Step, day: Date) -> Date {
    let first = match step {
        Step::Week => return day.nth_weekday(1, Weekday::Monday).unwrap_or(Date::MAX),
        Step::Month => day.first_of_month().checked_add(1.month()),
        Step::Year => day.first_of_year().checked_add(1.year()),
        Step::Minute | Step::QuarterHour | Step::Hour | Step::Day => day.tomorrow(),
    };
    first.unwrap_or(Date::MAX)
}

/// The step that gives a chart of this span some dozens to some hundred points.
fn fitting(span: &Span, now_ms: i64) -> Step {
    let days = (span.to_ms - span.from_ms) / DAY_MS;
    match (span.name.as_str(), days) {
        ("hour", _) if span.rolling => Step::Minute,
        ("day", _) if span.rolling => Step::QuarterHour,
        (_, ..=14) if span.from_ms >= now_ms - HOUR_RETENTION_MS => Step::Hour,
        (_, ..=120) => Step::Day,
        (_, ..=800) => Step::Week,
        _ => Step::Month,
    }
}
