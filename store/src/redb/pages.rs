//! redb's storage backend: each 4 KiB page is sealed on its way to the medium and opened on its way back. redb's
//! own header page (structure only) stays clear, because it alone is written in place and in part. It must not
//! know what is in a page.
//!
//! Layout: page 0 lies at `base`; page n ≥ 1 lies sealed at `base + PAGE + (n - 1) * stride`, with
//! `stride = PAGE + overhead`. Sealed pages are only ever written anew before a root refers to them, so a torn one
//! is one that no committed root needs.

use std::cell::RefCell;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use redb::StorageBackend;

use crate::error::Error;
use crate::interface::PageSealer;
use crate::redb::authentic::{Checks, Found};
use crate::redb::medium::Medium;

/// Bytes of a page as redb sees it.
pub(crate) const PAGE: usize = 4096;
/// Pages sealed or opened in one call of the medium; bounds the scratch memory of a thread.
pub(crate) const RUN: usize = 16;
/// The file is written ahead of need by an eighth of itself, within these bounds: a sync of room that was written
/// before costs half as much as one that also moves the file's end.
const AHEAD: std::ops::RangeInclusive<u64> = 256 * 1024..=4 * 1024 * 1024;
pub(crate) const ZEROS: &[u8] = &[0; 256 * 1024];

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The first `len` bytes of a scratch, which only ever grows: clearing it anew for each run would cost as much as
/// decrypting it.
pub(crate) fn room(scratch: &mut Vec<u8>, len: usize) -> &mut [u8] {
    if scratch.len() < len {
        scratch.resize(len, 0);
    }
    &mut scratch[..len]
}

/// The pages of one opening of redb over a medium. Cloned handles share everything.
#[derive(Clone)]
pub(crate) struct Pages(Arc<Inner>);

struct Inner {
    medium: Arc<dyn Medium>,
    sealer: Arc<dyn PageSealer>,
    places: Places,
    unopened: Unopened,
    /// While redb repairs: the pages whose tags need not be checked once more.
    checks: RwLock<Option<Checks>>,
    sync_failed: AtomicBool,
    /// The end of what the medium has been written to, with data or with zeros.
    written: Mutex<u64>,
}

impl std::fmt::Debug for Pages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pages").field("medium", &self.0.medium).finish_non_exhaustive()
    }
}

/// What reading a page that does not open does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// It fails.
    Fail,
    /// It reads as zeros, whose checksum no root has: only while redb looks for the last whole commit.
    ReadAsZeros,
}

/// A page that does not open, as the cause inside an `io::Error`.
#[derive(Debug, thiserror::Error)]
#[error("a page of the database does not open")]
pub(crate) struct SealedPage;

/// Where pages lie on a medium.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    /// Where page 0 lies.
    pub(crate) base: u64,
    /// Bytes from one sealed page to the next.
    pub(crate) stride: u64,
}

impl Places {
    pub(crate) fn new(base: u64, sealer: &dyn PageSealer) -> Self {
        Self { base, stride: (PAGE + sealer.overhead()) as u64 }
    }

    /// Where sealed pages begin.
    pub(crate) fn first(self) -> u64 {
        self.base + PAGE as u64
    }

    /// Where page `number` ≥ 1 lies.
    pub(crate) fn of(self, number: u64) -> u64 {
        self.first() + (number - 1) * self.stride
    }
}

impl Pages {
    /// Pages over `medium` from `base` on.
    pub(crate) fn new(
        medium: Arc<dyn Medium>,
        sealer: Arc<dyn PageSealer>,
        base: u64,
        unopened: Unopened,
    ) -> io::Result<Self> {
        let places = Places::new(base, &*sealer);
        // The clear header page is written in place, never ahead.
        let written = medium.allocated()?.max(places.first());
        Ok(Self(Arc::new(Inner {
            medium,
            sealer,
            places,
            unopened,
            checks: RwLock::new(None),
            sync_failed: AtomicBool::new(false),
            written: Mutex::new(written),
        })))
    }

    /// Called before redb reads every page: checks their tags on all cores. Ends with [`Pages::end_checks`] or the
    /// first sealed page that is written.
    pub(crate) fn start_checks(&self) {
        let places = self.0.places;
        let end = (*self.written()).min(self.0.medium.len().unwrap_or(0));
        let pages = end.saturating_sub(places.first()) / places.stride;
        let checks = Checks::start(self.0.medium.clone(), self.0.sealer.clone(), places, pages);
        *self.0.checks.write().unwrap_or_else(PoisonError::into_inner) = Some(checks);
    }

