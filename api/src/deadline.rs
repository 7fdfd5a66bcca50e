//! Limits of time that are hardly ever reached: for answers to come, and for heads of requests. One timer a connection stays
//! set from one wait to the next: one for each would be set and taken back thousands of times a second, under a lock that all
//! connections share. It must not be used by two tasks at a time.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Sleep, Timer};
use tokio::time::{self, Instant, sleep_until};

/// The timer of one connection; made when something is first waited for.
#[derive(Clone, Default)]
pub(crate) struct Deadline(Arc<Mutex<Option<Pin<Box<time::Sleep>>>>>);

impl Deadline {
    /// What `answer` comes to; none when it takes longer than until then.
    pub(crate) async fn meet<T>(&self, until: Instant, answer: impl Future<Output = T>) -> Option<T> {
        let mut answer = pin!(answer);
        poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(Some(answer));
            }
            self.poll(until, context).map(|()| None)
        })
        .await
    }

    /// Ready at that moment.
    fn poll(&self, until: Instant, context: &mut Context<'_>) -> Poll<()> {
        let mut timer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() > until {
            timer.as_mut().reset(until);
        }
        loop {
            ready!(timer.as_mut().poll(context));
            if timer.deadline() >= until {
                return Poll::Ready(());
            }
            // It was set for something before this.
            timer.as_mut().reset(until);
        }
    }
}

impl Timer for Deadline {
    fn sleep(&self, time: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + time)
    }

    fn sleep_until(&self, until: std::time::Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait { deadline: self.clone(), until: until.into() })
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into()
    }
}

/// One of a connection's waits.
struct Wait {
    deadline: Deadline,
    until: Instant,
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.deadline.poll(self.until, context)
    }
}

impl Sleep for Wait {}

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

    #[tokio::test]
    async fn heads_have_the_timer_of_answers() {
        let (deadline, now) = (Deadline::default(), Instant::now());
        assert_eq!(deadline.meet(now + Duration::from_secs(3600), yield_now()).await, Some(()));
        // The first one is before what the timer is set for, the other after that.
        for until in [5, 10].map(|ms| now + Duration::from_millis(ms)) {
            deadline.sleep_until(until.into()).await;
            assert!(Instant::now() >= until);
        }
        let set_for = deadline.0.lock().unwrap().as_ref().map(|timer| timer.deadline());
        assert_eq!(set_for, Some(now + Duration::from_millis(10)));
    }
}
