//! A limit of time that answers hardly ever reach. Its timer stays set from one answer of a connection to the next: one for
//! each would be set and taken back thousands of times a second, under a lock that all connections share. It must not be
//! used for two answers at a time.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use tokio::time::{Instant, Sleep, sleep_until};

/// The timer of one connection; made when an answer is first waited for.
#[derive(Default)]
pub(crate) struct Deadline(Mutex<Option<Pin<Box<Sleep>>>>);

impl Deadline {
    /// What `answer` comes to; none when it takes longer than until then.
    pub(crate) async fn meet<T>(&self, until: Instant, answer: impl Future<Output = T>) -> Option<T> {
        let mut answer = pin!(answer);
        poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(Some(answer));
            }
            let mut timer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
            if timer.deadline() > until {
                timer.as_mut().reset(until);
            }
            while timer.as_mut().poll(context).is_ready() {
                if timer.deadline() >= until {
                    return Poll::Ready(None);
                }
                // It was set for an answer before this one.
                timer.as_mut().reset(until);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn each_answer_has_its_own_time_and_one_timer_serves_all() {
        let (deadline, now) = (Deadline::default(), Instant::now());
        let (soon, late) = (now + Duration::from_millis(10), now + Duration::from_secs(3600));
        let set_for = || deadline.0.lock().unwrap().as_ref().map(|timer| timer.deadline());
        assert_eq!(deadline.meet(soon, ready(1)).await, Some(1));
        assert_eq!(set_for(), None, "nothing was waited for");
        assert_eq!(deadline.meet(soon, yield_now()).await, Some(()));
        assert_eq!(set_for(), Some(soon));
        // The first one's time is over then, but not its own.
        let after_that = sleep_until(soon + Duration::from_millis(5));
        assert_eq!(deadline.meet(late, after_that).await, Some(()));
        assert_eq!(set_for(), Some(late));
        assert_eq!(
            deadline.meet(Instant::now(), pending::<()>()).await,
            None,
            "not when the one before had to be there"
        );
    }
}
