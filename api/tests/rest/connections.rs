//! Connections themselves: slow, malformed, and those that are open when the daemon stops.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::Server;

const DEADLINE: Duration = Duration::from_secs(20);

/// Sends bytes and reads until the server closes.
async fn talk(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    rest(&mut stream).await
}

/// What comes until the server closes, in order.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut rest)).await.expect("the server closes").expect("in order");
    rest
}

/// Checks that these are the whole of an answer that is a problem, and the last of its connection; answers its detail.
#[track_caller]
fn is_last_problem(answer: &str, status: u16, code: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {answer:?}"));
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    for line in [
        "content-type: application/problem+json",
        "connection: close",
        "cache-control: no-store",
        &format!("content-length: {}", body.len()),
    ] {
        assert!(head.lines().any(|other| other == line), "{line}: {answer}");
    }
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["status"], &body["code"]), (&json!(status), &json!(code)), "{body}");
    assert!(body["title"].is_string() && body["type"].is_string());
    assert!(head.contains(&format!("x-request-id: {}", body["requestId"].as_str().unwrap())), "{head}");
    body["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_that_never_finishes_its_headers_is_told_so_and_closed() {
    let server = Server::start_with(&[("api.header_timeout_seconds", "1")]).await;
    for begun in [&b"G"[..], b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let detail = is_last_problem(&talk(&server, begun).await, 408, "timeout");
        assert!(detail.contains("within 1 s"), "{detail}");
    }
    for nothing in [&b""[..], b"\r\n"] {
        assert_eq!(talk(&server, nothing).await, "", "who asks nothing is answered nothing");
    }
    let asked = b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for begun in [&b""[..], b"GET /health HTTP/1.1\r\n"] {
        stream.write_all(&[asked, begun].concat()).await.unwrap();
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200 "));
    }
    is_last_problem(&rest(&mut stream).await, 408, "timeout");
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(asked).await.unwrap();
    assert!(head(&mut idle).await.starts_with("HTTP/1.1 200 "));
    assert_eq!(rest(&mut idle).await, "", "nor is who asked and then nothing more");
    assert_eq!(server.send(server.request("GET", "/health")).await.status, 200);
}

#[tokio::test]
async fn a_body_that_never_comes_is_a_timeout() {
    let one_second = ["api.request_timeout_seconds", "api.header_timeout_seconds"].map(|name| (name, "1"));
    let server = Server::start_with(&one_second).await;
    let answer = talk(
        &server,
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"code\":\"timeout\"") && answer.contains("x-content-type-options: nosniff"));
}

/// The status line and the headers of the next answer.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(DEADLINE, stream.read_u8()).await.expect("an answer in time").unwrap());
    }
    String::from_utf8(head).unwrap()
}

const REFUSED: &str =
    "POST /api/keys HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ";

#[tokio::test]
async fn after_a_refusal_the_connection_goes_on_although_nobody_read_the_body() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(format!("{REFUSED}9\r\n\r\n").as_bytes()).await.unwrap();
        let refused = head(&mut stream).await;
        assert!(refused.starts_with("HTTP/1.1 401 ") && !refused.contains("connection: close"), "{refused}");
        let length = refused.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        stream.read_exact(&mut vec![0; length.parse().unwrap()]).await.unwrap();
        // Only now: the answer did not wait for it.
        stream.write_all(b"{\"name\":1").await.unwrap();
        stream.write_all(b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200 "));
    }
}

