//! The hours of people: a team's time zone and when its keys are left alone, and when a person is left alone.

use serde::{Deserialize, Serialize};

use crate::model::{Id, QuietHours};
use crate::table::{Record, Table};

/// What a team or a person has said of their hours. Who has said nothing has no row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hours {
    /// The team, or the person.
    pub of: Id,
    /// A team's IANA time zone; a person's is part of their account.
    pub time_zone: Option<String>,
    /// Of a team: when no rotation of its keys begins by itself. Of a person: when messages to their channels wait.
    pub quiet: Option<QuietHours>,
}

/// Keys that have yet to follow changed hours, where they are too many for the change's own commit. It goes once all have.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HoursMove {
    /// What was said before, and by whom; a person's time zone is in it too.
    pub before: Hours,
    /// When that was changed, ms since the epoch.
    pub at_ms: i64,
    /// The keys are followed up from the newest to the oldest: how far that came, as the moment at which the last of them
    /// was made, ms since the epoch, and its id.
    pub reached: Option<(i64, Id)>,
}

impl Record for HoursMove {
    const TABLE: Table = Table("hours_move");

    fn key(&self) -> Vec<u8> {
        self.before.of.as_bytes().to_vec()
    }
}

impl Record for Hours {
    const TABLE: Table = Table("hours");

    fn key(&self) -> Vec<u8> {
        self.of.as_bytes().to_vec()
    }
}
