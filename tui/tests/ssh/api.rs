//! `ssh -s HOST api`: requests and answers as lines of JSON, over one connection.

use russh::{ChannelMsg, client};
use serde_json::{Value, json};

use crate::harness::{PATIENCE, Person, Server, within};

struct Client {
    channel: russh::Channel<client::Msg>,
    read: Vec<u8>,
    status: Option<u32>,
}

impl Client {
    async fn open(server: &Server, person: &Person) -> Self {
        let session = server.sign_in(person).await;
        let channel = session.channel_open_session().await.unwrap();
        channel.request_subsystem(true, "api").await.unwrap();
        Self { channel, read: Vec::new(), status: None }
    }

    async fn send(&self, text: &str) {
        self.channel.data(text.as_bytes()).await.unwrap();
    }

    /// The next line; none at the end.
    async fn next(&mut self) -> Option<Value> {
        within("a line", async {
            loop {
                if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                    let rest = self.read.split_off(end + 1);
                    let line = std::mem::replace(&mut self.read, rest);
                    return Some(serde_json::from_slice(&line).unwrap());
                }
                match self.channel.wait().await? {
                    ChannelMsg::Data { data } => self.read.extend_from_slice(&data),
                    ChannelMsg::ExitStatus { exit_status } => self.status = Some(exit_status),
                    _ => {}
                }
            }
        })
        .await
    }

    async fn ask(&mut self, request: Value) -> Value {
        self.send(&format!("{request}\n")).await;
        self.next().await.unwrap()
    }
}

#[tokio::test]
async fn each_request_has_an_answer_under_its_id_in_the_schema_s_names() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut client = Client::open(&server, &ana).await;
    let whoami = client.ask(json!({"id": 1, "command": "whoami"})).await;
    assert_eq!((&whoami["id"], &whoami["result"]["login"]), (&json!(1), &json!("ana")));
    let args = json!({"name": "mail", "service": "SendGrid", "environment": "production", "monthlyLimit": 9});
    let added = client.ask(json!({"id": "a", "method": "keys.add", "params": args, "input": "SG.1\n"})).await;
    assert_eq!((&added["id"], &added["result"]["monthlyLimit"]), (&json!("a"), &json!(9)), "{added}");
    let got =
        client.ask(json!({"id": 3, "command": "keys get", "args": ["mail", "--env", "production"]})).await;
    assert_eq!(got["result"]["apiKey"], "SG.1");
    let listed = client.ask(json!({"command": "keys ls"})).await;
    assert_eq!((&listed["id"], &listed["result"]["keys"][0]["name"]), (&Value::Null, &json!("mail")));
    let exported = client.ask(json!({"id": 4, "command": "export"})).await;
    assert!(exported["result"].to_string().contains("SG.1"), "{exported}");
    let batch = "keys edit mail --tag a\n# that is all\n";
    let batch = client.ask(json!({"id": 5, "command": "batch -", "input": batch})).await;
    assert_eq!(batch["result"]["changes"][0]["key"]["tags"], json!(["a"]));
    let removed =
        client.ask(json!({"id": 6, "command": "keys rm", "args": {"key": "mail", "yes": true}})).await;
    assert_eq!(removed["result"]["name"], "mail");
    let locked = client.ask(json!({"id": 7, "command": "lock"})).await;
    assert_eq!(locked, json!({"id": 7, "result": {"unlocked": false}}));
    client.channel.eof().await.unwrap();
    assert_eq!((client.next().await, client.status), (None, Some(0)));
}

