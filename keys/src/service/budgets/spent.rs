//! What keys' months cost so far, and what each stretch of them did. A key that was not called since is not worked out
//! again, so that a look at many keys is a look at memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use keyward_store::Row;
use keyward_store::model::{ApiKey, Id};
use keyward_store::usage::{CellRanges, Grain, KeyUsage};

use crate::clock::month_around;
use crate::error::Result;
use crate::prices::{Bill, Pricer, Tally};
use crate::service::Service;

/// Keys that are remembered; with more, all are forgotten and worked out anew.
const MOST: usize = 100_000;

/// Of each key the last that was worked out. The price book stays as it is while the daemon runs.
#[derive(Default)]
pub(crate) struct Spent(Mutex<HashMap<Id, Known>>);

#[derive(Clone, Copy)]
struct Known {
    month_ms: i64,
    /// Calls of the month that it was worked out from.
    used: u64,
    /// The key's record as it was: its service says which prices hold.
    version: u64,
    bill: Bill,
}

impl Spent {
    fn of(&self, key: &Row<ApiKey>, month_ms: i64, used: u64) -> Option<Bill> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key.record.id)?;
        let same = (known.month_ms, known.used, known.version) == (month_ms, used, key.version);
        same.then_some(known.bill)
    }

    fn note(&self, key: Id, known: Known) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(&key) {
            all.clear();
        }
        all.insert(key, known);
    }
}

/// What was used in a stretch of time, and what it cost.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stretch {
    pub(crate) requests: u64,
    pub(crate) bill: Bill,
}

/// Adds what a key of a service did in each cell of a span to the stretches that begin with them.
pub(crate) fn read_stretches(
    usage: &KeyUsage,
    pricer: &mut Pricer<'_>,
    service: &str,
    grain: Grain,
    (from_ms, to_ms): (i64, i64),
    into: &mut BTreeMap<i64, Stretch>,
) -> Result<()> {
    let calls = pricer.calls(service);
    let cells = CellRanges::one(grain, from_ms, to_ms);
    usage.each_cell(&cells, |at_ms, cell| {
        let stretch = into.entry(at_ms).or_default();
        stretch.requests += cell.sums.requests;
        stretch.bill.add(calls.bill(at_ms, cell.sums));
        Ok(())
    })?;
    for used in usage.models(&cells)? {
        into.entry(used.start_ms).or_default().bill.add(pricer.bill(service, &used));
    }
    Ok(())
}

impl Service {
    /// What a key's calls cost since the month (UTC) began.
    pub(crate) fn month_bill(&self, pricer: &mut Pricer<'_>, key: &Row<ApiKey>, now_ms: i64) -> Result<Bill> {
        let id = key.record.id;
        // Counted before the calls are read: one that comes meanwhile has it worked out again.
        let used = self.0.usage.totals(id, now_ms).month_used;
        if used == 0 {
            return Ok(Bill::default());
        }
        let (first, next) = month_around(now_ms);
        let (month_ms, next_ms) = (first.as_millisecond(), next.as_millisecond());
        if let Some(bill) = self.0.spent.of(key, month_ms, used) {
            return Ok(bill);
        }
        let mut tally = Tally::default();
        let uses = self.0.usage.models(id, Grain::Day, month_ms, next_ms)?;
        let cells = self.0.usage.cells(id, Grain::Day, month_ms, next_ms)?;
        pricer.count(&key.record.service, &uses, &cells, &mut tally);
        let bill = tally.bill();
        self.0.spent.note(id, Known { month_ms, used, version: key.version, bill });
        Ok(bill)
    }
}
