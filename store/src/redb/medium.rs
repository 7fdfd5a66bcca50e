//! What the sealed pages rest on: a plain run of bytes, a file in production. It must not know pages, keys or
//! redb.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::unistd::Whence;

use crate::error::{Error, Result};

/// A growable run of bytes that can be made durable.
pub trait Medium: fmt::Debug + Send + Sync + 'static {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether nothing was ever stored.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// The end of the last byte that has room of its own on the disk; from here on a write may find it full.
    fn allocated(&self) -> io::Result<u64>;

    /// Bytes still free where it lives; `u64::MAX` when that is not known.
    fn free(&self) -> u64;

    /// Fills `out` from `offset`; an error when that is past the end.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes all of `data` at `offset`.
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Cuts or extends it; new bytes read as zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes everything written so far durable.
    fn sync(&self) -> io::Result<()>;

    /// Writes a copy as it is now to `to`, readable by its owner only, durable.
    fn copy_to(&self, to: &Path) -> io::Result<()>;

    /// Lets another process have it. Nothing is written after this.
    fn release(&self);
}

/// Bytes copied at a time.
const COPIED: usize = 256 * 1024;

/// A file, held under a lock of its own when it was opened by its path.
#[derive(Debug)]
pub(crate) struct FileMedium {
    file: File,
}

impl FileMedium {
    /// Opens or creates the file (mode 0600) and locks it; [`Error::InUse`] when somebody else has it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(Error::Io)?;
        held(file.try_lock(), path)?;
        let medium = Self { file };
        if medium.is_empty().map_err(Error::Io)? {
            sync_folder(path).map_err(Error::Io)?;
        }
        Ok(medium)
    }

    /// Opens a file that is there, to read it; nobody may write it meanwhile.
    pub(crate) fn look(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::Io)?;
        held(file.try_lock_shared(), path)?;
        Ok(Self { file })
    }

    /// A file that somebody opened, and nobody else knows.
    pub(crate) fn over(file: File) -> Self {
        Self { file }
    }
}

fn held(locked: std::result::Result<(), TryLockError>, path: &Path) -> Result<()> {
    match locked {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(path.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(Error::Io(error)),
    }
}

impl Medium for FileMedium {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn allocated(&self) -> io::Result<u64> {
        // The last data, not the first hole: a copy made by another tool may have holes anywhere.
        let (mut end, len) = (0, self.len()?);
        while end < len {
            let Some(data) = seek(&self.file, end, Whence::SeekData)? else { return Ok(end) };
            end = seek(&self.file, data, Whence::SeekHole)?.unwrap_or(len);
        }
        Ok(end)
    }

    fn free(&self) -> u64 {
        nix::sys::statvfs::fstatvfs(&self.file)
            .map_or(u64::MAX, |fs| fs.blocks_available().saturating_mul(fs.fragment_size()))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn copy_to(&self, to: &Path) -> io::Result<()> {
        let copy = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to)?;
        let (mut at, len, mut buffer) = (0, self.len()?, vec![0; COPIED]);
        while at < len {
            let part = &mut buffer[..(len - at).min(COPIED as u64) as usize];
            self.read(at, part)?;
            copy.write_all_at(part, at)?;
            at += part.len() as u64;
        }
        copy.sync_all()?;
        sync_folder(to)
    }

    fn release(&self) {
        // Fails only when the lock is gone already.
        let _ = self.file.unlock();
    }
}

/// Where data or a hole begins at or after `from`; none past the last of it, or where files have no holes.
fn seek(file: &File, from: u64, whence: Whence) -> io::Result<Option<u64>> {
    use nix::errno::Errno;
    let from = i64::try_from(from).map_err(io::Error::other)?;
    match nix::unistd::lseek(file, from, whence) {
        Ok(at) => Ok(u64::try_from(at).ok()),
        Err(Errno::ENXIO) => Ok(None),
        Err(Errno::EINVAL) if matches!(whence, Whence::SeekData) => Ok(u64::try_from(from).ok()),
        Err(Errno::EINVAL) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes a new name in a folder durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Bytes in memory: a store that is gone with its process.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Vec<u8>>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

impl Memory {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `offset..offset + len` as indices.
fn span(offset: u64, len: usize) -> io::Result<std::ops::Range<usize>> {
    let start = usize::try_from(offset).map_err(io::Error::other)?;
    Ok(start..start.saturating_add(len))
}

impl Medium for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().len() as u64)
    }

    fn allocated(&self) -> io::Result<u64> {
        self.len()
    }

    fn free(&self) -> u64 {
        u64::MAX
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.bytes();
        let from = bytes.get(span(offset, out.len())?).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(from);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let span = span(offset, data.len())?;
        let mut bytes = self.bytes();
        if bytes.len() < span.end {
            bytes.resize(span.end, 0);
        }
        bytes[span].copy_from_slice(data);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.bytes().resize(usize::try_from(len).map_err(io::Error::other)?, 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn copy_to(&self, to: &Path) -> io::Result<()> {
        fs::write(to, &*self.bytes())
    }

    fn release(&self) {}
}