#[tokio::test]
async fn garbage_gets_an_error_and_what_comes_after_it_an_answer() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut client = Client::open(&server, &ana).await;
    client.send("\n  \nnonsense\n{}\n[]\n\"x\"\n{\"id\":1,\"command\":\"nosuch\"}\n").await;
    for id in [json!(null), json!(null), json!(null), json!(null), json!(1)] {
        let refused = client.next().await.unwrap();
        assert_eq!(
            (&refused["id"], &refused["status"], &refused["error"]["code"]),
            (&id, &json!(2), &json!("usage"))
        );
    }
    client.channel.data(&[0xff, 0xfe, 0, b'\n'][..]).await.unwrap();
    assert_eq!(client.next().await.unwrap()["error"]["code"], "usage");
    let missing = client.ask(json!({"id": 2, "command": "keys show", "args": ["nothing"]})).await;
    assert_eq!((&missing["status"], &missing["error"]["code"]), (&json!(3), &json!("not_found")));
    let wrong = client
        .ask(json!({"id": 3, "command": "keys add", "args": {"name": "", "service": "", "nosuch": 1}}))
        .await;
    assert_eq!(wrong["error"]["code"], "usage");
    let empty =
        client.ask(json!({"id": 4, "command": "keys add", "args": {"name": "x", "service": ""}})).await;
    assert_eq!(empty["error"]["errors"].as_array().map(Vec::len), Some(2), "{empty}");
    let needs_yes = client.ask(json!({"id": 5, "command": "sessions end"})).await;
    assert_eq!(needs_yes["status"], 2);
    // Many at once, each in a packet of its own, wait for their turn. The client in this test holds no more than 100.
    for id in 0..80 {
        client.send(&format!("{}\n", json!({"id": id, "command": "whoami"}))).await;
    }
    for id in 0..80 {
        assert_eq!(client.next().await.unwrap()["id"], id);
    }
}

#[tokio::test]
async fn watches_go_on_beside_other_requests_until_they_are_stopped() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    server.api_key(&ana, "one", "v").await;
    let mut client = Client::open(&server, &ana).await;
    client.send("{\"id\":\"w\",\"command\":\"watch\"}\n{\"id\":\"c\",\"command\":\"watch\",\"args\":{\"count\":1}}\n").await;
    // An answer says that the watches before it have begun.
    assert_eq!(client.ask(json!({"id": 1, "command": "whoami"})).await["id"], 1);
    client
        .send(&format!("{}\n", json!({"id": 2, "command": "keys edit", "args": {"key": "one", "tag": "t"}})))
        .await;
    let (mut answer, mut events, mut over) = (0, Vec::new(), 0);
    while answer == 0 || over == 0 || events.len() < 2 {
        let line = client.next().await.unwrap();
        match (&line["id"], line.get("event")) {
            (id, Some(event)) => {
                assert_eq!((event, &line["data"]["key"]["tags"]), (&json!("api_key_update"), &json!(["t"])));
                events.push(id.clone());
            }
            (id, None) if *id == 2 => answer += 1,
            (id, None) => {
                assert_eq!((id, &line["result"]), (&json!("c"), &Value::Null));
                over += 1;
            }
        }
    }
    events.sort_by_key(ToString::to_string);
    assert_eq!(events, ["c", "w"]);
    let taken = client.ask(json!({"id": "w", "command": "watch"})).await;
    assert_eq!(taken["error"]["code"], "usage");
    client.send("{\"id\":3,\"command\":\"stop\",\"args\":[\"w\"]}\n").await;
    let mut ended =
        [client.next().await.unwrap(), client.next().await.unwrap()].map(|line| line["id"].to_string());
    ended.sort();
    assert_eq!(ended, ["\"w\"", "3"]);
    let again = client.ask(json!({"id": 4, "command": "stop", "args": ["w"]})).await;
    assert_eq!(again["status"], 3);
    client.send("{\"id\":5,\"command\":\"watch\"}\n").await;
    client.ask(json!({"id": 6, "command": "whoami"})).await;
    client.channel.eof().await.unwrap();
    assert_eq!((client.next().await, client.status), (None, Some(0)), "the end of the input is the end");
}

#[tokio::test]
async fn a_daemon_that_goes_down_is_not_waited_for() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut client = Client::open(&server, &ana).await;
    client.ask(json!({"id": 1, "command": "whoami"})).await;
    server.shutdown.drain.cancel();
    assert_eq!((client.next().await, client.status), (None, Some(75)));
    tokio::time::timeout(PATIENCE, server.task).await.unwrap().unwrap();
}
