//! Section `usage`: how long events are kept.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// Usage events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Days that raw events are kept; totals stay longer.
    pub retention_days: NonZeroU32,
}
