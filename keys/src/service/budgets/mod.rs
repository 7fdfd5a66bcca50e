//! Budgets: what the calls of a month (UTC) may cost, of a key, of all keys of a team or of those with a tag, in the price
//! book's currency. They are set along with the key or the team, those of tags by themselves (`tagged`); who is told how far a month has come is `watch`'s. What was spent is worked
//! out whenever it is asked for, so a changed price book changes it too. Reports are never refused for a budget.

mod seen;
mod shown;
mod spent;
mod tagged;
mod watch;

use std::time::Duration;

use keyward_store::model::{ApiKey, Budget, BudgetNotice, Id};
use keyward_store::{Op, Record, Row};

use crate::clock::month_around;
use crate::error::{Error, Result};
use crate::prices::{AMOUNT, Money, Pricer};
use crate::service::Service;
use crate::service::change::Draft;
use crate::service::mirror::Tables;
use crate::service::text::Faults;

pub(crate) use seen::keys_of;
pub(crate) use spent::{Spent, Stretch, read_stretches};
pub(crate) use tagged::{forget_tags, has_tag, of_tag};

/// What is wrong with refusing what is over no budget.
pub(crate) const NO_BUDGET: &str = "needs a monthlyBudget";

/// Notes an amount that nobody can set; doors that read text have refused it already.
pub(crate) fn check(faults: &mut Faults, amount: Option<Money>) {
    if amount.is_some_and(|amount| !amount.can_be_set()) {
        faults.add("monthlyBudget", AMOUNT);
    }
}

/// What a month of this key, team or tag may cost.
pub(crate) fn of(tables: &Tables, of: Id) -> Option<Money> {
    tables.budgets.get(&of).map(|row| Money(row.record.micros))
}

/// Whether a key's fetches are refused once its month is over the budget.
pub(crate) fn refuses(tables: &Tables, api_key: Id) -> bool {
    tables.budgets.get(&api_key).is_some_and(|row| row.record.refuse)
}

/// Sets what is given of a budget: `Some(None)` ends it.
pub(crate) fn put(
    tables: &Tables,
    draft: &mut Draft,
    of: Id,
    amount: Option<Option<Money>>,
    refuse: Option<bool>,
) -> Result<Vec<&'static str>> {
    let old = tables.budgets.get(&of);
    let amount = amount.unwrap_or_else(|| old.map(|row| Money(row.record.micros)));
    let refuse = refuse.unwrap_or_else(|| amount.is_some() && old.is_some_and(|row| row.record.refuse));
    let new = amount.map(|Money(micros)| Budget { of, micros, refuse });
    match (old, new) {
        (_, None) if refuse => {
            return Err(Error::invalid("refuseOverBudget", NO_BUDGET));
        }
        (Some(old), Some(new)) => drop(draft.batch.replace(old, &new)?),
        (Some(old), None) => drop(draft.batch.remove(old)),
        (None, Some(new)) => drop(draft.batch.create(&new)?),
        (None, None) => {}
    }
    Ok(vec!["monthlyBudget"])
}

/// Forgets a budget, or what is known of one with its key or team.
pub(crate) fn forget(draft: &mut Draft, of: Id) {
    for table in [Budget::TABLE, BudgetNotice::TABLE] {
        draft.batch.op(Op::Del(table, of.as_bytes().to_vec()));
    }
}

impl Service {
    /// Refuses to give a key out whose month has cost more than its budget, where its owner has that refused.
    pub(crate) fn check_budget(&self, key: &Row<ApiKey>, now_ms: i64) -> Result<()> {
        let budget = self.mirror().read().budgets.get(&key.record.id).cloned();
        let Some(budget) = budget.filter(|budget| budget.record.refuse) else { return Ok(()) };
        let mut pricer = Pricer::new(&self.0.settings.prices);
        let spent = self.month_bill(&mut pricer, key, now_ms)?.money().unwrap_or_default();
        if spent.0 <= budget.record.micros {
            return Ok(());
        }
        let reset = month_around(now_ms).1;
        let wait = Duration::from_millis(reset.as_millisecond().abs_diff(now_ms));
        Err(Error::BudgetExceeded { reset, wait })
    }
}
