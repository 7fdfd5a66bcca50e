//! What a budget is of, with all keys whose calls count for it. It reads the tables and nothing else.

use keyward_store::model::{ApiKey, Budget, Id};

use crate::error::Result;
use crate::prices::{Bill, Money, Pricer};
use crate::service::Service;
use crate::service::budgets::tagged::keys_of_tags;
use crate::service::mirror::{Shared, Tables};
use crate::view::BudgetOwner;

/// A budget and what counts for it.
pub(super) struct Seen {
    pub(super) budget: Shared<Budget>,
    /// The key's or tag's space, or the team.
    pub(super) space: Id,
    pub(super) owner: BudgetOwner,
    /// Of the key, of the team; the tag.
    pub(super) name: String,
    /// The team that the space is.
    pub(super) team: Option<Id>,
    /// Those whose calls count.
    pub(super) keys: Vec<Shared<ApiKey>>,
}

impl Seen {
    /// The budgets that are meant, told by whose they are, of what, and by its space. Without those whose key or team is
    /// gone, or whose key is in the bin.
    pub(super) fn all(tables: &Tables, meant: impl Fn(BudgetOwner, Id, Id) -> bool) -> Vec<Self> {
        let tags = tables.budgets.keys().filter_map(|of| tables.tag_budgets.get(of));
        let tags = tags.filter(|row| meant(BudgetOwner::Tag, row.record.id, row.record.space));
        let mut of_tags = keys_of_tags(tables, tags);
        let seen = |budget: &Shared<Budget>| {
            let of = budget.record.of;
            let (owner, space, name) = if let Some(key) = tables.keys.get(of) {
                (BudgetOwner::Key, key.record.space, &key.record.name)
            } else if let Some(tag) = tables.tag_budgets.get(&of) {
                (BudgetOwner::Tag, tag.record.space, &tag.record.tag)
            } else {
                (BudgetOwner::Team, of, &tables.spaces.get(&of)?.record.name)
            };
            if !meant(owner, of, space) {
                return None;
            }
            let keys = match owner {
                BudgetOwner::Key => tables.keys.get(of).cloned().into_iter().collect(),
                BudgetOwner::Team => keys_of(tables, of).cloned().collect(),
                BudgetOwner::Tag => of_tags.remove(&of).unwrap_or_default(),
            };
            let (team, name) = (tables.team_of(space), name.clone());
            Some(Self { budget: Shared::clone(budget), space, owner, name, team, keys })
        };
        tables.budgets.values().filter_map(seen).collect()
    }

    /// What people call it in a sentence.
    pub(super) fn whose(&self) -> String {
        match self.owner {
            BudgetOwner::Key | BudgetOwner::Team => self.name.clone(),
            BudgetOwner::Tag => format!("Tag {}", self.name),
        }
    }
}

/// The keys that count for what is of a whole place: those in the bin too, as their calls of the month were made.
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
