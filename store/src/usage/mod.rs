//! Usage: events arrive in groups, rest in column blocks, and are summed in rollups.

mod event;

pub use event::{Appended, EventId, Method, UsageEvent};
