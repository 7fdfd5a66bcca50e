//! Fills one transaction of the writer with what a group asks for and a slice of folding. It must not commit.

use std::time::Instant;

use crate::error::{Error, Result};
use crate::interface::ChainHasher;
use crate::redb::feed;
use crate::redb::group::Applier;
use crate::redb::ledger::{BATCHES, Ledger};
use crate::redb::meta::{self, FOLDED};
use crate::redb::port::{ARRIVALS, RawRead};
use crate::redb::queue::{Done, Group};
use crate::redb::transaction::Tx;
use crate::usage::Engine;

/// Folded arrivals dropped in one commit at most.
const DROPPED: usize = 16;

/// Takes the group's events in, and notes what each caller is told.
pub(crate) fn admit(
    usage: &mut Engine,
    group: &mut Group,
    read: &dyn RawRead,
    done: &mut Done,
) -> Result<()> {
    done.appended.reserve(group.appends.len() - done.appended.len());
    // Not those that were taken in on the way to the journal, which then had no room.
    for events in &group.appends[done.appended.len()..] {
        match usage.admit(events, read) {
            // That one finds no room in memory; the others may.
            Err(Error::Busy) => done.appended.push(Err(Error::Busy)),
            admitted => done.appended.push(Ok(admitted?)),
        }
    }
    Ok(())
}

/// What it takes to fill one transaction.
pub(crate) struct Filling<'a> {
    pub(crate) chain: &'a dyn ChainHasher,
    pub(crate) observed: bool,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) usage: &'a mut Engine,
    pub(crate) folded: u64,
    /// A commit is wanted even when nothing is to be written.
    pub(crate) even_empty: bool,
}

impl Filling<'_> {
    /// Fills it; whether usage was folded.
    pub(crate) fn fill(&mut self, tx: &Tx<'_>, group: &mut Group, done: &mut Done) -> Result<bool> {
        self.apply_batches(tx, group, done)?;
        admit(self.usage, group, tx, done)?;
        let slice = self.usage.slice(Instant::now(), tx)?;
        let folded = !slice.ops.is_empty() || slice.folded_through.is_some();
        for op in slice.ops {
            match op.value {
                Some(value) => tx.put_raw(op.table, &op.key, &value)?,
                None => tx.remove(op.table, &op.key)?,
            }
        }
        if let Some((number, arrival)) = self.usage.encode_group() {
            tx.put_raw(ARRIVALS, &number.to_be_bytes(), &arrival)?;
            done.marker = Some((ARRIVALS, number.to_be_bytes()));
        }
        if let Some(through) = slice.folded_through {
            meta::set_number(tx, FOLDED, through)?;
            done.folded_through = Some(through);
        }
        if (folded || self.even_empty) && done.marker.is_none() {
            done.marker = Some((BATCHES, self.ledger.next_version(tx, None)?.to_be_bytes()));
        }
        if done.marker.is_some() && self.folded > 0 {
            tx.remove_through(ARRIVALS, &self.folded.to_be_bytes(), DROPPED)?;
        }
        Ok(folded)
    }

    fn apply_batches(&mut self, tx: &Tx<'_>, group: &mut Group, done: &mut Done) -> Result<()> {
        if group.batches.is_empty() {
            return Ok(());
        }
        let announced = self.ledger.cursor();
        let rows = self.observed.then_some(&mut done.rows);
        let mut applier = Applier { tx, ledger: self.ledger, chain: self.chain, rows, applied: false };
        for batch in group.batches.drain(..) {
            let outcome = applier.batch(batch)?;
            done.outcomes.push(outcome);
        }
        if applier.applied {
            done.marker = Some((BATCHES, self.ledger.version().to_be_bytes()));
            Ledger::trim(tx)?;
            if self.ledger.cursor() != announced {
                feed::trim(tx)?;
            }
        }
        Ok(())
    }
}
