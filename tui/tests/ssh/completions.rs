//! Completion: what a word could become, and the scripts that ask for it.

use std::process::Command;

use crate::harness::Server;

#[tokio::test]
async fn words_are_completed_by_the_table_and_by_what_the_person_may_see() {
    let server = Server::start().await;
    let (ana, ben) = (server.person("ana", 1).await, server.person("ben", 2).await);
    server.api_key(&ana, "stripe", "v").await;
    let spaced = server.api_key(&ana, "str with blanks", "v").await.key_id;
    server.api_key(&ben, "strange", "v").await;
    for (words, expected) in [
        ("''", "whoami"),
        ("ke", "keys"),
        ("keys s", "show"),
        ("keys sh", "show"),
        ("help keys sh", "show"),
        ("keys show st", "stripe"),
        ("keys show --env pro", "production"),
        ("keys ls --environment stag", "staging"),
        ("keys ls --se", "--search"),
        ("watch stripe str", "stripe"),
        ("usage --key s", "stripe"),
        ("keys add --method gen", "generate"),
        ("keys edit stripe --recipe open", "openrouter"),
        ("keys show ak_", spaced.as_str()),
    ] {
        let found = server.run(&ana, &format!("complete -- {words}"), b"").await;
        assert!(found.out().lines().any(|line| line == expected), "{words}: {found:?}");
        assert!(!found.out().contains("strange") && found.status == Some(0));
    }
    for words in ["nosuch x", "keys add --name x", "whoami x"] {
        let found = server.run(&ana, &format!("complete -- {words}"), b"").await;
        assert_eq!((found.out().trim_end(), found.status), ("", Some(0)), "{words}");
    }
    let found = server.run(&ana, "complete --json -- keys show st", b"").await.json();
    assert_eq!(found, serde_json::json!(["stripe"]));
}

#[tokio::test]
async fn the_scripts_are_ones_that_the_shells_take() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    for shell in ["bash", "zsh", "fish"] {
        let script = server.run(&ana, &format!("completions {shell}"), b"").await;
        assert!(script.out().contains("ssh -p") && script.out().contains("complete"), "{script:?}");
        // Where this shell is not installed, its script is not tried.
        if let Ok(checked) = Command::new(shell).args(["-n", "-c", script.out()]).output() {
            assert!(checked.status.success(), "{shell}: {}", String::from_utf8_lossy(&checked.stderr));
        }
    }
    assert_eq!(server.run(&ana, "completions tcsh", b"").await.status, Some(2));
}
