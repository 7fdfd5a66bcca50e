//! From schema 4 to schema 5: six hours of usage and their kinds of calls, made from what there is by the hour.

use crate::error::Result;
use crate::redb::migrate::add_usage;
use crate::redb::transaction::Tx;
use crate::usage::upgrade;

pub(super) fn apply(tx: &Tx<'_>) -> Result<()> {
    add_usage(tx, upgrade::six_hours)
}
