//! Which commits record what spares a start after a crash the reading of every page, told by how often it reads.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyward_store::{OpenOptions, Redb};

use crate::medium::{Faulty, Survivors};
use crate::support::*;

/// Rows of about a page each, one a commit.
const ROWS: u64 = 150;

fn options(disk: &Faulty) -> OpenOptions {
    let mut options = OpenOptions::medium(Arc::new(disk.clone()), sealer(1), Arc::new(TestChain));
    options.journal_bytes = 0;
    // So that nothing is read from memory.
    options.cache_bytes = 0;
    options
}

async fn fill(options: OpenOptions) -> Redb {
    let store = Redb::open(options).unwrap();
    for number in 0..ROWS {
        commit(&store, [put(A, &format!("{number:03}"), &"x".repeat(3000))]).await;
    }
    store
}

/// How often a start reads what is there now, beyond the start after a clean end.
fn more_reads(disk: &Faulty) -> u64 {
    let crashed = Faulty::with(disk.after_power_loss(Survivors::All));
    let store = Redb::open(options(&crashed)).unwrap();
    let reads = crashed.reads();
    drop(store);
    let clean = Faulty::with(crashed.after_power_loss(Survivors::None));
    let _store = Redb::open(options(&clean)).unwrap();
    reads.saturating_sub(clean.reads())
}

/// Reads after commits that all come too soon for a record, in a file whose size counts as middling or not.
fn more_reads_by(middling: RangeInclusive<u64>) -> u64 {
    run(async {
        let disk = Faulty::default();
        let mut options = options(&disk);
        (options.quick_repair_after, options.quick_repair_sizes) = (Duration::MAX, middling);
        let _store = fill(options).await;
        more_reads(&disk)
    })
}

#[test]
fn every_commit_is_recorded_in_a_file_of_middling_size_alone() {
    let small = more_reads_by(64 * 1024 * 1024..=u64::MAX);
    assert!(small > ROWS / 2, "{small}");
    let middling = more_reads_by(0..=u64::MAX);
    assert!(middling < ROWS / 10, "{middling}");
    let large = more_reads_by(0..=0);
    assert!(large > ROWS / 2, "{large}");
}

#[test]
fn commits_in_a_row_are_followed_by_one_that_is_recorded() {
    run(async {
        let disk = Faulty::default();
        let _store = fill(options(&disk)).await;
        let until = Instant::now() + Duration::from_secs(20);
        while more_reads(&disk) >= ROWS / 10 {
            assert!(Instant::now() < until, "nothing was recorded");
        }
    });
}

#[test]
fn a_start_is_recorded() {
    run(async {
        let disk = Faulty::default();
        drop(fill(options(&disk)).await);
        let mut options = options(&disk);
        options.quick_repair_after = Duration::MAX;
        let _store = Redb::open(options).unwrap();
        let reads = more_reads(&disk);
        assert!(reads < ROWS / 10, "{reads}");
    });
}
