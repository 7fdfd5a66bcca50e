//! The journal: small groups of usage wait in a ring at the head of the file until they are folded into the tables.
//! One write and one sync make a group durable, where a commit of redb seals and writes some seven pages. It must not
//! look into a group, and it must never write over one that is not folded.
//!
//! A record lies at a multiple of [`BLOCK`] and never across the ring's end: its number (`u64`, little-endian), the
//! length of what is sealed (`u32`), zeros to 16 bytes; then, sealed under its number, the arrival number (`u64`), that
//! of the record before it (`u64`; 0 for the first of a start), the group's length (`u32`), the group, zeros.
//!
//! Numbers rise by one within a daemon start, which is part of them. A start takes what it finds into the tables, in
//! the commit that counts it as a start; so records of other starts mean nothing, and those of this one have no gaps.
//! No two records share a block of the disk, so a torn write can only hit the one that was never acknowledged.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::interface::PageSealer;
use crate::redb::header::HEADER_LEN;
use crate::redb::medium::Medium;
use crate::redb::pages::ZEROS;
use crate::redb::port::ARRIVALS;

/// Bytes of a disk's block: a torn write touches no other one.
pub(crate) const BLOCK: u64 = 4096;
/// Where the ring begins in the file.
const RING_AT: u64 = HEADER_LEN;
/// Bytes before what is sealed.
const HEAD: usize = 16;
/// Bytes before the group, inside what is sealed.
const INNER: usize = 20;
/// What is sealed has a length that ciphers without padding take.
const CIPHER_BLOCK: usize = 16;
/// The largest group taken: what many callers report at once in batches of a thousand. In the tables it would take up to twice
/// the room, for a large value has pages of its own there, and would be read once more to be dropped.
const LARGEST: usize = 2 * 1024 * 1024;
/// Bytes of memory kept from one group to the next.
const KEPT: usize = 256 * 1024;
/// Zeros are written ahead of the first lap in steps of so many bytes: a sync of room that was written before costs
/// half as much as one that also has to note where it lies.
const AHEAD: u64 = ZEROS.len() as u64;

/// Bits of a record's number that count within a start; above them the start, and the top one for the journal.
const INDEX_BITS: u32 = 40;
const START_MASK: u64 = 0x3F_FFFF;

/// Bytes of the ring that are looked at together after a crash: the whole of it at once would be memory that is never needed
/// again.
const WINDOW: usize = 16 * BLOCK as usize;

fn first_number(start: u64) -> u64 {
    1 << 63 | (start & START_MASK) << INDEX_BITS
}

/// A record that is not folded yet.
struct Waiting {
    arrival: u64,
    at: u64,
}

/// How writing a group ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    /// It is durable.
    Durable,
    /// Nothing was written: the ring is full, the group too large, or the ring cannot be written.
    NoRoom,
    /// It was written, and the disk did not confirm it.
    Unconfirmed,
}

/// The ring, as its one writer knows it.
pub(crate) struct Journal {
    medium: Arc<dyn Medium>,
    sealer: Arc<dyn PageSealer>,
    /// Bytes of the ring.
    len: u64,
    /// The next record's number, and one that no record gets any more.
    next: u64,
    end: u64,
    /// Where the next record goes, if it fits there.
    head: u64,
    waiting: VecDeque<Waiting>,
    /// The end of what this start has written, on the first lap.
    written: u64,
    /// A write failed: what lies there is unknown, so no more is written.
    broken: bool,
    plain: Vec<u8>,
    record: Vec<u8>,
}

impl Journal {
    /// An empty ring of `len` bytes for daemon start `start`.
    pub(crate) fn new(medium: Arc<dyn Medium>, sealer: Arc<dyn PageSealer>, len: u64, start: u64) -> Self {
        Self {
            medium,
            sealer,
            len,
            next: first_number(start),
            end: first_number(start) | ((1 << INDEX_BITS) - 1),
            head: 0,
            waiting: VecDeque::new(),
            written: 0,
            broken: false,
            plain: Vec::new(),
            record: Vec::new(),
        }
    }

