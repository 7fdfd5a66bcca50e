//! Opens redb over sealed pages and translates its errors. No type of redb may leave the folder.

use std::error::Error as StdError;
use std::sync::Arc;

use redb::{Database, StorageError, TableDefinition, WriteTransaction};

use crate::error::{Error, Result};
use crate::redb::header::Header;
use crate::redb::medium::Medium;
use crate::redb::pages::{Pages, SealedPage, Unopened};
use crate::table::Table;

/// Keys and values are plain bytes in every table.
pub(crate) type Bytes = &'static [u8];

/// redb's name of a table.
pub(crate) fn definition(table: Table) -> TableDefinition<'static, Bytes, Bytes> {
    TableDefinition::new(table.0)
}

/// The same of a table whose name was read.
pub(crate) fn named(table: &str) -> TableDefinition<'_, Bytes, Bytes> {
    TableDefinition::new(table)
}

/// redb over a medium, with the handle of its pages.
pub(crate) struct Open {
    pub(crate) redb: Database,
    pub(crate) pages: Pages,
}

impl Open {
    /// Opens or creates the database, repairing it after a crash.
    pub(crate) fn new(medium: &Arc<dyn Medium>, header: &Header, cache_bytes: usize) -> Result<Self> {
        let attempt = |pages| Self::attempt(medium, header, cache_bytes, pages);
        match attempt(Unopened::Fail) {
            Err(Error::Sealed) => {}
            other => return other,
        }
        // A crash may have torn pages of a commit that was under way, and redb must see that they are wrong to go
        // back to the commit before. Its cache then has seen their zeros, so it starts once more, and now every
        // page it needs must open.
        drop(attempt(Unopened::ReadAsZeros).map_err(|_| Error::Sealed)?);
        tracing::warn!("a commit that was under way at the crash was torn; the one before it holds");
        attempt(Unopened::Fail)
    }

    fn attempt(
        medium: &Arc<dyn Medium>,
        header: &Header,
        cache_bytes: usize,
        unopened: Unopened,
    ) -> Result<Self> {
        let pages = Pages::new(medium.clone(), header.sealer.clone(), header.base(), unopened)
            .map_err(Error::from_io)?;
        let repaired = pages.clone();
        let redb = Database::builder()
            .set_cache_size(cache_bytes)
            // Otherwise redb reads a page or two before it has verified them.
            .set_check_integrity_on_open(unopened == Unopened::ReadAsZeros)
            .set_repair_callback(move |repair| {
                // Called again as the repair goes on.
                if repair.progress() == 0.0 {
                    repaired.start_checks();
                }
            })
            .create_with_backend(pages.clone())
            .map_err(engine);
        pages.end_checks();
        Ok(Self { redb: redb?, pages })
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
        broken @ redb::Error::Corrupted(_) => Error::Broken(Box::new(broken)),
        other => Error::Engine(Box::new(other) as Box<dyn StdError + Send + Sync>),
    }
}

/// Translates a storage error of redb.
pub(crate) fn storage(error: StorageError) -> Error {
    engine(error)
}
