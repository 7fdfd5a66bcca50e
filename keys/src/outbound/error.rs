//! Why a call to the outside did not do what it should, in a class that says what to do next. Its text is for people:
//! it names the host and the status, and never holds a body, a header, a path or a secret.

use std::time::Duration;

/// What a failure means for whoever called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// It may work later: the network, a timeout, 429, 5xx.
    Transient,
    /// The credential of the call was refused: a person has to give another.
    Auth,
    /// The call itself is wrong, or goes where it may not: an address, a recipe, a command, an answer that makes no sense.
    Config,
    /// The other side has no room for another key: a person has to make some.
    Quota,
    /// The new value was tried and refused: it is never tried again, a new one is made.
    Refused,
}

impl Class {
    /// Its name, as stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Auth => "auth",
            Self::Config => "config",
            Self::Quota => "quota",
            Self::Refused => "refused",
        }
    }
}

/// A failed call.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{detail}")]
pub struct CallError {
    /// What it means.
    pub class: Class,
    /// What happened and what to do, in a sentence without a full stop.
    pub detail: String,
    /// How long the other side asks to be left alone.
    pub retry_after: Option<Duration>,
    /// Whether the other side may have done what it was asked, although no good answer came: what it made is then looked for
    /// by its unique name, and nothing is asked twice.
    pub maybe_done: bool,
    /// The HTTP status, when one came.
    pub status: Option<u16>,
}

/// A result of a call.
pub type CallResult<T> = std::result::Result<T, CallError>;

impl CallError {
    pub(crate) fn new(class: Class, detail: impl Into<String>) -> Self {
        Self { class, detail: detail.into(), retry_after: None, maybe_done: false, status: None }
    }

    pub(crate) fn transient(detail: impl Into<String>) -> Self {
        Self::new(Class::Transient, detail)
    }

    pub(crate) fn config(detail: impl Into<String>) -> Self {
        Self::new(Class::Config, detail)
    }

    pub(crate) fn maybe_done(mut self, maybe_done: bool) -> Self {
        self.maybe_done = maybe_done;
        self
    }
}
