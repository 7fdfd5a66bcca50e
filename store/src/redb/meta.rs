//! The engine's own few facts: schema, daemon starts, how far usage is folded, how far the feed is trimmed. Raw
//! rows of little-endian numbers.

use crate::error::{Error, Result};
use crate::redb::port::RawRead;
use crate::redb::transaction::Tx;
use crate::table::Table;

/// The table of facts.
pub(crate) const META: Table = Table("meta");

/// The schema number.
pub(crate) const SCHEMA: &[u8] = b"schema";
/// How often the store was opened: the number of this daemon start.
pub(crate) const BOOT: &[u8] = b"boot";
/// Every arrival up to this number is folded.
pub(crate) const FOLDED: &[u8] = b"folded";
/// The last feed row that was trimmed: its key, as raw bytes.
pub(crate) const FEED_TRIMMED: &[u8] = b"feed-trimmed";

/// In a copy, and in what was restored from it: the moment that it holds, in ms since the epoch.
pub(crate) const COPIED: &[u8] = b"copied";

/// A number; 0 when it was never written.
pub(crate) fn number(read: &dyn RawRead, name: &[u8]) -> Result<u64> {
    match read.raw_get(META, name)? {
        None => Ok(0),
        Some(bytes) => {
            let bytes = bytes.try_into().map_err(|_| Error::Damaged { table: META.0 })?;
            Ok(u64::from_le_bytes(bytes))
        }
    }
}

/// Writes a number.
pub(crate) fn set_number(tx: &Tx<'_>, name: &[u8], value: u64) -> Result<()> {
    tx.put_raw(META, name, &value.to_le_bytes())
}