    /// Writes the group with this arrival number and syncs.
    pub(crate) fn append(&mut self, arrival: u64, group: &[u8]) -> Result<Written> {
        let Some((at, len)) = self.room(group.len()) else { return Ok(Written::NoRoom) };
        self.seal(arrival, group, len)?;
        // Nothing of the group is written yet: where the disk is full, the tables will say so.
        if self.prepare(at + len).is_err() {
            return Ok(Written::NoRoom);
        }
        if let Err(error) = self.medium.write(RING_AT + at, &self.record) {
            tracing::warn!(%error, "the journal cannot be written; usage goes into the tables directly");
            self.broken = true;
            return Ok(Written::NoRoom);
        }
        if let Err(error) = self.medium.sync() {
            tracing::error!(%error, "the disk did not confirm what was written");
            return Ok(Written::Unconfirmed);
        }
        self.plain.clear();
        self.plain.shrink_to(KEPT);
        self.record.clear();
        self.record.shrink_to(KEPT);
        self.next += 1;
        self.head = at + len;
        self.waiting.push_back(Waiting { arrival, at });
        Ok(Written::Durable)
    }

    /// Every arrival up to this one is folded, durably: its room is free.
    pub(crate) fn release(&mut self, folded: u64) {
        while self.waiting.front().is_some_and(|record| record.arrival <= folded) {
            self.waiting.pop_front();
        }
    }

    /// The records that are not folded, oldest first, sealed as they lie there: for [`opened`], elsewhere.
    pub(crate) fn unfolded(&self) -> Result<Vec<Vec<u8>>> {
        let read = |at, out: &mut [u8]| self.medium.read(RING_AT + at, out).map_err(Error::from_io);
        let record = |waiting: &Waiting| {
            let mut head = [0; HEAD];
            read(waiting.at, &mut head)?;
            let (_, len) = head.split_at(8);
            let len = len.first_chunk().map_or(0, |len| u32::from_le_bytes(*len) as usize);
            let mut record = vec![0; HEAD + len];
            read(waiting.at, &mut record)?;
            Ok(record)
        };
        self.waiting.iter().map(record).collect()
    }

    /// Whether a fold should come soon, before the ring is full.
    pub(crate) fn is_half_full(&self) -> bool {
        self.waiting.front().is_some_and(|oldest| {
            let around = if self.head > oldest.at { 0 } else { self.len };
            self.head + around - oldest.at > self.len / 2
        })
    }

    /// Where a group of so many bytes goes, and how much room its record takes.
    fn room(&self, group: usize) -> Option<(u64, u64)> {
        if self.broken || group > LARGEST || self.next == self.end {
            return None;
        }
        let sealed = (INNER + group).next_multiple_of(CIPHER_BLOCK) + self.sealer.overhead();
        let len = (HEAD + sealed).next_multiple_of(BLOCK as usize) as u64;
        let fits = |at: u64, end: u64| (at + len <= end).then_some((at, len));
        match self.waiting.front() {
            // The same room again: a file of few reports stays small.
            None => fits(0, self.len),
            // The head must not meet the oldest record, or a full ring would look empty.
            Some(oldest) if self.head > oldest.at => {
                fits(self.head, self.len).or_else(|| fits(0, oldest.at.saturating_sub(BLOCK)))
            }
            Some(oldest) => fits(self.head, oldest.at.saturating_sub(BLOCK)),
        }
    }

    /// Makes the record of `len` bytes.
    fn seal(&mut self, arrival: u64, group: &[u8], len: u64) -> Result<()> {
        let before = self.waiting.back().map_or(0, |record| record.arrival);
        let Self { plain, record, .. } = self;
        plain.clear();
        plain.extend_from_slice(&arrival.to_le_bytes());
        plain.extend_from_slice(&before.to_le_bytes());
        plain.extend_from_slice(&(group.len() as u32).to_le_bytes());
        plain.extend_from_slice(group);
        plain.resize(plain.len().next_multiple_of(CIPHER_BLOCK), 0);
        let sealed = plain.len() + self.sealer.overhead();
        record.clear();
        record.extend_from_slice(&self.next.to_le_bytes());
        record.extend_from_slice(&(sealed as u32).to_le_bytes());
        record.resize(len as usize, 0);
        self.sealer.seal(self.next, plain, &mut record[HEAD..HEAD + sealed])
    }

