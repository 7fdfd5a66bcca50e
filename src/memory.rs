//! Gives memory back to the system: when the doors are open, when the start is over, and when many sessions have ended. The
//! allocator keeps for a while what they leave, and looks at it again only when it is asked for more; an idle daemon never asks.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// Ended sessions that are worth it.
const MANY: u64 = 16;
/// What belongs to a connection goes after its session.
const AFTER: Duration = Duration::from_secs(5);

/// The doors are open by then, and what that took is free again.
const OPEN: Duration = Duration::from_secs(1);
/// What the last daemon left is taken in, all keys are looked at, and cells that waited are spread: by then a start is over.
const STARTED: Duration = Duration::from_secs(90);

/// Runs for as long as sessions are counted: when the doors are open, when the start is over, and each time that so many have
/// ended.
pub(crate) async fn give_back(mut ended: watch::Receiver<u64>) {
    let began = Instant::now();
    let mut starts = [OPEN, STARTED].into_iter();
    let (mut start, mut before) = (starts.next(), 0);
    loop {
        let many = async { ended.wait_for(|ended| *ended >= before + MANY).await.is_ok() };
        tokio::select! {
            () = sleep_until(began + start.unwrap_or_default()), if start.is_some() => start = starts.next(),
            counted = many => {
                if !counted {
                    return;
                }
                sleep(AFTER).await;
                before = *ended.borrow_and_update();
            }
        }
        if tokio::task::spawn_blocking(collect).await.is_err() {
            return;
        }
    }
}

/// Some milliseconds for a hundred megabytes.
#[allow(unsafe_code, reason = "the allocator's own function, which nobody wraps")]
fn collect() {
    // SAFETY: it may be called at any time from any thread, and frees only what nothing lives on.
    unsafe { libmimalloc_sys::mi_collect(true) };
}
