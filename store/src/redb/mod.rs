//! The embedded engine: redb over sealed pages, one writer thread, snapshots for everybody else. It must not leak
//! a type of redb.

mod authentic;
mod backlog;
mod copy;
mod database;
mod feed;
mod filling;
mod folder;
mod group;
mod header;
mod journal;
mod ledger;
mod look;
mod medium;
mod meta;
mod migrate;
mod pace;
mod pages;
pub(crate) mod port;
mod published;
mod queue;
mod snapshot;
mod standing;
mod start;
mod transaction;
mod turns;
mod writer;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use smallvec::smallvec;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

pub use copy::{Contents, Copied, TableContents};
pub use feed::RedbFeed;
use header::Header;
pub use header::{FileId, SealerFor};
use journal::Journal;
pub use look::Look;
pub use medium::Medium;
pub use snapshot::RedbSnapshot;

use crate::appending::Appending;
use crate::batch::{Batch, Op};
use crate::error::{CommitError, Error, Result};
use crate::interface::{ChainHasher, Committed, Condition, Cursor, Observer, Store, Timing, Waiting};
use crate::redb::backlog::Backlog;
use crate::redb::database::{Open, engine};
use crate::redb::folder::Folder;
use crate::redb::ledger::Ledger;
use crate::redb::medium::{FileMedium, Memory};
use crate::redb::migrate::{STEPS, Step};
use crate::redb::pace::Pace;
use crate::redb::published::Published;
use crate::redb::queue::Request;
use crate::redb::snapshot::View;
use crate::redb::standing::Standing;
use crate::redb::writer::{State, Writer};
use crate::usage::{Appended, Usage, UsageEvent, UsageEvents};

/// Where a store lives.
enum Place {
    File(PathBuf),
    Medium(Arc<dyn Medium>),
}

impl Place {
    /// What is there, held under its lock, and where that is in the file system.
    fn open(self) -> Result<(Arc<dyn Medium>, Option<PathBuf>)> {
        match self {
            Self::File(path) => Ok((Arc::new(FileMedium::open(&path)?), Some(path))),
            Self::Medium(medium) => Ok((medium, None)),
        }
    }

    /// What is there, to be read.
    fn look(self) -> Result<Arc<dyn Medium>> {
        match self {
            Self::File(path) => Ok(Arc::new(FileMedium::look(&path)?)),
            Self::Medium(medium) => Ok(medium),
        }
    }
}

/// What opening a store takes.
pub struct OpenOptions {
    place: Place,
    sealer: SealerFor,
    chain: Arc<dyn ChainHasher>,
    /// Told of every changed row.
    pub observer: Option<Observer>,
    /// Told of every commit.
    pub timing: Option<Timing>,
    /// Bytes of pages kept in memory.
    pub cache_bytes: usize,
    /// Requests that may wait; more are refused with [`Error::Busy`].
    pub queue: usize,
    /// Bytes that may wait, by a rough count.
    pub queue_bytes: usize,
    /// A commit at least this long after the one before, or one that folds usage, also records what a start after a
    /// crash needs to open at once, for about twice its cost; without that, such a start reads every page.
    pub quick_repair_after: Duration,
    /// Bytes of a file in which every commit does: a smaller one is soon read, in a larger one the record is dear.
    pub quick_repair_sizes: RangeInclusive<u64>,
    /// Bytes of the journal's ring in a file that is made now, in whole blocks of 4096; 0 for none.
    pub journal_bytes: u64,
    /// Acknowledges usage without storing it: the baseline that a benchmark compares durable usage with. No
    /// setting reaches it.
    pub discard_usage: bool,
}

impl OpenOptions {
    fn new(place: Place, sealer: SealerFor, chain: Arc<dyn ChainHasher>) -> Self {
        Self {
            place,
            sealer,
            chain,
            observer: None,
            timing: None,
            cache_bytes: 128 * 1024 * 1024,
            queue: 4096,
            queue_bytes: 64 * 1024 * 1024,
            quick_repair_after: Duration::from_millis(50),
            quick_repair_sizes: 128 * 1024 * 1024..=1024 * 1024 * 1024,
            journal_bytes: 32 * 1024 * 1024,
            discard_usage: false,
        }
    }

