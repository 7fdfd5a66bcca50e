//! The schema's numbered steps: it only moves forward. A released step is never edited; a change is a new step.

use crate::error::{Error, Result};
use crate::redb::database::{Open, engine};
use crate::redb::meta::{self, SCHEMA};
use crate::redb::port::RawRead;
use crate::redb::snapshot::View;
use crate::redb::transaction::Tx;

/// One step from the schema before it. It runs in the transaction that also writes its number.
pub(crate) struct Step {
    /// The schema it leads to.
    pub(crate) number: u32,
    /// What it changes.
    pub(crate) apply: fn(&Tx<'_>) -> Result<()>,
}

/// Every step from an empty file on.
pub(crate) const STEPS: &[Step] = &[
    // Tables come to be when they are first written.
    Step { number: 1, apply: |_| Ok(()) },
];

/// The highest schema among `steps`.
pub(crate) fn known(steps: &[Step]) -> u32 {
    steps.last().map_or(0, |step| step.number)
}

/// The schema of an open database; 0 for a new one.
pub(crate) fn found(open: &Open) -> Result<u32> {
    let view = View::new(redb::ReadableDatabase::begin_read(&open.redb).map_err(engine)?);
    let found = meta::number(&view as &dyn RawRead, SCHEMA)?;
    u32::try_from(found).map_err(|_| Error::Damaged { table: meta::META.0 })
}

/// Runs the steps after `found`, each in a commit of its own.
pub(crate) fn run(open: &Open, steps: &[Step], found: u32) -> Result<()> {
    for step in steps.iter().filter(|step| step.number > found) {
        let transaction = open.begin()?;
        {
            let tx = Tx::new(&transaction);
            (step.apply)(&tx)?;
            meta::set_number(&tx, SCHEMA, u64::from(step.number))?;
        }
        transaction.commit().map_err(engine)?;
        tracing::info!(schema = step.number, "the database has a new schema");
    }
    Ok(())
}
