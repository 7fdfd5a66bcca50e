//! A person's SSH keys: add, list, remove. Removing one ends what it opened.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

use keyward_store::model::{Id, SshKey};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::text::Faults;
use crate::view::SshKeyView;

/// Key types the SSH door accepts.
const ACCEPTED: [&str; 6] = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// Keys a person may have.
const MOST_KEYS: usize = 50;

/// An OpenSSH public key line (`type base64 comment`), checked.
pub(crate) struct PublicKeyLine {
    /// Type and base64, without the comment.
    pub(crate) line: String,
    /// SHA-256 of the key blob (RFC 4253, section 6.6), as `ssh-keygen -l` prints it.
    pub(crate) fingerprint: [u8; 32],
    /// The comment, when there is one worth showing.
    pub(crate) comment: Option<String>,
}

impl PublicKeyLine {
    /// Parses a line; the error says what would be right.
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, &'static str> {
        const EXPECTED: &str = "is not an OpenSSH public key; paste the one line of a .pub file, such as \"ssh-ed25519 AAAA… you@host\"";
        let mut parts = text.split_whitespace();
        let (Some(kind), Some(blob)) = (parts.next(), parts.next()) else { return Err(EXPECTED) };
        if kind.starts_with("-----BEGIN") {
            return Err("is a private key; keep it secret, and paste the line of the .pub file instead");
        }
        if kind == "ssh-rsa" || kind == "ssh-dss" {
            return Err("is an RSA or DSA key, which is not accepted; make one with: ssh-keygen -t ed25519");
        }
        if !ACCEPTED.contains(&kind) || blob.len() > 4096 {
            return Err(EXPECTED);
        }
        let bytes = STANDARD.decode(blob).map_err(|_| EXPECTED)?;
        // The blob starts with its own type as a length-prefixed string; both must say the same.
        let inner = bytes.get(4..4 + kind.len());
        if bytes.get(..4) != Some(&u32::try_from(kind.len()).unwrap_or(0).to_be_bytes())
            || inner != Some(kind.as_bytes())
            || bytes.len() <= 4 + kind.len()
        {
            return Err(EXPECTED);
        }
        let mut faults = Faults::default();
        let comment = faults.line("name", &parts.collect::<Vec<_>>().join(" "), 1, 100);
        Ok(Self {
            line: format!("{kind} {blob}"),
            fingerprint: Sha256::digest(&bytes).into(),
            comment: faults.check().is_ok().then_some(comment),
        })
    }
}

impl Service {
    /// The caller's SSH keys, oldest first.
    pub async fn ssh_keys(&self, caller: &Caller) -> Result<Vec<SshKeyView>> {
        let tables = self.mirror().read();
        let account = caller.person()?;
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        let mut keys: Vec<&SshKey> =
            tables.ssh_keys.values().map(|row| &row.record).filter(|key| key.account == account).collect();
        keys.sort_by_key(|key| (key.created_ms, key.id));
        Ok(keys.into_iter().map(ssh_key_view).collect())
    }

    /// Registers an SSH public key for the caller. Without a name it takes the line's comment.
    pub async fn add_ssh_key(&self, caller: &Caller, name: &str, line: &str) -> Result<SshKeyView> {
        let account = caller.person()?;
        let mut faults = Faults::default();
        let key = PublicKeyLine::parse(line).map_err(|why| faults.add("key", why)).ok();
        let comment =
            key.as_ref().and_then(|key| key.comment.clone()).unwrap_or_else(|| "ssh key".to_owned());
        let name = if name.trim().is_empty() { comment } else { faults.line("name", name, 1, 100) };
        faults.check()?;
        let Some(key) = key else { return Err(Error::invalid("key", "is missing")) };
        let id = crypto::random_id()?;
        self.change(caller, Permission::SshKeyManage, Target::Account(account), |tables, draft| {
            draft.batch.require(tables.accounts.get(&account).ok_or(Error::Unauthenticated)?);
            if tables.ssh_key_by_fingerprint.contains_key(&key.fingerprint) {
                return Err(Error::Conflict("this SSH key is registered already".to_owned()));
            }
            if tables.ssh_keys.values().filter(|row| row.record.account == account).count() >= MOST_KEYS {
                return Err(Error::Conflict(format!(
                    "there are {MOST_KEYS} SSH keys already; remove one first"
                )));
            }
            let record = SshKey {
                id,
                account,
                name: name.clone(),
                fingerprint: key.fingerprint,
                line: key.line.clone(),
                created_ms: draft.now_ms,
                last_used_ms: None,
            };
            draft.object = Some(id);
            draft.detail = "added".to_owned();
            draft.batch.create(&record)?;
            draft.events.push(Event::AccountChanged { account });
            Ok(ssh_key_view(&record))
        })
        .await
    }

    /// Removes one of the caller's SSH keys; sessions it opened end at once.
    pub async fn remove_ssh_key(&self, caller: &Caller, id: Id) -> Result<()> {
        let account = caller.person()?;
        self.change(caller, Permission::SshKeyManage, Target::Account(account), |tables, draft| {
            let key = tables.ssh_keys.get(&id).filter(|key| key.record.account == account);
            draft.object = Some(id);
            draft.detail = "removed".to_owned();
            draft.batch.remove(key.ok_or(Error::NotFound("SSH key"))?);
            draft.events.push(Event::SessionsEnded { account, credential: Some(id) });
            draft.events.push(Event::AccountChanged { account });
            Ok(())
        })
        .await
    }
}

/// A fingerprint as `ssh-keygen -l` prints it.
pub fn fingerprint_text(fingerprint: &[u8; 32]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(fingerprint))
}

/// The fingerprint of an OpenSSH public key line; none when it is not one that the SSH door accepts.
pub fn ssh_fingerprint(line: &str) -> Option<[u8; 32]> {
    PublicKeyLine::parse(line).ok().map(|key| key.fingerprint)
}

fn ssh_key_view(key: &SshKey) -> SshKeyView {
    SshKeyView {
        id: key.id,
        name: key.name.clone(),
        fingerprint: fingerprint_text(&key.fingerprint),
        key: key.line.clone(),
        created_at: timestamp(key.created_ms),
        last_used: key.last_used_ms.map(timestamp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@laptop";

    #[test]
    fn a_public_key_line_gives_its_fingerprint_and_comment() {
        let key = PublicKeyLine::parse(LINE).map_err(str::to_owned).expect("a good line");
        assert_eq!(key.comment.as_deref(), Some("ana@laptop"));
        assert_eq!(fingerprint_text(&key.fingerprint), "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
    }

    #[test]
    fn what_is_not_an_accepted_public_key_says_what_would_be() {
        for (bad, says) in [
            ("", ".pub file"),
            ("ssh-ed25519", ".pub file"),
            ("ssh-ed25519 AAAA", ".pub file"),
            ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ== x", "ed25519"),
            ("-----BEGIN OPENSSH PRIVATE KEY----- x", "private key"),
            (
                "ecdsa-sha2-nistp256 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
                ".pub file",
            ),
        ] {
            let why = PublicKeyLine::parse(bad).err().expect("refused");
            assert!(why.contains(says), "{bad:?}: {why}");
        }
    }
}
