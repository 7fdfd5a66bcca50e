//! Which endpoints of a key were called in stretches of time. It finds the rows that hold them, each once; what is added up from a
//! row is whose question it is.

use std::ops::Range;

use super::KeyUsage;
use crate::error::Result;
use crate::table::Table;
use crate::usage::endpoints::{
    CutMonth, CutRow, ENDPOINT_DAYS, ENDPOINT_MONTHS, ENDPOINT_PARTS, EndpointReport, EndpointSums,
    Endpoints, Gather, Holds, Stretch, parts_of,
};
use crate::usage::fold::damaged;
use crate::usage::grain::Grain;
use crate::usage::slots::Slots;

impl KeyUsage {
    /// The endpoints, methods, statuses and service tokens of the calls that the cells of this grain count which start in
    /// `from_ms..to_ms`, and the clients of the days (UTC) that these touch. Hours over 90 days old are only known as part
    /// of their day, and so are all that earlier versions of the store have counted.
    pub fn endpoints(&self, grain: Grain, from_ms: i64, to_ms: i64) -> Result<EndpointReport> {
        let mut sum = Endpoints::default();
        self.gather(&mut [(Stretch::of(grain, from_ms, to_ms, self.newest_ms), &mut sum)])?;
        Ok(sum.into_report())
    }

    /// Adds the same endpoints of stretches of time to those of other keys, each to its own. Of stretches beside one another, what
    /// both end in is read once.
    pub fn add_endpoints(&self, grain: Grain, into: &mut [(Range<i64>, &mut EndpointSums)]) -> Result<()> {
        let stretch = |ms: &Range<i64>| Stretch::of(grain, ms.start, ms.end, self.newest_ms);
        let mut stretches: Vec<_> = into.iter_mut().map(|(ms, sums)| (stretch(ms), &mut **sums)).collect();
        self.gather(&mut stretches)?;
        for (ms, sums) in into {
            if !sums.finish_key() {
                // Which of so many names are told apart depends on all of them.
                sums.add_totals(&self.endpoints(grain, ms.start, ms.end)?.totals);
                sums.finish_key();
            }
        }
        Ok(())
    }

    /// Adds what is of each stretch to what stands beside it.
    pub(in crate::usage) fn gather(&self, into: &mut [(Stretch, &mut impl Gather)]) -> Result<()> {
        let (mut cut, mut months) = (Vec::new(), Vec::new());
        for (number, (stretch, into)) in into.iter_mut().enumerate().filter(|(_, of)| !of.0.is_empty()) {
            self.gather_rows(ENDPOINT_MONTHS, stretch.months(), *into)?;
            months.extend(stretch.cut_months().map(|month| (number, month)));
            cut.extend(stretch.cut_rows().into_iter().map(|row| (number, row)));
        }
        cut.extend(months.iter().map(|(number, month)| (*number, month.days.clone())));
        let days = self.gather_cut(cut, into)?;
        for (number, CutMonth { days: CutRow { row, .. }, before, by_month }) in months {
            let into = &mut *into[number].1;
            let found = days.contains(&(number, row)) | self.gather_rows(ENDPOINT_DAYS, before, into)?;
            if !found && by_month {
                self.gather_rows(ENDPOINT_MONTHS, row..row + 1, into)?;
            }
        }
        into.iter_mut().for_each(|(stretch, into)| self.gather_held(stretch, *into));
        Ok(())
    }

    /// Adds what is wanted of some rows, each to one of `into`; answers of which months there are days.
    fn gather_cut(
        &self,
        mut cut: Vec<(usize, CutRow)>,
        into: &mut [(Stretch, &mut impl Gather)],
    ) -> Result<Vec<(usize, u32)>> {
        let mut months = Vec::new();
        // Which parts of the rows that were found had calls.
        let mut called: Vec<(Table, u32, Slots)> = Vec::new();
        cut.sort_unstable_by_key(|(number, of)| (of.row, *number));
        // Days, then hours, then what is shorter.
        for (_, table) in ENDPOINT_PARTS.into_iter().rev() {
            let none = |(table, row, part): (Table, u32, u8)| {
                let found = called.iter().find(|found| (found.0, found.1) == (table, row));
                found.is_some_and(|(.., parts)| !parts.has(part))
            };
            let of_table = cut.iter().filter(|(_, of)| of.table == table && !of.within.is_some_and(none));
            let of_table: Vec<_> = of_table.collect();
            for cut in of_table.chunk_by(|(_, a), (_, b)| b.row <= a.row + 1) {
                let (Some((_, first)), Some((_, last))) = (cut.first(), cut.last()) else { continue };
                let rows = first.row..last.row + 1;
                self.scan(table, [rows], &mut |row, value| {
                    called.push((table, row, parts_of(value).map_err(damaged(table))?));
                    for (number, of) in cut.iter().filter(|(_, of)| of.row == row) {
                        months.extend(of.within.is_none().then_some((*number, row)));
                        into[*number].1.add_row(value, Some(of.wanted)).map_err(damaged(table))?;
                    }
                    Ok(())
                })?;
            }
        }
        Ok(months)
    }

    /// Adds what is in memory.
    fn gather_held(&self, stretch: &Stretch, into: &mut impl Gather) {
        for (start_ms, more) in &self.waiting.endpoints {
            match stretch.holds(*start_ms) {
                Holds::All => into.add_all(more),
                Holds::Clients => {
                    into.kinds_mut().into_iter().for_each(|kinds| kinds.merge_clients(more.kinds()));
                }
                Holds::Nothing => {}
            }
        }
        let days = self.waiting.days.iter().filter(|(day, _)| stretch.touches(*day));
        days.for_each(|(_, more)| into.add_all(more));
        for event in self.unfolded() {
            match stretch.holds(event.at_ms) {
                Holds::All => into.add(event),
                Holds::Clients => into.kinds_mut().into_iter().for_each(|kinds| kinds.add_client(event)),
                Holds::Nothing => {}
            }
        }
    }

    /// Adds whole rows; whether there were any.
    fn gather_rows(&self, table: Table, rows: Range<u32>, into: &mut impl Gather) -> Result<bool> {
        let mut found = false;
        if !rows.is_empty() {
            self.scan(table, [rows], &mut |_, row| {
                found = true;
                into.add_row(row, None).map_err(damaged(table))
            })?;
        }
        Ok(found)
    }
}
