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

impl Record for Hours {
    const TABLE: Table = Table("hours");

    fn key(&self) -> Vec<u8> {
        self.of.as_bytes().to_vec()
    }
}
