//! An SSH key that is offered is not yet one that is held: only a signature made with it lets in, and as whom.

use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode as _;
use russh::keys::{HashAlg, PrivateKey};
use serde_json::{Value, json};

use crate::harness::ssh::Ssh;
use crate::harness::{Daemon, ssh_key, within};

/// Signs with this key, whichever key it was asked to sign for.
struct Forger(PrivateKey);

impl russh::Signer for Forger {
    type Error = russh::AgentAuthError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        _: Option<HashAlg>,
        mut to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, Self::Error> {
        let mut signature = Vec::new();
        self.0.key_data().try_sign(&to_sign).unwrap().encode(&mut signature).unwrap();
        signature.encode(&mut to_sign).unwrap();
        Ok(to_sign)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn to_offer_the_operators_key_is_not_to_hold_it() {
    let daemon = Daemon::start().await;
    let (ana, ben) = (daemon.operator("ana@example.com").await, daemon.person("ben@example.com").await);
    let offered = ana.key.public_key().clone();
    for (forger, gets_in) in [(ben.key.clone(), false), (ssh_key(), false), (ana.key.clone(), true)] {
        let mut handle = Ssh::connect(daemon.ssh).await.unwrap();
        let mut forger = Forger(forger);
        let offer = handle.authenticate_publickey_with("ana", offered.clone(), None, &mut forger);
        let answer = within("the answer to an offered key", offer).await;
        assert_eq!(answer.is_ok_and(|answer| answer.success()), gets_in);
    }
    // The operator's key was accepted as an offer a moment ago; what is proven then is Ben's, and stays Ben's.
    let mut handle = Ssh::connect(daemon.ssh).await.unwrap();
    let mut forger = Forger(ben.key.clone());
    let offer = handle.authenticate_publickey_with("ana", offered, None, &mut forger);
    assert!(!within("the answer to an offered key", offer).await.unwrap().success());
    let own = ben.key.public_key().clone();
    let offer = handle.authenticate_publickey_with("ben", own, None, &mut forger);
    assert!(within("the answer to one's own key", offer).await.unwrap().success());
    let who = Ssh { handle }.run("whoami --json", "").await;
    let who: Value = serde_json::from_str(&who.stdout).unwrap();
    assert_eq!((&who["login"], &who["operator"]), (&json!("ben"), &json!(false)));
}
