//! Notifications as e-mail, through a server of the test that speaks SMTP: to whom, how often, and what it answers.

use std::sync::{Arc, Mutex};

use keyward_keys::input::{DeliveryQuery, NewTeam, NewWebhook, ProfileChange, TimingPatch, WebhookPatch};
use keyward_keys::outbound::{MailSettings, MailTls, MessageFormat};
use keyward_keys::view::{DeliveryStatus, DeliveryView};
use keyward_keys::{Caller, Error, Id, Role};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Instance, NOON, ORIGIN, eventually, new_account, secret};
use crate::teams::{joined, team};

/// A mail server. It answers to recipients with these, the last one for ever, and keeps every line it got.
struct Post {
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Post {
    async fn start(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let all = Arc::clone(&lines);
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let answer = answers[number.min(answers.len() - 1)];
                number += 1;
                let _ = talk(stream, answer, &all).await;
            }
        });
        Self { port, lines }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("a lock").clone()
    }

    /// The code that was mailed last to this address, once it is there after `seen` mails to it.
    async fn code(&self, to: &str, seen: usize) -> SecretString {
        let recipient = format!("RCPT TO:<{to}>");
        let found = || {
            let lines = self.lines();
            let mails: Vec<_> = lines.split(|line| line == "QUIT" || line == ".").collect();
            let to_them: Vec<_> = mails.into_iter().filter(|mail| mail.contains(&recipient)).collect();
            let text = to_them.get(seen)?.iter().find_map(|line| line.split_once("Your code is "))?.1;
            Some(secret(text))
        };
        eventually("a code is mailed", async || found().is_some()).await;
        found().expect("a code")
    }

    fn settings(&self, tls: MailTls) -> Option<MailSettings> {
        Some(MailSettings {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls,
            login: Some(("keyward".to_owned(), secret("canary"))),
            from: "keyward@example.com".to_owned(),
            domains: vec!["ops.example.com".to_owned()],
            verify: true,
        })
    }
}

async fn talk(stream: TcpStream, answer: &str, all: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 here\r\n").await?;
    let (mut line, mut in_data) = (String::new(), false);
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let text = line.trim_end().to_owned();
        all.lock().expect("a lock").push(text.clone());
        let reply = match text.split([' ', ':']).next().unwrap_or_default() {
            "." if in_data => {
                in_data = false;
                "250 taken"
            }
            _ if in_data => continue,
            "EHLO" => "250-here\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "RCPT" => answer,
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    }
}

fn new(to: &str, team: Option<Id>) -> NewWebhook {
    NewWebhook {
        name: "Mail".to_owned(),
        url: secret(to),
        events: None,
        format: Some(MessageFormat::Email),
        team,
        timing: TimingPatch::default(),
    }
}

async fn last(instance: &Instance, caller: &Caller, id: Id) -> DeliveryView {
    let query = DeliveryQuery { page: 1, limit: 1 };
    let page = instance.service.webhook_deliveries(caller, id, &query).await.expect("a page");
    page.deliveries.into_iter().next().expect("a message")
}

fn fault(refused: Result<impl Sized, Error>) -> (String, String) {
    let Err(Error::Invalid(faults)) = refused else { panic!("refused as wrong") };
    assert_eq!(faults.len(), 1, "{faults:?}");
    (faults[0].field.clone(), faults[0].detail.clone())
}

#[tokio::test]
async fn what_a_person_is_told_is_mailed_to_them_and_follows_their_address() {
    let post = Post::start(&["250 ok"]).await;
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let none = fault(instance.service.create_webhook(&ana, new("ana@example.com", None)).await);
    assert!(none.0 == "format" && none.1.contains("smtp.host"), "{none:?}");

    let instance = instance.reopen_with(post.settings(MailTls::None)).await;
    let service = &instance.service;
    for strange in ["eve@example.com", "nobody"] {
        assert_eq!(fault(service.create_webhook(&ana, new(strange, None)).await).0, "url", "{strange}");
    }
    let (hook, _) = service.create_webhook(&ana, new("mailto:Ana@example.com", None)).await.expect("made");
    assert_eq!((hook.format.as_str(), hook.url.as_str()), ("email", "ana@example.com"));
    let other = WebhookPatch { url: Some(secret("eve@example.com")), ..WebhookPatch::default() };
    assert_eq!(fault(service.update_webhook(&ana, hook.id, other).await).0, "url");

    let zone = ProfileChange { time_zone: Some("Asia/Kolkata".to_owned()), ..ProfileChange::default() };
    service.change_profile(&ana, zone).await.expect("changed");
    let sent = service.test_webhook(&ana, hook.id).await.expect("queued");
    assert_eq!(service.deliver_webhooks(&instance.system()).await.expect("sent"), 1);
    let done = last(&instance, &ana, hook.id).await;
    assert_eq!((done.state, done.status), (DeliveryStatus::Delivered, Some(250)));
    let lines = post.lines();
    let has = |start: &str| lines.iter().any(|line| line.starts_with(start));
    assert!(has("AUTH PLAIN ") && has("RCPT TO:<ana@example.com>"), "{lines:?}");
    assert!(has("Subject: Keyward: A test") && has(&format!("Message-ID: <msg_{}@", sent.id)), "{lines:?}");
    assert!(has("Time: 10 Mar 2026, 17:30 IST"), "by the reader's clock: {lines:?}");
    assert!(!lines.concat().contains("canary"), "the password is not in the mail: {lines:?}");

    let change = ProfileChange { email: Some("ana@new.example.com".to_owned()), ..ProfileChange::default() };
    service.change_profile(&ana, change).await.expect("changed");
    assert_eq!(service.webhook(&ana, hook.id).await.expect("there").url, "ana@new.example.com");
}

