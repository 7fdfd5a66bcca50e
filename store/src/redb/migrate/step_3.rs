//! From schema 2 to schema 3: usage by quarters of an hour, made from what there is by the hour.

use crate::error::Result;
use crate::redb::migrate::add_usage;
use crate::redb::transaction::Tx;
use crate::usage::upgrade;

pub(super) fn apply(tx: &Tx<'_>) -> Result<()> {
    add_usage(tx, upgrade::quarters_of_hours)
}
