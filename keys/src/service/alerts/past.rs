//! A condition's value over a stretch of a key's past, from rollups: by the hour, and windows of an hour at most by the
//! minute where minutes are kept. Today's limit is taken for that of the whole stretch. It decides nothing.

use keyward_store::model::ApiKey;
use keyward_store::usage::{Cell, Grain, Usage};

use crate::clock::{month_around, timestamp};
use crate::error::Result;
use crate::service::alerts::condition::{Facts, Limits};

const HOUR_MS: i64 = 3_600_000;

/// Minutes are kept for longer than this.
const MINUTES_MS: i64 = 47 * HOUR_MS;

/// Windows of so many minutes are looked at by the minute.
const FINE_WINDOW: u32 = 60;

/// What is kept of a key's past: cells with start and end, by rising time.
pub(super) struct Past<'a> {
    key: &'a ApiKey,
    limits: &'a Limits,
    /// The first moment, where by-the-minute begins, and the last.
    span_ms: (i64, i64, i64),
    cells: Vec<(i64, i64, Cell)>,
    /// The last call before the first moment.
    used_ms: Option<i64>,
    /// Calls of the first moment's month before it.
    month_used: u64,
}

impl<'a> Past<'a> {
    /// Reads what is kept from the day of a moment up to another, seen from `now_ms`.
    pub(super) fn read(
        usage: &Usage,
        key: &'a ApiKey,
        limits: &'a Limits,
        (from_ms, to_ms): (i64, i64),
        now_ms: i64,
    ) -> Result<Self> {
        let from_ms = Grain::Day.start_of(from_ms);
        let fine = (1..=FINE_WINDOW).contains(&limits.window_minutes);
        let fine_ms = Grain::Hour.start_of(if fine { now_ms - MINUTES_MS } else { to_ms });
        let fine_ms = fine_ms.clamp(from_ms, to_ms.max(from_ms));
        let month_ms = month_around(from_ms).0.as_millisecond();
        let before = usage.cells(key.id, Grain::Day, 0, from_ms)?;
        let in_month = before.iter().filter(|(start_ms, _)| *start_ms >= month_ms);
        let month_used = in_month.map(|(_, cell)| cell.requests).sum();
        let used_ms = before.last().map(|(start_ms, _)| start_ms + Grain::Day.length_ms());
        let mut cells = Vec::new();
        for (grain, from_ms, to_ms) in [(Grain::Hour, from_ms, fine_ms), (Grain::Minute, fine_ms, to_ms)] {
            let stretch = usage.cells(key.id, grain, from_ms, to_ms)?.into_iter();
            cells.extend(stretch.map(|(start_ms, cell)| (start_ms, start_ms + grain.length_ms(), cell)));
        }
        Ok(Self { key, limits, span_ms: (from_ms, fine_ms, to_ms), cells, used_ms, month_used })
    }

    /// The moments that are looked at: the ends of hours, then of minutes where it is fine.
    fn moments(&self) -> impl Iterator<Item = i64> + use<> {
        let (from_ms, fine_ms, to_ms) = self.span_ms;
        let every = |grain: Grain, from_ms: i64, to_ms: i64| {
            let step_ms = grain.length_ms();
            (1..).map(move |number| from_ms + number * step_ms).take_while(move |at_ms| *at_ms <= to_ms)
        };
        every(Grain::Hour, from_ms, fine_ms).chain(every(Grain::Minute, fine_ms, to_ms))
    }

    /// Tells each moment with its value, by rising time.
    pub(super) fn walk(mut self, mut visit: impl FnMut(i64, Option<u64>)) {
        let (from_ms, fine_ms, _) = self.span_ms;
        let mut month = month_around(from_ms);
        let (mut low, mut next) = (0, 0);
        for at_ms in self.moments() {
            while let Some((start_ms, end_ms, cell)) = self.cells.get(next).filter(|cell| cell.1 <= at_ms) {
                if timestamp(*start_ms) >= month.1 {
                    (month, self.month_used) = (month_around(*start_ms), 0);
                }
                self.month_used += cell.requests;
                self.used_ms = Some(*end_ms);
                next += 1;
            }
            if timestamp(at_ms) >= month.1 {
                (month, self.month_used) = (month_around(at_ms), 0);
            }
            if at_ms < self.key.created_ms {
                continue;
            }
            let least_ms = if at_ms <= fine_ms { HOUR_MS } else { 0 };
            let window_ms = (i64::from(self.limits.window_minutes) * 60_000).max(least_ms);
            while self.cells.get(low).is_some_and(|cell| cell.0 < at_ms - window_ms) {
                low += 1;
            }
            visit(at_ms, self.value(at_ms, month, self.cells.get(low..next).unwrap_or_default(), window_ms));
        }
    }

    fn value(
        &self,
        at_ms: i64,
        month: (jiff::Timestamp, jiff::Timestamp),
        window: &[(i64, i64, Cell)],
        window_ms: i64,
    ) -> Option<u64> {
        let mut sum = Cell::default();
        if self.limits.window_minutes > 0 {
            window.iter().for_each(|(_, _, cell)| sum.merge(cell));
        }
        let facts = Facts {
            now_ms: at_ms,
            key: self.key,
            last_used_ms: self.used_ms,
            month_used: self.month_used,
            month_ms: (month.0.as_millisecond(), month.1.as_millisecond()),
            rotation_failed: false,
        };
        // Where it is looked at by the hour, a shorter window is an hour long.
        let window_minutes = match self.limits.window_minutes {
            0 => 0,
            _ => u32::try_from(window_ms / 60_000).unwrap_or(u32::MAX),
        };
        facts.value(&Limits { window_minutes, ..*self.limits }, &sum)
    }
}
