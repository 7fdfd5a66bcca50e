//! Every request on a channel is answered, and most of them with no.

use russh::ChannelMsg;

use crate::harness::{Server, finish, within};

#[tokio::test]
async fn what_is_not_offered_is_refused_at_once() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let session = server.sign_in(&ana).await;
    for subsystem in ["sftp", "nosuch"] {
        let channel = session.channel_open_session().await.unwrap();
        channel.request_subsystem(true, subsystem).await.unwrap();
        assert!(within(subsystem, finish(channel)).await.refused);
    }
    let mut channel = session.channel_open_session().await.unwrap();
    channel.agent_forward(true).await.unwrap();
    channel.request_x11(true, false, "MIT-MAGIC-COOKIE-1", "00", 0).await.unwrap();
    channel.set_env(true, "LD_PRELOAD", "evil.so").await.unwrap();
    for what in ["agent forwarding", "x11", "an environment variable that is not on the list"] {
        let answer = within(what, channel.wait()).await;
        assert!(matches!(answer, Some(ChannelMsg::Failure)), "{what}: {answer:?}");
    }
    channel.set_env(true, "LANG", "C.UTF-8").await.unwrap();
    assert!(matches!(within("LANG", channel.wait()).await, Some(ChannelMsg::Success)));
    let forward = session.channel_open_direct_tcpip("localhost", 22, "localhost", 1);
    assert!(within("a forwarding", forward).await.is_err());
    assert!(within("a remote forwarding", session.tcpip_forward("localhost", 0)).await.is_err());
}

#[tokio::test]
async fn a_channel_does_one_thing_and_a_connection_has_eight() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let session = server.sign_in(&ana).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(within("a channel", session.channel_open_session()).await.unwrap());
    }
    assert!(within("a ninth channel", session.channel_open_session()).await.is_err());
    let twice = open.pop().unwrap();
    twice.exec(true, "keys add --name a --service b").await.unwrap();
    twice.exec(true, "whoami").await.unwrap();
    assert!(within("the second command of one channel", finish(twice)).await.refused);
}

#[tokio::test]
async fn channels_that_are_done_make_room_for_more() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let session = server.sign_in(&ana).await;
    for number in 0..20 {
        let channel = within("a channel", session.channel_open_session()).await.unwrap();
        channel.exec(true, "whoami").await.unwrap();
        assert_eq!(within("whoami", finish(channel)).await.status, Some(0), "command {number}");
    }
}

#[tokio::test]
async fn a_channel_that_waits_does_not_hold_up_another() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let session = server.sign_in(&ana).await;
    let waiting = session.channel_open_session().await.unwrap();
    waiting.exec(true, "keys add --name a --service b").await.unwrap();
    waiting.data(&b"half a va"[..]).await.unwrap();
    let quick = session.channel_open_session().await.unwrap();
    quick.exec(true, "whoami").await.unwrap();
    assert_eq!(within("the quick one", finish(quick)).await.status, Some(0));
    waiting.data(&b"lue\n"[..]).await.unwrap();
    waiting.eof().await.unwrap();
    assert_eq!(within("the waiting one", finish(waiting)).await.status, Some(0));
}
