//! Going down: running work finishes, terminals are given back, nothing new begins.

use std::time::Duration;

use keyward_tui::ssh::SshSettings;
use russh::ChannelMsg;

use crate::harness::{Server, Tty, finish, within};

fn draining_for(drain: Duration) -> SshSettings {
    SshSettings { drain, exempt: vec!["127.0.0.0/8".parse().unwrap()], ..SshSettings::default() }
}

#[tokio::test]
async fn dashboards_end_with_a_word_and_commands_finish() {
    let server = Server::start_with(draining_for(Duration::from_millis(300))).await;
    let ana = server.person("ana", 1).await;
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
    tty.until("ana").await;
    let busy = server.sign_in(&ana).await;
    let mut running = busy.channel_open_session().await.unwrap();
    running.exec(true, "keys add --name late --service Stripe").await.unwrap();
    assert!(matches!(within("the command to begin", running.wait()).await, Some(ChannelMsg::Success)));
    server.shutdown.drain.cancel();
    let new = busy.channel_open_session().await.unwrap();
    new.exec(true, "whoami").await.unwrap();
    assert_eq!(within("a command while draining", finish(new)).await.status, Some(75));
    running.data(&b"value\n"[..]).await.unwrap();
    running.eof().await.unwrap();
    assert_eq!(within("the running command", finish(running)).await.status, Some(0));
    tty.until_end().await;
    assert_eq!(tty.status, Some(0));
    tty.is_restored();
    let text = tty.text();
    assert!(text.contains("restarting") && text.contains("ssh -p"), "{text}");
    within("the door to close", server.task).await.unwrap();
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn nobody_waits_when_told_not_to() {
    let server = Server::start_with(draining_for(Duration::from_secs(3600))).await;
    let ana = server.person("ana", 1).await;
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
    tty.until("ana").await;
    let _half_open = tokio::net::TcpStream::connect(server.address).await.unwrap();
    server.shutdown.drain.cancel();
    server.shutdown.now.cancel();
    tty.until_end().await;
    tty.is_restored();
    within("the door to close", server.task).await.unwrap();
}
