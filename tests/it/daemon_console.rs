//! The operator's console, spoken over the admin socket as the command speaks it: the same dashboard as over SSH.

use std::collections::BTreeMap;

use keyward::admin::{self, ConsoleRequest, Frame, Hello, Kind};
use keyward::{Error, Exit};
use tokio::net::UnixStream;

use crate::harness::{Daemon, config, within};

fn request(login: Option<&str>) -> ConsoleRequest {
    let environment = BTreeMap::from([("LANG".to_owned(), "C.UTF-8".to_owned())]);
    let terminal = Hello { term: "xterm-256color".to_owned(), environment, cols: 80, rows: 24 };
    ConsoleRequest { login: login.map(str::to_owned), terminal }
}

async fn connect(daemon: &Daemon, login: Option<&str>) -> UnixStream {
    let config = config(&daemon.folder.path().join("data"), &[]);
    admin::console(&config, request(login)).await.unwrap()
}

async fn next(stream: &mut UnixStream) -> Frame {
    within("a frame", Frame::read(stream)).await.unwrap().expect("the daemon goes on")
}

/// Reads output until the screen shows this.
async fn shows(stream: &mut UnixStream, parser: &mut vt100::Parser, text: &str) {
    while !parser.screen().contents().contains(text) {
        let frame = next(stream).await;
        assert_eq!(frame.kind, Kind::Output, "{}", String::from_utf8_lossy(&frame.payload));
        parser.process(&frame.payload);
    }
}

#[tokio::test]
async fn the_only_operator_s_dashboard_opens_follows_the_window_and_ends() {
    let daemon = Daemon::start().await;
    daemon.operator("ana@example.com").await;
    let mut stream = connect(&daemon, None).await;
    let mut parser = vt100::Parser::new(24, 80, 0);
    shows(&mut stream, &mut parser, "ana@localhost").await;
    parser.screen_mut().set_size(40, 120);
    Frame::new(Kind::Size, [0, 120, 0, 40]).write(&mut stream).await.unwrap();
    Frame::new(Kind::Input, *b"?").write(&mut stream).await.unwrap();
    shows(&mut stream, &mut parser, "Help").await;
    // Out of the help, and out of the dashboard.
    for _ in 0..2 {
        Frame::new(Kind::Input, *b"q").write(&mut stream).await.unwrap();
    }
    let end = loop {
        let frame = next(&mut stream).await;
        if frame.kind == Kind::End {
            break frame;
        }
        parser.process(&frame.payload);
    };
    assert_eq!(end.payload.as_slice(), [0]);
    assert!(!parser.screen().alternate_screen());
    let said = parser.screen().contents();
    assert!(said.contains("Goodbye.") && !said.contains("ssh"), "{said}");
}

#[tokio::test]
async fn nobody_in_particular_is_refused() {
    let daemon = Daemon::start().await;
    for (login, exit) in [(None, Exit::NotFound), (Some("nobody"), Exit::NotFound)] {
        let mut stream = connect(&daemon, login).await;
        let refusal = next(&mut stream).await;
        assert_eq!(refusal.kind, Kind::Refusal);
        let refusal: serde_json::Value = serde_json::from_slice(&refusal.payload).unwrap();
        assert_eq!(refusal["exit"], exit.code());
    }
    daemon.operator("ana@example.com").await;
    daemon.operator("ben@example.com").await;
    let refusal = next(&mut connect(&daemon, None).await).await;
    assert!(String::from_utf8_lossy(&refusal.payload).contains("more than one operator"));
}

#[tokio::test]
async fn without_a_daemon_there_is_no_console() {
    let daemon = Daemon::start().await;
    let folder = daemon.stop().await;
    let config = config(&folder.path().join("data"), &[]);
    let refused = admin::console(&config, request(None)).await;
    assert!(matches!(refused, Err(Error::NotRunning(_))));
}

#[tokio::test]
async fn the_daemon_s_end_does_not_wait_for_a_console_for_ever() {
    let daemon = Daemon::start().await;
    daemon.operator("ana@example.com").await;
    let mut stream = connect(&daemon, None).await;
    let mut parser = vt100::Parser::new(24, 80, 0);
    shows(&mut stream, &mut parser, "ana@localhost").await;
    let stopping = tokio::spawn(daemon.stop());
    shows(&mut stream, &mut parser, "restarting").await;
    within("the daemon stops", stopping).await.unwrap();
}
