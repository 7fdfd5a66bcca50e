//! What can go wrong, as a caller sees it: no status codes, no library names. The public text says what to do;
//! the private cause is the `source`, which doors log once and never show.

use std::time::Duration;

use jiff::Timestamp;

/// A result of the core.
pub type Result<T> = std::result::Result<T, Error>;

/// One fault in one field of an input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The field, by its REST name, such as `monthlyLimit` or `tags/2`.
    pub field: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

/// A refusal or a failure of the core.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is signed in, or the proof is wrong. The same for every reason.
    #[error("sign in first: the credentials are missing, wrong or no longer good")]
    Unauthenticated,
    /// The caller is known, and may not do this.
    #[error("you may not do this: {0}")]
    Forbidden(String),
    /// There is no such thing, or the caller may not know of it.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Well-formed input with wrong values: every fault at once.
    #[error("{}", faults_text(.0))]
    Invalid(Vec<Fault>),
    /// It exists already, or somebody else changed it.
    #[error("{0}")]
    Conflict(String),
    /// The version the caller saw is not the current one.
    #[error("it was changed meanwhile; read it again and repeat the change")]
    Stale,
    /// The passphrase does not open this key.
    #[error("the passphrase does not open this key")]
    WrongPassphrase,
    /// A passphrase is needed to open this.
    #[error("this is locked; give its passphrase")]
    Locked,
    /// The key is switched off, expired or frozen: tracked, not fetched.
    #[error("the key is not active")]
    KeyInactive,
    /// The month's requests are over the key's limit, and its owner has fetches refused then.
    #[error("the key is over its monthly limit, and is not given out before {reset}")]
    LimitExceeded {
        /// When the month ends.
        reset: Timestamp,
        /// How long that is.
        wait: Duration,
    },
    /// The plan allows no more of these.
    #[error("the plan allows {allowed} keys; delete one or change the plan")]
    PlanLimit {
        /// How many the plan allows.
        allowed: u64,
    },
    /// Registration needs an invitation, or is closed.
    #[error("{0}")]
    Registration(&'static str),
    /// Too many attempts.
    #[error("too many attempts; try again in {} s", .0.as_secs().max(1))]
    TooMany(Duration),
    /// Too much is waiting; trying again later helps.
    #[error("too much is waiting; try again in a moment")]
    Busy,
    /// The disk is full.
    #[error("the disk is full; free some space on the server, nothing already acknowledged is lost")]
    Full,
    /// Something broke inside; the text says nothing of it.
    #[error("something went wrong inside; the log has the details")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// One fault in one field.
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault { field: field.into(), detail: detail.into() }])
    }
}

fn faults_text(faults: &[Fault]) -> String {
    let mut text = String::new();
    for fault in faults {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&fault.field);
        text.push_str(": ");
        text.push_str(&fault.detail);
    }
    text
}

impl From<keyward_store::Error> for Error {
    fn from(error: keyward_store::Error) -> Self {
        use keyward_store::Error as Store;
        match error {
            Store::Busy => Self::Busy,
            Store::Full => Self::Full,
            error @ (Store::InUse(_)
            | Store::Newer { .. }
            | Store::Foreign
            | Store::Sealed
            | Store::Closed
            | Store::Damaged { .. }
            | Store::Io(_)
            | Store::Engine(_)) => Self::Internal(Box::new(error)),
        }
    }
}

impl From<crate::crypto::Error> for Error {
    fn from(error: crate::crypto::Error) -> Self {
        use crate::crypto::Error as Crypto;
        match error {
            Crypto::TooLong => Self::invalid("apiKey", "is too long"),
            Crypto::Busy | Crypto::OutOfMemory | Crypto::Stopped => Self::Busy,
            error @ (Crypto::Refused | Crypto::Randomness) => Self::Internal(Box::new(error)),
        }
    }
}
