//! Gives memory back to the system after the start, and when many sessions have ended. The allocator keeps what they leave, for
//! between two small things that live on lie pages that nobody uses; it gives them up only when it is asked to. Works on
//! glibc; other allocators are left alone.

use std::time::Duration;

use tokio::sync::watch;

/// Ended sessions that are worth it.
const MANY: u64 = 16;
/// What belongs to a connection goes after its session.
const AFTER: Duration = Duration::from_secs(5);

/// What the last daemon left is taken in, all keys are looked at, and cells that waited are spread: by then a start is over.
const STARTED: Duration = Duration::from_secs(90);

/// Runs for as long as sessions are counted: once when the start is over, and each time that so many have ended.
pub(crate) async fn give_back(mut ended: watch::Receiver<u64>) {
    let start = tokio::time::sleep(STARTED);
    tokio::pin!(start);
    let (mut starting, mut before) = (true, 0);
    loop {
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
        if tokio::task::spawn_blocking(trim).await.is_err() {
            return;
        }
    }
}

/// Some milliseconds for a hundred megabytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "the allocator's own function, which nobody wraps")]
fn trim() {
    // SAFETY: it may be called at any time from any thread, and touches only pages that nothing lives on (malloc_trim(3)).
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}
