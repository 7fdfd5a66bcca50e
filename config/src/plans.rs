//! What each plan allows: `plans.toml` in the data folder, over the documented defaults. It must not know who is on
//! which plan.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Value;

use crate::error::Fault;
use crate::file::{self, Entry};
use crate::layers::put;
use crate::schema::Schema;

/// Every plan with its default and a sentence about it, as TOML.
pub const PLANS_TOML: &str = include_str!("../plans.toml");

/// What the plans allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plans {
    /// For whoever joins.
    pub free: PlanLimits,
    /// For teams.
    pub pro: PlanLimits,
    /// Without limits that matter.
    pub enterprise: PlanLimits,
}

/// What one plan allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanLimits {
    /// API keys.
    pub api_keys: u64,
    /// Reported calls a month.
    pub monthly_requests: u64,
}

impl Default for Plans {
    fn default() -> Self {
        let limits = |api_keys, monthly_requests| PlanLimits { api_keys, monthly_requests };
        Self {
            free: limits(5, 1_000),
            pro: limits(100, 1_000_000),
            enterprise: limits(1_000_000, 10_000_000_000),
        }
    }
}

/// The largest number that every reader of JSON holds exactly.
const LARGEST: i64 = (1 << 53) - 1;

impl Plans {
    /// The defaults, with what the file says over them; every fault of the file.
    pub(crate) fn load(path: &Path) -> Result<Self, Vec<Fault>> {
        let broken = |error: toml::de::Error| vec![Fault::new(crate::Origin::Default, error.message())];
        let schema = Schema::of(PLANS_TOML).map_err(broken)?;
        let mut plans = schema.defaults.clone();
        let mut faults = Vec::new();
        let entries =
            if path.exists() { file::read(path, &schema).map_err(|fault| vec![fault])? } else { Vec::new() };
        for (name, value, origin) in entries {
            match checked(&schema, &(name.clone(), value, origin.clone())) {
                Ok(value) => put(&mut plans, &name, value),
                Err(text) => faults.push(Fault::new(origin, text)),
            }
        }
        if faults.is_empty() { plans.try_into().map_err(broken) } else { Err(faults) }
    }
}

fn checked(schema: &Schema, (name, value, _): &Entry) -> Result<Value, String> {
    let default = schema.default_of(name).ok_or_else(|| schema.unknown(name))?;
    match value.as_integer() {
        Some(number) if (0..=LARGEST).contains(&number) => Ok(value.clone()),
        _ => Err(format!("`{name}` must be a whole number, 0 to {LARGEST}; the default is {default}")),
    }
}
