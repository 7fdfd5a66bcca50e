//! How many files and sockets the process may have open: all that the system lets it, for the usual default of a shell
//! is less than the live connections of one busy team.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit as far as it goes. A system that refuses leaves it as it was, which the log says.
pub(crate) fn allow_all() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
