//! Which sealed pages were found authentic since redb began to repair a file that was not closed cleanly. A repair
//! reads every page, most of them twice, and the tag is the dearest part of that; so each tag is checked once, on
//! all cores. It must not hand out a page: it only says for which ones the check need not be repeated.
//!
//! Why a check may count for a later reading: the file is locked, so between the two only this process writes it,
//! and with the first page that it writes everything found here is forgotten, as it is when opening ends.
//! From then on each reading checks again. Somebody who alters the disk under a running daemon is not whom sealing
//! is against; what lay altered on the disk before is never found authentic, and so is refused when it is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::interface::PageSealer;
use crate::redb::medium::Medium;
use crate::redb::pages::{Places, RUN, room};

const CHUNK: u64 = RUN as u64;
/// Chunks between the next one and a page that make the page worth waiting for: 16 MiB, checked in some 30 ms.
const NEAR: u64 = 256;

/// The checks of one repair, and the threads that make them. Dropping it ends them.
pub(crate) struct Checks {
    found: Arc<Found>,
    threads: Vec<JoinHandle<()>>,
}

impl Checks {
    /// Starts checking pages `1..=pages`, on every core but the one that repairs; that one lends a hand in
    /// [`Checks::vouch`].
    pub(crate) fn start(
        medium: Arc<dyn Medium>,
        sealer: Arc<dyn PageSealer>,
        places: Places,
        pages: u64,
    ) -> Self {
        let bits = (0..pages.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        let found = Arc::new(Found {
            medium,
            sealer,
            places,
            pages,
            bits,
            next: AtomicU64::new(0),
            over: AtomicBool::new(false),
        });
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let threads = (1..cores.min(pages.div_ceil(CHUNK)))
            .map_while(|_| {
                let found = found.clone();
                let work = move || {
                    let mut scratch = Vec::new();
                    while found.check_next(&mut scratch) {}
                };
                // Without the thread, those that there are do its part.
                std::thread::Builder::new().name("store-check".into()).spawn(work).ok()
            })
            .collect();
        Self { found, threads }
    }

    pub(crate) fn found(&self) -> Arc<Found> {
        self.found.clone()
    }
}

impl Drop for Checks {
    fn drop(&mut self) {
        self.found.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a check of the database's pages had panicked");
            }
        }
    }
}

/// What was found so far.
pub(crate) struct Found {
    medium: Arc<dyn Medium>,
    sealer: Arc<dyn PageSealer>,
    places: Places,
    pages: u64,
    /// One bit for each page, from page 1.
    bits: Box<[AtomicU64]>,
    /// The next chunk nobody has taken.
    next: AtomicU64,
    over: AtomicBool,
}

impl Found {
    /// Whether page `number` is authentic; `false` when that is not known either. Trees lie in the file nearly in
    /// order, so redb would soon catch up with the other threads and check the very pages that they are at. Instead
    /// of that it checks the next ones that nobody has taken, until its page is done or turns out to be far away.
    pub(crate) fn vouch(&self, number: u64, scratch: &mut Vec<u8>) -> bool {
        if !(1..=self.pages).contains(&number) {
            return false;
        }
        let chunk = (number - 1) / CHUNK;
        while !self.is_set(number) {
            let far = chunk > self.next.load(Ordering::Relaxed).saturating_add(NEAR);
            if far || !self.check_next(scratch) {
                return self.is_set(number);
            }
        }
        true
    }