    fn prepare(&mut self, end: u64) -> io::Result<()> {
        while self.written < end {
            let len = AHEAD.min(self.len - self.written);
            self.medium.write(RING_AT + self.written, &ZEROS[..len as usize])?;
            self.written += len;
        }
        Ok(())
    }
}

/// The groups that daemon start `start` left unfolded, with their arrival numbers, which rise.
///
/// [`Error::Damaged`] when one that must be there does not open.
pub(crate) fn recover(
    medium: &dyn Medium,
    sealer: &dyn PageSealer,
    len: u64,
    start: u64,
    folded: u64,
) -> Result<Vec<(u64, Vec<u8>)>> {
    let mut found = BTreeMap::new();
    let mut window = vec![0; WINDOW];
    let mut record = Vec::new();
    for at in (0..len).step_by(WINDOW) {
        let window = &mut window[..(len - at).min(WINDOW as u64) as usize];
        medium.read(RING_AT + at, window).map_err(Error::from_io)?;
        for begin in (0..window.len()).step_by(BLOCK as usize) {
            let Some(size) = size_of(&window[begin..], start) else { continue };
            // A size that is too large for the ring is no record's; one that goes on behind the window is read whole.
            if at + begin as u64 + size as u64 > len {
                continue;
            }
            let whole = match window.get(begin..begin + size) {
                Some(whole) => whole,
                None => {
                    record.resize(size, 0);
                    medium.read(RING_AT + at + begin as u64, &mut record).map_err(Error::from_io)?;
                    &record
                }
            };
            if let Some((number, record)) = open(whole, sealer) {
                found.insert(number, record);
            }
        }
    }
    // From the newest back to the first that is not folded. What does not open after the newest was under way when the
    // daemon ended, and nobody was told of it; any other one must be there.
    let mut groups = Vec::new();
    let mut wanted = found.keys().next_back().copied();
    while let Some(number) = wanted {
        let record = found.remove(&number).ok_or(Error::Damaged { table: ARRIVALS.0 })?;
        wanted = (record.before > folded).then(|| number - 1);
        if record.arrival > folded {
            groups.push((record.arrival, record.group));
        }
    }
    groups.reverse();
    Ok(groups)
}

/// The arrival number and the group of a record that [`Journal::unfolded`] gave.
pub(crate) fn opened(record: &[u8], sealer: &dyn PageSealer) -> Result<(u64, Vec<u8>)> {
    let (_, record) = open(record, sealer).ok_or(Error::Damaged { table: ARRIVALS.0 })?;
    Ok((record.arrival, record.group))
}

struct Record {
    arrival: u64,
    before: u64,
    group: Vec<u8>,
}

/// The bytes of the record that begins here, its head included, when one of this start does. They are not to be trusted.
fn size_of(from: &[u8], start: u64) -> Option<usize> {
    let number = u64::from_le_bytes(*from.first_chunk()?);
    if number >> INDEX_BITS != first_number(start) >> INDEX_BITS {
        return None;
    }
    let len = u32::from_le_bytes(*from.get(8..)?.first_chunk()?) as usize;
    HEAD.checked_add(len)
}

/// What is in this record, when it opens.
fn open(whole: &[u8], sealer: &dyn PageSealer) -> Option<(u64, Record)> {
    let number = u64::from_le_bytes(*whole.first_chunk()?);
    let sealed = whole.get(HEAD..)?;
    let mut plain = vec![0; sealed.len().checked_sub(sealer.overhead())?];
    sealer.open(number, sealed, &mut plain).ok()?;
    let arrival = u64::from_le_bytes(*plain.first_chunk()?);
    let before = u64::from_le_bytes(*plain.get(8..)?.first_chunk()?);
    let len = u32::from_le_bytes(*plain.get(16..)?.first_chunk()?) as usize;
    let group = plain.get(INNER..INNER.checked_add(len)?)?.to_vec();
    Some((number, Record { arrival, before, group }))
}

#[cfg(test)]
mod tests;
