//! The totals of the period before a span, from rollups. Whose keys they are of is decided before.

use std::ops::Range;

use jiff::ToSpan;

use keyward_store::model::Id;
use keyward_store::usage::{CellSum, Usage};

use crate::clock::timestamp;
use crate::error::Result;
use crate::prices::{Pricer, Prices, Tally};
use crate::service::layout::Layout;
use crate::service::report::{Span, grain_from, spent, start_of, summary};
use crate::view::UsageBefore;

impl Span {
    /// The moments of the period before, up to the one that is as far into it as now is into the span; none before the
    /// calendar's beginning.
    pub(super) fn before(&self, now_ms: i64) -> Option<Range<i64>> {
        let to_ms = self.to_ms.min(now_ms + 1);
        if self.rolling {
            let length = to_ms - 1 - self.from_ms;
            return Some(self.from_ms - length..to_ms - length);
        }
        let days = (self.last - self.first).get_days() + 1;
        let first = self.first.saturating_sub(days.days());
        if first.year() < 1970 {
            return None;
        }
        let end_ms = if to_ms > now_ms {
            let then = self.zone.to_datetime(timestamp(now_ms)).saturating_sub(days.days());
            then.to_zoned(self.zone.clone()).map_or(self.from_ms, |then| then.timestamp().as_millisecond())
                + 1
        } else {
            self.from_ms
        };
        Some(start_of(first, &self.zone).ok()?..end_ms)
    }
}

/// What was read of a period before.
#[derive(Default)]
pub(super) struct Before {
    total: CellSum,
    tally: Tally,
}

impl Before {
    /// Reads these keys, each with its service.
    pub(super) fn read<'a>(
        usage: &Usage,
        book: &Prices,
        keys: impl Iterator<Item = &'a mut (Id, String)>,
        (span, range, now_ms): (&Span, &Range<i64>, i64),
    ) -> Result<Self> {
        let grain = grain_from(span, range.start, now_ms);
        // A cell that the span begins in is the span's.
        let end_ms = range.end.min(grain.start_of(span.from_ms));
        let layout = Layout::of(grain, range.start, end_ms, |_| Some(()));
        let (mut before, mut pricer) = (Self::default(), Pricer::new(book));
        for (id, service) in keys {
            let Some(key) = usage.of(*id)? else { continue };
            let Self { total, tally } = &mut before;
            let calls = pricer.calls(service);
            layout.add(&key, Some(total), |(), start_ms, cell| tally.add_rest(calls.bill(start_ms, cell)))?;
            pricer.count(service, &layout.models(&key)?, &[], tally);
        }
        Ok(before)
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.total.merge(&other.total);
        self.tally.merge(&other.tally);
    }

    pub(super) fn shown(&self, range: &Range<i64>) -> UsageBefore {
        let summary = spent(summary(&self.total.cell()), &self.tally);
        UsageBefore { from: timestamp(range.start), to: timestamp(range.end), summary }
    }
}
