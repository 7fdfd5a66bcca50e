//! What doors show of how well keys are kept: counts alone.

use serde::Serialize;
use utoipa::ToSchema;

/// How many of the keys that a person sees stand out, each under the word that lists them (`hygiene=`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyHygiene {
    /// Keys that were looked at.
    pub keys: u64,
    /// One value alone, for 90 days or longer.
    pub never_rotated: u64,
    /// No monthly limit.
    pub no_limit: u64,
    /// No call for 90 days; without any, 90 days since they were made.
    pub idle: u64,
    /// Their rotation was due before now.
    pub overdue: u64,
    /// Somebody knows the value who is no longer entitled to it.
    pub rotate_now: u64,
    /// A key of another environment, in the same space, has their value. Only keys in `automation` custody are compared: of
    /// the others nothing is kept by which values could be.
    pub shared_value: u64,
}
