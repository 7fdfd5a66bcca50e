//! The dashboard's session: sizes, ways out, quiet, and a slow reader.

use std::time::Duration;

use keyward_tui::session::{Registry, TimeLimits};
use keyward_tui::ssh::SshSettings;
use russh::client;

use crate::harness::{PASSWORD, Server, Tty};

#[tokio::test]
async fn opens_follows_the_size_and_restores_the_terminal() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
    tty.until("ana").await;
    assert!(tty.emulator.screen().alternate_screen());
    tty.channel.window_change(120, 40, 0, 0).await.unwrap();
    tty.emulator.screen_mut().set_size(40, 120);
    let before = tty.bytes;
    tty.until_that("a frame of the new size", |tty| tty.bytes > before).await;
    tty.type_in("q").await;
    tty.until_end().await;
    assert_eq!(tty.status, Some(0));
    tty.is_restored();
}

#[tokio::test]
async fn absurd_sizes_are_clamped() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    for size in [(65_535, 65_535), (u32::MAX, u32::MAX), (0, 0), (1, 1)] {
        let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", size, None).await;
        tty.until_that("a first frame", |tty| tty.emulator.screen().alternate_screen()).await;
        for (cols, rows) in [(u32::MAX, 7), (1, 65_535), (0, 9), (80, 24)] {
            tty.channel.window_change(cols, rows, 0, 0).await.unwrap();
        }
        tty.channel.eof().await.unwrap();
        tty.until_end().await;
        tty.is_restored();
    }
}

#[tokio::test]
async fn the_end_of_input_is_a_quit() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
    tty.channel.eof().await.unwrap();
    tty.until_end().await;
    tty.is_restored();
}

#[tokio::test]
async fn a_quiet_dashboard_sends_nothing() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
    tty.until("ana").await;
    // Whatever the first answers bring, it comes to rest.
    while tokio::time::timeout(Duration::from_millis(700), tty.read()).await.is_ok() {}
    let settled = tty.bytes;
    let more = tokio::time::timeout(Duration::from_millis(1500), tty.read()).await;
    assert!(more.is_err(), "{} bytes more", tty.bytes - settled);
}

#[tokio::test]
async fn rekeying_in_the_middle_breaks_nothing() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let limits =
        russh::Limits { rekey_write_limit: 4096, rekey_read_limit: 4096, ..russh::Limits::default() };
    let mut session = server.connect_with(client::Config { limits, ..client::Config::default() }).await;
    assert!(crate::harness::try_key(&mut session, &ana.login, &ana.key).await);
    let mut tty = Tty::open(session, "xterm-256color", (120, 40), None).await;
    tty.until("ana").await;
    for round in 0..40 {
        let (cols, rows) = if round % 2 == 0 { (119, 39) } else { (120, 40) };
        tty.channel.window_change(cols, rows, 0, 0).await.unwrap();
        let before = tty.bytes;
        tty.until_that("another frame", |tty| tty.bytes > before).await;
    }
    tty.emulator = vt100::Parser::new(40, 120, 0);
    tty.channel.window_change(121, 40, 0, 0).await.unwrap();
    tty.until("ana").await;
}

#[tokio::test]
async fn somebody_who_stops_reading_costs_little_and_holds_up_nobody() {
    let server = Server::start().await;
    let (ana, ben) = (server.person("ana", 1).await, server.person("ben", 2).await);
    let config = client::Config { window_size: 16 * 1024, ..client::Config::default() };
    let mut session = server.connect_with(config).await;
    assert!(crate::harness::try_key(&mut session, &ana.login, &ana.key).await);
    let tty = Tty::open(session, "xterm-256color", (200, 60), None).await;
    for round in 0..500_u32 {
        tty.channel.window_change(150 + round % 50, 60, 0, 0).await.unwrap();
    }
    let finished = server.run(&ben, "whoami", b"").await;
    assert_eq!(finished.status, Some(0));
}

