//! Accounts over REST: the second factor, passwords, sessions, the profile, and what operators do.

use keyward_keys::input::{AddedAccount, NewAccount};
use keyward_keys::{Door, Plan};
use serde_json::{Value, json};

use crate::authenticator::code_at;
use crate::harness::{PASSWORD, Reply, Server};

async fn login(server: &Server, body: Value) -> Reply {
    server.send(server.request("POST", "/api/auth/login").json(&body)).await
}

async fn put(server: &Server, bearer: &str, path: &str, body: &Value) -> Reply {
    server.send(server.request("PUT", path).bearer_auth(bearer).json(body)).await
}

async fn delete(server: &Server, bearer: &str, path: &str) -> Reply {
    server.send(server.request("DELETE", path).bearer_auth(bearer)).await
}

/// An operator's bearer token.
async fn operator(server: &Server) -> String {
    let system = server.service.system_caller("test", Door::Local);
    let email = "op@example.com".to_owned();
    let account =
        NewAccount { name: "Op".into(), email, password: PASSWORD.into(), code: None, ssh_key: None };
    let added = AddedAccount { account, operator: true, plan: Plan::Enterprise };
    server.service.add_account(&system, added).await.unwrap();
    login(server, json!({"email": "op@example.com", "password": PASSWORD})).await.text("token")
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[tokio::test]
async fn two_factor_sign_in_is_set_up_used_and_switched_off() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let setup = server.send(server.request("POST", "/api/auth/2fa/setup").bearer_auth(&token)).await;
    assert_eq!(setup.status, 200, "{}", setup.body);
    assert_eq!(setup.header("cache-control"), "no-store");
    let link = setup.text("otpauth");
    assert!(link.starts_with("otpauth://totp/Keyward:john%40example.com?secret="), "{link}");
    assert!(setup.text("qr").starts_with("data:image/svg+xml;base64,"));
    let wrong = server.post(&token, "/api/auth/2fa/enable", &json!({"totp": "abc"})).await;
    wrong.is_problem(403, "wrong_code");
    let totp = code_at(&link, now_ms());
    let enabled = server.post(&token, "/api/auth/2fa/enable", &json!({"totp": totp})).await;
    assert_eq!(enabled.status, 200, "{}", enabled.body);
    let codes = enabled.body["recoveryCodes"].as_array().unwrap();
    assert!(codes.len() >= 8);

    let mut body = json!({"email": "John@Example.COM", "password": PASSWORD});
    login(&server, body.clone()).await.is_problem(401, "totp_required");
    body["totp"] = json!("nonsense");
    login(&server, body.clone()).await.is_problem(401, "unauthenticated");
    body["totp"] = json!(totp);
    assert_eq!(login(&server, body.clone()).await.status, 200);
    login(&server, body.clone()).await.is_problem(401, "unauthenticated");
    body["totp"] = codes[0].clone();
    let token = login(&server, body.clone()).await.text("token");
    login(&server, body).await.is_problem(401, "unauthenticated");

    let off = server.post(&token, "/api/auth/2fa/disable", &json!({"totp": codes[1]})).await;
    assert_eq!(off.status, 200, "{}", off.body);
    assert_eq!(login(&server, json!({"email": "john@example.com", "password": PASSWORD})).await.status, 200);
}

