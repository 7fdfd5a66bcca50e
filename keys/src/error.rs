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

/// Why something that the caller may open does not open now.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Locked {
    /// A private key: its own passphrase opens it.
    #[error("this is locked; give its passphrase")]
    Private,
    /// A sealed key: its people open it when they are unlocked.
    #[error("this is sealed; unlock first, with your unlock passphrase")]
    Sealed,
    /// A sealed key, and the caller has no key of their own that anything could be sealed to.
    #[error(
        "this is sealed, and you have no unlock passphrase yet; set one, and whoever can open it lets you in at \
         their next unlock"
    )]
    NoPassphrase,
    /// A sealed key, and one of these people has to unlock before the caller's lock can be made.
    #[error("this is sealed, and you are let in once {} unlocks; until then it stays closed to you", or(.0))]
    Waiting(Vec<String>),
    /// A sealed key whose last holder forgot their unlock passphrase.
    #[error(
        "nobody can open this any more: whoever could has set a new unlock passphrase without the old one; apps that had \
         it go on, and to read it again, add it anew"
    )]
    Lost,
    /// A sealed key of a service token's environment, whose lock for the token cannot be made before somebody unlocks.
    #[error("this is sealed, and opens for this service token once a member unlocks who can")]
    TokenWaits,
    /// The service token was granted the key, and has no lock of it.
    #[error(
        "this service token has no lock on the key; make a new token, for a private key with its passphrase"
    )]
    NoLock,
}

/// A refusal or a failure of the core.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is signed in, or the proof is wrong. The same for every reason.
    #[error("sign in first: the credentials are missing, wrong or no longer good")]
    Unauthenticated,
    /// The password is right; the account asks for a second factor too.
    #[error("send the code of your authenticator app as well, or a recovery code")]
    TotpRequired,
    /// The code is neither the one the app shows now nor a recovery code that is left, or it was used already.
    #[error("the code is wrong, or was used already: wait for the next one")]
    WrongCode,
    /// The password that was to confirm a change is wrong.
    #[error("this is not your password")]
    WrongPassword,
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
    /// The passphrase does not open what it was given for.
    #[error("the passphrase is wrong: it does not open this")]
    WrongPassphrase,
    /// A passphrase is needed to open this.
    #[error("{0}")]
    Locked(Locked),
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
    /// The month's calls have cost more than the key's budget, and its owner has fetches refused then.
    #[error("the key is over its monthly budget, and is not given out before {reset}")]
    BudgetExceeded {
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

/// `ana, ben or cleo`; of many only the first few.
pub(crate) fn or(names: &[String]) -> String {
    match names {
        [] => "somebody who can open it".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} or {two}"),
        [one, two, ..] => format!("{one}, {two} or somebody else who can open it"),
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
            | Store::Broken(_)
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
