//! Calls against real sockets: what is refused before anything is sent, and how each way of failing is told.

use std::time::Duration;

use hyper::Method;
use hyper::header::HeaderMap;
use tokio::net::TcpListener;

use super::client::{Answer, Call};
use super::testing::{Reply, Server, outbound, with};
use super::{CallError, CallResult, Class, Outbound, Target};

async fn get(outbound: &Outbound, url: &str) -> CallResult<Answer> {
    let target = Target::parse(url, outbound.client().allow()).map_err(CallError::config)?;
    let call = Call { method: Method::GET, target, headers: HeaderMap::new(), body: Vec::new() };
    let answer = outbound.client().call(call).await?;
    if answer.is_success() { Ok(answer) } else { Err(answer.failure("host", outbound.client().now_ms())) }
}

async fn failing(reply: Reply) -> CallError {
    let server = Server::start(move |_| reply.clone()).await;
    let outbound = with(&["127.0.0.0/8"], Duration::from_millis(500));
    get(&outbound, &server.url).await.map(|answer| answer.status).unwrap_err()
}

#[tokio::test]
async fn an_answer_comes_back_and_the_request_says_who_asks() {
    let server = Server::start(|_| Reply::json(200, r#"{"a":1}"#)).await;
    let answer = get(&outbound(), &format!("{}/a/b?c=d", server.url)).await.unwrap();
    assert_eq!((answer.status, answer.body.expose()), (200, &br#"{"a":1}"#[..]));
    let asked = &server.asked()[0];
    assert_eq!(asked.line(), "GET /a/b?c=d");
    assert_eq!(format!("http://{}", asked.header("host")), server.url);
    assert!(asked.header("user-agent").starts_with("keyward/"));
}

#[tokio::test]
async fn nothing_private_is_connected_to_by_address_or_by_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // As if some network were allowed, so that only what a name resolves to can refuse it.
    for (host, allow) in [
        ("127.0.0.1", &[][..]),
        ("localhost", &[]),
        ("ip6-localhost", &["10.0.0.0/8"]),
        ("localhost", &["10.0.0.0/8"]),
    ] {
        for scheme in ["http", "https"] {
            let outbound = with(allow, Duration::from_secs(5));
            let error = get(&outbound, &format!("{scheme}://{host}:{port}/")).await.map(|_| ()).unwrap_err();
            // A system without that name says so instead.
            assert!(error.class == Class::Config || host == "ip6-localhost", "{host}: {error}");
            assert!(!error.maybe_done);
        }
    }
    let unseen = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(unseen.is_err(), "somebody connected");
}

#[tokio::test]
async fn a_name_that_leads_to_a_private_address_is_refused_when_it_is_called() {
    // The name of this machine resolves to an address of its own, and is known only by asking.
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let outbound = with(&[], Duration::from_secs(5));
    let error = get(&outbound, &format!("https://{}:9443/", name.trim())).await.map(|_| ()).unwrap_err();
    assert!(error.class == Class::Config || error.detail.contains("no address"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let private = Server::start(|_| Reply::status(200)).await;
    let error = failing(Reply::status(302).with("location", &private.url)).await;
    assert_eq!((error.class, error.status), (Class::Config, Some(302)));
    assert!(private.asked().is_empty());
}

#[tokio::test]
async fn too_often_is_told_with_the_wait_in_both_forms() {
    for wait in ["120", "Thu, 26 Nov 2026 00:02:00 GMT"] {
        let error = failing(Reply::status(429).with("retry-after", wait)).await;
        assert_eq!(
            (error.class, error.retry_after),
            (Class::Transient, Some(Duration::from_secs(120))),
            "{wait}"
        );
        assert!(!error.maybe_done);
    }
    assert_eq!(failing(Reply::status(429)).await.retry_after, None);
}

#[tokio::test]
async fn every_way_of_failing_has_its_class() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    let headers = format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n", "a: b\r\n".repeat(200)).into_bytes();
    let long = format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(1_000_000)).into_bytes();
    for (reply, class, maybe_done) in [
        (Reply::Silence, Class::Transient, true),
        (Reply::Raw(half), Class::Transient, true),
        (Reply::Raw(headers), Class::Transient, true),
        (Reply::Raw(long), Class::Transient, true),
        (Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()), Class::Transient, true),
        (Reply::Raw(Vec::new()), Class::Transient, true),
        (Reply::json(200, "x".repeat(64 * 1024 + 1)), Class::Config, true),
        (Reply::status(500), Class::Transient, true),
        (Reply::status(503), Class::Transient, true),
        (Reply::status(401), Class::Auth, false),
        (Reply::status(403), Class::Auth, false),
        (Reply::status(402), Class::Quota, false),
        (Reply::status(404), Class::Config, false),
        (Reply::status(422), Class::Config, false),
    ] {
        let shown = format!("{reply:?}").chars().take(80).collect::<String>();
        let error = failing(reply).await;
        assert_eq!((error.class, error.maybe_done), (class, maybe_done), "{shown}: {error}");
    }
}

#[tokio::test]
async fn nobody_there_is_transient_and_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = get(&outbound(), &url).await.map(|_| ()).unwrap_err();
    assert_eq!((error.class, error.maybe_done), (Class::Transient, false));
}

#[tokio::test]
async fn an_endless_answer_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
        let mut sent = 0_u64;
        while stream.write_all(chunk.as_bytes()).await.is_ok() {
            sent += 0x1000;
        }
        sent
    });
    let error = get(&outbound(), &url).await.map(|_| ()).unwrap_err();
    assert_eq!(error.class, Class::Config, "{error}");
    assert!(server.await.unwrap() < 64 << 20, "it was cut off, not drained");
}

#[tokio::test]
async fn a_stranger_s_certificate_is_not_trusted_and_no_tls_is_no_answer() {
    let server = Server::start(|_| Reply::status(200)).await;
    let outbound = with(&["127.0.0.0/8"], Duration::from_secs(1));
    let error = get(&outbound, &server.url.replace("http:", "https:")).await.map(|_| ()).unwrap_err();
    assert!(error.class == Class::Transient || error.detail.contains("no certificates"), "{error}");
    assert!(server.asked().is_empty() && !error.maybe_done);
}

#[tokio::test]
async fn no_more_than_thirty_two_are_under_way() {
    let server = Server::start(|_| Reply::Silence).await;
    let outbound = with(&["127.0.0.0/8"], Duration::from_secs(30));
    let calls: Vec<_> = (0..40)
        .map(|_| {
            let (outbound, url) = (outbound.clone(), server.url.clone());
            tokio::spawn(async move { get(&outbound, &url).await.map(|_| ()) })
        })
        .collect();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while server.asked().len() < 32 {
        assert!(tokio::time::Instant::now() < deadline, "only {} came", server.asked().len());
        tokio::task::yield_now().await;
    }
    // Those that wait have not even connected: were they to, they would come now.
    for call in calls.iter().take(3) {
        call.abort();
    }
    while server.asked().len() < 35 {
        assert!(tokio::time::Instant::now() < deadline, "only {} came", server.asked().len());
        tokio::task::yield_now().await;
    }
    assert_eq!(server.asked().len(), 35);
    calls.iter().for_each(tokio::task::JoinHandle::abort);
}

mod commands;
mod hostile;
mod mail_tls;
pub(crate) mod recipes;
mod webhooks;
