//! The schema's numbered steps: it only moves forward. A released step is never edited; a change is a new step.

mod schema_1;
mod step_2;
mod step_3;
mod step_4;
mod step_5;

use crate::error::{Error, Result};
use crate::model::Id;
use crate::redb::database::{Open, engine};
use crate::redb::meta::{self, SCHEMA};
use crate::redb::port::RawRead;
use crate::redb::snapshot::View;
use crate::redb::transaction::Tx;
use crate::usage::upgrade;

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
    Step { number: 2, apply: step_2::apply },
    Step { number: 3, apply: step_3::apply },
    Step { number: 4, apply: step_4::apply },
    Step { number: 5, apply: step_5::apply },
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
        // A new file has nothing that would change.
        if found > 0 {
            tracing::info!(schema = step.number, "the database has a new schema");
        }
    }
    Ok(())
}

/// Makes new rows for every key that was ever called.
fn add_usage(tx: &Tx<'_>, rows_of: fn(&dyn RawRead, Id) -> Result<Vec<upgrade::NewRow>>) -> Result<()> {
    for api_key in upgrade::keys(tx)? {
        for (table, key, value) in rows_of(tx, api_key)? {
            tx.put_raw(table, &key, &value)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::{ChainHasher, PageSealer, Snapshot, Store};
    use crate::redb::{OpenOptions, Redb};
    use crate::table::Table;
    use std::path::Path;
    use std::sync::Arc;

    struct Plain;

    impl PageSealer for Plain {
        fn overhead(&self) -> usize {
            0
        }

        fn seal(&self, _: u64, plain: &[u8], out: &mut [u8]) -> Result<()> {
            out.copy_from_slice(plain);
            Ok(())
        }

        fn check(&self, _: u64, _: &[u8]) -> Result<()> {
            Ok(())
        }

        fn decrypt(&self, _: u64, sealed: &[u8], plain: &mut [u8]) -> Result<()> {
            plain.copy_from_slice(sealed);
            Ok(())
        }
    }

    impl ChainHasher for Plain {
        fn link(&self, previous: &[u8; 32], _: u64, _: &[u8]) -> [u8; 32] {
            *previous
        }
    }

    const T: Table = Table("t");

    fn open(path: &Path, steps: &[Step]) -> Result<Redb> {
        let sealer = Box::new(|_: &_| Ok(Arc::new(Plain) as Arc<dyn PageSealer>));
        Redb::open_with(OpenOptions::file(path, sealer, Arc::new(Plain)), steps)
    }

    fn value(store: &Redb) -> Option<Vec<u8>> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let row = runtime.block_on(async { store.snapshot().await?.get(T, b"k").await });
        row.unwrap().map(|row| row.value.to_vec())
    }

    const ONE: Step = Step { number: 1, apply: |tx| tx.put(T, b"k", 1, b"one", b"") };
    const TWO: Step = Step { number: 2, apply: |tx| tx.put(T, b"k", 1, b"two", b"") };
    const BROKEN: Step = Step {
        number: 2,
        apply: |tx| {
            tx.put(T, b"k", 1, b"half", b"")?;
            Err(Error::Damaged { table: "t" })
        },
    };

    #[test]
    fn steps_are_numbered_from_one_without_gaps() {
        let numbers: Vec<u32> = STEPS.iter().map(|step| step.number).collect();
        assert_eq!(numbers, (1..=known(STEPS)).collect::<Vec<_>>());
        assert!(known(STEPS) >= 1);
    }

    #[test]
    fn a_migration_runs_once_after_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.redb");
        assert_eq!(value(&open(&path, &[ONE]).unwrap()).unwrap(), b"one");
        let copy = folder.path().join("s.redb.schema-1");
        assert!(!copy.exists());
        assert_eq!(value(&open(&path, &[ONE, TWO]).unwrap()).unwrap(), b"two");
        assert_eq!(value(&open(&copy, &[ONE]).unwrap()).unwrap(), b"one");
        std::fs::remove_file(&copy).unwrap();
        assert_eq!(value(&open(&path, &[ONE, TWO]).unwrap()).unwrap(), b"two");
        assert!(!copy.exists(), "nothing to migrate, nothing to copy");
    }

    #[test]
    fn a_migration_that_fails_changes_nothing_and_can_be_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.redb");
        drop(open(&path, &[ONE]).unwrap());
        assert!(open(&path, &[ONE, BROKEN]).is_err());
        // The older program stays away from a file that may be half way.
        assert!(matches!(open(&path, &[ONE]), Err(Error::Newer { found: 2, known: 1 })));
        assert_eq!(value(&open(&path, &[ONE, TWO]).unwrap()).unwrap(), b"two");
    }
}