    /// A store in a file, which is made (mode 0600) when there is none.
    pub fn file(path: impl Into<PathBuf>, sealer: SealerFor, chain: Arc<dyn ChainHasher>) -> Self {
        Self::new(Place::File(path.into()), sealer, chain)
    }

    /// A store in memory, gone when it is closed.
    pub fn memory(sealer: SealerFor, chain: Arc<dyn ChainHasher>) -> Self {
        Self::new(Place::Medium(Arc::new(Memory::default())), sealer, chain)
    }

    /// A store on a medium of the caller's.
    pub fn medium(medium: Arc<dyn Medium>, sealer: SealerFor, chain: Arc<dyn ChainHasher>) -> Self {
        Self::new(Place::Medium(medium), sealer, chain)
    }
}

/// The embedded store. Dropping or closing it finishes what is queued.
pub struct Redb {
    backlog: Arc<Backlog>,
    standing: Arc<Standing>,
    discard_usage: bool,
    published: Arc<Published>,
    usage: Usage,
    medium: Arc<dyn Medium>,
    header: Header,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Redb {
    /// Opens a store, or makes a new one. Blocks while a crash is repaired or the schema migrated.
    ///
    /// [`Error::InUse`], [`Error::Sealed`] (wrong key), [`Error::Newer`] and [`Error::Foreign`] leave the file as
    /// it was.
    pub fn open(options: OpenOptions) -> Result<Self> {
        Self::open_with(options, STEPS)
    }

    fn open_with(options: OpenOptions, steps: &[Step]) -> Result<Self> {
        let (medium, path) = options.place.open()?;
        let header = header::open(&*medium, migrate::known(steps), options.journal_bytes, options.sealer)?;
        let open = open_schema(&medium, &header, options.cache_bytes, path.as_deref(), steps)?;
        let (boot, folded) = start::start(&open, &*medium, &header)?;
        let view = Arc::new(View::new(begin_read(&open)?));
        // What is read once to be kept in another shape is read past the cache of pages, which would keep it too.
        let once = Look::over(medium.clone(), &header, None)?.view();
        let ledger = Ledger::load(&*once, boot)?;
        let usage = start::recover(&once, view.clone(), folded)?;
        drop(once);
        let (published, newest) = Published::new(view, ledger.cursor());
        let most = Waiting { requests: options.queue, bytes: options.queue_bytes };
        let backlog = Arc::new(Backlog::new(most));
        let standing = Arc::new(Standing::default());
        let reader = usage.reader();
        let writer = Writer {
            backlog: backlog.clone(),
            runtime: Handle::try_current().ok(),
            standing: standing.clone(),
            timing: options.timing,
            medium: medium.clone(),
            journal: (header.ring > 0)
                .then(|| Journal::new(medium.clone(), header.sealer.clone(), header.ring, boot)),
            header: header.clone(),
            cache_bytes: options.cache_bytes,
            chain: options.chain,
            observer: options.observer,
            published: published.clone(),
            newest,
            usage,
            folder: Folder::start(backlog.clone())?,
            ledger,
            folded,
            quick_repair_after: options.quick_repair_after,
            quick_repair_sizes: options.quick_repair_sizes,
            last_commit: Instant::now(),
            unrecorded: false,
            pace: Pace::new(Instant::now()),
            rest_until: None,
            state: State::Open(open),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                turns::shorten();
                writer.run();
            })
            .map_err(Error::Io)?;
        Ok(Self {
            backlog,
            standing,
            discard_usage: options.discard_usage,
            published,
            usage: reader,
            medium,
            header,
            writer: Mutex::new(Some(thread)),
        })
    }

    /// Reads usage: what is folded and what is still in memory, as one.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// What waits to be written.
    pub fn waiting(&self) -> Waiting {
        self.backlog.waiting()
    }

