//! Which rows hold the endpoints of a stretch of time: those of whole months, days of the months that it cuts, hours of the
//! days and quarters or minutes of the hours. It knows calendars, and nothing of what is in a row.

use std::ops::Range;

use super::ENDPOINT_PARTS;
use super::parts::{Wanted, parts_from};
use crate::table::Table;
use crate::usage::calendar::{DAY_MS, LAST_MS, day_of, first_day, month_of_day};
use crate::usage::grain::Grain;
use crate::usage::slots::Slots;

/// A stretch of a key's time.
pub(in crate::usage) struct Stretch {
    ms: Range<i64>,
    newest_ms: i64,
    /// It begins and ends with cells of this.
    grain: Grain,
}

/// How much of what was at a moment a stretch holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::usage) enum Holds {
    All,
    /// It holds another part of the day, and clients are told apart by the day.
    Clients,
    Nothing,
}

/// A row of which some parts are wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::usage) struct CutRow {
    pub(in crate::usage) table: Table,
    pub(in crate::usage) row: u32,
    pub(in crate::usage) wanted: Wanted,
    /// All that is wanted of it lies in this part of another row: if that had no call, nor had this.
    pub(in crate::usage) within: Option<(Table, u32, u8)>,
}

/// A month of which some days are wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::usage) struct CutMonth {
    pub(in crate::usage) days: CutRow,
    /// Where an earlier version counted by the day, those that are touched.
    pub(in crate::usage) before: Range<u32>,
    /// It counted these days by the month, if at all.
    pub(in crate::usage) by_month: bool,
}

impl Stretch {
    /// The cells of a grain that start in `from_ms..to_ms`, of a key that was last called at `newest_ms`.
    pub(in crate::usage) fn of(grain: Grain, from_ms: i64, to_ms: i64, newest_ms: i64) -> Self {
        let minutes_ms = if grain == Grain::Minute { parts_from(grain, newest_ms) } else { 0 };
        let (from_ms, to_ms) = (from_ms.max(minutes_ms), to_ms.min(LAST_MS));
        if from_ms >= to_ms {
            return Self { ms: 0..0, newest_ms, grain };
        }
        // Days are kept of what is too old for hours.
        let hours_ms = parts_from(Grain::Hour, newest_ms);
        let grain_at = |at_ms: i64| if at_ms < hours_ms { Grain::Day } else { grain };
        let end_ms = |grain: Grain, at_ms: i64| grain.start_of(at_ms) + grain.length_ms();
        // After the newest there is nothing to be told from it.
        let last = if to_ms > newest_ms { (Grain::Day, newest_ms) } else { (grain_at(to_ms - 1), to_ms - 1) };
        Self { ms: grain_at(from_ms).start_of(from_ms)..end_ms(last.0, last.1), newest_ms, grain }
    }

    pub(in crate::usage) fn is_empty(&self) -> bool {
        self.ms.is_empty()
    }

    pub(in crate::usage) fn holds(&self, at_ms: i64) -> Holds {
        match at_ms {
            at_ms if self.ms.contains(&at_ms) => Holds::All,
            at_ms if self.touches(day_of(at_ms)) => Holds::Clients,
            _ => Holds::Nothing,
        }
    }

    /// Whether it holds some of a day.
    pub(in crate::usage) fn touches(&self, day: u32) -> bool {
        !self.is_empty() && self.touched().contains(&day)
    }

    fn touched(&self) -> Range<u32> {
        day_of(self.ms.start)..day_of(self.ms.end - 1) + 1
    }

    fn whole_days(&self) -> Range<u32> {
        day_of(self.ms.start + DAY_MS - 1)..day_of(self.ms.end)
    }

    /// The months that it holds all calls of.
    pub(in crate::usage) fn months(&self) -> Range<u32> {
        let days = self.whole_days();
        let (month, place) = month_of_day(days.start);
        let to_newest = self.ms.end > self.newest_ms;
        let end =
            if to_newest { month_of_day(self.touched().end - 1).0 + 1 } else { month_of_day(days.end).0 };
        month + u32::from(place > 0)..end
    }

    /// The months that it holds days of, or hours.
    pub(in crate::usage) fn cut_months(&self) -> impl Iterator<Item = CutMonth> {
        let [.., (grain, table)] = ENDPOINT_PARTS;
        let (touched, whole, months) = (self.touched(), self.whole_days(), self.months());
        let all = month_of_day(touched.start).0..month_of_day(touched.end - 1).0 + 1;
        let oldest_day = day_of(parts_from(Grain::Hour, self.newest_ms));
        let ms = |days: &Range<u32>| i64::from(days.start) * DAY_MS..i64::from(days.end) * DAY_MS;
        all.filter(move |month| !months.contains(month)).map(move |month| {
            let before = touched.start.max(first_day(month))..touched.end.min(first_day(month + 1));
            let wanted = Wanted {
                calls: Slots::within(grain.rows(), month, &ms(&whole)),
                clients: Slots::within(grain.rows(), month, &ms(&touched)),
            };
            CutMonth {
                days: CutRow { table, row: month, wanted, within: None },
                by_month: before.end <= oldest_day,
                before,
            }
        })
    }

