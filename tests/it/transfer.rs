//! `keyward import` and `keyward export`, with and without a running daemon.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::daemon::{PASSWORD, add_user, command, place, serve, text};
use crate::harness::http::Http;

/// What a command prints, which must have gone well.
#[track_caller]
fn printed(data: &Path, args: &[&str], stdin: &str) -> String {
    let output = command(data, args, stdin);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

fn values(exported: &str) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(exported).unwrap();
    let text = |key: &Value, field: &str| key[field].as_str().unwrap().to_owned();
    document["keys"].as_array().unwrap().iter().map(|key| (text(key, "name"), text(key, "apiKey"))).collect()
}

fn export<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["export", "--as", "ana"], more].concat()
}

#[tokio::test]
async fn keys_go_in_and_out_on_the_daemons_own_machine() {
    let (folder, data) = place();
    assert!(add_user(&data, "op@example.com", &["--operator"]).status.success());
    assert!(add_user(&data, "ana@example.com", &["--operator"]).status.success());
    let file = folder.path().join("keys.env");
    fs::write(&file, "A='p$HOME'\nB=two words # said\n").unwrap();
    let import = ["import", file.to_str().unwrap(), "--env", "production", "--as", "ana"];
    let dry = printed(&data, &[&import[..], &["--dry-run", "--json"]].concat(), "");
    let dry: Value = serde_json::from_str(&dry).unwrap();
    assert_eq!((&dry["dryRun"], &dry["new"], &dry["keys"][1]["line"]), (&json!(true), &json!(2), &json!(2)));
    // The keys are what it is about; what they come to is told beside them.
    let rows = "1  new  A  production\n2  new  B  production\n";
    let tells = |more: &[&str], says: &str| {
        let output = command(&data, &[&import[..], more].concat(), "");
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success() && out == rows && err.trim_end().ends_with(says), "{out}{err}");
    };
    tells(&["--dry-run"], "2 would be made, 0 the same, 0 conflicting, 0 empty, 0 invalid");
    tells(&[], "2 made, 0 the same, 0 conflicting, 0 empty, 0 invalid");

    let daemon = serve(&data);
    let ana = Http::new(&daemon.api()).login_as("ana@example.com", PASSWORD).await;
    let listed = ana.get("/api/keys?environment=production").await.expect(200);
    assert_eq!(listed["pagination"]["total"], 2);
    let both = [("A".to_owned(), "p$HOME".to_owned()), ("B".to_owned(), "two words".to_owned())];
    assert_eq!(values(&printed(&data, &export(&["--json"]), "")), both);
    let audit = ana.get("/api/audit?action=key.reveal").await.expect(200);
    assert_eq!(audit["records"].as_array().map(Vec::len), Some(2), "{audit}");

    // What goes out comes in again, in each form.
    for (format, stdin) in [("env", ""), ("json", ""), ("seed", "own passphrase\n")] {
        let opens: &[&str] = if stdin.is_empty() { &[] } else { &["--passphrase-stdin"] };
        let form = [&["--format", format, "--env", "production"], opens].concat();
        let exported = printed(&data, &export(&form), stdin);
        assert!(format != "seed" || !exported.contains("two words"));
        let again = [&["import", "--as", "ana", "--json"], &form[..]].concat();
        let again = printed(&data, &again, &format!("{stdin}{exported}"));
        assert_eq!(serde_json::from_str::<Value>(&again).unwrap()["same"], 2, "{format}: {again}");
    }
    let status = |args: &[&str], stdin: &str| command(&data, args, stdin).status.code();
    let conflicting = ["import", "--env", "production", "--as", "ana"];
    assert_eq!(status(&conflicting, "A=other\nC=new\n"), Some(5));
    assert_eq!(status(&[&conflicting[..], &["--skip-conflicts"]].concat(), "A=other\nC=new\n"), Some(0));
    assert_eq!(status(&conflicting, "A=1\noops\n"), Some(2));
    assert_eq!(status(&export(&["--format", "seed"]), ""), Some(2), "nothing to seal under");
    assert_eq!(status(&export(&["--system-key-stdin"]), "00\n"), Some(2), "only blobs have one");
    assert_eq!(status(&export(&["--team", "none"]), ""), Some(3));
    assert_eq!(status(&["import", "/nowhere"], ""), Some(1));

    let private = json!({ "name": "mine", "service": "S", "apiKey": "v", "passphrase": "own passphrase" });
    ana.post("/api/keys", &private).await.expect(201);
    let staging = export(&["--env", "development"]);
    let refused = command(&data, &staging, "");
    assert_eq!(refused.status.code(), Some(4));
    assert!(text(&refused.stderr).contains("left out: mine") && refused.stdout.is_empty());
    let opened = printed(&data, &[&staging[..], &["--passphrase-stdin"]].concat(), "own passphrase\n");
    assert!(opened.contains("MINE='v'"), "{opened}");
}
