//! `ssh HOST batch -`: changes a line each, all of them or none.

use serde_json::json;

use crate::harness::{Server, Tty};

#[tokio::test]
async fn lines_of_words_and_of_json_are_made_in_one_commit() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    server.api_key(&ana, "one", "v").await;
    server.api_key(&ana, "old", "v").await;
    let lines = br#"
# what changes today
keys edit one --tag 'a b' --monthly-limit 5
{"command":"keys add","args":{"name":"new","service":"Stripe","environment":"production","tag":["x"]},"input":"sk-live-1"}
keys rm old
"#;
    let dry = server.run(&ana, "batch - --dry-run", lines).await;
    assert_eq!((dry.status, dry.err()), (Some(0), "3 changes would be made\n"), "{dry:?}");
    let made = server.run(&ana, "batch - --json", lines).await;
    let report = made.json();
    assert_eq!(report["dryRun"], false);
    let done: Vec<_> =
        report["changes"].as_array().unwrap().iter().map(|one| (&one["line"], &one["action"])).collect();
    assert_eq!(
        done,
        [(&json!(3), &json!("updated")), (&json!(4), &json!("created")), (&json!(5), &json!("deleted"))]
    );
    assert_eq!(report["changes"][0]["key"]["tags"], json!(["a b"]));
    assert!(!made.out().contains("sk-live-1"));
    assert_eq!(server.run(&ana, "keys get new --env production", b"").await.out(), "sk-live-1\n");
    let left = server.run(&ana, "keys ls --ndjson", b"").await;
    assert_eq!(left.out().lines().count(), 2);
}

#[tokio::test]
async fn a_line_that_is_wrong_is_named_and_nothing_is_done() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    server.api_key(&ana, "one", "v").await;
    let lines = b"keys edit one --status inactive\nkeys get one\nkeys add --name x --service y\nkeys edit one --colour red\n{nonsense\nkeys 'edit\nkeys rm nothing\nkeys edit one --env prod\n";
    let refused = server.run(&ana, "batch - --json", lines).await;
    assert_eq!((refused.status, refused.out()), (Some(2), ""), "{refused:?}");
    let problem: serde_json::Value = serde_json::from_str(refused.err()).unwrap();
    let told: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["pointer"].as_str().unwrap(), one["detail"].as_str().unwrap()))
        .collect();
    for (line, text) in [
        ("/lines/2", "keys add, keys edit, keys rm and keys restore can"),
        ("/lines/3", "as its \"input\""),
        ("/lines/4", "--colour"),
        ("/lines/5", "no request"),
        ("/lines/6", "quote"),
        ("/lines/7", "no such key"),
        ("/lines/8", "cannot change in a batch"),
    ] {
        assert!(
            told.iter().any(|(at, detail)| *at == line && detail.contains(text)),
            "{line} {text}: {told:?}"
        );
    }
    assert_eq!(told.len(), 7);
    let one = server.run(&ana, "keys show one --json", b"").await.json();
    assert_eq!(one["status"], "active");
    assert!(server.run(&ana, "batch -", lines).await.err().contains("lines/7: there is no such key"));

    assert_eq!(server.run(&ana, "batch - --json", b"").await.json()["changes"], json!([]));
    let large = vec![b'#'; (1 << 20) + 1];
    assert_eq!(server.run(&ana, "batch -", &large).await.status, Some(2));
    for wrong in ["batch", "batch file", "batch - more"] {
        assert_eq!(server.run(&ana, wrong, b"").await.status, Some(2), "{wrong}");
    }
    let mut tty = Tty::open(server.sign_in(&ana).await, "xterm", (80, 24), Some("batch -")).await;
    tty.until_end().await;
    assert_eq!(tty.status, Some(2));
}
