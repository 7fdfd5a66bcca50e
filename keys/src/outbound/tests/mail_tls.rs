//! Mail over TLS: only to a server that proves its name to an authority that is trusted, after STARTTLS as from the first
//! byte, and before that nothing but the greeting.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::SecretString;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::clock::Clock;
use crate::outbound::{CallResult, Class, MailSettings, MailTls, Message, Outbound, OutboundSettings};

const NAME: &str = "outbound::tests::mail_tls::mail_goes_only_to_who_proves_their_name";

/// What tells the second process that it is one; no test is called so.
const AGAIN: &str = "in_a_process_of_its_own";

/// Certificates that were made for tests; `server.key` is the key of all of them.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/it/tls")
}

type Lines = Arc<Mutex<Vec<String>>>;

/// A mail server on this machine: how it protects its line, whether it says that it can, its certificate. What it is told
/// is kept, "tls" where that began.
async fn server(tls: MailTls, offers: bool, certificate: &str) -> (u16, Lines) {
    let chain = vec![CertificateDer::from_pem_file(folder().join(certificate)).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder().join("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into());
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let lines = Lines::default();
    let told = Arc::clone(&lines);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let clear = match tls {
                MailTls::Implicit => Some(stream),
                _ => talk(stream, offers, true, &told).await,
            };
            let Some(clear) = clear else { continue };
            if let Ok(secured) = acceptor.accept(clear).await {
                told.lock().unwrap().push("tls".to_owned());
                talk(secured, false, tls == MailTls::Implicit, &told).await;
            }
        }
    });
    (port, lines)
}

/// Speaks SMTP; the stream comes back when the other side wants TLS on it.
async fn talk<S>(stream: S, offers: bool, greets: bool, told: &Lines) -> Option<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    if greets {
        stream.write_all(b"220 here\r\n").await.ok()?;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        told.lock().unwrap().push(line.clone());
        let reply = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" if offers => "250-here\r\n250 STARTTLS",
            "EHLO" => "250-here\r\n250 AUTH PLAIN",
            "STARTTLS" => "220 go on",
            "AUTH" => "235 welcome",
            "DATA" => "354 go on",
            "MAIL" | "RCPT" | "." => "250 ok",
            "QUIT" => "221 bye",
            _ => continue,
        };
        stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
        if line == "STARTTLS" {
            return Some(stream.into_inner());
        }
    }
}

async fn sent(host: &str, port: u16, tls: MailTls) -> CallResult<u16> {
    let mail = MailSettings {
        host: host.to_owned(),
        port,
        tls,
        login: Some(("me".to_owned(), SecretString::from("canary"))),
        from: "keyward@example.com".to_owned(),
        domains: Vec::new(),
        verify: true,
    };
    let settings = OutboundSettings { mail: Some(mail), ..OutboundSettings::default() };
    let message = Message {
        id: "msg_1".to_owned(),
        kind: "key_deleted".to_owned(),
        text: "The key was deleted".to_owned(),
        api_key: None,
        alert: None,
        at: jiff::Timestamp::UNIX_EPOCH,
        zone: jiff::tz::TimeZone::UTC,
    };
    Outbound::new(settings, Clock::system()).send_mail("ana@example.com", &message).await
}

#[tokio::test]
async fn mail_goes_only_to_who_proves_their_name() {
    let authority = folder().join("ca.pem");
    if std::env::args().all(|argument| argument != AGAIN) {
        // Whom a process trusts stands in its environment: so once more, in one of its own.
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", NAME, "--skip", AGAIN]).env("SSL_CERT_FILE", authority);
        let output = tokio::task::spawn_blocking(move || again.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    for tls in [MailTls::Starttls, MailTls::Implicit] {
        let (port, lines) = server(tls, true, "localhost.pem").await;
        assert_eq!(sent("localhost", port, tls).await.unwrap(), 250, "{tls:?}");
        let lines = lines.lock().unwrap().join("\n");
        let (clear, secured) = lines.split_once("tls\n").unwrap();
        assert!(secured.contains("AUTH PLAIN") && secured.contains("RCPT TO:<ana@example.com>"), "{lines}");
        assert!(clear.lines().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{lines}");
        for (certificate, host) in [
            // Nobody vouches for it but itself, it is of some years ago, or another's.
            ("itself.pem", "localhost"),
            ("expired.pem", "localhost"),
            ("other.pem", "localhost"),
            // The same server by a name that its certificate does not have.
            ("localhost.pem", "127.0.0.1"),
        ] {
            let (port, lines) = server(tls, true, certificate).await;
            let error = sent(host, port, tls).await.unwrap_err();
            assert!(error.class == Class::Transient, "{certificate}: {error}");
            assert!(error.detail.contains("certificate"), "{tls:?} {certificate}: {error}");
            let lines = lines.lock().unwrap().clone();
            assert!(lines.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{lines:?}");
        }
    }
    // A server that offers no TLS, or from whose offer somebody on the line took it out, gets nothing.
    let (port, lines) = server(MailTls::Starttls, false, "localhost.pem").await;
    let error = sent("localhost", port, MailTls::Starttls).await.unwrap_err();
    assert_eq!(error.class, Class::Transient, "{error}");
    let lines = lines.lock().unwrap().clone();
    assert!(lines.iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{lines:?}");
}