#[tokio::test]
async fn nobody_stays_for_ever() {
    for (idle, total, says) in [(400, 60_000, "without a key press"), (60_000, 400, "longest time")] {
        let limits =
            TimeLimits { idle: Duration::from_millis(idle), lock: None, total: Duration::from_millis(total) };
        let exempt = vec!["127.0.0.0/8".parse().unwrap()];
        let server =
            Server::start_with(SshSettings { session: limits, exempt, ..SshSettings::default() }).await;
        let ana = server.person("ana", 1).await;
        let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
        tty.until("a minute").await;
        tty.until_end().await;
        tty.is_restored();
        assert!(tty.text().contains(says), "{}", tty.text());
        assert_eq!(tty.status, Some(0));
    }
}

#[tokio::test]
async fn a_screen_that_is_left_alone_is_locked_and_opens_with_the_password() {
    let limits = TimeLimits { lock: Some(Duration::from_millis(500)), ..TimeLimits::default() };
    let exempt = vec!["127.0.0.0/8".parse().unwrap()];
    let server = Server::start_with(SshSettings { session: limits, exempt, ..SshSettings::default() }).await;
    let ana = server.person("ana", 1).await;
    server.api_key(&ana, "stripe", "v").await;
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
    tty.until("Locked").await;
    assert!(!tty.text().contains("stripe"), "{}", tty.text());
    tty.type_in("wrong password\r").await;
    tty.until("not your password").await;
    tty.type_in(&format!("{PASSWORD}\r")).await;
    tty.until("ana@").await;
    tty.until("Locked").await;
}

#[tokio::test]
async fn whoever_was_cut_off_comes_back_to_where_they_were() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    for name in ["github-bot", "openai-batch", "stripe-live"] {
        server.api_key(&ana, name, "a value that nobody reads").await;
    }
    let open = async || Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
    let cut = async |mut tty: Tty| {
        tty.channel.eof().await.unwrap();
        tty.until_end().await;
    };
    let mut first = open().await;
    first.until("1 Home").await;
    first.type_in("2").await;
    first.until("stripe-live").await;
    first.type_in("s").await;
    first.until("by name").await;
    first.type_in("j").await;
    first.until_that("the second row", |tty| tty.line_of_cursor().contains("openai-batch")).await;
    first.type_in("\r\t\t\t").await;
    first.until("You may").await;
    cut(first).await;
    let mut second = open().await;
    second.until("Opened where you were").await;
    second.until("openai-batch").await;
    second.until("You may").await;
    second.type_in("\x1b").await;
    second.until("by name").await;
    second.until_that("the same row", |tty| tty.line_of_cursor().contains("openai-batch")).await;
    cut(second).await;
    // A new password ends what was open, and the way back to it.
    let (old, new) = (PASSWORD.into(), "another good password".into());
    server.service.change_password(&ana.caller, old, new).await.unwrap();
    let mut third = open().await;
    third.until("1 Home").await;
    third.until("Needs attention").await;
    third.type_in("2").await;
    third.until("newest first").await;
    // Whoever leaves begins anew.
    third.type_in("q").await;
    third.until_end().await;
    let mut fourth = open().await;
    fourth.until("Needs attention").await;
}

#[tokio::test]
async fn an_account_has_a_number_of_sessions() {
    let server =
        Server::start_with(SshSettings { registry: Registry::new(2, 10), ..SshSettings::default() }).await;
    let (ana, ben) = (server.person("ana", 1).await, server.person("ben", 2).await);
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
        tty.until("ana").await;
        open.push(tty);
    }
    let refused = server.run(&ana, "whoami", b"").await;
    assert_eq!(refused.status, Some(75));
    assert!(refused.err().contains("Too many sessions"));
    assert_eq!(server.run(&ben, "whoami", b"").await.status, Some(0));
    let first = &mut open[0];
    first.channel.eof().await.unwrap();
    first.until_end().await;
    assert_eq!(server.run(&ana, "whoami", b"").await.status, Some(0));
}
