//! A disk that goes wrong: a medium with a write-back cache that can lose power, tear and reorder what was not
//! synced, fail single calls, and run full.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use keyward_store::redb::Medium;

/// What the disk writes whole or not at all.
const SECTOR: usize = 512;
/// What takes up room.
const BLOCK: usize = 4096;

/// What goes wrong at one numbered call (writes, cuts and syncs count).
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Fault {
    /// The power goes; every later call fails.
    Power,
    /// This call fails, later ones work.
    Once,
    /// This write gets half way, then fails; later calls work.
    Short,
}

/// What of the cache survives a loss of power.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Survivors {
    /// Nothing that was not synced.
    None,
    /// Everything.
    All,
    /// Each whole write by the toss of a coin, so later ones may survive earlier ones.
    Writes(u64),
    /// Each sector by the toss of a coin, so writes are torn.
    Sectors(u64),
}

#[derive(Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Len(usize),
}

#[derive(Default)]
struct Disk {
    /// What a loss of power leaves.
    durable: Vec<u8>,
    /// What the process sees.
    seen: Vec<u8>,
    /// Changes since the last sync.
    pending: Vec<Change>,
    /// Blocks that were written to, when room is counted.
    blocks: BTreeSet<usize>,
    room: Option<usize>,
    calls: u64,
    reads: u64,
    fault: Option<(u64, Fault)>,
    dead: bool,
}

/// The medium; clones share the disk.
#[derive(Clone, Default)]
pub(crate) struct Faulty(Arc<Mutex<Disk>>);

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

impl Faulty {
    /// A disk with these bytes on it.
    pub(crate) fn with(bytes: Vec<u8>) -> Self {
        let blocks = (0..bytes.len().div_ceil(BLOCK)).collect();
        let disk = Disk { durable: bytes.clone(), seen: bytes, blocks, ..Disk::default() };
        Self(Arc::new(Mutex::new(disk)))
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().unwrap()
    }

    /// Lets call number `at` from now on go wrong.
    pub(crate) fn fail(&self, at: u64, fault: Fault) {
        let mut disk = self.disk();
        disk.fault = Some((disk.calls + at, fault));
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> u64 {
        self.disk().calls
    }

    /// How often it was read.
    pub(crate) fn reads(&self) -> u64 {
        self.disk().reads
    }

    /// Whether the planned fault has happened.
    pub(crate) fn failed(&self) -> bool {
        self.disk().fault.is_none()
    }

    /// Takes back a planned fault; whether it has happened before.
    pub(crate) fn heal(&self) -> bool {
        self.disk().fault.take().is_none()
    }

    /// Bounds the room to what is used now and so many blocks more; none lifts the bound.
    pub(crate) fn limit(&self, more: Option<usize>) {
        let mut disk = self.disk();
        disk.room = more.map(|more| disk.blocks.len() + more);
    }

    /// What is on the disk after a loss of power now.
    pub(crate) fn after_power_loss(&self, survivors: Survivors) -> Vec<u8> {
        let disk = self.disk();
        let mut left = disk.durable.clone();
        let mut coin = match survivors {
            Survivors::None => return left,
            Survivors::All => Coin::always(),
            Survivors::Writes(seed) | Survivors::Sectors(seed) => Coin::seeded(seed),
        };
        for change in &disk.pending {
            match change {
                Change::Len(len) => {
                    if coin.toss() {
                        left.resize(*len, 0);
                    }
                }
                Change::Write(at, data) if matches!(survivors, Survivors::Sectors(_)) => {
                    let mut from = *at;
                    while from < at + data.len() {
                        let to = (from / SECTOR * SECTOR + SECTOR).min(at + data.len());
                        if coin.toss() {
                            overwrite(&mut left, from, &data[from - at..to - at]);
                        }
                        from = to;
                    }
                }
                Change::Write(at, data) => {
                    if coin.toss() {
                        overwrite(&mut left, *at, data);
                    }
                }
            }
        }
        left
    }

    /// Counts a call; an error when it is the one to fail, with the bytes of it that still get through.
    fn call(disk: &mut Disk) -> Result<(), Fault> {
        disk.calls += 1;
        if disk.dead {
            return Err(Fault::Power);
        }
        match disk.fault {
            Some((at, fault)) if at == disk.calls => {
                disk.fault = None;
                disk.dead = fault == Fault::Power;
                Err(fault)
            }
            _ => Ok(()),
        }
    }
}

fn overwrite(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    if bytes.len() < at + data.len() {
        bytes.resize(at + data.len(), 0);
    }
    bytes[at..at + data.len()].copy_from_slice(data);
}

fn broken() -> io::Error {
    io::Error::other("the disk failed")
}

impl Medium for Faulty {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk().seen.len() as u64)
    }

    fn allocated(&self) -> io::Result<u64> {
        let disk = self.disk();
        Ok(disk.blocks.last().map_or(0, |last| (last + 1) * BLOCK).min(disk.seen.len()) as u64)
    }

    fn free(&self) -> u64 {
        let disk = self.disk();
        disk.room.map_or(u64::MAX, |room| (room.saturating_sub(disk.blocks.len()) * BLOCK) as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut disk = self.disk();
        if disk.dead {
            return Err(broken());
        }
        disk.reads += 1;
        let start = offset as usize;
        let from = disk.seen.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(from);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut disk = self.disk();
        let at = offset as usize;
        let data = match Self::call(&mut disk) {
            Ok(()) => data,
            // What was being written when the power went may have begun to arrive.
            Err(Fault::Power | Fault::Short) => {
                let end = (at + data.len() / 2) / SECTOR * SECTOR;
                let half = data[..end.saturating_sub(at)].to_vec();
                overwrite(&mut disk.seen, at, &half);
                disk.pending.push(Change::Write(at, half));
                return Err(broken());
            }
            Err(Fault::Once) => return Err(broken()),
        };
        let touched: BTreeSet<_> = (at / BLOCK..=(at + data.len() - 1) / BLOCK).collect();
        let more = touched.difference(&disk.blocks).count();
        if disk.room.is_some_and(|room| disk.blocks.len() + more > room) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        disk.blocks.extend(touched);
        overwrite(&mut disk.seen, at, data);
        disk.pending.push(Change::Write(at, data.to_vec()));
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut disk = self.disk();
        Self::call(&mut disk).map_err(|_| broken())?;
        disk.seen.resize(len as usize, 0);
        disk.blocks.split_off(&(len as usize).div_ceil(BLOCK));
        disk.pending.push(Change::Len(len as usize));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut disk = self.disk();
        Self::call(&mut disk).map_err(|_| broken())?;
        for change in std::mem::take(&mut disk.pending) {
            match change {
                Change::Write(at, data) => overwrite(&mut disk.durable, at, &data),
                Change::Len(len) => disk.durable.resize(len, 0),
            }
        }
        Ok(())
    }

    fn copy_to(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn release(&self) {}
}

/// Tosses that can be repeated.
struct Coin(Option<u64>);

impl Coin {
    fn always() -> Self {
        Self(None)
    }

    fn seeded(seed: u64) -> Self {
        Self(Some(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1))
    }

    fn toss(&mut self) -> bool {
        let Some(state) = &mut self.0 else { return true };
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state >> 33 & 1 == 1
    }
}
