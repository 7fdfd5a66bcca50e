//! Bad input through the wire, at both doors: each gets a clear answer or is cut off, nothing is lost, and somebody
//! else goes on working all the while. What stands in the way of a start is in `daemon_bad_start`; each route's and
//! each field's refusals are in the doors' own tests.

use std::net::SocketAddr;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::harness::neighbour::Neighbour;
use crate::harness::ssh::{AnyHost, Ssh, watched};
use crate::harness::{Daemon, within};

const EXEMPT: (&str, &str) = ("limits.exempt", "[\"127.0.0.0/8\"]");

/// Sends these bytes to a port, and answers what comes until the other side closes.
async fn answer_to(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It may be closed before all is written.
    let _ = stream.write_all(bytes).await;
    until_closed(stream).await
}

async fn until_closed(mut stream: TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = within("the connection is closed", stream.read_to_end(&mut answer)).await;
    answer
}

fn noise(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_at_either_door_is_cut_off() {
    let daemon = Daemon::start().await;
    let mut neighbour = Neighbour::at_work(&daemon).await;
    let mut after_banner = b"SSH-2.0-noise\r\n".to_vec();
    after_banner.extend(noise(4_096));
    let pieces: [&[u8]; 7] = [
        b"GET / HTTP/1.0\r\n\r\n",
        b"SSH-1.5-old\r\n",
        b"SSH-2.0-\xff\xfe\x1b]52;c;eA==\x07\r\n\r\n\r\n",
        &noise(4_096),
        &[b'x'; 100_000],
        &after_banner,
        &[0; 4_096],
    ];
    for bytes in pieces {
        let answer = answer_to(daemon.ssh, bytes).await;
        assert!(!answer.windows(5).any(|window| window == b"x1b]5" || window == b"panic"));
        let answer = answer_to(daemon.api, bytes).await;
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1."),
            "{:?}",
            String::from_utf8_lossy(&answer)
        );
        neighbour.goes_on().await;
    }
    for _ in 0..40 {
        answer_to(daemon.ssh, &[b"SSH-2.0-mutant\r\n", noise(200).as_slice()].concat()).await;
    }
    daemon.ssh(&neighbour.person).await;
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_logins_end_at_the_deadline() {
    let settings = [EXEMPT, ("ssh.login_seconds", "1"), ("api.header_timeout_seconds", "1")];
    let daemon = Daemon::with(&settings).await;
    let mut neighbour = Neighbour::at_work(&daemon).await;
    let mut open = Vec::new();
    for begun in [b"".as_slice(), b"SSH-2.0-stalled\r\n", b"SSH-2.0-stalled\r\n\0\0\x05"] {
        let mut stream = TcpStream::connect(daemon.ssh).await.unwrap();
        stream.write_all(begun).await.unwrap();
        open.push(stream);
    }
    for begun in [b"G".as_slice(), b"GET /health HTTP/1.1\r\nhost: x\r\nx-slow: "] {
        let mut stream = TcpStream::connect(daemon.api).await.unwrap();
        stream.write_all(begun).await.unwrap();
        open.push(stream);
    }
    let (_exchanged, exchanged_ends) = watched(TcpStream::connect(daemon.ssh).await.unwrap()).await.unwrap();
    let (mut asked, asked_ends) = watched(TcpStream::connect(daemon.ssh).await.unwrap()).await.unwrap();
    asked.authenticate_keyboard_interactive_start("neighbour", None).await.unwrap();
    neighbour.goes_on().await;
    for stream in open {
        until_closed(stream).await;
    }
    within("who only exchanged keys is sent away", exchanged_ends).await.unwrap();
    within("who only was asked for a password is sent away", asked_ends).await.unwrap();
    neighbour.goes_on().await;
    daemon.ssh(&neighbour.person).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminals_of_absurd_sizes_are_drawn_for_and_closed_well() {
    let daemon = Daemon::start().await;
    let mut neighbour = Neighbour::at_work(&daemon).await;
    let ssh = daemon.ssh(&neighbour.person).await;
    for (cols, rows) in [(65_535, 65_535), (u32::MAX, u32::MAX), (0, 0), (1, 1), (0, 65_535)] {
        let mut channel = ssh.handle.channel_open_session().await.unwrap();
        channel.request_pty(false, "xterm-256color", cols, rows, 0, 0, &[]).await.unwrap();
        channel.request_shell(false).await.unwrap();
        within("a first frame", channel.wait()).await.unwrap();
        for size in [7, 0, u32::MAX, 65_535, 1] {
            channel.window_change(size, cols, 0, 0).await.unwrap();
        }
        neighbour.goes_on().await;
        channel.data_bytes(b"\x03\x03".to_vec()).await.unwrap();
        channel.eof().await.unwrap();
        within("the session ends", async { while channel.wait().await.is_some() {} }).await;
    }
    neighbour.goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pastes_and_sequences_without_an_end_press_no_key_and_hold_nobody_up() {
    let daemon = Daemon::start().await;
    let mut neighbour = Neighbour::at_work(&daemon).await;
    for (place, shown) in [("/", "search"), ("n", "New API key")] {
        for (beginning, pieces) in
            [("\x1b[200~", 40), ("\x1b]52;c;", 4), ("\x1bP", 4), ("\x1b_", 4), ("\x1b[", 4)]
        {
            let ssh = daemon.ssh(&neighbour.person).await;
            let mut screen = ssh.key_list(80, 24).await;
            screen.wait_text("neighbours-own").await;
            screen.press(place).await;
            screen.wait_text(shown).await;
            screen.press(beginning).await;
            for _ in 0..pieces {
                screen.press(vec![b'q'; 32_768]).await;
            }
            neighbour.goes_on().await;
            screen.press("\x1b[201~\x1b\\\x03\x03").await;
            assert_eq!(screen.wait_end().await, Some(0), "{place} {beginning:?}");
        }
    }
    let keys = neighbour.http.get("/api/keys").await.expect(200);
    assert_eq!(keys["pagination"]["total"], 1, "nothing was saved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_would_steer_a_terminal_never_reaches_one() {
    const HARMFUL: [&str; 8] = [
        "a\u{1b}]52;c;eA==\u{7}",
        "a\u{1b}[2J",
        "a\u{9b}2Jb",
        "a\u{202e}b",
        "a\u{200b}b",
        "a\r\nb",
        "a\0b",
        "a\u{7f}b",
    ];
    let daemon = Daemon::start().await;
    let mut neighbour = Neighbour::at_work(&daemon).await;
    let http = &neighbour.http.clone();
    let with = |field: &str, text: serde_json::Value| {
        let mut body = json!({ "name": "n", "service": "s", "apiKey": "k" });
        body[field] = text;
        body
    };
    let marks = "e".to_owned() + &"\u{301}".repeat(500);
    for text in HARMFUL.into_iter().chain([marks.as_str()]) {
        for field in ["name", "service"] {
            let refused = http.post("/api/keys", &with(field, json!(text))).await.expect(422);
            assert_eq!(refused["errors"][0]["pointer"], format!("/{field}"), "{text:?}");
        }
        http.post("/api/keys", &with("tags", json!([text]))).await.expect(422);
    }
    // What stays within a field's length is kept, and has to be drawn without spilling over.
    let tall = "z".to_owned() + &"\u{301}".repeat(120);
    let mut body = with("name", json!(tall));
    body["description"] = json!(marks);
    let key = http.post("/api/keys", &body).await.expect(201)["_id"].as_str().unwrap().to_owned();
    for text in HARMFUL {
        let call =
            json!({ "endpoint": text, "method": text, "statusCode": 200, "metadata": { "model": text } });
        let request = http.request(Method::POST, &format!("/api/usage/{key}/track")).json(&call);
        let request = request.header(
            "user-agent",
            format!("x{}", text.replace(['\r', '\n', '\0', '\u{7f}', '\u{1b}', '\u{7}'], "")),
        );
        let status = http.send(request).await.status.as_u16();
        assert!([201, 422].contains(&status), "{text:?}: {status}");
        let stranger = Ssh::with_password(daemon.ssh, text, "wrong password").await;
        assert!(stranger.is_err());
    }
    let ssh = daemon.ssh(&neighbour.person).await;
    let mut screen = ssh.key_list(120, 40).await;
    screen.wait_for("the tall name", |screen| screen.contents().contains('\u{301}')).await;
    screen.press("\r").await;
    screen.wait_text("calls today").await;
    // Without what begins a sequence, its rest is text like any other, and is shown where endpoints are.
    screen.wait_text("]52;").await;
    let seen = screen.raw();
    let text = String::from_utf8(seen).unwrap();
    for harm in ["\x1b]52;", "\x1b[2Jb", "\u{9b}", "\u{9d}", "\u{202e}", "\u{200b}"] {
        assert!(!text.contains(harm), "{harm:?}");
    }
    for command in [
        "keys ls".to_owned(),
        format!("keys show {key}"),
        format!("usage {key}"),
        "keys show '\x1b]52;c;eA==\x07\u{202e}\u{9b}'".to_owned(),
        "\x1b[2J\u{9b}".to_owned(),
    ] {
        let said = ssh.run(&command, "").await;
        for text in [&said.stdout, &said.stderr] {
            let harm = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}' || c == '\u{200b}';
            assert!(!text.contains(harm), "{command:?}: {text:?}");
        }
    }
    neighbour.goes_on().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_cannot_be_read_say_why() {
    let daemon = Daemon::start().await;
    let mut neighbour = Neighbour::at_work(&daemon).await;
    let http = neighbour.http.clone();
    let deep = "[".repeat(100_000);
    let wide = format!("{{\"name\":\"{}\"}}", "n".repeat(1024 * 1024));
    let numbers = r#"{"name":"n","service":"s","apiKey":"k","monthlyLimit":1e999}"#;
    let negative = r#"{"name":"n","service":"s","apiKey":"k","monthlyLimit":-1}"#;
    let huge = r#"{"name":"n","service":"s","apiKey":"k","monthlyLimit":99999999999999999999999}"#;
    for (path, body, status) in [
        ("/api/keys", deep.as_bytes(), 400),
        ("/api/keys", wide.as_bytes(), 413),
        ("/api/keys", b"{\"name\":\"\xff\xfe\"}", 400),
        ("/api/keys", b"\x1f\x8b\x08", 400),
        ("/api/keys", numbers.as_bytes(), 400),
        ("/api/keys", negative.as_bytes(), 422),
        ("/api/keys", huge.as_bytes(), 422),
    ] {
        let request = http.request(Method::POST, path).header("content-type", "application/json");
        let reply = http.send(request.body(body.to_vec())).await;
        assert_eq!(
            reply.status.as_u16(),
            status,
            "{}: {}",
            String::from_utf8_lossy(&body[..20.min(body.len())]),
            reply.text
        );
        assert!(!reply.json()["detail"].as_str().unwrap().is_empty());
        assert_eq!(reply.headers["content-type"], "application/problem+json");
        neighbour.goes_on().await;
    }
    for (path, status) in [
        ("/api/keys/%ff%fe", 400),
        ("/api/keys?search=%ff", 400),
        ("/api/keys?limit=99999999999999999999", 422),
        ("/api/keys?page=18446744073709551616", 422),
    ] {
        let reply = http.get(path).await;
        assert_eq!(reply.status.as_u16(), status, "{path}: {}", reply.text);
    }
    let raw = answer_to(daemon.api, b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(raw.starts_with(b"HTTP/1.1 4"), "{:?}", String::from_utf8_lossy(&raw));
    neighbour.goes_on().await;
}

/// An SSH connection that comes from another address of this machine.
#[cfg(target_os = "linux")]
async fn ssh_from_elsewhere(daemon: &Daemon, neighbour: &Neighbour) -> bool {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let stream = socket.connect(daemon.ssh).await.unwrap();
    let connecting = russh::client::connect_stream(std::sync::Arc::default(), stream, AnyHost);
    let mut handle = within("a connection from elsewhere", connecting).await.unwrap();
    let key = std::sync::Arc::new(neighbour.person.key.clone());
    let key = russh::keys::PrivateKeyWithHashAlg::new(key, None);
    within("a login from elsewhere", handle.authenticate_publickey("neighbour", key)).await.unwrap().success()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_from_one_address_holds_up_nobody_else() {
    let daemon = Daemon::with(&[]).await;
    let mut neighbour = Neighbour::at_work(&daemon).await;
    let mut flood = Vec::new();
    for _ in 0..200 {
        for door in [daemon.ssh, daemon.api] {
            // Refused at once is one of the right answers.
            flood.extend(TcpStream::connect(door).await);
        }
    }
    neighbour.goes_on().await;
    #[cfg(target_os = "linux")]
    assert!(ssh_from_elsewhere(&daemon, &neighbour).await);
    for stream in &mut flood {
        let _ = stream.try_write(b"SSH-2.0-flood\r\n");
    }
    neighbour.goes_on().await;
    drop(flood);
    within("a new login from the address of the flood", async {
        while Ssh::with_key(daemon.ssh, "neighbour", &neighbour.person.key).await.is_err() {}
    })
    .await;
    assert_eq!(daemon.http().get("/health").await.status.as_u16(), 200);
    neighbour.goes_on().await;
}
