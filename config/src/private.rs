//! Reading files that hold a secret. Nothing here writes, and no text of such a file reaches an error.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::libc::{ELOOP, O_NOFOLLOW, O_NONBLOCK};
use nix::unistd::geteuid;
use secrecy::zeroize::Zeroize;

use crate::SecretText;
use crate::error::{Error, PrivateFault, Result};

/// More than any key in text needs.
const LIMIT: usize = 64 * 1024;

/// The text of a file that holds a secret, without its final newline; `None` when there is no such file.
///
/// # Errors
/// The file is a link, not a file, somebody else's, has a mode other than 0600 or 0400, or cannot be read.
pub fn read_private(path: &Path) -> Result<Option<SecretText>> {
    // Without O_NONBLOCK a pipe in the file's place would hang the start.
    let file = match OpenOptions::new().read(true).custom_flags(O_NOFOLLOW | O_NONBLOCK).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(ELOOP) => return Err(wrong(path, PrivateFault::Link)),
        Err(source) => return Err(Error::Unreadable { path: path.into(), source }),
    };
    // The opened file is asked, not the path, so that nobody can swap it in between.
    let about = file.metadata().map_err(|source| Error::Unreadable { path: path.into(), source })?;
    let mode = about.mode() & 0o7777;
    if !about.is_file() {
        Err(wrong(path, PrivateFault::NotAFile))
    } else if about.uid() != geteuid().as_raw() {
        Err(wrong(path, PrivateFault::Owner(about.uid())))
    } else if mode != 0o600 && mode != 0o400 {
        Err(wrong(path, PrivateFault::Mode(mode)))
    } else {
        read(path, file).map(Some)
    }
}

/// The text of a systemd credential, whose owner and mode systemd has set.
pub(crate) fn read_credential(path: &Path) -> Result<SecretText> {
    let file = File::open(path).map_err(|source| Error::Unreadable { path: path.into(), source })?;
    read(path, file)
}

fn read(path: &Path, file: File) -> Result<SecretText> {
    // One allocation that never grows, so that no copy is left behind.
    let mut text = Vec::with_capacity(LIMIT + 1);
    let read = file.take(LIMIT as u64 + 1).read_to_end(&mut text);
    let secret = std::str::from_utf8(&text).map(|text| SecretText::from(trim_newline(text)));
    let size = text.len();
    text.zeroize();
    read.map_err(|source| Error::Unreadable { path: path.into(), source })?;
    if size > LIMIT {
        return Err(wrong(path, PrivateFault::TooLarge));
    }
    secret.map_err(|_| wrong(path, PrivateFault::NotText))
}

/// The text without one newline at its end, as editors and `echo` leave it.
pub(crate) fn trim_newline(text: &str) -> &str {
    text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text)
}

fn wrong(path: &Path, fault: PrivateFault) -> Error {
    Error::Private { path: path.into(), fault }
}
