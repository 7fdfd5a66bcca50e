//! Joining over SSH with a code, and coming back with the key that was offered.

use keyward_keys::Door;
use secrecy::ExposeSecret;

use crate::harness::{PASSWORD, Server, Tty, finish, key, try_key, try_password, within};

#[tokio::test]
async fn the_operators_code_makes_an_account_and_registers_the_offered_key() {
    let server = Server::start().await;
    let system = server.service.system_caller("test", Door::Local);
    let code = server.service.operator_code(&system).await.unwrap().unwrap();
    let mut session = server.connect().await;
    assert!(try_key(&mut session, "join", &key(7)).await);
    let mut tty = Tty::open(session, "xterm-256color", (80, 24), None).await;
    tty.until("stays until nothing uses it").await;
    tty.until("You join with a code").await;
    tty.until("code:").await;
    tty.type_in("wrong-code\r").await;
    tty.until("not known").await;
    tty.type_in(&format!("{}\r", code.expose_secret())).await;
    tty.until("Your name:").await;
    tty.type_in("Ana Pond\r").await;
    tty.until("E-mail:").await;
    tty.type_in("ana@example.com\r").await;
    tty.until("Password").await;
    tty.type_in(&format!("{PASSWORD}\r")).await;
    tty.until("again:").await;
    tty.type_in("something else\r").await;
    tty.until("differ").await;
    tty.type_in(&format!("{PASSWORD}\r")).await;
    tty.type_in(&format!("{PASSWORD}\r")).await;
    tty.until("[Y/n]").await;
    tty.type_in("\r").await;
    tty.until(&format!("ssh -p {} ana@localhost", server.address.port())).await;
    assert!(!tty.text().contains(PASSWORD));
    tty.type_in("\r").await;
    tty.until_that("the dashboard", |tty| tty.emulator.screen().alternate_screen()).await;
    tty.type_in("q").await;
    tty.until_end().await;
    tty.is_restored();

    assert!(try_key(&mut server.connect().await, "ana", &key(7)).await);
    assert!(try_password(&mut server.connect().await, "ana", PASSWORD).await);
    let mut operator = server.connect().await;
    assert!(try_key(&mut operator, "ana", &key(7)).await);
    let channel = operator.channel_open_session().await.unwrap();
    channel.exec(true, "whoami --json").await.unwrap();
    assert_eq!(within("whoami", finish(channel)).await.json()["operator"], true);
}

#[tokio::test]
async fn without_a_key_no_question_is_asked_at_the_door_and_without_a_code_nobody_joins() {
    let server = Server::start().await;
    let mut session = server.connect().await;
    assert!(!session.authenticate_none("join").await.unwrap().success(), "keys come first");
    assert!(try_password(&mut session, "join", "never asked").await);
    let mut tty = Tty::open(session, "vt100", (80, 24), None).await;
    for _ in 0..5 {
        tty.until("code:").await;
        tty.type_in("guess\r").await;
    }
    tty.until_end().await;
    assert!(tty.text().contains("Too many tries"), "{}", tty.text());
    assert_eq!(tty.status, Some(130));
}

#[tokio::test]
async fn whoever_joins_can_do_nothing_else() {
    let server = Server::start().await;
    let mut session = server.connect().await;
    assert!(try_key(&mut session, "join", &key(7)).await);
    for command in ["whoami", "keys ls", "plain"] {
        let channel = session.channel_open_session().await.unwrap();
        channel.exec(true, command).await.unwrap();
        let finished = within(command, finish(channel)).await;
        assert_eq!((finished.status, finished.out()), (Some(2), ""), "{command}");
        assert!(finished.err().contains("ssh -t"));
    }
}
