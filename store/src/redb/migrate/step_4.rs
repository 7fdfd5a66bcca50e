//! From schema 3 to schema 4: hours of usage and their kinds of calls by the hour of the day, made from what there is by the
//! day.

use crate::error::Result;
use crate::redb::migrate::add_usage;
use crate::redb::transaction::Tx;
use crate::usage::upgrade;

pub(super) fn apply(tx: &Tx<'_>) -> Result<()> {
    add_usage(tx, upgrade::hours_by_hour)
}