    /// The days and hours that it begins or ends within.
    pub(in crate::usage) fn cut_rows(&self) -> Vec<CutRow> {
        let [minutes, quarters, hours, days] = ENDPOINT_PARTS;
        let of_hours = if self.grain == Grain::Quarter { quarters } else { minutes };
        let mut rows: Vec<CutRow> = Vec::new();
        for ((grain, table), (longer, of_longer)) in [(hours, days), (of_hours, hours)] {
            let (length_ms, cut_ms) = (grain.length_ms(), longer.length_ms());
            let whole =
                (self.ms.start + length_ms - 1) / length_ms * length_ms..self.ms.end / length_ms * length_ms;
            for edge_ms in [self.ms.start, self.ms.end] {
                let row = grain.rows().place_of(edge_ms).0;
                let day_or_hour_ms = edge_ms - edge_ms % cut_ms;
                let cut = whole.start.max(day_or_hour_ms)..whole.end.min(day_or_hour_ms + cut_ms);
                let wanted =
                    Wanted { calls: Slots::within(grain.rows(), row, &cut), clients: Slots::default() };
                let (around, part) = longer.rows().place_of(edge_ms);
                let cut = CutRow { table, row, wanted, within: Some((of_longer, around, part)) };
                if edge_ms % cut_ms != 0 && rows.last() != Some(&cut) {
                    rows.push(cut);
                }
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::usage::calendar::{HOUR_MS, MINUTE_MS, month_of};

    /// 2026-09-29T11:50:00Z
    const NEWEST_MS: i64 = 1_790_682_600_000;

    proptest! {
        /// Each moment is found in one row, and in one that is kept.
        #[test]
        fn every_part_of_a_stretch_is_read_once(
            grain in prop::sample::select(Grain::ALL.to_vec()),
            back_ms in prop_oneof![0..3 * HOUR_MS, 0..50 * HOUR_MS, 0..100 * DAY_MS, 0..800 * DAY_MS],
            length_ms in prop_oneof![0..3 * HOUR_MS, 0..50 * HOUR_MS, 0..100 * DAY_MS, 0..800 * DAY_MS],
            moments in prop::collection::vec(prop_oneof![0..3 * HOUR_MS, 0..50 * HOUR_MS, 0..100 * DAY_MS, 0..800 * DAY_MS], 1..200),
        ) {
            let (from_ms, to_ms) = (NEWEST_MS - back_ms, NEWEST_MS - back_ms + length_ms);
            let stretch = Stretch::of(grain, from_ms, to_ms, NEWEST_MS);
            let tables: BTreeMap<_, _> = ENDPOINT_PARTS.iter().map(|(grain, table)| (table.0, *grain)).collect();
            let ends = [0, 1, MINUTE_MS, HOUR_MS, DAY_MS].map(|away_ms| [from_ms - away_ms, from_ms + away_ms, to_ms - away_ms, to_ms + away_ms]);
            let moments = moments.into_iter().map(|ago_ms| NEWEST_MS - ago_ms).chain(ends.into_iter().flatten());
            for at_ms in moments.filter(|at_ms| *at_ms <= NEWEST_MS) {
                let mut found = 0;
                if !stretch.is_empty() {
                    let rows = stretch.cut_months().map(|month| month.days).chain(stretch.cut_rows());
                    found += u32::from(stretch.months().contains(&month_of(at_ms)));
                    for CutRow { table, row, wanted, .. } in rows {
                        let grain = tables[table.0];
                        let start_ms = grain.start_of(at_ms);
                        let kept_ms = NEWEST_MS - parts_from(grain, NEWEST_MS);
                        prop_assert!(!grain.rows().rows_before(NEWEST_MS, kept_ms).any(|old| old.contains(&row)));
                        let within = Slots::within(grain.rows(), row, &(start_ms..start_ms + 1));
                        found += u32::from(within != Slots::default() && wanted.calls.and(within) == within);
                    }
                }
                prop_assert_eq!(found, u32::from(stretch.holds(at_ms) == Holds::All), "{}", at_ms);
                // As cells are, where these are kept.
                let old = at_ms < parts_from(Grain::Hour, NEWEST_MS) || from_ms < parts_from(Grain::Hour, NEWEST_MS);
                let cell_ms = grain.start_of(at_ms);
                let kept = grain != Grain::Minute || cell_ms >= parts_from(grain, NEWEST_MS);
                let expected = kept && (grain.start_of(from_ms)..to_ms).contains(&cell_ms);
                let whole_day = matches!(grain, Grain::Quarter | Grain::Hour) && old;
                prop_assert!(whole_day || (stretch.holds(at_ms) == Holds::All) == (expected && from_ms < to_ms));
            }
        }
    }
}
