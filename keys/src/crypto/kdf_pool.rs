//! A bounded place for slow key derivations (passwords and passphrases), so that a flood of sign-ins can neither
//! take every core nor pile up without end. Each runs on a thread of its own that stands back for all others.

use std::sync::Arc;
use std::thread::{self, available_parallelism};

use tokio::sync::{Semaphore, oneshot};

use super::error::{Error, Result};

/// Runs slow work beside the threads that serve connections: a few at a time, a few more waiting.
#[derive(Clone, Debug)]
pub struct KdfPool {
    /// One permit for each derivation that may run.
    running: Arc<Semaphore>,
    /// One permit for each that may run or wait.
    admitted: Arc<Semaphore>,
    /// How many may run, and how many may run or wait.
    places: (usize, usize),
}

/// How busy a pool is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KdfLoad {
    /// Derivations that run.
    pub running: usize,
    /// Derivations that wait for their turn.
    pub waiting: usize,
}

impl KdfPool {
    /// How many may wait by default.
    pub const QUEUE: usize = 32;

    /// Leaves one core to everyone else; [`Self::QUEUE`] derivations may wait.
    pub fn for_this_machine() -> Self {
        let cores = available_parallelism().map_or(1, |cores| cores.get());
        Self::new((cores - 1).max(1), Self::QUEUE)
    }

    /// Runs at most `workers` at a time and lets at most `queue` wait.
    pub fn new(workers: usize, queue: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(workers)),
            admitted: Arc::new(Semaphore::new(workers + queue)),
            places: (workers, workers + queue),
        }
    }

    /// How busy it is now.
    pub fn load(&self) -> KdfLoad {
        let running = self.places.0.saturating_sub(self.running.available_permits());
        let admitted = self.places.1.saturating_sub(self.admitted.available_permits());
        KdfLoad { running, waiting: admitted.saturating_sub(running) }
    }

    /// Runs `work` when its turn comes. [`Error::Busy`] at once when too many wait already.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| Error::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Error::Stopped)?;
        let (answer_to, answer) = oneshot::channel();
        // A derivation takes a thousand times as long as a thread to start, and a priority that was lowered stays so. The
        // permits move along: work whose caller went away still counts until it is done.
        let derive = move || {
            // Whoever hears of the end, also of a bad one, finds the place free again.
            let answer_to = answer_to;
            let permits = (admitted, running);
            stand_back();
            let answer = work();
            drop(permits);
            let _ = answer_to.send(answer);
        };
        thread::Builder::new().name("derivation".to_owned()).spawn(derive).map_err(|_| Error::Busy)?;
        answer.await.map_err(|_| Error::Stopped)
    }
}

/// Lowers the priority of this thread: beside others that have as much to do, it gets about a tenth of what they get.
/// Where priorities are not a thread's own, nothing is done.
fn stand_back() {
    #[cfg(target_os = "linux")]
    // A system that refuses this runs it as it runs everything else.
    let _ = rustix::process::nice(10);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::{KdfLoad, KdfPool};
    use crate::crypto::Error;

    #[tokio::test]
    async fn what_exceeds_the_queue_is_busy_and_places_come_free() {
        let pool = KdfPool::new(1, 1);
        let (release, gate) = mpsc::channel::<()>();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let pool = pool.clone();
            async move {
                pool.run(move || {
                    let _ = started.send(());
                    gate.recv().is_ok()
                })
                .await
            }
        });
        has_started.await.unwrap();
        let mut second = Box::pin(pool.run(|| 2));
        assert!(futures_poll_once(&mut second).await.is_none(), "the second must wait");
        assert_eq!(pool.load(), KdfLoad { running: 1, waiting: 1 });
        assert_eq!(pool.run(|| 3).await, Err(Error::Busy));
        release.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true));
        assert_eq!(second.await, Ok(2));
        assert_eq!(pool.run(|| 4).await, Ok(4));
        assert_eq!(pool.load(), KdfLoad { running: 0, waiting: 0 });
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_place_back() {
        let pool = KdfPool::new(1, 0);
        assert_eq!(pool.run(|| -> u8 { panic!("on purpose") }).await, Err(Error::Stopped));
        assert_eq!(pool.run(|| 1).await, Ok(1));
    }

    async fn futures_poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
