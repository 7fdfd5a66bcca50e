//! Alerts: rules for them, what people do about them, and the look at all rules every minute; budgets raise theirs by
//! themselves (`budget`, which `budgets::watch` calls). Who is told is
//! `notifications`'; how a condition reads is `condition`'s.

mod at_once;
mod budget;
mod condition;
mod course;
mod handle;
mod history;
mod look;
mod past;
mod played;
mod reading;
mod respond;
mod rules;
mod trial;
mod turn;
mod wording;

pub(crate) use at_once::{AtOnce, rules_for};
pub(crate) use budget::{Crossing, cross};
pub(crate) use condition::share;
pub(crate) use handle::state_of;
pub(crate) use look::Latest;
pub(crate) use rules::knows;
pub(crate) use turn::{Turn, end_of_rule};
pub use wording::{alert_condition_names, alert_conditions};
