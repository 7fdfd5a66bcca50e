//! Strangers by the thousand who stop in the middle of signing in, at each of its steps: few are kept at once, all are
//! gone by the deadline, and who comes from elsewhere signs in all the while.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::harness::neighbour::Neighbour;
use crate::harness::ssh::{AnyHost, watched};
use crate::harness::{Daemon, within};

/// Connections of each kind.
const CROWD: usize = 1_000;
/// Seconds in which a stranger has to sign in.
const LOGIN_SECONDS: u64 = 2;
/// What of one address may be signing in at once: 16, and as many that the server has let go of already and that have
/// not heard of it.
const AT_ONCE: usize = 32;

/// How many knock at one moment: the system itself drops connections that are not accepted soon.
const KNOCKING: usize = 200;

/// How many are let in now, and how many were at most.
struct Inside {
    knocking: Semaphore,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Inside {
    fn new() -> Arc<Self> {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { knocking: Semaphore::new(KNOCKING), now, most })
    }

    /// Counts somebody in until what is given ends; answers how long that took.
    async fn until(&self, end: impl Future<Output = ()>) -> Option<Duration> {
        let began = Instant::now();
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        end.await;
        self.now.fetch_sub(1, Ordering::Relaxed);
        Some(began.elapsed())
    }
}

/// Where somebody stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// Says nothing at all.
    Silent,
    /// After the line with the version.
    Version,
    /// After the list of algorithms.
    Algorithms,
    /// After the exchange of keys.
    Keys,
    /// At the question for a password, which is asked for anew again and again.
    Question,
}

/// A list of algorithms that nobody offers, with its length, padding and cookie (RFC 4253, sections 6 and 7.1).
fn algorithms() -> Vec<u8> {
    let mut payload = vec![20];
    payload.extend([7; 16]);
    for names in ["curve25519-sha256", "ssh-ed25519"] {
        payload.extend(u32::try_from(names.len()).unwrap().to_be_bytes());
        payload.extend(names.as_bytes());
    }
    // Two lists are never sent: the server has to wait for the rest.
    let mut packet = 1_000_u32.to_be_bytes().to_vec();
    packet.push(4);
    packet.extend(payload);
    packet
}

async fn from(address: &str, door: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(address.parse().unwrap())?;
    socket.connect(door).await
}

/// Comes, stops there, and answers how long it was let stay; `None` when it was not let in at all.
async fn stranger(door: SocketAddr, stop: Stop, inside: Arc<Inside>) -> Option<Duration> {
    let knocks = inside.knocking.acquire().await.ok()?;
    let mut stream = from("127.0.0.3:0", door).await.ok()?;
    if matches!(stop, Stop::Keys | Stop::Question) {
        let (mut client, closed) = watched(stream).await.ok()?;
        drop(knocks);
        let ends = async {
            if stop == Stop::Question {
                let asking = async {
                    while client.authenticate_keyboard_interactive_start("nobody", None).await.is_ok() {}
                };
                tokio::select! {
                    () = asking => {}
                    _ = closed => {}
                }
            } else {
                let _ = closed.await;
            }
        };
        return inside.until(ends).await;
    }
    let mut version = [0; 8];
    stream.read_exact(&mut version).await.ok()?;
    drop(knocks);
    let ends = async {
        let begun = match stop {
            Stop::Silent => Vec::new(),
            Stop::Version => b"SSH-2.0-stalled\r\n".to_vec(),
            _ => [b"SSH-2.0-stalled\r\n".to_vec(), algorithms()].concat(),
        };
        // A reset is an end too.
        let _ = stream.write_all(&begun).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    inside.until(ends).await
}

/// Signs in from another address of this machine, and answers how long that took.
async fn from_elsewhere(daemon: &Daemon, neighbour: &Neighbour) -> Duration {
    let began = Instant::now();
    let stream = from("127.0.0.2:0", daemon.ssh).await.unwrap();
    let connecting = russh::client::connect_stream(Arc::default(), stream, AnyHost);
    let mut handle = within("a connection from elsewhere", connecting).await.unwrap();
    let key = russh::keys::PrivateKeyWithHashAlg::new(Arc::new(neighbour.person.key.clone()), None);
    let login = handle.authenticate_publickey("neighbour", key);
    assert!(within("a login from elsewhere", login).await.unwrap().success());
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_who_stop_while_signing_in_are_few_at_once_and_keep_nobody_out() {
    let seconds = LOGIN_SECONDS.to_string();
    let daemon = Daemon::with(&[("ssh.login_seconds", &seconds)]).await;
    let mut neighbour = Neighbour::at_work(&daemon).await;
    for stop in [Stop::Silent, Stop::Version, Stop::Algorithms, Stop::Keys, Stop::Question] {
        let (inside, mut crowd) = (Inside::new(), JoinSet::new());
        for _ in 0..CROWD {
            crowd.spawn(stranger(daemon.ssh, stop, Arc::clone(&inside)));
        }
        let (mut slowest, mut kept) = (Duration::ZERO, Vec::new());
        within("all of them are sent away", async {
            while !crowd.is_empty() {
                slowest = slowest.max(from_elsewhere(&daemon, &neighbour).await);
                neighbour.goes_on().await;
                while let Some(ended) = crowd.try_join_next() {
                    kept.extend(ended.unwrap());
                }
            }
        })
        .await;
        let most = inside.most.load(Ordering::Relaxed);
        println!(
            "{stop:?}: {} of {CROWD} let in, {most} at once, for {:?} at most; a login from elsewhere in {slowest:?}",
            kept.len(),
            kept.iter().max()
        );
        assert!(!kept.is_empty() && most <= AT_ONCE, "{stop:?}: {} let in, {most} at once", kept.len());
    }
}
