//! What callers send, read strictly: JSON bodies, query strings, ids in paths. It knows shapes and the names of
//! fields; whether a value makes sense, the core decides.

mod batch;
mod body;
mod event;
mod fetch;
mod fields;
mod metadata;
mod path;
mod profile;
mod query;
mod text;
mod transfer;
mod tree;

#[cfg(fuzzing)]
pub(crate) use batch::bulk;
pub(crate) use batch::{Batch, Chunk, Piece};
pub(crate) use body::{BODY_LIMIT, Json, Object, OptionalObject, VALUE_BODY_LIMIT};
pub(crate) use event::{Refused, reported, single};
pub(crate) use fetch::{ENVIRONMENTS, fetch_many};
pub(crate) use fields::{Fields, LARGEST_NUMBER};
pub(crate) use path::{IdPath, KeyPath, KeyVersionPath, LONGEST_ID, PartPath};
pub(crate) use profile::profile_change;
pub(crate) use query::Search;
pub(crate) use text::Text;
pub(crate) use transfer::{ExportBody, ImportBody, export, import};
pub(crate) use tree::Tree;

/// What a moment has to look like.
pub(crate) const TIME: &str = "must be a time such as 2027-01-15T10:30:00Z";
