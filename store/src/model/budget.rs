//! Budgets: what the calls of a month may cost, of a key, of a whole team, or of the keys of one place with a tag. And how
//! far their people were told that a month has come, so that each share is told once.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// What a month may cost. What has no row has no budget.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Budget {
    /// The key, the team for all of its keys together, or what says which tag it is.
    pub of: Id,
    /// Millionths of the unit of the price book's currency.
    pub micros: u64,
    /// A key's fetches are refused once its month has cost more; nothing for others.
    pub refuse: bool,
}

impl Record for Budget {
    const TABLE: Table = Table("budget");

    fn key(&self) -> Vec<u8> {
        self.of.as_bytes().to_vec()
    }
}

/// The tag that a budget is of. Its id follows from its place and the tag, so a tag has one budget in a place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TagBudget {
    /// The row's id, which the budget is of.
    pub id: Id,
    /// The space of its keys.
    pub space: Id,
    /// The tag as it was written; keys have it in any case of its letters (ASCII).
    pub tag: String,
}

impl Record for TagBudget {
    const TABLE: Table = Table("budget_tag");

    fn key(&self) -> Vec<u8> {
        self.id.as_bytes().to_vec()
    }
}

/// The largest share of a budget that its people were told of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BudgetNotice {
    /// Whose budget, as in [`Budget`].
    pub of: Id,
    /// When the month began, ms since the epoch.
    pub month_ms: i64,
    /// The budget at that time, millionths.
    pub micros: u64,
    /// Percent; 0 for none.
    pub percent: u8,
}

impl Record for BudgetNotice {
    const TABLE: Table = Table("budget_notice");

    fn key(&self) -> Vec<u8> {
        self.of.as_bytes().to_vec()
    }
}