#[tokio::test]
async fn a_team_s_mail_goes_to_its_members_and_to_the_operator_s_domains() {
    let post = Post::start(&["250 ok"]).await;
    let instance = Instance::open().await.reopen_with(post.settings(MailTls::None)).await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let team = team(&instance, &ana).await.id;
    let (_, bob) = joined(&instance, &ana, team, "bob", Role::Viewer).await;
    instance.person("eve", keyward_keys::Plan::Free).await;
    for strange in ["eve@example.com", "x@elsewhere.example.com"] {
        let refused = fault(service.create_webhook(&ana, new(strange, Some(team))).await);
        assert!(refused.0 == "url" && refused.1.contains("smtp.domains"), "{refused:?}");
    }
    service.create_webhook(&ana, new("oncall@ops.example.com", Some(team))).await.expect("a domain");
    let (hook, _) = service.create_webhook(&ana, new("bob@example.com", Some(team))).await.expect("a member");
    service.remove_member(&ana, team, bob).await.expect("removed");
    service.deliver_webhooks(&instance.system()).await.expect("sent");
    let gone = last(&instance, &ana, hook.id).await;
    assert_eq!((gone.event.as_str(), gone.state), ("member_left", DeliveryStatus::Failed));
    let lines = post.lines();
    assert!(lines.contains(&"RCPT TO:<oncall@ops.example.com>".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("bob@")), "nothing to who has left: {lines:?}");
}

