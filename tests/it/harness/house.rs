//! A daemon as a process of its own, whose memory and end can be looked at, and somebody who signs in to it by key.

use std::path::Path;

use russh::keys::PrivateKey;
use serde_json::json;

use super::http::Http;
use super::process::Process;
use super::ssh::Ssh;
use super::ssh_key;
use crate::daemon::{PASSWORD, add_user, place};

/// The daemon, and Ana's key.
pub(crate) struct House {
    _folder: tempfile::TempDir,
    pub(crate) daemon: Process,
    pub(crate) key: PrivateKey,
}

impl House {
    /// Starts it on a fresh folder, in which Ana has an account and a key.
    pub(crate) fn open(serve: impl Fn(&Path) -> Process) -> Self {
        let (folder, data) = place();
        let key = ssh_key();
        let file = folder.path().join("key.pub");
        std::fs::write(&file, key.public_key().to_openssh().unwrap()).unwrap();
        let more = ["--operator", "--ssh-key", file.to_str().unwrap()];
        assert!(add_user(&data, "ana@example.com", &more).status.success());
        Self { daemon: serve(&data), _folder: folder, key }
    }

    /// Signs Ana in by her key.
    pub(crate) async fn ssh(&self) -> Ssh {
        Ssh::with_key(self.daemon.ssh(), "ana", &self.key).await.unwrap()
    }

    /// Signs Ana in by her password.
    pub(crate) async fn http(&self) -> Http {
        Http::new(&self.daemon.api()).login_as("ana@example.com", PASSWORD).await
    }

    /// The daemon's resident memory, bytes.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.daemon.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// A key, by the path that its calls are reported at.
    pub(crate) async fn tracked(&self, http: &Http) -> String {
        let key = json!({ "name": "watched", "service": "S", "apiKey": "sk-1" });
        let key = http.post("/api/keys", &key).await.expect(201);
        format!("/api/usage/{}/track", key["_id"].as_str().unwrap())
    }
}
