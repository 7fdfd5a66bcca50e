//! Whom a call to the outside trusts: the authorities of the system, or those of the operator's own file (`SSL_CERT_FILE`), and
//! nobody by another's name. The certificates in `tls/` were made for this, and `server.key` is the key of all of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::daemon::{BINARY, text};
use crate::harness::process::{keyward, run};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls")
}

/// A server with this certificate, which answers everything with 401.
async fn server(certificate: &str) -> String {
    let chain = vec![CertificateDer::from_pem_file(folder().join(certificate)).unwrap()];
    let key = PrivateKeyDer::from_pem_file(folder().join("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(ring::default_provider().into());
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ =
                stream.write_all(b"HTTP/1.1 401 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

/// Tries a recipe there, trusting whom this file names; answers the class of what went wrong, and the words for it.
async fn tried(url: String, trusted: &'static str) -> (String, String) {
    tokio::task::spawn_blocking(move || {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("openrouter.toml");
        let shown = run(keyward(Path::new(BINARY), place.path(), &["recipe", "show", "openrouter"]), "");
        std::fs::write(&file, shown.stdout).unwrap();
        let args = ["recipe", "check", file.to_str().unwrap(), "--against", &url, "--json"];
        let mut command = keyward(Path::new(BINARY), place.path(), &args);
        command.env("SSL_CERT_FILE", folder().join(trusted));
        let output = run(command, "admin");
        let told: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
        let step = &told["steps"][0];
        (step["class"].as_str().unwrap().to_owned(), step.to_string())
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_can_prove_the_name_to_a_trusted_authority_is_spoken_to() {
    // Of an authority of the operator's own: the credential reaches the provider, which does not take it.
    let (class, told) = tried(server("localhost.pem").await, "ca.pem").await;
    assert!(class == "auth" && told.contains("401"), "{told}");
    for (certificate, trusted) in [
        // Nobody vouches for it but itself.
        ("itself.pem", "ca.pem"),
        // For another name.
        ("other.pem", "ca.pem"),
        // Of some years ago.
        ("expired.pem", "ca.pem"),
        // Of an authority that is not known here.
        ("localhost.pem", "itself.pem"),
    ] {
        let (class, told) = tried(server(certificate).await, trusted).await;
        assert!(class == "config" && told.contains("is not trusted"), "{certificate}: {told}");
    }
}
