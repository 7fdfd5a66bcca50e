//! Usage events on their way to the disk. This holds what tells of their end and nothing of the events, so that a report
//! takes little memory while it waits. It must not know who writes them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::usage::{Appended, UsageEvents};

/// How an append ended, once its group is durable, with what is left of its events.
pub(crate) type AppendOutcome = Result<(Appended, UsageEvents)>;

/// Events that are queued: resolves once they are durable, or are refused. Dropping it does not take them back.
#[must_use = "they are not durable before it resolves"]
pub struct Appending(State);

enum State {
    /// Known at once, and not told yet.
    Known(Option<Result<Appended>>),
    Queued(oneshot::Receiver<AppendOutcome>),
}

impl Appending {
    pub(crate) fn known(outcome: Result<Appended>) -> Self {
        Self(State::Known(Some(outcome)))
    }

    pub(crate) fn queued(outcome: oneshot::Receiver<AppendOutcome>) -> Self {
        Self(State::Queued(outcome))
    }
}

impl Future for Appending {
    type Output = Result<Appended>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match &mut self.0 {
            State::Known(outcome) => outcome.take().unwrap_or(Err(Error::Closed)),
            State::Queued(outcome) => {
                let outcome = ready!(Pin::new(outcome).poll(context));
                outcome.unwrap_or(Err(Error::Closed)).map(|(appended, _)| appended)
            }
        })
    }
}