#[tokio::test]
async fn a_refusal_is_final_where_it_is_and_nothing_goes_out_without_the_tls_that_is_asked_for() {
    let post = Post::start(&["451 later", "550 no such mailbox"]).await;
    let instance = Instance::open().await.reopen_with(post.settings(MailTls::None)).await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let (hook, _) = service.create_webhook(&ana, new("ana@example.com", None)).await.expect("made");
    service.test_webhook(&ana, hook.id).await.expect("queued");
    for (at, state, status) in [(0, DeliveryStatus::Pending, 451), (5_000, DeliveryStatus::Failed, 550)] {
        instance.clock.set(NOON + at);
        assert_eq!(service.deliver_webhooks(&instance.system()).await.expect("sent"), 1);
        let row = last(&instance, &ana, hook.id).await;
        assert_eq!((row.state, row.status), (state, Some(status)));
        assert!(!row.detail.expect("why").contains("mailbox "), "the server's words are its own");
    }

    let plain = Post::start(&["250 ok"]).await;
    let instance = instance.reopen_with(plain.settings(MailTls::Starttls)).await;
    let id = instance.service.test_webhook(&ana, hook.id).await.expect("queued").id;
    instance.service.deliver_webhooks(&instance.system()).await.expect("tried");
    let row = last(&instance, &ana, hook.id).await;
    assert_eq!((row.id, row.state), (id, DeliveryStatus::Pending));
    let lines = plain.lines();
    assert!(
        !lines.is_empty() && !lines.iter().any(|line| line.starts_with("AUTH") || line.starts_with("MAIL")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn an_invitation_is_mailed_to_the_operator_s_domains_alone_and_its_code_is_good() {
    let post = Post::start(&["250 ok", "550 no such mailbox"]).await;
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await.id;
    let none = fault(instance.service.invite_by_mail(&ana, team, "eve@ops.example.com", Role::Member).await);
    assert!(none.0 == "mail" && none.1.contains("smtp.host"), "{none:?}");
    let instance = instance.reopen_with(post.settings(MailTls::None)).await;
    let service = &instance.service;
    // Also to somebody who has an account here: who has one is nobody's business.
    for stranger in ["eve@elsewhere.example.com", "ana@example.com"] {
        let refused = fault(service.invite_by_mail(&ana, team, stranger, Role::Member).await);
        assert!(refused.0 == "mail" && refused.1.contains("smtp.domains"), "{refused:?}");
    }
    assert!(service.invitations(&ana, team).await.expect("a list").is_empty());
    let sent =
        service.invite_by_mail(&ana, team, "Eve@ops.example.com", Role::Viewer).await.expect("invited");
    assert_eq!(sent.1, None);
    let lines = post.lines();
    let code = sent.0.code.expose_secret();
    assert!(lines.contains(&"RCPT TO:<eve@ops.example.com>".to_owned()), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains(code)), "{lines:?}");
    assert!(lines.contains(&"Subject: Keyward: you are invited to a team".to_owned()), "{lines:?}");
    // What the mail server does not take is told, and the code is good all the same.
    let unsent =
        service.invite_by_mail(&ana, team, "bo@ops.example.com", Role::Viewer).await.expect("invited");
    assert!(unsent.1.as_deref().is_some_and(|fault| fault.contains("550")), "{:?}", unsent.1);
    assert_eq!(service.invitations(&ana, team).await.expect("a list").len(), 2);
}

#[tokio::test]
async fn a_new_address_gets_a_code_and_nothing_else_before_it_came_back() {
    let post = Post::start(&["250 ok"]).await;
    let instance = Instance::open().await;
    let old = instance.ana().await;
    let team = team(&instance, &old).await.id;
    let instance = instance.reopen_with(post.settings(MailTls::None)).await;
    let service = &instance.service;
    assert!(service.me(&old).await.expect("me").email_verified, "who was here is taken at their word");
    assert!(matches!(service.send_email_code(&old).await, Err(Error::Conflict(_))));

    // Whoever registers signs in at once, and is in no team by the address alone, with its code or without.
    let invited = service.invite(&old, team, "bob@example.com", Role::Viewer).await.expect("invited");
    let mut account = new_account("bob");
    account.code = Some(invited.code);
    let (bob, view) = service.register(ORIGIN, account).await.expect("registered");
    assert!(!view.email_verified && !service.me(&bob).await.expect("me").email_verified);
    service.sign_in(ORIGIN, "bob", secret("correct horse")).await.expect("signed in");
    assert!(service.teams(&bob).await.expect("teams").is_empty());
    let first = post.code("bob@example.com", 0).await;
    let (hook, _) = service.create_webhook(&bob, new("bob@example.com", None)).await.expect("made");
    service.test_webhook(&bob, hook.id).await.expect("queued");
    service.deliver_webhooks(&instance.system()).await.expect("tried");
    let held = last(&instance, &bob, hook.id).await;
    assert_eq!((held.state, held.attempts), (DeliveryStatus::Pending, 1));
    assert!(held.detail.is_some_and(|why| why.contains("not verified")));

    // A later code voids the one before; five an hour are mailed.
    for _ in 0..4 {
        assert_eq!(service.send_email_code(&bob).await.expect("sent"), None);
    }
    assert!(matches!(service.send_email_code(&bob).await, Err(Error::TooMany(_))));
    let code = post.code("bob@example.com", 4).await;
    for wrong in [&first, &secret("K7QF-2MXW-9TRD-HV4P"), &secret("")] {
        assert_eq!(fault(service.prove_email(&bob, wrong).await).0, "code");
    }
    let (kim, _) = service.register(ORIGIN, new_account("kim")).await.expect("registered");
    for other in [&old, &kim] {
        assert_eq!(fault(service.prove_email(other, &code).await).0, "code", "it is another one's");
    }
    assert!(service.prove_email(&bob, &code).await.expect("proved").email_verified);
    assert_eq!(fault(service.prove_email(&bob, &code).await).0, "code", "once");
    assert_eq!(service.teams(&bob).await.expect("teams")[0].id, team, "the invitation waited for it");
    instance.clock.set(NOON + 5_000);
    service.deliver_webhooks(&instance.system()).await.expect("sent");
    assert_eq!(last(&instance, &bob, hook.id).await.state, DeliveryStatus::Delivered);

    // Another address is another question, also after a restart. A code is good for a day.
    instance.clock.set(NOON + 3_600_000);
    let change = ProfileChange { email: Some("bob@new.example.com".to_owned()), ..ProfileChange::default() };
    assert!(!service.change_profile(&bob, change).await.expect("changed").email_verified);
    let code = post.code("bob@new.example.com", 0).await;
    let instance = instance.reopen_with(post.settings(MailTls::None)).await;
    let service = &instance.service;
    let other = service.create_team(&old, named("Other")).await.expect("a team").id;
    let invited = service.invite(&old, other, "bob@new.example.com", Role::Viewer).await.expect("invited");
    assert!(matches!(service.join_team(&bob, &invited.code).await, Err(Error::Forbidden(_))));
    instance.clock.set(NOON + 25 * 3_600_000);
    assert_eq!(fault(service.prove_email(&bob, &code).await).0, "code");
    assert_eq!(service.send_email_code(&bob).await.expect("sent"), None);
    let code = post.code("bob@new.example.com", 1).await;
    assert!(service.prove_email(&bob, &code).await.expect("proved").email_verified);
    service.join_team(&bob, &invited.code).await.expect("joined");

    // Without a mail server addresses are taken at their word.
    let instance = instance.reopen().await;
    let change =
        ProfileChange { email: Some("bob@third.example.com".to_owned()), ..ProfileChange::default() };
    assert!(instance.service.change_profile(&bob, change).await.expect("changed").email_verified);
    let account = new_account("eve");
    assert!(instance.service.register(ORIGIN, account).await.expect("registered").1.email_verified);
}

fn named(name: &str) -> NewTeam {
    NewTeam { name: name.to_owned(), ..NewTeam::default() }
}