    /// Notes that page `number` was opened, so it was checked.
    pub(crate) fn note(&self, number: u64) {
        if (1..=self.pages).contains(&number) {
            let (word, bit) = slot(number);
            self.bits[word].fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Checks the next chunk; `false` when there is none.
    fn check_next(&self, scratch: &mut Vec<u8>) -> bool {
        let first = 1 + self.next.fetch_add(1, Ordering::Relaxed).saturating_mul(CHUNK);
        if first > self.pages || self.over.load(Ordering::Relaxed) {
            return false;
        }
        let stride = self.places.stride as usize;
        let count = CHUNK.min(self.pages - first + 1);
        let sealed = room(scratch, count as usize * stride);
        // What can't be read here will be refused, with its cause, when redb reads it.
        if self.medium.read(self.places.of(first), sealed).is_ok() {
            for (number, sealed) in (first..).zip(sealed.chunks_exact(stride)) {
                // Room written ahead of need is no page yet.
                let skip = self.is_set(number) || sealed.iter().all(|byte| *byte == 0);
                if !skip && self.sealer.check(number, sealed).is_ok() {
                    self.note(number);
                }
            }
        }
        true
    }

    fn is_set(&self, number: u64) -> bool {
        let (word, bit) = slot(number);
        self.bits[word].load(Ordering::Relaxed) & bit != 0
    }
}

fn slot(number: u64) -> (usize, u64) {
    (((number - 1) / 64) as usize, 1 << ((number - 1) % 64))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use redb::StorageBackend;

    use crate::error::{Error, Result};
    use crate::interface::PageSealer;
    use crate::redb::medium::{Medium, Memory};
    use crate::redb::pages::{PAGE, Pages, Places, Unopened};

    const PAGES: u64 = 500;
    const BASE: u64 = 4096;
    const PLACES: Places = Places { base: BASE, stride: PAGE as u64 + 8 };

    /// Adds a page's number and bytes up, and counts how often it was asked to check.
    #[derive(Default)]
    struct Sum(AtomicU64);

    fn sum(number: u64, bytes: &[u8]) -> [u8; 8] {
        bytes.iter().fold(number + 1, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte)).to_le_bytes()
    }

    impl PageSealer for Sum {
        fn overhead(&self) -> usize {
            8
        }

        fn seal(&self, number: u64, plain: &[u8], out: &mut [u8]) -> Result<()> {
            out[..PAGE].copy_from_slice(plain);
            out[PAGE..].copy_from_slice(&sum(number, plain));
            Ok(())
        }

        fn check(&self, number: u64, sealed: &[u8]) -> Result<()> {
            self.0.fetch_add(1, Ordering::Relaxed);
            if sealed[PAGE..] == sum(number, &sealed[..PAGE]) { Ok(()) } else { Err(Error::Sealed) }
        }

        fn decrypt(&self, _: u64, sealed: &[u8], plain: &mut [u8]) -> Result<()> {
            plain.copy_from_slice(&sealed[..PAGE]);
            Ok(())
        }
    }

    /// Pages that an earlier opening wrote, with the checks begun.
    fn begun(alter: &[u64]) -> (Arc<Memory>, Arc<Sum>, Pages) {
        let (medium, sealer) = (Arc::new(Memory::default()), Arc::new(Sum::default()));
        let open = || Pages::new(medium.clone(), sealer.clone(), BASE, Unopened::Fail).unwrap();
        let before = open();
        before.set_len((1 + PAGES) * PAGE as u64).unwrap();
        for number in 1..=PAGES {
            before.write(number * PAGE as u64, &[number as u8; PAGE]).unwrap();
        }
        alter.iter().for_each(|number| flip(&*medium, *number));
        let pages = open();
        pages.start_checks();
        (medium, sealer, pages)
    }

    fn flip(medium: &dyn Medium, number: u64) {
        let mut byte = [0];
        medium.read(PLACES.of(number) + 99, &mut byte).unwrap();
        medium.write(PLACES.of(number) + 99, &[byte[0] ^ 1]).unwrap();
    }

    fn reads(pages: &Pages, number: u64) -> bool {
        let mut page = [0; PAGE];
        let read = pages.read(number * PAGE as u64, &mut page);
        assert!(read.is_err() || page == [number as u8; PAGE]);
        read.is_ok()
    }

    #[test]
    fn a_page_read_twice_is_checked_once() {
        let (_, sealer, pages) = begun(&[]);
        for number in (1..=PAGES).chain((1..=PAGES).rev()) {
            assert!(reads(&pages, number));
        }
        // Some of the last ones by two threads, at one moment.
        assert!(sealer.0.load(Ordering::Relaxed) < PAGES + PAGES / 2);
    }

    #[test]
    fn what_was_altered_before_is_refused_while_everything_else_reads() {
        let altered = [1, 77, 78, PAGES];
        let (_, _, pages) = begun(&altered);
        for number in (1..=PAGES).chain(1..=PAGES) {
            assert_eq!(reads(&pages, number), !altered.contains(&number), "{number}");
        }
        // A run is refused for any page of it.
        assert!(pages.read(74 * PAGE as u64, &mut [0; 8 * PAGE]).is_err());
    }

    #[test]
    fn what_is_altered_after_a_write_is_refused() {
        let (medium, _, pages) = begun(&[]);
        assert!((1..=PAGES).all(|number| reads(&pages, number)));
        pages.write(7 * PAGE as u64, &[7; PAGE]).unwrap();
        assert!(reads(&pages, 7));
        for number in [7, 8, 300] {
            flip(&*medium, number);
            assert!(!reads(&pages, number), "{number}");
        }
    }

    #[test]
    fn what_is_altered_after_the_end_is_refused() {
        let (medium, _, pages) = begun(&[]);
        assert!((1..=PAGES).all(|number| reads(&pages, number)));
        pages.end_checks();
        flip(&*medium, 8);
        assert!(!reads(&pages, 8));
    }
}
