//! `ssh HOST watch` and `notifications`: what happens, as it happens, and what was told.

use keyward_keys::input::{KeyPatch, KeyRef, TrackEvent};
use russh::{ChannelMsg, client};
use serde_json::{Value, json};

use crate::harness::{PATIENCE, Person, Server, Trusting, Tty, finish, try_key, within};

/// Reports one call of a key.
async fn call(server: &Server, person: &Person, key: &str, status: u16) {
    let event = TrackEvent {
        endpoint: Some("/v1/charges".to_owned()),
        status_code: Some(status),
        ..TrackEvent::default()
    };
    server.service.track(&person.caller, &KeyRef::Id(key.to_owned()), event).await.unwrap();
}

async fn rename(server: &Server, person: &Person, key: &str, name: &str) {
    let patch = KeyPatch { name: Some(name.to_owned()), ..KeyPatch::default() };
    server.service.update_key(&person.caller, &KeyRef::Id(key.to_owned()), patch, None).await.unwrap();
}

/// Makes something happen, again and again, until somebody who was about to listen has heard of it.
async fn heard<T>(listener: impl Future<Output = T>, nudge: impl AsyncFn()) -> T {
    tokio::select! {
        heard = listener => heard,
        () = async { loop { nudge().await } } => unreachable!(),
    }
}

/// The lines of a channel, one after another.
struct Lines {
    channel: russh::Channel<russh::client::Msg>,
    read: Vec<u8>,
}

impl Lines {
    async fn of(server: &Server, person: &Person, command: &str) -> Self {
        Self::on(server.sign_in(person).await, command).await
    }

    async fn on(session: client::Handle<Trusting>, command: &str) -> Self {
        let channel = session.channel_open_session().await.unwrap();
        channel.exec(true, command).await.unwrap();
        // As from a script in the background: there is no input.
        channel.eof().await.unwrap();
        Self { channel, read: Vec::new() }
    }

    /// The next line that is about this.
    async fn about(&mut self, what: &str) -> Value {
        loop {
            let line = self.next().await;
            if line.contains(what) {
                return serde_json::from_str(&line).unwrap();
            }
        }
    }

    async fn next(&mut self) -> String {
        within("a line", async {
            loop {
                if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                    let rest = self.read.split_off(end + 1);
                    let line = std::mem::replace(&mut self.read, rest);
                    return String::from_utf8(line).unwrap();
                }
                match self.channel.wait().await {
                    Some(ChannelMsg::Data { data }) => self.read.extend_from_slice(&data),
                    Some(_) => {}
                    None => panic!("it ended"),
                }
            }
        })
        .await
    }
}

#[tokio::test]
async fn what_happens_comes_a_json_object_a_line_under_the_names_of_live_clients() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let ben = server.person("ben", 2).await;
    let (mine, other) = (server.api_key(&ana, "mine", "v").await, server.api_key(&ana, "other", "v").await);
    let bens = server.api_key(&ben, "bens", "v").await;
    let mut all = Lines::of(&server, &ana, "watch --ndjson").await;
    heard(all.next(), async || rename(&server, &ana, &other.key_id, "other").await).await;
    call(&server, &ben, &bens.key_id, 200).await;
    rename(&server, &ana, &other.key_id, "renamed").await;
    let update = all.about("renamed").await;
    assert_eq!((&update["event"], &update["data"]["action"]), (&json!("api_key_update"), &json!("updated")));
    call(&server, &ana, &mine.key_id, 500).await;
    let update: Value = serde_json::from_str(&all.next().await).unwrap();
    assert_eq!((&update["event"], &update["data"]["keyId"]), (&json!("usage_update"), &json!(mine.key_id)));
    assert_eq!(update["data"]["usage"]["errors"], 1);
    assert_eq!(update["data"]["stats"]["currentMonthUsage"], 1);

    // Of one key, and one event of it.
    let mut one = Lines::of(&server, &ana, "watch mine --json --count 1").await;
    let both = async || {
        rename(&server, &ana, &other.key_id, "other").await;
        call(&server, &ana, &mine.key_id, 200).await;
    };
    let update: Value = serde_json::from_str(&heard(one.next(), both).await).unwrap();
    assert_eq!((&update["event"], &update["data"]["keyId"]), (&json!("usage_update"), &json!(mine.key_id)));
    let ended = within("its one event", finish(one.channel)).await;
    assert_eq!((ended.status, ended.out()), (Some(0), ""));

    let mut told = Lines::of(&server, &ana, "watch other mine").await;
    let line = heard(told.next(), async || rename(&server, &ana, &other.key_id, "other").await).await;
    assert!(line.ends_with("  other  was changed\n"), "{line}");
    call(&server, &ana, &mine.key_id, 404).await;
    let line = loop {
        let line = told.next().await;
        if !line.contains("changed") {
            break line;
        }
    };
    assert!(line.contains("  mine  +1 call, 1 failed  /v1/charges 404"), "{line}");
}

#[tokio::test]
async fn whoever_does_not_read_is_told_that_they_missed_something() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let key = server.api_key(&ana, "busy", "v").await;
    let mut session =
        server.connect_with(client::Config { window_size: 64 * 1024, ..client::Config::default() }).await;
    assert!(try_key(&mut session, &ana.login, &ana.key).await);
    let mut watch = Lines::on(session, "watch --ndjson").await;
    heard(watch.next(), async || rename(&server, &ana, &key.key_id, "busy").await).await;
    // More than the channel's window and the backlog of events hold together.
    let patch = KeyPatch { description: Some("x".repeat(1000)), ..KeyPatch::default() };
    let by_id = KeyRef::Id(key.key_id.clone());
    for _ in 0..1200 {
        server.service.update_key(&ana.caller, &by_id, patch.clone(), None).await.unwrap();
    }
    let resync = watch.about("resync").await;
    assert_eq!(resync["event"], "resync");
    rename(&server, &ana, &key.key_id, "after").await;
    watch.about("after").await;
}

