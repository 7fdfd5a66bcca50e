//! What keys' months cost so far. A key that was not called since is not worked out again, so that a look at many keys is
//! a look at memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keyward_store::Row;
use keyward_store::model::{ApiKey, Id};
use keyward_store::usage::Grain;

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
