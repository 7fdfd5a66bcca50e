//! What the process gives up at its start: files that others could read, core dumps, being looked into, new
//! privileges. Must run before there is a second thread, and before a secret is read.

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, umask};

use crate::error::{Error, Result};

/// Hardens this process.
///
/// # Errors
/// The system refused a step; it then also refuses to keep secrets out of core dumps, so this is no warning.
pub fn process() -> Result<()> {
    umask(Mode::from_bits_truncate(0o077));
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(|error| refused("core dumps", error))?;
    #[cfg(target_os = "linux")]
    {
        nix::sys::prctl::set_dumpable(false).map_err(|error| refused("being looked into", error))?;
        nix::sys::prctl::set_no_new_privs().map_err(|error| refused("new privileges", error))?;
    }
    Ok(())
}

/// Hardens a process that starts another program, and gives up nothing that the program may need: what is in its own
/// environment and memory is its own.
///
/// # Errors
/// The system refused.
pub fn launcher() -> Result<()> {
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_dumpable(false).map_err(|error| refused("being looked into", error))?;
    Ok(())
}

fn refused(what: &'static str, error: nix::Error) -> Error {
    Error::Harden { what, source: error.into() }
}
