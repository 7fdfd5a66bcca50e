//! Garbage, half-open logins and floods: each ends, and everybody else gets in.

use std::time::{Duration, Instant};

use keyward_tui::ssh::SshSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Server, limited, try_key, within};

/// Reads until the server closes.
async fn until_closed(mut stream: TcpStream) {
    let mut sink = [0; 1024];
    while !matches!(stream.read(&mut sink).await, Ok(0) | Err(_)) {}
}

#[tokio::test]
async fn garbage_is_cut_off_at_once() {
    let server = Server::start().await;
    let ana = server.person("ana", 1).await;
    let mut noise = b"SSH-2.0-noise\r\n".to_vec();
    noise.extend(std::iter::repeat_n(0xff, 100_000));
    let garbage: [&[u8]; 4] = [b"SSH-1.5-old\r\n", &noise, &[b'x'; 100_000], &[0; 4096]];
    for bytes in garbage {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The server may close while this is being written.
        let _ = stream.write_all(bytes).await;
        within("the server to close", until_closed(stream)).await;
    }
    assert!(try_key(&mut server.connect().await, &ana.login, &ana.key).await);
}

#[tokio::test]
async fn half_open_logins_die_at_the_deadline() {
    // Long enough for a key exchange on a busy machine.
    let deadline = Duration::from_secs(2);
    let settings = SshSettings { login_deadline: deadline, ..limited() };
    let server = Server::start_with(settings).await;
    let started = Instant::now();
    let mut silent = Vec::new();
    let mut greeted = Vec::new();
    for _ in 0..3 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"SSH-2.0-stalled\r\n").await.unwrap();
        greeted.push(stream);
    }
    let exchanged = server.connect().await;
    for stream in silent.into_iter().chain(greeted) {
        within("a half-open login to be closed", until_closed(stream)).await;
    }
    within("an idle stranger to be closed", async {
        while !exchanged.is_closed() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(started.elapsed() >= deadline && started.elapsed() < deadline * 5, "{:?}", started.elapsed());
}

#[tokio::test]
async fn one_source_has_sixteen_strangers_and_slots_come_back() {
    let server = Server::start_with(limited()).await;
    let ana = server.person("ana", 1).await;
    let mut strangers = Vec::new();
    let mut closed = 0;
    for _ in 0..20 {
        strangers.push(TcpStream::connect(server.address).await.unwrap());
    }
    let mut greeted = Vec::new();
    for mut stranger in strangers {
        let mut banner = [0; 8];
        match within("a banner or the end", stranger.read_exact(&mut banner)).await {
            Ok(_) => greeted.push(stranger),
            Err(_) => closed += 1,
        }
    }
    assert_eq!((greeted.len(), closed), (16, 4));
    drop(greeted);
    within("a slot for somebody honest", async {
        loop {
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            if stream.read_exact(&mut [0; 8]).await.is_ok() {
                break;
            }
        }
    })
    .await;
    assert!(try_key(&mut server.connect().await, &ana.login, &ana.key).await);
}
