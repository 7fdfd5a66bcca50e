//! Gives memory back to the system after the start, and when many sessions have ended. The allocator keeps what they leave, for
//! between two small things that live on lie pages that nobody uses; it gives them up only when it is asked to. So does the
//! kernel with the code that a start has gone through, most of which is not gone through again. Works on Linux with glibc; all
//! else is left alone.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// Ended sessions that are worth it.
const MANY: u64 = 16;
/// What belongs to a connection goes after its session.
const AFTER: Duration = Duration::from_secs(5);

/// Doors are open and jobs have begun by the first. By the second what the last daemon left is taken in, all keys are looked at,
/// and cells that waited are spread.
const STARTED: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(90)];

/// Runs for as long as sessions are counted: twice after the start, and each time that so many have ended.
pub(crate) async fn give_back(mut ended: watch::Receiver<u64>) {
    let begun = Instant::now();
    let mut starts = STARTED.into_iter();
    let (mut start, mut before) = (starts.next(), 0);
    loop {
        let started = async {
            match start {
                Some(after) => sleep_until(begun + after).await,
                None => std::future::pending().await,
            }
        };
        let many = async { ended.wait_for(|ended| *ended >= before + MANY).await.is_ok() };
        tokio::select! {
            () = started => start = starts.next(),
            counted = many => {
                if !counted {
                    return;
                }
                sleep(AFTER).await;
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
#[allow(unsafe_code, reason = "calls of the allocator and the kernel that nobody wraps")]
fn trim() {
    use nix::sys::mman::{MmapAdvise, madvise};

    // SAFETY: it may be called at any time from any thread, and touches only pages that nothing lives on (malloc_trim(3)).
    unsafe { libc::malloc_trim(0) };
    for (start, length) in own_code() {
        let Some(start) = std::ptr::NonNull::new(std::ptr::without_provenance_mut(start)) else { continue };
        // SAFETY: whole pages of a file that are not written to: whoever comes to one finds the file's again (madvise(2)).
        // What is asked for is no duty, so a refusal changes nothing.
        let _ = unsafe { madvise(start, length, MmapAdvise::MADV_DONTNEED) };
    }
}

/// Where the code of the program's own file is in memory, bytes; nowhere if the system does not say.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn own_code() -> Vec<(usize, usize)> {
    let Ok(program) = std::fs::read_link("/proc/self/exe") else { return Vec::new() };
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    code_of(&maps, &program.display().to_string())
}

/// The mappings of a file that are run and never written, from a table as in proc(5): `start-end rwxp offset device inode path`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn code_of(maps: &str, path: &str) -> Vec<(usize, usize)> {
    let code = maps.lines().filter_map(|line| {
        let (head, of) = line.split_once('/')?;
        let (range, rights) = head.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        if of != path.strip_prefix('/')? || !rights.starts_with("r-xp ") {
            return None;
        }
        let [start, end] = [start, end].map(|address| usize::from_str_radix(address, 16));
        let start = start.ok()?;
        Some((start, end.ok()?.checked_sub(start)?))
    });
    code.collect()
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_run_and_never_written_of_the_own_file_is_given_back() {
        let maps = "\
55ac87141000-55ac878d9000 r--p 00000000 fe:00 6081830                    /opt/key ward/keyward
55ac878d9000-55ac895bc000 r-xp 00797000 fe:00 6081830                    /opt/key ward/keyward
55ac8975e000-55ac898f4000 r--p 0261c000 fe:00 6081830                    /opt/key ward/keyward
55ac898f4000-55ac89929000 rw-p 027b1000 fe:00 6081830                    /opt/key ward/keyward
7f3d250be000-7f3d25214000 r-xp 00026000 fe:00 326269                     /usr/lib/x86_64-linux-gnu/libc.so.6
7ffd0b9f2000-7ffd0b9f4000 r-xp 00000000 00:00 0                          [vdso]
";
        let code = 0x55ac_878d_9000;
        assert_eq!(code_of(maps, "/opt/key ward/keyward"), [(code, 0x55ac_895b_c000 - code)]);
        assert_eq!(code_of(maps, "/opt/key ward/keyward (deleted)"), []);
    }

    #[test]
    fn the_code_of_this_program_is_found_and_still_runs_after_it_was_given_back() {
        let here = trim as fn() as usize;
        assert!(own_code().iter().any(|(start, length)| (*start..start + length).contains(&here)));
        trim();
        assert!(!own_code().is_empty());
    }
}