#[tokio::test]
async fn a_new_password_ends_other_sessions_and_this_one_goes_on() {
    let server = Server::start().await;
    let mine = server.person("john@example.com").await;
    let other =
        login(&server, json!({"email": "john@example.com", "password": PASSWORD})).await.text("token");
    let change = |current: &str| json!({"currentPassword": current, "newPassword": "another password"});
    server.post(&mine, "/api/auth/password", &change("wrong")).await.is_problem(403, "wrong_password");
    let done = server.post(&mine, "/api/auth/password", &change(PASSWORD)).await;
    assert_eq!(done.status, 200, "{}", done.body);
    server.get(&other, "/api/profile").await.is_problem(401, "unauthenticated");
    assert_eq!(server.get(&mine, "/api/profile").await.status, 200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let server = Server::start().await;
    let mine = server.person("john@example.com").await;
    let body = json!({"email": "john@example.com", "password": PASSWORD});
    let request = server.request("POST", "/api/auth/login").header("user-agent", "Firefox/140").json(&body);
    let other = server.send(request).await.text("token");
    let listed = server.get(&mine, "/api/profile/sessions").await;
    let sessions = listed.body["sessions"].as_array().unwrap();
    let current: Vec<bool> = sessions.iter().map(|session| session["current"].as_bool().unwrap()).collect();
    assert_eq!(current.iter().filter(|current| **current).count(), 1, "{}", listed.body);
    let firefox = sessions.iter().find(|session| session["userAgent"] == "Firefox/140").unwrap();
    assert_eq!((&firefox["door"], &firefox["address"]), (&json!("rest"), &json!("127.0.0.1")));
    let one = format!("/api/profile/sessions/{}", firefox["_id"].as_str().unwrap());
    assert_eq!(delete(&server, &mine, &one).await.status, 200);
    delete(&server, &mine, &one).await.is_problem(404, "not_found");
    server.get(&other, "/api/profile").await.is_problem(401, "unauthenticated");

    let third = login(&server, body).await.text("token");
    assert_eq!(delete(&server, &third, "/api/profile/sessions").await.status, 200);
    for token in [mine, third] {
        server.get(&token, "/api/profile").await.is_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_profile_is_changed_by_what_is_named() {
    let server = Server::start().await;
    let token = server.person("john@example.com").await;
    let body = json!({"theme": "light", "notifications": false, "timeZone": "America/New_York"});
    let changed = put(&server, &token, "/api/profile", &body).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let shown = server.get(&token, "/api/profile").await.body;
    for (field, value) in body.as_object().unwrap() {
        assert_eq!(&shown[field], value);
    }
    assert_eq!(shown["name"], "John Doe");
    let kept = json!({
        "theme": "light", "notifications": false, "muted": [], "shareViewing": false, "quietHours": null,
    });
    assert_eq!(shown["preferences"], kept);
    let all = json!({
        "theme": "dark", "notifications": true, "muted": ["new_sign_in"], "shareViewing": true,
        "quietHours": "22:00-07:00",
    });
    let changed = put(&server, &token, "/api/profile", &json!({"preferences": all})).await;
    assert_eq!(changed.body["preferences"], all, "{}", changed.body);
    assert_eq!((&changed.body["theme"], &changed.body["notifications"]), (&json!("dark"), &json!(true)));
    let one = json!({"preferences": {"notifications": false}});
    let changed = put(&server, &token, "/api/profile", &one).await;
    assert_eq!(changed.body["preferences"]["theme"], "dark", "what is not named stays");
    let back = put(&server, &token, "/api/profile", &changed.body).await;
    assert_eq!((back.status, &back.body), (200, &changed.body), "what was got can be put back");
    let two = json!({"theme": "light", "preferences": {"theme": "dark"}});
    let refused = put(&server, &token, "/api/profile", &two).await;
    refused.is_problem(422, "invalid");
    assert_eq!(refused.pointers(), ["/theme"]);
    let bad = json!({"theme": "pink", "preferences": {"theme": "pink", "muted": ["all"], "avatar": "x", "shareViewing": 1}});
    let refused = put(&server, &token, "/api/profile", &bad).await;
    refused.is_problem(422, "invalid");
    let wrong = [
        "/preferences/avatar",
        "/preferences/muted/0",
        "/preferences/shareViewing",
        "/preferences/theme",
        "/theme",
    ];
    assert_eq!(refused.pointers(), wrong);
    let bad =
        json!({"theme": 5, "timeZone": "Nowhere/Land", "plan": "enterprise", "name": "", "email": "no"});
    let refused = put(&server, &token, "/api/profile", &bad).await;
    refused.is_problem(422, "invalid");
    let all = ["/email", "/name", "/plan", "/theme", "/timeZone"];
    assert_eq!(refused.pointers(), all, "what the door and the core find, at once");
}

#[tokio::test]
async fn an_operator_lists_switches_off_and_resets() {
    let server = Server::start().await;
    let op = operator(&server).await;
    let john = server.person("john@example.com").await;
    let id = server.get(&john, "/api/profile").await.text("id");
    let page = server.get(&op, "/api/admin/users?search=john").await;
    assert_eq!(page.body["users"][0]["id"], json!(id), "{}", page.body);
    assert_eq!(page.body["pagination"]["total"], 1);
    server.get(&john, "/api/admin/users").await.is_problem(403, "forbidden");
    let one = format!("/api/admin/users/{id}");

    let code = server.send(server.request("POST", &format!("{one}/reset-code")).bearer_auth(&op)).await;
    assert_eq!(code.status, 201, "{}", code.body);
    let body = json!({"code": code.text("code"), "newPassword": "another password"});
    let reset = server.send(server.request("POST", "/api/auth/reset").json(&body)).await;
    assert_eq!(reset.status, 200, "{}", reset.body);
    let again = server.send(server.request("POST", "/api/auth/reset").json(&body)).await;
    again.is_problem(403, "registration");
    server.get(&john, "/api/profile").await.is_problem(401, "unauthenticated");
    let credentials = json!({"email": "john@example.com", "password": "another password"});
    let john = login(&server, credentials.clone()).await.text("token");

    let off = put(&server, &op, &one, &json!({"disabled": true})).await;
    assert!(off.body["disabledAt"].is_string(), "{}", off.body);
    server.get(&john, "/api/profile").await.is_problem(401, "unauthenticated");
    login(&server, credentials).await.is_problem(401, "unauthenticated");
    let own = server.get(&op, "/api/profile").await.text("id");
    let last = put(&server, &op, &format!("/api/admin/users/{own}"), &json!({"disabled": true})).await;
    last.is_problem(409, "conflict");
}

/// A good token with another header, or from another instance.
#[tokio::test]
async fn forged_and_foreign_tokens_are_refused() {
    let server = Server::start().await;
    let elsewhere = Server::start().await;
    let good = server.person("john@example.com").await;
    let parts: Vec<&str> = good.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let hs256 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
    let forged = [
        elsewhere.person("john@example.com").await,
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{hs256}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{good}.{}", parts[2]),
    ];
    for token in forged {
        server.get(&token, "/api/profile").await.is_problem(401, "unauthenticated");
    }
    assert_eq!(server.get(&good, "/api/profile").await.status, 200);
}

#[tokio::test]
async fn what_an_operator_announces_reaches_whoever_is_there_and_the_audit() {
    let server = Server::start().await;
    let (op, john) = (operator(&server).await, server.person("john@example.com").await);
    let mut events = server.request("GET", "/api/events").bearer_auth(&john).send().await.unwrap();
    let soon = json!({"message": "Down from 20:00 to 21:00"});
    let refused = server.post(&john, "/api/admin/announcements", &soon).await;
    refused.is_problem(403, "forbidden");
    for bad in ["", "two\nlines"] {
        let bad = server.post(&op, "/api/admin/announcements", &json!({ "message": bad })).await;
        assert_eq!((bad.status, bad.pointers()), (422, vec!["/message"]));
    }
    assert_eq!(server.post(&op, "/api/admin/announcements", &soon).await.status, 202);
    let mut heard = String::new();
    let deadline = std::time::Duration::from_secs(20);
    while !heard.contains("system_alert") || !heard.ends_with("\n\n") {
        let chunk = tokio::time::timeout(deadline, events.chunk()).await.unwrap().unwrap().unwrap();
        heard.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(heard.contains(r#""type":"announcement""#) && heard.contains("Down from 20:00"), "{heard}");
    let audit = server.get(&op, "/api/audit?action=instance.announce&outcome=done").await;
    assert_eq!(audit.body["records"][0]["detail"], soon["message"]);
}
