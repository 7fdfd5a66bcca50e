//! Opens redb over sealed pages and translates its errors. No type of redb may leave the folder.

use std::error::Error as StdError;
use std::sync::Arc;

use redb::{Database, StorageError, TableDefinition, WriteTransaction};

use crate::error::{Error, Result};
use crate::interface::PageSealer;
use crate::redb::medium::Medium;
use crate::redb::pages::{Pages, SealedPage};
use crate::table::Table;

/// Keys and values are plain bytes in every table.
pub(crate) type Bytes = &'static [u8];

/// redb's name of a table.
pub(crate) fn definition(table: Table) -> TableDefinition<'static, Bytes, Bytes> {
    TableDefinition::new(table.0)
}

/// redb over a medium, with the handle of its pages.
pub(crate) struct Open {
    pub(crate) redb: Database,
    pub(crate) pages: Pages,
}

impl Open {
    /// Opens or creates the database, repairing it after a crash.
    pub(crate) fn new(
        medium: &Arc<dyn Medium>,
        sealer: &Arc<dyn PageSealer>,
        cache_bytes: usize,
    ) -> Result<Self> {
        let (open, torn) = Self::attempt(medium, sealer, cache_bytes)?;
        if torn == 0 {
            return Ok(open);
        }
        // Pages of an unfinished commit were torn, and redb went back to the commit before. Its cache has seen
        // zeros for them, so it starts anew; now every page it needs must open.
        drop(open);
        match Self::attempt(medium, sealer, cache_bytes)? {
            (open, 0) => Ok(open),
            _ => Err(Error::Sealed),
        }
    }

    fn attempt(
        medium: &Arc<dyn Medium>,
        sealer: &Arc<dyn PageSealer>,
        cache_bytes: usize,
    ) -> Result<(Self, u64)> {
        let pages = Pages::new(medium.clone(), sealer.clone()).map_err(Error::from_io)?;
        let opened = Database::builder().set_cache_size(cache_bytes).create_with_backend(pages.clone());
        let torn = pages.recovered();
        match opened {
            Ok(redb) => Ok((Self { redb, pages }, torn)),
            Err(_) if torn > 0 => Err(Error::Sealed),
            Err(error) => Err(engine(error)),
        }
    }

    /// Begins the one write transaction.
    pub(crate) fn begin(&self) -> Result<WriteTransaction> {
        self.redb.begin_write().map_err(engine)
    }
}

/// Translates any error of redb.
pub(crate) fn engine(error: impl Into<redb::Error>) -> Error {
    match error.into() {
        redb::Error::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<SealedPage>()) => {
            Error::Sealed
        }
        redb::Error::Io(error) => Error::from_io(error),
        redb::Error::DatabaseClosed => Error::Closed,
        other => Error::Engine(Box::new(other) as Box<dyn StdError + Send + Sync>),
    }
}

/// Translates a storage error of redb.
pub(crate) fn storage(error: StorageError) -> Error {
    engine(error)
}
