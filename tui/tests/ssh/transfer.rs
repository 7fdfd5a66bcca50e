//! `import` and `export` over SSH.

use serde_json::json;

use crate::harness::Server;

#[tokio::test]
async fn keys_go_in_and_out_in_each_form() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let dry = server.run(&ana, "import --env production --dry-run --json", b"A='p$HOME'\nB=2\n").await.json();
    assert_eq!((&dry["new"], &dry["dryRun"]), (&json!(2), &json!(true)));
    let made = server.run(&ana, "import --env production", b"A='p$HOME'\nB=2\n").await;
    assert_eq!(made.status, Some(0), "{made:?}");
    assert!(made.out().contains("new") && !made.out().contains("HOME"), "{}", made.out());
    assert_eq!(made.err(), "2 made, 0 the same, 0 conflicting, 0 empty, 0 invalid\n");

    for (form, first) in [
        ("--format env", &b""[..]),
        ("--format json", b""),
        ("--format seed --passphrase-stdin", b"own passphrase\n"),
        (
            "--format seed --system-key-stdin",
            b"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
        ),
    ] {
        let exported = server.run(&ana, &format!("export --env production {form}"), first).await;
        assert_eq!(exported.status, Some(0), "{form}: {exported:?}");
        assert_eq!(exported.out().contains("p$HOME"), first.is_empty(), "{form}");
        let input = [first, exported.out().as_bytes()].concat();
        let again = server.run(&ana, &format!("import --env production --json {form}"), &input).await.json();
        assert_eq!(again["same"], 2, "{form}: {again}");
    }
    for (command, says) in [
        ("export --format seed", "what to seal the blobs under"),
        ("export --format xml", "env, json or seed"),
        ("export --system-key-stdin", "format seed"),
        ("import --format json", "not what an export writes"),
        ("import --passphrase-stdin --system-key-stdin", "a passphrase or a system key"),
    ] {
        let refused = server.run(&ana, command, b"hunter2\n").await;
        assert_eq!((refused.status, refused.out()), (Some(2), ""), "{command}: {refused:?}");
        assert!(
            refused.err().contains(says) && !refused.err().contains("hunter2"),
            "{command}: {}",
            refused.err()
        );
    }
}

#[tokio::test]
async fn a_team_is_named_by_its_name() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    server.run(&ana, "team create Payments", b"").await;
    server.run(&ana, "import", b"OWN=1\n").await;
    let made = server.run(&ana, "import --team payments --json", b"THEIRS=1\n").await.json();
    assert_eq!(made["new"], 1, "{made}");
    let exported = server.run(&ana, "export --team payments --json", b"").await.json();
    assert_eq!(exported["keys"].as_array().map(Vec::len), Some(1));
    assert_eq!(exported["keys"][0]["name"], "THEIRS");
}
