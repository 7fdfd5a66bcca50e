//! Others who answer as no server should: a byte at a time, without an end, with another address than was looked at.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::get;
use crate::outbound::testing::{looking_up, outbound, with};
use crate::outbound::{CallError, Class};

/// A server that is asked once, begins so, and then says the same over and over, until the other side has had enough.
struct Talker {
    url: String,
    /// Bytes that it got rid of.
    said: tokio::task::JoinHandle<usize>,
}

impl Talker {
    async fn start(beginning: &'static str, rest: String, every: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let said = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            stream.write_all(beginning.as_bytes()).await.unwrap();
            let mut said = 0;
            while stream.write_all(rest.as_bytes()).await.is_ok() {
                said += rest.len();
                tokio::time::sleep(every).await;
            }
            said
        });
        Self { url, said }
    }
}

async fn failed(patience: Duration, url: &str) -> CallError {
    get(&with(&["127.0.0.0/8"], patience), url).await.map(|answer| answer.status).unwrap_err()
}

#[tokio::test]
async fn who_answers_a_byte_at_a_time_is_waited_for_no_longer_than_anybody() {
    let patience = Duration::from_millis(150);
    let cases = [
        ("HTTP/1.1 200 OK\r\nx-never: ", "ends"),
        ("HTTP/1.1 200 OK\r\n", "a: b\r\n"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
        // "Not yet" is no answer, however often it comes.
        ("", "HTTP/1.1 102 Processing\r\n\r\n"),
    ];
    let tries = cases.map(|(beginning, rest)| async move {
        let talker = Talker::start(beginning, rest.to_owned(), Duration::from_millis(5)).await;
        let started = Instant::now();
        let error = failed(patience, &talker.url).await;
        assert!(error.class == Class::Transient && error.maybe_done, "{beginning}: {error}");
        assert!(error.detail.contains("in time"), "{beginning}: {error}");
        assert!(started.elapsed() >= patience && started.elapsed() < Duration::from_secs(10));
        // And the connection is let go.
        tokio::time::timeout(Duration::from_secs(10), talker.said).await.unwrap().unwrap();
    });
    futures_util::future::join_all(tries).await;
}

#[tokio::test]
async fn who_says_too_much_is_cut_off_at_once() {
    for (beginning, rest, class, what) in [
        (
            "HTTP/1.1 200 OK\r\n",
            format!("x: {}\r\n", "y".repeat(4_000)),
            Class::Transient,
            "does not speak HTTP",
        ),
        ("HTTP/1.1 200 OK\r\nx-never: ", "ends".repeat(1_000), Class::Transient, "does not speak HTTP"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n",
            "x".repeat(4_000),
            Class::Config,
            "more than 65536 bytes",
        ),
    ] {
        let talker = Talker::start(beginning, rest, Duration::ZERO).await;
        let error = failed(Duration::from_secs(20), &talker.url).await;
        assert!(error.class == class && error.detail.contains(what), "{beginning}: {error}");
        assert!(talker.said.await.unwrap() < 64 << 20, "it was cut off, not heard out");
    }
}

#[tokio::test]
async fn who_lets_us_connect_and_then_says_nothing_gets_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let error = failed(Duration::from_millis(150), &url).await;
    assert!(error.class == Class::Transient || error.detail.contains("no certificates"), "{error}");
    assert!(!error.maybe_done, "nothing was sent");
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_the_next_time_is_asked_for_once_and_what_was_checked_is_called() {
    let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = inside.local_addr().unwrap().port();
    let outside = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    let served: Arc<Mutex<Vec<&str>>> = Arc::default();
    for (who, listener) in [("inside", inside), ("outside", outside)] {
        let served = Arc::clone(&served);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                served.lock().unwrap().push(who);
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(b"HTTP/1.1 204 X\r\nconnection: close\r\n\r\n").await;
            }
        });
    }
    // 127.0.0.2 stands for the internet here: it may be called, and all else of this machine may not.
    let lookups = Arc::new(AtomicUsize::new(0));
    let rebinding = |first: &'static str, then: &'static str| {
        let (lookups, number) = (Arc::clone(&lookups), AtomicUsize::new(0));
        let lookup = Arc::new(move |host: String| {
            assert_eq!(host, "rebind.example");
            lookups.fetch_add(1, Ordering::Relaxed);
            let address = if number.fetch_add(1, Ordering::Relaxed) == 0 { first } else { then };
            let found: Vec<IpAddr> = vec![address.parse().unwrap()];
            Box::pin(async move { Ok(found) }) as futures_util::future::BoxFuture<'static, _>
        });
        looking_up(&["127.0.0.2/32"], Duration::from_secs(10), lookup)
    };
    let url = format!("http://rebind.example:{port}/");
    let outbound = rebinding("127.0.0.2", "127.0.0.1");
    assert_eq!(get(&outbound, &url).await.map(|answer| answer.status).unwrap(), 204);
    assert_eq!((lookups.load(Ordering::Relaxed), served.lock().unwrap().as_slice()), (1, &["outside"][..]));
    // Each call is checked anew: nothing is remembered of the one before.
    let error = get(&outbound, &url).await.map(|answer| answer.status).unwrap_err();
    assert!(error.class == Class::Config && error.detail.contains("this machine itself"), "{error}");
    assert_eq!((lookups.load(Ordering::Relaxed), served.lock().unwrap().len()), (2, 1));
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_tried_again_later() {
    let error = get(&outbound(), "http://nobody.invalid/").await.map(|answer| answer.status).unwrap_err();
    assert!(error.class == Class::Transient && !error.maybe_done, "{error}");
}
