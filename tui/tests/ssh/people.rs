//! The dashboard's pages about people, on a real service: what is pressed there is done there.

use keyward_keys::{Door, Error, Origin};
use secrecy::SecretString;

use crate::authenticator::code_at;
use crate::harness::{PASSWORD, Server, Tty};

const ORIGIN: Origin = Origin { door: Door::Rest, address: None, request: None };

#[tokio::test]
async fn a_team_is_made_people_come_and_go() {
    let server = Server::start().await;
    let (ana, ben) = (server.person("ana", 1).await, server.person("ben", 2).await);
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (120, 40), None).await;
    tty.until("ana").await;
    tty.type_in("6").await;
    tty.until("You belong to no team yet").await;
    tty.type_in("n").await;
    tty.until("New team").await;
    // The other fields may stay empty.
    tty.type_in("Payments\x13").await;
    tty.until("You own Payments").await;
    let team = server.service.teams(&ana.caller).await.unwrap().remove(0);
    assert_eq!(team.name, "Payments");

    tty.type_in("n").await;
    tty.until("Invite somebody").await;
    tty.type_in("ben@example.com\r\r").await;
    tty.until("Hand this code to ben@example.com").await;
    let is_code = |word: &&str| {
        word.len() > 12 && word.chars().all(|c| c == '-' || c.is_ascii_uppercase() || c.is_ascii_digit())
    };
    let code = tty.text().split_whitespace().find(is_code).expect("a code").to_owned();
    server.service.join_team(&ben.caller, &SecretString::from(code)).await.expect("the code is good");
    tty.type_in("y").await;
    tty.until("clipboard").await;
    tty.type_in("\x1b").await;
    tty.until("HERE NOW").await;
    let is_ben = |line: &str| line.contains("The person ben") && line.contains("member");
    tty.until_that("ben among the people", |tty| tty.text().lines().any(is_ben)).await;

    tty.type_in("jD").await;
    tty.until("Type The person ben to remove them").await;
    tty.type_in("The person ben\r").await;
    tty.until("The person ben is no longer in the team").await;
    let members = server.service.members(&ana.caller, team.id).await.unwrap();
    assert_eq!(members.len(), 1);
}

#[tokio::test]
async fn who_sets_a_password_stays_and_all_else_ends() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut here = Tty::open(server.sign_in(&ana).await, "xterm-256color", (100, 30), None).await;
    let mut other = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
    other.until("ana").await;
    here.until("ana").await;
    here.type_in("9").await;
    here.until("Second factor").await;
    here.type_in("jjjjj\r").await;
    here.until("New password").await;
    here.type_in(&format!("{PASSWORD}\ta new password\ta new password\r")).await;
    here.until("Your new password holds").await;
    other.until_end().await;
    here.type_in("jjj\r").await;
    here.until("this one").await;
    server.service.sign_in(ORIGIN, "ana", "a new password".into()).await.expect("it holds");
}

#[tokio::test]
async fn the_second_factor_is_set_up_at_the_terminal() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm-256color", (100, 40), None).await;
    tty.until("ana").await;
    tty.type_in("9").await;
    tty.until("Second factor").await;
    tty.type_in("jjjjjj\r").await;
    tty.until("The code it shows now").await;
    let is_group =
        |word: &&str| word.len() == 4 && word.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let secret: String = tty.text().split_whitespace().filter(is_group).collect();
    let link = format!("otpauth://totp/x?secret={secret}&issuer=x");
    let now_ms = jiff::Timestamp::now().as_millisecond();
    tty.type_in(&format!("{}\r", code_at(&link, now_ms))).await;
    tty.until("Recovery codes").await;
    let alone = server.service.sign_in(ORIGIN, "ana", PASSWORD.into()).await;
    assert!(matches!(alone, Err(Error::TotpRequired)));
}