#[tokio::test]
async fn a_watch_is_left_by_time_by_a_key_press_and_by_the_end_of_the_daemon() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let quiet = server.run(&ana, "watch --for 10ms --ndjson", b"").await;
    assert_eq!((quiet.status, quiet.stdout.len(), quiet.stderr.len()), (Some(0), 0, 0), "{quiet:?}");
    for (keys, status) in [("x\x03", 130), ("\x04", 0)] {
        let mut tty = Tty::open(server.sign_in(&ana).await, "xterm", (80, 24), Some("watch")).await;
        tty.type_in(keys).await;
        tty.until_end().await;
        assert_eq!(tty.status, Some(status));
    }
    let mut plain = Tty::open(server.sign_in(&ana).await, "dumb", (80, 24), None).await;
    plain.until("keyward>").await;
    plain.type_in("watch\r").await;
    let key = server.api_key(&ana, "one", "v").await;
    heard(plain.until("one  was changed"), async || rename(&server, &ana, &key.key_id, "one").await).await;
    plain.type_in("\x03whoami\r").await;
    plain.until("ana@example.com").await;
    let mut watch = Lines::of(&server, &ana, "watch --ndjson").await;
    heard(watch.next(), async || rename(&server, &ana, &key.key_id, "one").await).await;
    let system = server.service.system_caller("test", keyward_keys::Door::Local);
    server.service.announce_drain(&system, 20).unwrap();
    assert_eq!(watch.about("system_alert").await["data"]["type"], "shutdown");
    assert_eq!(within("its end", finish(watch.channel)).await.status, Some(75));
    for wrong in ["watch --for ever", "watch --for -5s", "watch --count few", "watch --json --ndjson"] {
        assert_eq!(server.run(&ana, wrong, b"").await.status, Some(2), "{wrong}");
    }
    assert_eq!(server.run(&ana, "watch nothing", b"").await.status, Some(3));
}

#[tokio::test]
async fn lists_come_an_item_a_line() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    server.api_key(&ana, "one", "v").await;
    server.api_key(&ana, "two", "v").await;
    for (command, field) in [
        ("keys ls", "keyId"),
        ("usage", "keyId"),
        ("audit", "action"),
        ("sessions ls", "kind"),
        ("help keys", "usage"),
    ] {
        let whole = server.run(&ana, &format!("{command} --json"), b"").await.json();
        let whole =
            whole.as_array().or_else(|| whole.as_object()?.values().find_map(Value::as_array)).unwrap().len();
        let lines = server.run(&ana, &format!("{command} --ndjson"), b"").await;
        assert_eq!((lines.status, lines.err()), (Some(0), ""), "{command}");
        let items: Vec<Value> = lines.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(
            items.len() >= whole.min(2) && items.iter().all(|item| item[field].is_string()),
            "{command}: {lines:?}"
        );
    }
    for none in ["tokens ls --ndjson", "team ls --ndjson", "notifications --ndjson"] {
        let lines = server.run(&ana, none, b"").await;
        assert_eq!((lines.status, lines.out(), lines.err()), (Some(0), "", ""), "{none}");
    }
    let wrong = server.run(&ana, "keys show --ndjson", b"").await;
    assert_eq!(
        (wrong.status, serde_json::from_str::<Value>(wrong.err()).unwrap()["code"] == "usage"),
        (Some(2), true)
    );
}

#[tokio::test]
async fn notifications_are_listed_read_and_removed() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let key = server.api_key(&ana, "busy", "v").await;
    let limited = KeyPatch { monthly_limit: Some(Some(1)), ..Default::default() };
    let by_id = KeyRef::Id(key.key_id.clone());
    server.service.update_key(&ana.caller, &by_id, limited, None).await.unwrap();
    call(&server, &ana, &key.key_id, 200).await;
    let end = tokio::time::Instant::now() + PATIENCE;
    let listed = loop {
        let listed = server.run(&ana, "notifications --json", b"").await.json();
        if listed["unread"] == 1 {
            break listed;
        }
        assert!(tokio::time::Instant::now() < end, "nobody is told: {listed}");
    };
    assert_eq!(listed["notifications"][0]["type"], "monthly_limit");
    let id = listed["notifications"][0]["_id"].as_str().unwrap();
    assert!(server.run(&ana, "notifications", b"").await.out().contains("busy has used 100 %"));
    let read = server.run(&ana, &format!("notifications read {id} --json"), b"").await.json();
    assert_eq!(read["read"], true);
    assert_eq!(server.run(&ana, "notifications ls --unread", b"").await.out(), "");
    assert_eq!(server.run(&ana, "notifications read --all --json", b"").await.json()["read"], 0);
    assert_eq!(server.run(&ana, &format!("notifications rm {id}"), b"").await.status, Some(0));
    assert_eq!(server.run(&ana, &format!("notifications rm {id}"), b"").await.status, Some(3));
    assert_eq!(server.run(&ana, "notifications read", b"").await.status, Some(2));
}
