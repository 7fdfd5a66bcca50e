//! Usage: events arrive in groups, rest in column blocks, and are summed in rollups. The engine here belongs to the
//! writer's thread; queries read the file and its memory from any thread. It knows no clock: times come with the events.

mod arrival;
mod block;
mod calendar;
mod cell;
mod clients;
mod codec;
mod endpoints;
mod engine;
mod event;
mod filter;
mod fold;
mod grain;
mod group;
mod head;
mod kinds;
mod live;
mod models;
mod names;
mod of_key;
mod piece;
mod planned;
mod ranges;
mod read;
mod reported;
mod rollup;
mod rows;
mod seen;
mod shared;
mod sketch;
mod slots;
mod sum;
mod sweep;
mod totals;
pub(crate) mod upgrade;
mod waiting;
mod work;

#[cfg(test)]
mod model_test;
#[cfg(test)]
mod redb_test;
#[cfg(test)]
mod samples;

pub(crate) use block::Packer;
pub use cell::Cell;
pub use clients::Clients;
pub use endpoints::{ENDPOINT_NAMES, EndpointCell, EndpointReport, EndpointSums, EndpointTotals};
pub(crate) use engine::Engine;
pub use engine::UNFOLDED_BYTES;
pub use event::{Appended, EventId, Method, Reporter, UsageEvent, UsageEvents};
pub use grain::{Grain, HOUR_RETENTION_MS, MINUTE_RETENTION_MS};
pub use kinds::{Calls, Kind, KindVisitor, Kinds};
pub use live::{LIVE_SECONDS, Live};
pub use models::{MODEL_NAMES, ModelCell, ModelUse, Told};
pub use of_key::KeyUsage;
pub(crate) use planned::{Planned, Worked};
pub use ranges::CellRanges;
pub use read::Usage;
pub use shared::Asking;
pub use sketch::Sketch;
pub use sum::{CellSum, FoundCell};
pub use totals::Totals;
