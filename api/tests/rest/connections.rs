//! Connections themselves: slow, malformed, and those that are open when the daemon stops.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::Server;

const DEADLINE: Duration = Duration::from_secs(20);

/// Sends bytes and reads until the server closes.
async fn talk(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset ends the talk as well as an orderly end.
    let _ = timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("the server closes");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_client_that_never_finishes_its_headers_is_closed() {
    let server = Server::start_with(&[("api.header_timeout_seconds", "1")]).await;
    let slow = talk(&server, b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    assert!(!slow.contains("200 OK"), "{slow}");
    let silent = talk(&server, b"").await;
    assert!(!silent.contains("200 OK"));
    assert_eq!(server.send(server.request("GET", "/health")).await.status, 200);
}

#[tokio::test]
async fn a_body_that_never_comes_is_a_timeout() {
    let server = Server::start_with(&[("api.request_timeout_seconds", "1")]).await;
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
async fn garbage_and_too_many_headers_are_refused() {
    let server = Server::start().await;
    for garbage in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
    {
        let answer = talk(&server, garbage).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    let headers: String = (0..65).map(|number| format!("x-{number}: 1\r\n")).collect();
    let answer = talk(&server, format!("GET /health HTTP/1.1\r\n{headers}\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = "x".repeat(100_000);
    let answer = talk(&server, format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
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
