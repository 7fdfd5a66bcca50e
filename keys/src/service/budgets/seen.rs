//! What a budget is of, with all keys whose calls count for it. It reads the tables and nothing else.

use keyward_store::model::{ApiKey, Budget, Id};

use crate::error::Result;
use crate::prices::{Bill, Money, Pricer};
use crate::service::Service;
use crate::service::mirror::{Shared, Tables};

/// A budget and what counts for it.
pub(super) struct Seen {
    pub(super) budget: Shared<Budget>,
    /// The key's space, or the team.
    pub(super) space: Id,
    /// It is a team's.
    pub(super) of_team: bool,
    pub(super) name: String,
    /// Those whose calls count.
    pub(super) keys: Vec<Shared<ApiKey>>,
}

impl Seen {
    /// None when its key or team is gone, or the key is in the bin.
    pub(super) fn of(tables: &Tables, budget: &Shared<Budget>) -> Option<Self> {
        let (of, budget) = (budget.record.of, Shared::clone(budget));
        if let Some(key) = tables.keys.get(of) {
            let (space, name) = (key.record.space, key.record.name.clone());
            return Some(Self { budget, space, of_team: false, name, keys: vec![Shared::clone(key)] });
        }
        let (team, keys) = (tables.spaces.get(&of)?, keys_of(tables, of).cloned().collect());
        Some(Self { budget, space: of, of_team: true, name: team.record.name.clone(), keys })
    }
}

/// The keys that count for a team's budget: those in the bin too, as their calls of the month were made.
pub(crate) fn keys_of(tables: &Tables, team: Id) -> impl Iterator<Item = &Shared<ApiKey>> {
    let kept = tables.keys.space(team).into_iter().flat_map(|keys| keys.newest());
    let binned = tables.keys.binned().filter(move |key| key.record.space == team);
    kept.filter_map(|(_, id)| tables.keys.get(id)).chain(binned)
}

impl Service {
    /// What was spent of it this month.
    pub(super) fn spent(&self, pricer: &mut Pricer<'_>, seen: &Seen, now_ms: i64) -> Result<Money> {
        let mut sum = Bill::default();
        for key in &seen.keys {
            sum.add(self.month_bill(pricer, key, now_ms)?);
        }
        Ok(sum.money().unwrap_or_default())
    }
}
