//! Section `ssh`: the SSH door's address and how long things may take there. How many: section `limits`.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// The SSH door. All times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ssh {
    /// Address and port; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Time without a key press after which a dashboard is closed.
    pub idle_seconds: NonZeroU32,
    /// Time without a key press after which a dashboard is locked; never with 0.
    pub lock_seconds: u32,
    /// The longest a session may last.
    pub session_seconds: NonZeroU32,
    /// From connecting to being logged in.
    pub login_seconds: NonZeroU32,
    /// After which a connection's session keys are renewed.
    pub rekey_seconds: NonZeroU32,
    /// Whether only post-quantum key exchange is offered.
    pub post_quantum_only: bool,
}
