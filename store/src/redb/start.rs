//! What a start does with what the one before has left: counts itself, and takes usage in that is not folded. It must not
//! run while a writer does.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::redb::database::{Open, engine};
use crate::redb::header::Header;
use crate::redb::journal;
use crate::redb::medium::Medium;
use crate::redb::meta;
use crate::redb::port::{ARRIVALS, RawRead};
use crate::redb::snapshot::View;
use crate::redb::transaction::Tx;
use crate::usage::Engine;

/// Counts this start, and takes in what the one before left in the journal; answers its number and the last folded
/// arrival.
pub(crate) fn start(open: &Open, medium: &dyn Medium, header: &Header) -> Result<(u64, u64)> {
    let mut transaction = open.begin()?;
    let tx = Tx::new(&transaction);
    let before = meta::number(&tx, meta::BOOT)?;
    let folded = meta::number(&tx, meta::FOLDED)?;
    if header.ring > 0 && before > 0 {
        for (arrival, group) in journal::recover(medium, &*header.sealer, header.ring, before, folded)? {
            let key = arrival.to_be_bytes();
            // A group that the journal could not take went into the table, under the same number.
            if tx.raw_get(ARRIVALS, &key)?.is_none() {
                tx.put_raw(ARRIVALS, &key, &group)?;
            }
        }
    }
    let boot = before + 1;
    meta::set_number(&tx, meta::BOOT, boot)?;
    drop(tx);
    // It may be the last one for long.
    transaction.set_quick_repair(true);
    transaction.commit().map_err(engine)?;
    Ok((boot, folded))
}

/// Rebuilds the memory of usage from the arrivals that are not folded, read from `rows`; questions read `view` from then on.
pub(crate) fn recover(rows: &View, view: Arc<View>, folded: u64) -> Result<Engine> {
    let mut arrivals = rows.rows_from(ARRIVALS, &(folded + 1).to_be_bytes())?.map(|row| {
        let (key, arrival) = row?;
        let number = key.as_slice().try_into().map_err(|_| Error::Damaged { table: ARRIVALS.0 })?;
        Ok((u64::from_be_bytes(number), arrival))
    });
    let mut usage = Engine::recover(rows, &mut arrivals)?;
    usage.begin_group();
    usage.commit_group(Some(view));
    Ok(usage)
}
