//! The page of the document, and what is compressed and tagged.

use serde_json::json;

use crate::harness::{PASSWORD, Server};

#[tokio::test]
async fn the_page_needs_no_other_server_and_nothing_inline() {
    let server = Server::start().await;
    let reply = server.request("GET", "/docs").send().await.unwrap();
    assert_eq!(
        (reply.status().as_u16(), &reply.headers()["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    let policy = reply.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let page = reply.text().await.unwrap();
    assert!(!page.contains("://") && !page.contains("style=") && !page.contains(" on"), "{page}");
    assert!(
        page.split("<script")
            .skip(1)
            .all(|script| script.starts_with(" src=") && script.contains("defer></script>"))
    );
    let files: Vec<_> = page.split('"').filter(|text| text.starts_with("/docs/")).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let reply = server.request("GET", file).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{file}");
        let kind = reply.headers()["content-type"].to_str().unwrap().to_owned();
        let expected = ["text/javascript", "text/css", "image/png"]
            .into_iter()
            .find(|expected| kind.starts_with(expected));
        assert!(expected.is_some(), "{file} is {kind}");
        let bytes = reply.bytes().await.unwrap();
        assert!(!bytes.starts_with(&[0x1f, 0x8b]), "{file} came packed to a client that did not ask for it");
    }
    server.get("", "/docs/nothing.js").await.is_problem(404, "not_found");
    let elsewhere = server.get("", "/docs/").await;
    assert_eq!((elsewhere.status, elsewhere.header("location")), (308, "/docs"));
}

/// What is sent on the wire, by the encoding that it is in.
async fn encoding(
    server: &Server,
    bearer: &str,
    method: &str,
    path: &str,
    body: Option<serde_json::Value>,
) -> String {
    let request = server.request(method, path).bearer_auth(bearer).header("accept-encoding", "gzip, br");
    let request = body.iter().fold(request, |request, body| request.json(body));
    let reply = request.send().await.unwrap();
    assert!(reply.status().is_success(), "{path}: {}", reply.status());
    reply.headers().get("content-encoding").map_or("", |value| value.to_str().unwrap()).to_owned()
}

#[tokio::test]
async fn lists_are_compressed_and_answers_with_secrets_never() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    let id = server.key(&john, "first").await;
    let body = json!({"name": "app", "keys": [&id], "scopes": ["fetch"]});
    let made = server.post(&john, "/api/tokens", &body).await;
    let app = made.text("token");
    for path in ["/api/keys", "/api/tokens", "/api/profile", "/openapi.json", "/docs/swagger-ui.css"] {
        assert_eq!(encoding(&server, &john, "GET", path, None).await, "br", "{path}");
    }
    let login = json!({"email": "john@example.com", "password": PASSWORD});
    let account = json!({"name": "Eve", "email": "eve@example.com", "password": PASSWORD});
    for (bearer, method, path, body) in [
        (&john, "POST", format!("/api/keys/{id}/reveal"), Some(json!({}))),
        (&app, "GET", format!("/api/keys/{id}/value"), None),
        (&app, "GET", "/api/fetch/development/first".to_owned(), None),
        (&app, "POST", "/api/fetch".to_owned(), Some(json!({"keys": [&id]}))),
        (&john, "POST", "/api/tokens".to_owned(), Some(body)),
        (&john, "POST", "/api/auth/login".to_owned(), Some(login)),
        (&john, "POST", "/api/auth/register".to_owned(), Some(account)),
    ] {
        assert_eq!(encoding(&server, bearer, method, &path, body).await, "", "{method} {path}");
    }
}

#[tokio::test]
async fn a_list_s_tag_moves_with_the_list() {
    let server = Server::start().await;
    let john = server.person("john@example.com").await;
    server.key(&john, "first").await;
    let first = server.get(&john, "/api/keys").await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    let ask = || server.request("GET", "/api/keys").bearer_auth(&john).header("if-none-match", &tag);
    let same = server.send(ask().header("accept-encoding", "br")).await;
    assert_eq!((same.status, same.header("etag")), (304, tag.as_str()));
    server.key(&john, "second").await;
    let other = server.send(ask()).await;
    assert_eq!((other.status, other.body["pagination"]["total"].as_u64()), (200, Some(2)));
    assert_ne!(other.header("etag"), tag);
}
