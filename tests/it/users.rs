//! `keyward user`, with and without a running daemon.

use serde_json::{Value, json};

use crate::daemon::{add_user, command, place, serve, text};
use crate::harness::http::Http;

#[tokio::test]
async fn accounts_are_listed_invited_reset_and_switched_off_on_the_daemons_own_machine() {
    let (_folder, data) = place();
    assert!(add_user(&data, "op@example.com", &["--operator"]).status.success());
    assert!(add_user(&data, "ana@example.com", &[]).status.success());
    let offline = command(&data, &["user", "reset", "ana"], "");
    assert!(offline.status.success(), "{}", text(&offline.stderr));
    let code = text(&offline.stdout).trim().to_owned();

    let daemon = serve(&data);
    let http = Http::new(&daemon.api());
    let body = json!({ "code": code, "newPassword": "another password" });
    http.post("/api/auth/reset", &body).await.expect(200);
    let ana = Http::new(&daemon.api()).login_as("ana@example.com", "another password").await;
    let invited = command(&data, &["user", "invite", "--email", "ben@example.com"], "");
    let code = text(&invited.stdout).trim().to_owned();
    let new =
        json!({ "name": "Ben", "email": "ben@example.com", "password": "a fine password", "code": code });
    http.post("/api/auth/register", &new).await.expect(201);

    assert!(command(&data, &["user", "disable", "ana"], "").status.success());
    ana.get("/api/profile").await.expect(401);
    let listed = command(&data, &["user", "ls", "--json"], "");
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let off: Vec<_> = listed["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| (user["login"].as_str().unwrap(), user["disabledAt"].is_string()))
        .collect();
    assert_eq!(off, [("ana", true), ("ben", false), ("op", false)]);
    assert!(text(&command(&data, &["user", "ls", "ana"], "").stdout).contains("ana@example.com  (off)"));
    assert!(command(&data, &["user", "enable", "ana@example.com"], "").status.success());
    Http::new(&daemon.api()).login_as("ana@example.com", "another password").await;

    let uncalled = command(&data, &["user", "rm", "ana"], "");
    assert_eq!(uncalled.status.code(), Some(2), "{}", text(&uncalled.stderr));
    assert!(command(&data, &["user", "rm", "ana", "--yes"], "").status.success());
    assert_eq!(command(&data, &["user", "rm", "ana", "--yes"], "").status.code(), Some(3));
    assert_eq!(command(&data, &["user", "rm", "op", "--yes"], "").status.code(), Some(5));

    let invited = command(&data, &["user", "invite", "--email", "cy@example.com"], "");
    let code = text(&invited.stdout).trim().to_owned();
    let shown = command(&data, &["user", "invitations"], "");
    let open = text(&shown.stdout);
    assert!(
        open.contains("  cy@example.com  until ") && open.contains(" UTC") && !open.contains(&code),
        "{open}"
    );
    let id = open.split_whitespace().next().unwrap().to_owned();
    assert!(command(&data, &["user", "uninvite", &id], "").status.success());
    assert!(text(&command(&data, &["user", "invitations"], "").stdout).trim().is_empty());
    let new = json!({ "name": "Cy", "email": "cy@example.com", "password": "a fine password", "code": code });
    http.post("/api/auth/register", &new).await.expect(403);
    assert_eq!(command(&data, &["user", "uninvite", &id], "").status.code(), Some(3));

    assert_eq!(command(&data, &["user", "reset", "nobody"], "").status.code(), Some(3));
    assert_eq!(command(&data, &["user", "disable", "op"], "").status.code(), Some(5));
}
