//! Errors said for people at a screen: one short line that says what to do. The one mapping of this door's
//! screens; no private cause passes through it.

use keyward_keys::error::{Error, Fault, Locked};

/// What sort of notice it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoticeKind {
    /// Good to know.
    Info,
    /// It was done.
    Done,
    /// It works, but look.
    Warning,
    /// It was not done.
    Failure,
    /// It is not for this person.
    Forbidden,
    /// It was not done: fields are wrong; `faults` says which.
    Invalid,
    /// The thing is gone or was never there.
    Gone,
    /// Somebody else changed it meanwhile.
    Stale,
    /// The passphrase was wrong.
    WrongPassphrase,
    /// It is locked.
    Locked,
    /// The person's unlock passphrase is needed.
    Unlock,
    /// This person is no longer signed in.
    SignedOut,
}

/// A line for a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// What sort.
    pub kind: NoticeKind,
    /// The line; safe to show.
    pub text: String,
    /// For [`NoticeKind::Invalid`]: what is wrong with which field.
    pub faults: Vec<Fault>,
}

impl Notice {
    /// A notice without faults.
    pub fn new(kind: NoticeKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), faults: Vec::new() }
    }
}

impl From<&Error> for Notice {
    fn from(error: &Error) -> Self {
        let kind = match error {
            Error::Invalid(faults) => {
                return Self {
                    kind: NoticeKind::Invalid,
                    text: "Not saved: see the marked fields.".to_owned(),
                    faults: faults.clone(),
                };
            }
            Error::Unauthenticated => NoticeKind::SignedOut,
            Error::NotFound(_) => NoticeKind::Gone,
            Error::Forbidden(_) => NoticeKind::Forbidden,
            Error::Stale => NoticeKind::Stale,
            Error::WrongPassphrase => NoticeKind::WrongPassphrase,
            Error::Locked(Locked::Sealed) => NoticeKind::Unlock,
            Error::Locked(_) => NoticeKind::Locked,
            Error::TotpRequired
            | Error::WrongPassword
            | Error::WrongCode
            | Error::Conflict(_)
            | Error::KeyInactive
            | Error::LimitExceeded { .. }
            | Error::BudgetExceeded { .. }
            | Error::PlanLimit { .. }
            | Error::Registration(_)
            | Error::TooMany(_)
            | Error::Busy
            | Error::Full
            | Error::Internal(_) => NoticeKind::Failure,
        };
        Self::new(kind, sentence(&error.to_string()))
    }
}

/// The core's phrase as a sentence: capital first, full stop last.
fn sentence(phrase: &str) -> String {
    let mut chars = phrase.chars();
    let mut text: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    text.push_str(chars.as_str());
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
