//! Power cuts under load: what was acknowledged is there afterwards, once, and limits are kept. A few rounds each time; many with
//! `cargo test --release --test it many_kills_under -- --ignored --nocapture`, which prints what it counted.

use std::time::Duration;

use crate::daemon::{BINARY, add_user, place};
use crate::harness::crash::{Load, Report};

async fn rounds(rounds: u32, callers: usize) -> Report {
    let (_folder, data) = place();
    assert!(add_user(&data, "ana@example.com", &["--operator"]).status.success());
    let load = Load {
        binary: BINARY.into(),
        data,
        email: "ana@example.com",
        password: "a fine password",
        callers,
        pause: Duration::from_millis(400),
    };
    let report = load.rounds(rounds).await;
    println!("{report:#?}");
    assert_eq!((report.rounds, report.lost, report.doubled), (rounds, 0, 0), "{report:?}");
    assert!(report.acknowledged > 0, "{report:?}");
    assert!(report.astray == 0 && report.within <= report.allowed, "the limit is kept: {report:?}");
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_kills_under_load_lose_and_double_nothing() {
    rounds(4, 64).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn many_kills_under_load_lose_and_double_nothing() {
    rounds(60, 64).await;
}
