//! The end of a daemon that many are using: dashboards are told and give their terminals back, commands finish, nobody
//! who has not signed in holds it up.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use tokio::net::TcpStream;

use crate::daemon::BINARY;
use crate::harness::house::House;
use crate::harness::process::Process;

const DASHBOARDS: usize = 100;
const COMMANDS: usize = 5;
const HALF_OPEN: usize = 50;
/// Seconds that dashboards are given.
const DRAIN: u64 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_dashboards_and_five_commands_end_well_and_in_time() {
    let drain = format!("limits.drain_seconds={DRAIN}");
    let settings = [drain.as_str(), "limits.exempt=[\"127.0.0.0/8\"]"];
    let house = House::open(|data| Process::serve(BINARY.as_ref(), data, &settings));
    let (mut screens, mut connections) = (Vec::new(), Vec::new());
    for _ in 0..DASHBOARDS {
        let ssh = house.ssh().await;
        screens.push(ssh.dashboard(80, 24).await);
        connections.push(ssh);
    }
    for screen in &mut screens {
        screen.wait_text("Start here").await;
    }
    let ssh = house.ssh().await;
    let mut commands = Vec::new();
    for number in 0..COMMANDS {
        commands.push(ssh.command(&format!("keys add --name late-{number} --service S")).await);
    }
    let mut strangers = Vec::new();
    for _ in 0..HALF_OPEN {
        strangers.push(TcpStream::connect(house.daemon.ssh()).await.unwrap());
    }

    let began = Instant::now();
    house.daemon.signal(Signal::SIGTERM);
    for screen in &mut screens {
        screen.wait_text("restart").await;
    }
    assert_eq!(ssh.run("whoami", "").await.status, Some(75), "nothing new begins");
    let ends = commands.iter_mut().map(async |command| {
        command.say("a value\n").await;
        command.end().await.status
    });
    assert_eq!(join_all(ends).await, [Some(0); COMMANDS], "what has begun is finished");
    for screen in &mut screens {
        assert_eq!(screen.wait_end().await, Some(0));
        screen.with(|screen| {
            assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        });
    }
    let (code, _) = house.daemon.ended();
    let took = began.elapsed();
    println!("{DASHBOARDS} dashboards, {COMMANDS} commands, {HALF_OPEN} strangers: ended after {took:?}");
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(DRAIN + 5), "{took:?}");
    drop((connections, strangers));
}
