//! Section `limits`: how much anyone may do. Account lock-out is not here: nothing lifts it.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::Networks;

/// Rate and session limits of both doors. "One address" is one IPv4 address or one IPv6 /64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Networks that no limit of this section applies to.
    pub exempt: Networks,
    /// Requests per window of one address, not logged in or logging in; 0 is no limit.
    pub stranger_requests: u32,
    /// That window, in seconds.
    pub stranger_window_seconds: NonZeroU32,
    /// Requests a minute of one person; 0 is no limit.
    pub person_per_minute: u32,
    /// Requests a minute of one service token; 0 is no limit.
    pub token_per_minute: u32,
    /// SSH connections of one address at once, before the next wait.
    pub ssh_burst: NonZeroU32,
    /// SSH connections a second of one address after that.
    pub ssh_per_second: NonZeroU32,
    /// SSH connections of one address that may wait.
    pub ssh_waiting: u32,
    /// SSH connections not logged in yet, of everybody.
    pub ssh_logins: NonZeroU32,
    /// The same of one address.
    pub ssh_logins_per_address: NonZeroU32,
    /// Channels of one SSH connection.
    pub ssh_channels: NonZeroU32,
    /// SSH sessions of everybody.
    pub ssh_sessions: NonZeroU32,
    /// SSH sessions of one account.
    pub ssh_sessions_per_account: NonZeroU32,
    /// Live connections (WebSocket, Socket.IO, event streams) of everybody.
    pub live_sockets: NonZeroU32,
    /// Live connections of one account or service token.
    pub live_sockets_per_account: NonZeroU32,
    /// Seconds that a stopping daemon waits for what is under way.
    pub drain_seconds: u32,
}