#[tokio::test]
async fn who_sends_much_that_is_refused_reads_why_and_that_the_connection_ends() {
    const MUCH: usize = 10 << 20;
    let server = Server::start().await;
    for (coding, body) in [
        (format!("Content-Length: {MUCH}"), vec![b' '; MUCH]),
        (
            "Transfer-Encoding: chunked".to_owned(),
            [&b"a00000\r\n"[..], &vec![b' '; MUCH], b"\r\n0\r\n\r\n"].concat(),
        ),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let asked = format!("POST /api/keys HTTP/1.1\r\nHost: x\r\n{coding}\r\n\r\n");
        stream.write_all(asked.as_bytes()).await.unwrap();
        timeout(DEADLINE, stream.write_all(&body)).await.unwrap().expect("all of it is taken");
        let mut answer = String::new();
        timeout(DEADLINE, stream.read_to_string(&mut answer)).await.unwrap().expect("an orderly end");
        assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn a_rest_that_does_not_come_is_not_waited_for() {
    let server = Server::start_with(&[("api.header_timeout_seconds", "1")]).await;
    for asked in [format!("{REFUSED}9\r\n\r\n{{"), format!("{REFUSED}99999999\r\n\r\n{{")] {
        assert!(talk(&server, asked.as_bytes()).await.starts_with("HTTP/1.1 401 "));
    }
    let asked = format!("{REFUSED}9\r\nExpect: 100-continue\r\n\r\n");
    let answer = talk(&server, asked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn heads_that_cannot_be_read_are_refused_with_the_reason() {
    let server = Server::start().await;
    let first = b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    let get = |headers: &str| format!("GET /health HTTP/1.1\r\nHost: x\r\n{headers}\r\n").into_bytes();
    let many: String = (0..65).map(|number| format!("x-{number}: 1\r\n")).collect();
    let long = "x".repeat(100_000);
    for (bytes, status, code, says) in [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), 400, "malformed", "TLS"),
        (b"GET\r\n\r\n".to_vec(), 400, "malformed", "first line"),
        (b"GET / HTTP/9.9\r\n\r\n".to_vec(), 400, "malformed", "HTTP/1.1"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), 400, "malformed", "HTTP/1.1"),
        (get("no colon\r\n"), 400, "malformed", "header"),
        (get("Content-Length: many\r\n"), 400, "malformed", "header"),
        (get(&many), 431, "headers_too_large", "64 headers"),
        (get(&format!("x: {long}\r\n")), 431, "headers_too_large", "32 KiB"),
        (format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes(), 414, "uri_too_long", "32 KiB"),
    ] {
        let detail = is_last_problem(&talk(&server, &bytes).await, status, code);
        assert!(detail.contains(says), "{detail}");
        // Nor does it get into the answer before it.
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(&[&first[..], &bytes].concat()).await.unwrap();
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200 "));
        is_last_problem(&rest(&mut stream).await, status, code);
    }
    let metrics = server.request("GET", "/metrics").send().await.unwrap().text().await.unwrap();
    let counted = r#"keyward_http_requests_total{method="other",route="none",status="4xx"} 18"#;
    assert!(metrics.contains(counted), "{metrics}");
    assert_eq!(server.send(server.request("GET", "/health")).await.status, 200);
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_finish_and_takes_nothing_more() {
    let server = Server::start().await;
    let mut busy = TcpStream::connect(server.address).await.unwrap();
    busy.write_all(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        .await
        .unwrap();
    busy.write_all(b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n").await.unwrap();
    // The server asks for the body, so the request is under way.
    let mut asked = [0; 25];
    timeout(DEADLINE, busy.read_exact(&mut asked)).await.unwrap().unwrap();
    assert!(asked.starts_with(b"HTTP/1.1 100 Continue"));
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"HEAD /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(DEADLINE, idle.read_u8()).await.unwrap().unwrap());
    }

    server.shutdown.cancel();
    let mut rest = Vec::new();
    timeout(DEADLINE, idle.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(rest.is_empty(), "an idle connection is closed");
    busy.write_all(b"{}").await.unwrap();
    let mut answer = String::new();
    timeout(DEADLINE, busy.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 422") && answer.contains("connection: close"), "{answer}");
    timeout(DEADLINE, server.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let server = Server::start_with(&[("limits.drain_seconds", "1")]).await;
    let mut stuck = TcpStream::connect(server.address).await.unwrap();
    stuck
        .write_all(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        .await
        .unwrap();
    stuck.write_all(b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n").await.unwrap();
    let mut asked = [0; 25];
    timeout(DEADLINE, stuck.read_exact(&mut asked)).await.unwrap().unwrap();
    server.shutdown.cancel();
    timeout(DEADLINE, server.task).await.unwrap().unwrap();
}
