//! Alerts: rules for them, what people do about them, and the look at all rules every minute. Who is told is
//! `notifications`'; how a condition reads is `condition`'s.

mod condition;
mod handle;
mod look;
mod rules;
mod trial;
mod turn;

pub(crate) use handle::state_of;
pub(crate) use look::Latest;
