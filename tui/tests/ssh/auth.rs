//! Who gets in, and with what.

use std::sync::Arc;

use keyward_tui::ssh::SshSettings;
use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode;
use russh::keys::{HashAlg, PrivateKey};
use secrecy::ExposeSecret as _;

use crate::authenticator::code_at;
use crate::harness::{PASSWORD, Server, Tty, key, try_answers, try_key, try_password, within};

#[tokio::test]
async fn a_registered_key_and_the_right_password_get_in_by_login_and_by_email() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    for user in [&ana.login, &ana.email] {
        assert!(try_key(&mut server.connect().await, user, &ana.key).await, "{user} by key");
        assert!(try_password(&mut server.connect().await, user, PASSWORD).await, "{user} by password");
    }
    assert!(!try_password(&mut server.connect().await, &ana.login, "wrong").await);
    assert!(!try_password(&mut server.connect().await, "nobody", PASSWORD).await);
    assert!(!try_key(&mut server.connect().await, &ana.login, &key(9)).await);
    assert!(!try_key(&mut server.connect().await, "nobody", &ana.key).await);
}

#[tokio::test]
async fn where_there_is_a_second_factor_it_is_asked_for_after_the_right_password() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let setup = server.service.set_up_second_factor(&ana.caller).await.unwrap();
    let now_ms =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let code = code_at(setup.otpauth.expose_secret(), now_ms);
    let recovery = server.service.enable_second_factor(&ana.caller, code.clone().into()).await.unwrap();
    let enters = async |answers: &[&str]| try_answers(&mut server.connect().await, &ana.login, answers).await;
    assert!(!enters(&[PASSWORD]).await, "the password is no code");
    assert!(!enters(&["wrong", &code]).await);
    assert!(enters(&[PASSWORD, &code]).await);
    assert!(!enters(&[PASSWORD, &code]).await, "each code once");
    assert!(enters(&[PASSWORD, recovery[0].expose_secret()]).await);
    assert!(try_key(&mut server.connect().await, &ana.login, &ana.key).await, "a key is enough");
}

#[tokio::test]
async fn a_key_of_one_account_does_not_open_another() {
    let server = Server::start().await;
    let (ana, ben) = (server.person("ana", 1).await, server.person("ben", 2).await);
    assert!(!try_key(&mut server.connect().await, &ana.login, &ben.key).await);
}

#[tokio::test]
async fn what_may_still_be_tried_is_the_same_for_everybody() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut answers = Vec::new();
    for user in [ana.login.as_str(), "nobody"] {
        let mut session = server.connect().await;
        answers.push(session.authenticate_none(user).await.unwrap());
        let stranger = russh::keys::PrivateKeyWithHashAlg::new(key(9), None);
        answers.push(session.authenticate_publickey(user, stranger).await.unwrap());
        answers.push(session.authenticate_password(user, PASSWORD).await.unwrap());
    }
    assert!(!answers[0].success());
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn without_passwords_nothing_is_asked() {
    let settings =
        SshSettings { password: false, exempt: vec!["127.0.0.0/8".parse().unwrap()], ..Default::default() };
    let server = Server::start_with(settings).await;
    let ana = server.person("ana", 1).await;
    assert!(!try_password(&mut server.connect().await, &ana.login, PASSWORD).await);
    assert!(try_key(&mut server.connect().await, &ana.login, &ana.key).await);
}

/// Signs with a key other than the one it was asked to sign for.
struct Attacker(Arc<PrivateKey>);

impl russh::Signer for Attacker {
    type Error = russh::AgentAuthError;

    async fn auth_sign(
        &mut self,
        _identity: &AgentIdentity,
        _hash: Option<HashAlg>,
        mut to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, Self::Error> {
        let signature = self.0.key_data().try_sign(&to_sign).unwrap();
        let mut encoded = Vec::new();
        signature.encode(&mut encoded).unwrap();
        encoded.encode(&mut to_sign).unwrap();
        Ok(to_sign)
    }
}

#[tokio::test]
async fn offering_somebodys_public_key_is_not_holding_it() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mallory = server.person("mallory", 2).await;
    let mut session = server.connect().await;
    let mut forger = Attacker(mallory.key.clone());
    let offer =
        session.authenticate_publickey_with(&ana.login, ana.key.public_key().clone(), None, &mut forger);
    let answer = within("an answer to a forged signature", offer).await.unwrap();
    assert!(!answer.success());
    // The same connection, now honest: it is mallory's, and stays mallory's.
    assert!(try_key(&mut session, &mallory.login, &mallory.key).await);
    let channel = session.channel_open_session().await.unwrap();
    channel.exec(true, "whoami --json").await.unwrap();
    let who = within("whoami", crate::harness::finish(channel)).await.json();
    assert_eq!(who["login"], mallory.login);
    // The signer itself works: signing for one's own key is accepted.
    let mut honest = server.connect().await;
    let mut owner = Attacker(ana.key.clone());
    let offer =
        honest.authenticate_publickey_with(&ana.login, ana.key.public_key().clone(), None, &mut owner);
    assert!(within("an answer to a signature", offer).await.unwrap().success());
}

#[tokio::test]
async fn seven_foreign_keys_do_not_keep_the_right_one_out() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut session = server.connect().await;
    assert!(!session.authenticate_none(&ana.login).await.unwrap().success());
    for seed in 10..17 {
        assert!(!try_key(&mut session, &ana.login, &key(seed)).await);
    }
    assert!(try_key(&mut session, &ana.login, &ana.key).await);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_dashboard_at_once() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut by_key = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
    let mut by_password = server.connect().await;
    assert!(try_password(&mut by_password, &ana.login, PASSWORD).await);
    let mut by_password = Tty::open(by_password, "xterm-256color", (80, 24), None).await;
    for dashboard in [&mut by_key, &mut by_password] {
        dashboard.until("ana").await;
    }
    server.service.sign_out_everywhere(&ana.caller).await.unwrap();
    for dashboard in [&mut by_key, &mut by_password] {
        dashboard.until_end().await;
        assert!(dashboard.text().contains("Signed out"), "{}", dashboard.text());
    }
    assert!(try_key(&mut server.connect().await, &ana.login, &ana.key).await, "the key is still hers");
}

#[tokio::test]
async fn removing_a_key_ends_what_it_opened_and_nothing_else() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut by_key = Tty::open(server.sign_in(&ana).await, "xterm-256color", (80, 24), None).await;
    let mut by_password = server.connect().await;
    assert!(try_password(&mut by_password, &ana.login, PASSWORD).await);
    let mut by_password = Tty::open(by_password, "xterm-256color", (80, 24), None).await;
    by_key.until("ana").await;
    by_password.until("ana").await;
    let row = server.service.ssh_keys(&ana.caller).await.unwrap()[0].id;
    server.service.remove_ssh_key(&ana.caller, row).await.unwrap();
    by_key.until_end().await;
    by_key.is_restored();
    assert!(by_key.text().contains("Signed out"), "{}", by_key.text());
    assert!(!try_key(&mut server.connect().await, &ana.login, &ana.key).await);
    by_password.type_in("\x03\x03").await;
    assert!(!by_password.ended);
}
