//! `keyward recipe`: what is in the program, every fault of a file at once, and a walk against a server; no data folder.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::daemon::{command, text};

fn recipe(args: &[&str], stdin: &str) -> std::process::Output {
    let mut all = vec!["recipe"];
    all.extend(args);
    command("/nowhere/at/all".as_ref(), &all, stdin)
}

#[test]
fn recipes_of_the_program_are_listed_and_shown_and_are_fine() {
    let listed = recipe(&["ls", "--json"], "");
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let names: Vec<&str> =
        listed["recipes"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 12, "{names:?}");
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let shown = recipe(&["show", name], "");
        let file = folder.path().join(format!("{name}.toml"));
        std::fs::write(&file, &shown.stdout).unwrap();
        let checked = recipe(&["check", file.to_str().unwrap()], "");
        assert!(checked.status.success(), "{name}: {}", text(&checked.stderr));
    }
    assert_eq!(recipe(&["show", "nobody"], "").status.code(), Some(3));
}

#[test]
fn all_faults_of_a_file_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "title = \"Mine\"\nbase_url = \"https://169.254.169.254\"\nmode = \"all\"\n[create]\npath = \"/a/{credential}\"\n").unwrap();
    let checked = recipe(&["check", file.to_str().unwrap(), "--json"], "");
    assert_eq!(checked.status.code(), Some(2));
    let told: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(told["ok"], false);
    let pointers: Vec<&str> =
        told["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    for pointer in ["mode", "base_url", "create.path", "create.value", "credential", "reference"] {
        assert!(pointers.contains(&pointer), "{pointer}: {told}");
    }
    assert!(text(&checked.stderr).contains("create.path puts the secret"));
}

/// A provider of one key, which answers as OpenRouter does; its keys are gone once they are deleted.
async fn provider(listener: TcpListener) {
    let mut keys: Vec<String> = Vec::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut read = Vec::new();
        let (head, body) = loop {
            assert!(stream.read_buf(&mut read).await.unwrap() > 0);
            let all = String::from_utf8(read.clone()).unwrap();
            let Some((head, body)) = all.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                line.to_lowercase().strip_prefix("content-length: ").map(|n| n.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                break (head.to_owned(), body.to_owned());
            }
        };
        let line = head.lines().next().unwrap();
        let (status, answer) = if !head.contains("Bearer admin") && !head.contains("Bearer new") {
            (401, json!({ "error": { "code": 401 } }))
        } else if line.starts_with("POST") {
            keys.push(serde_json::from_str::<Value>(&body).unwrap()["name"].as_str().unwrap().to_owned());
            (201, json!({ "data": { "hash": "h1" }, "key": "new" }))
        } else if line.starts_with("DELETE") {
            keys.clear();
            (200, json!({ "deleted": true }))
        } else if line.contains("offset=") {
            (200, json!({ "data": [] }))
        } else {
            (
                200,
                json!({ "data": keys.iter().map(|name| json!({ "hash": "h1", "name": name })).collect::<Vec<_>>() }),
            )
        };
        let answer = answer.to_string();
        let text = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(text.as_bytes()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recipe_is_tried_against_a_server_and_its_credential_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openrouter.toml");
    std::fs::write(&file, recipe(&["show", "openrouter"], "").stdout).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(provider(listener));
    let check = |credential: &'static str| {
        let (file, url) = (file.clone(), url.clone());
        tokio::task::spawn_blocking(move || {
            recipe(&["check", &file, "--against", &url, "--json"], credential)
        })
    };
    let checked = check("admin").await.unwrap();
    let told: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert!(checked.status.success(), "{told}");
    let steps: Vec<&str> =
        told["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["create", "probe", "list", "retire", "gone"]);
    assert_eq!(told["ok"], true);
    let checked = check("wrong-secret").await.unwrap();
    assert_eq!(checked.status.code(), Some(1));
    let told = [text(&checked.stdout), text(&checked.stderr)].concat();
    assert!(told.contains("\"class\": \"auth\"") || told.contains("\"class\":\"auth\""), "{told}");
    assert!(!told.contains("wrong-secret"));
    server.abort();
}
