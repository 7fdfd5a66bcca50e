//! Budgets: what the calls of a month may cost, of a key or of a whole team. And how far their people were told that a
//! month has come, so that each share is told once.

use serde::{Deserialize, Serialize};

use crate::model::Id;
use crate::table::{Record, Table};

/// What a month may cost. What has no row has no budget.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Budget {
    /// The key, or the team for all of its keys together.
    pub of: Id,
    /// Millionths of the unit of the price book's currency.
    pub micros: u64,
    /// A key's fetches are refused once its month has cost more; nothing for a team.
    pub refuse: bool,
}

impl Record for Budget {
    const TABLE: Table = Table("budget");

    fn key(&self) -> Vec<u8> {
        self.of.as_bytes().to_vec()
    }
}

/// The largest share of a budget that its people were told of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BudgetNotice {
    /// Whose budget: a key's or a team's.
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
