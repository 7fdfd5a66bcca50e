//! What happened, as hints: ids and small counts, never a secret. Published after the commit; whoever lags or
//! missed one reads again through `Service`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use keyward_store::model::Id;

/// Something happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// An API key was made, changed, or moved to the bin or to another space.
    KeyChanged {
        /// The space it is in, or was.
        space: Id,
        /// The key.
        api_key: Id,
    },
    /// Calls were reported: gathered over some 50 ms.
    Usage {
        /// The space the key is in.
        space: Id,
        /// The key.
        api_key: Id,
        /// Calls since the last such event.
        requests: u32,
        /// Failed calls among them.
        errors: u32,
        /// The last call among them. Never stored with the hint.
        #[serde(skip)]
        last: Option<Arc<Call>>,
    },
    /// An account's profile, SSH keys or memberships changed; its sessions should look again.
    AccountChanged {
        /// The account.
        account: Id,
    },
    /// What this account has open ends now.
    SessionsEnded {
        /// The account.
        account: Id,
        /// Only what was opened with this credential (an SSH key or session row), or this one thing that is open over a
        /// connection; when none, all but the session that asked to stay.
        credential: Option<Id>,
    },
    /// A service token was revoked: what it has open ends now.
    TokenRevoked {
        /// The token.
        token: Id,
        /// Who made it.
        account: Id,
    },
    /// The daemon is going down; seconds left.
    Draining {
        /// Seconds until every session ends.
        seconds: u32,
    },
    /// An operator tells everybody something.
    Announced {
        /// One line, harmless to show.
        message: String,
    },
    /// Some events were missed: read again.
    Lagged,
    /// A person has a new notification.
    Notified {
        /// The person.
        account: Id,
        /// The notification.
        notification: Id,
        /// When it was sent, ms since the epoch.
        created_ms: i64,
    },
    /// An alert or a rule for alerts came, went or changed.
    AlertChanged {
        /// The space of its keys.
        space: Id,
        /// The alert; none when a rule did.
        alert: Option<Id>,
    },
}

/// One reported call, as those who may see the key's usage are shown it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// The endpoint, at most 256 bytes, harmless to show.
    pub endpoint: Box<str>,
    /// The method's name.
    pub method: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Microseconds.
    pub response_us: Option<u32>,
}
