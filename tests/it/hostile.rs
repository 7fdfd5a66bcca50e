//! People who are signed in and mean harm, or whose terminals do: endless pastes, noise, storms of sizes, readers that stop
//! reading; and a daemon that has run out of files. Memory stays flat, nobody else waits, nothing is done by accident.

use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use russh::client::{self, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use serde_json::json;
use tokio::net::TcpStream;

use crate::daemon::{BINARY, serve};
use crate::harness::house::House;
use crate::harness::process::Process;
use crate::harness::ssh::{AnyHost, Ssh};
use crate::harness::within;

const MIB: usize = 1024 * 1024;
/// What the daemon's memory may grow by, whatever is sent to it.
const GROWTH: u64 = 16 * MIB as u64;

/// A terminal whose output nobody looks at.
async fn terminal(ssh: &Ssh, cols: u32, rows: u32) -> Channel<Msg> {
    let channel = ssh.handle.channel_open_session().await.unwrap();
    channel.request_pty(false, "xterm-256color", cols, rows, 0, 0, &[]).await.unwrap();
    channel.request_shell(false).await.unwrap();
    channel
}

/// Sends so many bytes in pieces, and takes what is drawn meanwhile; stops when the daemon has had enough. Answers whether
/// it took them all.
async fn pour(
    (reader, writer): (&mut ChannelReadHalf, &ChannelWriteHalf<Msg>),
    bytes: usize,
    mut piece: impl FnMut() -> Vec<u8>,
) -> bool {
    let mut sent = 0;
    while sent < bytes {
        let piece = piece();
        sent += piece.len();
        let sending = writer.data_bytes(piece);
        tokio::pin!(sending);
        let taken = async {
            loop {
                tokio::select! {
                    sent = &mut sending => return sent.is_ok(),
                    message = reader.wait() => if message.is_none() {
                        return false;
                    },
                }
            }
        };
        if !within("the daemon to take input", taken).await {
            return false;
        }
    }
    true
}

/// Ends what was begun and leaves, again and again, for what is too much is dropped; answers the exit status.
async fn leave(mut reader: ChannelReadHalf, writer: ChannelWriteHalf<Msg>) -> Option<u32> {
    const OFTEN: Duration = Duration::from_millis(100);
    let mut status = None;
    within("the session ends", async {
        loop {
            // It may be closed already.
            let _ = tokio::time::timeout(OFTEN, writer.data_bytes(b"\x1b[201~\x1b\\\x03\x03".to_vec())).await;
            let until = tokio::time::Instant::now() + OFTEN;
            while let Ok(message) = tokio::time::timeout_at(until, reader.wait()).await {
                match message {
                    Some(ChannelMsg::ExitStatus { exit_status }) => status = Some(exit_status),
                    Some(_) => {}
                    None => return,
                }
            }
        }
    })
    .await;
    status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_megabytes_take_no_memory_press_no_key_and_hold_nobody_up() {
    let house = House::open(serve);
    let http = house.http().await;
    let other = house.ssh().await;
    // The first of each costs what all share.
    terminal(&house.ssh().await, 80, 24).await.eof().await.unwrap();
    assert_eq!(other.run("whoami", "").await.status, Some(0));
    let before = house.memory();
    let mut random = fastrand::Rng::with_seed(11);
    for (beginning, bytes) in [("\x1b[200~", 100 * MIB), ("\x1b]52;c;", 100 * MIB), ("noise", 10 * MIB)] {
        let ssh = house.ssh().await;
        let (mut reader, writer) = terminal(&ssh, 80, 24).await.split();
        let started = Instant::now();
        let whole = if beginning == "noise" {
            pour((&mut reader, &writer), bytes, || {
                std::iter::repeat_with(|| random.u8(..)).take(32_768).collect()
            })
            .await
        } else {
            writer.data_bytes(beginning.as_bytes().to_vec()).await.unwrap();
            // In a form, "n" and what follows would be a new key, and "q" the end.
            pour((&mut reader, &writer), bytes, || b"nq\r\x1b[Byz".repeat(4_096)).await
        };
        assert_eq!(other.run("whoami", "").await.status, Some(0));
        let grown = house.memory().saturating_sub(before);
        println!(
            "{beginning:?}: {} MiB in {:?}, all taken: {whole}, {grown} bytes more",
            bytes / MIB,
            started.elapsed()
        );
        assert!(grown < GROWTH, "{beginning:?}: {grown} bytes");
        let status = leave(reader, writer).await;
        assert!(matches!(status, None | Some(0)), "{beginning:?}: {status:?}");
    }
    assert_eq!(http.get("/api/keys").await.expect(200)["pagination"]["total"], 0, "nothing was saved");
    assert!(!house.daemon.stderr().contains("panicked"), "{}", house.daemon.stderr());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_who_stop_reading_leave_memory_flat_and_others_unharmed() {
    let house = House::open(serve);
    let http = house.http().await;
    let track = house.tracked(&http).await;
    let reader = house.ssh().await;
    let mut screen = reader.key_list(120, 40).await;
    screen.wait_text("watched").await;
    screen.press("\r").await;
    screen.wait_text("0 calls today").await;
    let mut deaf = Vec::new();
    for _ in 0..20 {
        // What the other side may send ahead is soon used up, and nobody asks for more.
        let config = client::Config { window_size: 16 * 1024, ..Default::default() };
        let mut handle = client::connect(config.into(), house.daemon.ssh(), AnyHost).await.unwrap();
        let key = russh::keys::PrivateKeyWithHashAlg::new(house.key.clone().into(), None);
        assert!(handle.authenticate_publickey("ana", key).await.unwrap().success());
        let ssh = Ssh { handle };
        deaf.push((terminal(&ssh, 200, 60).await, ssh));
    }
    let round = async |number: u32, screen: &mut crate::harness::screen::Screen| {
        http.post(&track, &json!({ "statusCode": 200 })).await.expect(201);
        for (channel, _) in &deaf {
            // It is a fresh picture each time, that nobody takes; once all queues are full, there is no more to be sent.
            let _ = channel.window_change(150 + number % 50, 60, 0, 0).now_or_never();
        }
        screen.wait_text(&format!("{number} calls today")).await
    };
    for number in 1..=20 {
        round(number, &mut screen).await;
    }
    let (before, mut slowest) = (house.memory(), Duration::ZERO);
    for number in 21..=120 {
        slowest = slowest.max(round(number, &mut screen).await);
    }
    let grown = house.memory().saturating_sub(before);
    println!(
        "100 frames for 20 who read none: {grown} bytes more; the slowest frame of one who reads: {slowest:?}"
    );
    assert!(grown < GROWTH / 4, "{grown} bytes");
    assert_eq!(house.ssh().await.run("whoami", "").await.status, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_sizes_passes_and_leaves_the_right_picture_and_no_memory() {
    let house = House::open(serve);
    let http = house.http().await;
    house.tracked(&http).await;
    let mut screens = Vec::new();
    let mut connections = Vec::new();
    for _ in 0..10 {
        let ssh = house.ssh().await;
        let mut screen = ssh.key_list(80, 24).await;
        screen.wait_text("watched").await;
        screens.push(screen);
        connections.push(ssh);
    }
    let mut random = fastrand::Rng::with_seed(5);
    let mut storm = async |screens: &[crate::harness::screen::Screen]| {
        for _ in 0..100 {
            for screen in screens {
                screen.resize(random.u16(8..=500), random.u16(4..=200)).await;
            }
        }
    };
    storm(&screens).await;
    let before = house.memory();
    storm(&screens).await;
    for screen in &mut screens {
        screen.resize(80, 24).await;
        screen
            .wait_for("the whole list", |screen| {
                let rows: Vec<_> = screen.rows(0, 80).collect();
                rows[0].contains("Keys")
                    && rows[23].contains("Enter")
                    && rows.iter().any(|row| row.contains("watched"))
            })
            .await;
    }
    let grown = house.memory().saturating_sub(before);
    println!("1,000 sizes for 10 dashboards: {grown} bytes more than after as many before");
    assert!(grown < GROWTH / 2, "{grown} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_ran_out_of_files_goes_on_when_it_has_some_again() {
    let house = House::open(|data| {
        let mut shell = Command::new("sh");
        shell.env_clear().env("KEYWARD_DATA_DIR", data).args([
            "-c",
            "ulimit -n 64; exec \"$0\" \"$@\"",
            BINARY,
        ]);
        Process::start(shell, data, &["limits.exempt=[\"127.0.0.0/8\"]"])
    });
    let mut open = Vec::new();
    for number in 0..200 {
        let door = if number % 2 == 0 {
            house.daemon.ssh()
        } else {
            house.daemon.api().trim_start_matches("http://").parse().unwrap()
        };
        open.push(TcpStream::connect(door).await.unwrap());
    }
    // The kernel has taken more than it has files for; that it noticed is in its log.
    within("the daemon to run out of files", async {
        while !house.daemon.stderr().contains("os error 24") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    drop(open);
    assert_eq!(house.ssh().await.run("whoami", "").await.status, Some(0));
    house.http().await.get("/api/keys").await.expect(200);
}