    /// From now on every reading of a page checks its tag.
    pub(crate) fn end_checks(&self) {
        if self.found().is_some() {
            *self.0.checks.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn found(&self) -> Option<Arc<Found>> {
        self.0.checks.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(Checks::found)
    }

    /// Whether a sync failed: what it covered may be lost though it still reads back.
    pub(crate) fn sync_failed(&self) -> bool {
        self.0.sync_failed.load(Ordering::Acquire)
    }

    fn written(&self) -> MutexGuard<'_, u64> {
        self.0.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes zeros from the end of what is written to at least `end`.
    fn fill(&self, written: &mut u64, end: u64) -> io::Result<()> {
        let step = ((*written - self.0.places.base) / 8).clamp(*AHEAD.start(), *AHEAD.end());
        let ahead = (*written + step).min(self.0.medium.len()?).max(end);
        if let Err(error) = self.zero(written, ahead) {
            // The step was a luxury; what is needed may still fit.
            if *written < end {
                return self.zero(written, end).map_err(|_| error);
            }
        }
        Ok(())
    }

    fn zero(&self, written: &mut u64, end: u64) -> io::Result<()> {
        while *written < end {
            let len = (end - *written).min(ZEROS.len() as u64) as usize;
            self.0.medium.write(*written, &ZEROS[..len])?;
            *written += len as u64;
        }
        Ok(())
    }

    /// The medium's length for a length as redb sees it.
    fn outer_len(&self, len: u64) -> io::Result<u64> {
        match len / PAGE as u64 {
            _ if !len.is_multiple_of(PAGE as u64) => Err(io::ErrorKind::InvalidInput.into()),
            0 => Ok(self.0.places.base),
            pages => Ok(self.0.places.of(pages)),
        }
    }

    /// Splits `offset..offset + len` into page numbers; only page 0 may be touched in part.
    fn pages(offset: u64, len: usize) -> io::Result<u64> {
        if !offset.is_multiple_of(PAGE as u64) || !len.is_multiple_of(PAGE) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a whole page"));
        }
        Ok(offset / PAGE as u64)
    }

    fn open_run(&self, first: u64, out: &mut [u8]) -> io::Result<()> {
        let stride = self.0.places.stride as usize;
        let found = self.found();
        SCRATCH.with_borrow_mut(|scratch| {
            let vouched = match &found {
                Some(found) => (first..).take(out.len() / PAGE).all(|number| found.vouch(number, scratch)),
                None => false,
            };
            let sealed = room(scratch, out.len() / PAGE * stride);
            self.0.medium.read(self.0.places.of(first), sealed)?;
            for ((number, sealed), plain) in
                (first..).zip(sealed.chunks_exact(stride)).zip(out.chunks_exact_mut(PAGE))
            {
                let opened = if vouched {
                    self.0.sealer.decrypt(number, sealed, plain)
                } else {
                    self.0.sealer.open(number, sealed, plain)
                };
                if opened.is_ok() {
                    found.iter().for_each(|found| found.note(number));
                } else {
                    match self.0.unopened {
                        Unopened::Fail => {
                            return Err(io::Error::new(io::ErrorKind::InvalidData, SealedPage));
                        }
                        Unopened::ReadAsZeros => plain.fill(0),
                    }
                }
            }
            Ok(())
        })
    }

    fn seal_run(&self, first: u64, data: &[u8]) -> io::Result<()> {
        let stride = self.0.places.stride as usize;
        self.end_checks();
        SCRATCH.with_borrow_mut(|scratch| {
            let run = room(scratch, data.len() / PAGE * stride);
            for ((number, plain), sealed) in
                (first..).zip(data.chunks_exact(PAGE)).zip(run.chunks_exact_mut(stride))
            {
                self.0.sealer.seal(number, plain, sealed).map_err(|error| match error {
                    Error::Io(error) => error,
                    other => io::Error::other(other),
                })?;
            }
            let (at, end) = (self.0.places.of(first), self.0.places.of(first) + run.len() as u64);
            let mut written = self.written();
            if end > *written {
                self.fill(&mut written, end)?;
            }
            drop(written);
            self.0.medium.write(at, run)
        })
    }
}

impl StorageBackend for Pages {
    fn len(&self) -> io::Result<u64> {
        let outer = self.0.medium.len()?;
        // A file cut inside a page has lost that page.
        Ok(match outer.checked_sub(self.0.places.first()) {
            Some(sealed) => (1 + sealed / self.0.places.stride) * PAGE as u64,
            None => 0,
        })
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() as u64 <= PAGE as u64 {
            return self.0.medium.read(self.0.places.base + offset, out);
        }
        let first = Self::pages(offset, out.len())?;
        if first == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "across the header page"));
        }
        for (run, chunk) in out.chunks_mut(RUN * PAGE).enumerate() {
            self.open_run(first + (run * RUN) as u64, chunk)?;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let outer = self.outer_len(len)?;
        self.end_checks();
        let mut written = self.written();
        self.0.medium.set_len(outer)?;
        *written = outer.min(*written);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.medium.sync().inspect_err(|_| self.0.sync_failed.store(true, Ordering::Release))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if offset + data.len() as u64 <= PAGE as u64 {
            return self.0.medium.write(self.0.places.base + offset, data);
        }
        let first = Self::pages(offset, data.len())?;
        if first == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "across the header page"));
        }
        for (run, chunk) in data.chunks(RUN * PAGE).enumerate() {
            self.seal_run(first + (run * RUN) as u64, chunk)?;
        }
        Ok(())
    }
}
