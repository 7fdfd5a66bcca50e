//! Gives memory back to the system: when the doors are open, when the start is over, and when many sessions have ended. The
//! allocator keeps for a while what they leave, and looks at it again only when it is asked for more; an idle daemon never asks.

use std::time::Duration;

use tokio::sync::watch;

/// Ended sessions that are worth it.
const MANY: u64 = 16;
/// What belongs to a connection goes after its session.
const AFTER: Duration = Duration::from_secs(5);

/// What the last daemon left is taken in, all keys are looked at, and cells that waited are spread: by then a start is over.
const STARTED: Duration = Duration::from_secs(90);

/// Runs for as long as sessions are counted: at once, when the start is over, and each time that so many have ended.
pub(crate) async fn give_back(mut ended: watch::Receiver<u64>) {
    let start = tokio::time::sleep(STARTED);
    tokio::pin!(start);
    let (mut starting, mut before) = (true, 0);
    loop {
        if tokio::task::spawn_blocking(collect).await.is_err() {
            return;
        }
        let many = async { ended.wait_for(|ended| *ended >= before + MANY).await.is_ok() };
        tokio::select! {
            () = &mut start, if starting => starting = false,
            counted = many => {
                if !counted {
                    return;
                }
                tokio::time::sleep(AFTER).await;
                before = *ended.borrow_and_update();
            }
        }
    }
}

/// Some milliseconds for a hundred megabytes.
#[allow(unsafe_code, reason = "the allocator's own function, which nobody wraps")]
fn collect() {
    // SAFETY: it may be called at any time from any thread, and frees only what nothing lives on.
    unsafe { libmimalloc_sys::mi_collect(true) };
}
