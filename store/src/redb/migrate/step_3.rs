//! From schema 2 to schema 3: usage by quarters of an hour, made from what there is by the hour.

use crate::error::Result;
use crate::redb::transaction::Tx;
use crate::usage::quarters;

pub(super) fn apply(tx: &Tx<'_>) -> Result<()> {
    for api_key in quarters::keys(tx)? {
        for (table, key, value) in quarters::of_hours(tx, api_key)? {
            tx.put_raw(table, &key, &value)?;
        }
    }
    Ok(())
}