    /// Whether it can be read and written. A disk that was full and has room again counts as fine: the next commit
    /// will be tried.
    pub fn condition(&self) -> Condition {
        match self.standing.condition() {
            Condition::Full if self.medium.free() >= writer::BREATH => Condition::Fine,
            condition => condition,
        }
    }

    /// Bytes that are still free where it lies; `u64::MAX` when that is not known.
    pub fn room(&self) -> u64 {
        self.medium.free()
    }

    /// Finishes what is queued, closes the file and lets others have it. Blocks; later calls answer
    /// [`Error::Closed`].
    pub fn close(&self) {
        let thread = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        self.backlog.close();
        if thread.join().is_err() {
            tracing::error!("the store's writer had panicked");
        }
        self.medium.release();
    }
}

impl Drop for Redb {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for Redb {
    type Snapshot = RedbSnapshot;
    type Feed = RedbFeed;

    fn follow(&self, from: Option<Cursor>) -> RedbFeed {
        RedbFeed::new(self.published.clone(), from)
    }

    async fn snapshot(&self) -> Result<RedbSnapshot> {
        Ok(RedbSnapshot(self.published.view()))
    }

    async fn commit(&self, batch: Batch) -> std::result::Result<Committed, CommitError> {
        let (reply, answer) = oneshot::channel();
        let bytes = batch_bytes(&batch);
        self.backlog.send(bytes, Request::Commit(batch, bytes, reply))?;
        answer.await.unwrap_or(Err(CommitError::Store(Error::Closed)))
    }

    fn append(&self, events: impl Into<UsageEvents>) -> Appending {
        let events = events.into();
        if self.discard_usage {
            return Appending::known(Ok(Appended { duplicate: smallvec![false; events.len()] }));
        }
        let (reply, outcome) = oneshot::channel();
        let bytes = events.iter().map(event_bytes).sum();
        match self.backlog.send(bytes, Request::Append(events, bytes, reply)) {
            Ok(()) => Appending::queued(outcome),
            Err(refused) => Appending::known(Err(refused)),
        }
    }
}

/// Roughly what a batch takes in memory and in the file.
fn batch_bytes(batch: &Batch) -> usize {
    let ops = batch.ops.iter().map(|op| match op {
        Op::Put(_, key, value) => key.len() + value.len(),
        Op::Del(_, key) | Op::Add(_, key, _) => key.len(),
        Op::Chain(_, body) | Op::Announce(body) => body.len(),
    });
    ops.sum::<usize>() + 64 * (1 + batch.ops.len() + batch.checks.len())
}

fn event_bytes(event: &UsageEvent) -> usize {
    size_of::<UsageEvent>() + event.endpoint.len() + event.metadata.len()
}

fn begin_read(open: &Open) -> Result<redb::ReadTransaction> {
    redb::ReadableDatabase::begin_read(&open.redb).map_err(engine)
}

/// Opens the database and brings it to the newest schema, after a copy of what it was.
fn open_schema(
    medium: &Arc<dyn Medium>,
    header: &Header,
    cache_bytes: usize,
    path: Option<&Path>,
    steps: &[Step],
) -> Result<Open> {
    let mut open = Open::new(medium, header, cache_bytes)?;
    let (found, known) = (migrate::found(&open)?, migrate::known(steps));
    if found > known {
        return Err(Error::Newer { found, known });
    }
    if found > 0 && found < known {
        // Closed, so that the copy is one that opens at once.
        drop(open);
        if let Some(path) = path {
            medium.copy_to(&copy_path(path, found)).map_err(Error::from_io)?;
        }
        header::note_schema(&**medium, known)?;
        open = Open::new(medium, header, cache_bytes)?;
    }
    migrate::run(&open, steps, found)?;
    header::note_made(&**medium)?;
    Ok(open)
}

/// The copy made before a migration: `NAME.schema-N` beside the file.
fn copy_path(path: &Path, schema: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".schema-{schema}"));
    PathBuf::from(name)
}
