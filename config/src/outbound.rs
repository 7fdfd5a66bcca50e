//! Section `outbound`: what the daemon may call.

use serde::{Deserialize, Serialize};

use crate::Networks;

/// What the daemon may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    /// Private networks that webhooks, recipes and notices may reach all the same.
    pub allow: Networks,
}
