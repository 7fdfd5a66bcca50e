//! Reads a file as it lies there, past what an open store keeps in memory, and also one that does not open any more: a
//! page that was altered or damaged fails when it is reached, and the rest can be had. It must not write a byte.

use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use redb::{BackendError, ConcurrencyMode, Database, ReadableDatabase, StorageBackend};

use crate::error::{Error, Result};
use crate::interface::{Snapshot, Store, Versioned};
use crate::redb::database::engine;
use crate::redb::header::Header;
use crate::redb::medium::Medium;
use crate::redb::pages::{Pages, Unopened};
use crate::redb::snapshot::View;
use crate::redb::{OpenOptions, Redb, RedbSnapshot, header, migrate};
use crate::table::{KeyRange, Order, Table};

/// Bytes of pages kept in memory: whoever looks goes along.
const CACHE: usize = 512 * 1024;
/// How often the clear header is read, which an open store may just be writing.
const ATTEMPTS: usize = 8;

/// The last commit of a file, as it lies there. What fails to be read can be asked for again, and so can everything
/// else.
pub struct Look {
    pages: Pages,
    view: Mutex<Arc<View>>,
    /// Of an open store: while this lives, no page of this commit is used again.
    _held: Option<RedbSnapshot>,
}

impl Look {
    /// Looks into a file without opening it: nothing is repaired, migrated or recovered. What a crash left half written
    /// cannot be told from damage here, so this is for a file that [`Redb::open`] refuses.
    pub fn at(options: OpenOptions) -> Result<Self> {
        let medium = options.place.look()?;
        let header = header::look(&*medium, migrate::known(migrate::STEPS), options.sealer)?;
        Self::over(medium, &header, None)
    }

    pub(super) fn over(medium: Arc<dyn Medium>, header: &Header, held: Option<RedbSnapshot>) -> Result<Self> {
        let pages = Pages::new(medium, header.sealer.clone(), header.base(), Unopened::Fail);
        let pages = pages.map_err(Error::from_io)?;
        let mut view = begin(&pages);
        for _ in 1..ATTEMPTS {
            if view.is_ok() {
                break;
            }
            view = begin(&pages);
        }
        Ok(Self { pages, view: Mutex::new(view?), _held: held })
    }

    pub(super) fn view(&self) -> Arc<View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// After a failure redb answers nothing any more, so the next one to ask finds it begun anew.
    pub(super) fn anew<T>(&self, read: Result<T>) -> Result<T> {
        if read.is_err()
            && let Ok(fresh) = begin(&self.pages)
        {
            *self.view.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        read
    }
}

fn begin(pages: &Pages) -> Result<Arc<View>> {
    let file = Database::builder()
        .set_cache_size(CACHE)
        // The way of redb's that needs nothing of a file but the pages it is asked for.
        .set_concurrency_mode(ConcurrencyMode::SingleWriter)
        .open_read_only_with_backend(AsItLies(pages.clone()))
        .map_err(engine)?;
    Ok(Arc::new(View::new(file.begin_read().map_err(engine)?)))
}

impl Snapshot for Look {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Versioned>> {
        self.anew(RedbSnapshot(self.view()).get(table, key).await)
    }

    async fn scan(
        &self,
        table: Table,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Versioned)>> {
        self.anew(RedbSnapshot(self.view()).scan(table, range, order, limit).await)
    }
}

impl Redb {
    /// Looks at what lies in the file, past what is kept in memory of it.
    pub async fn look(&self) -> Result<Look> {
        let held = self.snapshot().await?;
        Look::over(self.medium.clone(), &self.header, Some(held))
    }
}

/// Where redb's header notes, among other things, that the file was not closed (redb's `docs/design.md`, "god byte").
const STATE_AT: u64 = 9;
const NOT_CLOSED: u8 = 2;

/// Pages that are only read, and that look closed, so that redb asks for no repair. Its locks against other processes
/// mean nothing here: the file is locked as a whole.
#[derive(Debug)]
struct AsItLies(Pages);

type Span = Bound<u64>;
type Locked<T> = std::result::Result<T, BackendError>;

impl StorageBackend for AsItLies {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)?;
        let state = STATE_AT.checked_sub(offset).and_then(|at| out.get_mut(usize::try_from(at).ok()?));
        if let Some(state) = state {
            *state &= !NOT_CLOSED;
        }
        Ok(())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync_data(&self) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn write(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn try_lock_shared_range(&self, _: Span, _: Span) -> Locked<bool> {
        Ok(true)
    }

    fn lock_shared_range(&self, _: Span, _: Span) -> Locked<()> {
        Ok(())
    }

    fn unlock_range(&self, _: Span, _: Span) -> Locked<()> {
        Ok(())
    }

    fn query_lock_range(&self, _: Span, _: Span) -> Locked<bool> {
        Ok(false)
    }
}
