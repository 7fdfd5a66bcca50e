//! Known answers: every stored form, made by another implementation (Node's `crypto` alone), opens here. The
//! labels, the formats and the order of the parts are Keyward's own; a change to any of them fails here.

#![expect(clippy::unwrap_used, reason = "a test ends where its preparation fails")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyward_keys::crypto::{
    JwtKeys, MasterKey, PublicKey, SecretBytes, ServiceTokenSecret, Sha256Chain, open_version,
    open_version_with, open_warm, seed_text, unlock_with_passphrase, unlock_with_system, unlock_with_token,
    version_content_key,
};
use keyward_store::model::{Id, LockTarget};
use keyward_store::{ChainHasher, PageSealer};
use secrecy::SecretString;
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("data/keyward-vectors.json")).unwrap()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} is missing"))
}

fn bytes(value: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(value, field)).unwrap()
}

fn id(value: &Value, field: &str) -> Id {
    text(value, field).parse().unwrap()
}

fn public(value: &Value, field: &str) -> PublicKey {
    PublicKey(bytes(value, field).try_into().unwrap())
}

#[test]
fn passphrase_lock() {
    let vectors = vectors();
    let vector = &vectors["passphrase_lock"];
    let sealed = bytes(vector, "envelope");
    assert_eq!(seed_text(&sealed).unwrap(), text(vector, "text"), "the specification's text stands in it");
    let opened = unlock_with_passphrase(
        &sealed,
        LockTarget::Account(id(vector, "account")),
        id(vector, "id"),
        &SecretString::from(text(vector, "passphrase")),
    )
    .unwrap();
    let expected =
        keyward_keys::crypto::PrivateKey::from_secret(&SecretBytes::new(bytes(vector, "private_key")));
    assert_eq!(opened.public(), expected.unwrap().public());
}

#[test]
fn a_service_token_and_what_it_opens() {
    let vectors = vectors();
    let (token, api_key) = (&vectors["token"], &vectors["api_key"]);
    let master = MasterKey::parse(text(&vectors["master"], "key").as_bytes()).unwrap();
    let secret = ServiceTokenSecret::parse(text(token, "text")).unwrap();
    assert_eq!(secret.verifier(&master.pepper().unwrap()).unwrap().to_vec(), bytes(token, "verifier"));
    let keys = secret.keys().unwrap();
    assert_eq!(keys.private().public(), public(token, "public_key"));

    let (key_id, token_id, number) = (id(api_key, "id"), id(api_key, "token"), 3);
    let key_public = public(api_key, "public_key");
    let sealed = bytes(api_key, "version");
    let lock = bytes(api_key, "token_lock");
    let private = unlock_with_token(&lock, LockTarget::ApiKey(key_id), token_id, &keys).unwrap();
    assert!(private.matches(&key_public));
    let value = open_version(&private, &key_public, key_id, number, &sealed).unwrap();
    assert_eq!(value.expose(), text(api_key, "value").as_bytes());
    let content = version_content_key(&private, &key_public, key_id, number, &sealed).unwrap();
    let value = open_version_with(&content, &key_public, key_id, number, &sealed).unwrap();
    assert_eq!(value.expose(), text(api_key, "value").as_bytes());

    let warm = open_warm(&keys, token_id, key_id, number, &bytes(api_key, "warm")).unwrap();
    let value = open_version_with(&warm, &key_public, key_id, number, &sealed).unwrap();
    assert_eq!(value.expose(), text(api_key, "value").as_bytes());
}

#[test]
fn the_master_key_and_what_comes_of_it() {
    let vectors = vectors();
    let (vector, api_key) = (&vectors["master"], &vectors["api_key"]);
    let master = MasterKey::parse(text(vector, "key").as_bytes()).unwrap();
    let system = master.system_keys().unwrap();
    assert_eq!(*system.public(), public(vector, "system_public"));
    assert_eq!(master.signing_seed().unwrap().to_vec(), bytes(vector, "signing_seed"));
    assert!(JwtKeys::new(&master.signing_seed().unwrap(), "here").is_ok());
    let target = LockTarget::ApiKey(id(api_key, "id"));
    let private = unlock_with_system(&bytes(api_key, "system_lock"), target, &system).unwrap();
    assert!(private.matches(&public(api_key, "public_key")));

    let sealer = master.page_sealer(bytes(vector, "file_id").try_into().unwrap()).unwrap();
    let page = STANDARD.decode(text(vector, "page")).unwrap();
    let mut plain = vec![0; 4096];
    sealer.open(vector["page_number"].as_u64().unwrap(), &page, &mut plain).unwrap();
    assert!(plain.iter().enumerate().all(|(i, byte)| *byte == (i * 7) as u8));
}

#[test]
fn the_audit_chain() {
    let vectors = vectors();
    let first = Sha256Chain.link(&[0; 32], 1, b"first");
    assert_eq!(hex::encode(first), vectors["chain"][0]);
    assert_eq!(hex::encode(Sha256Chain.link(&first, 2, b"second")), vectors["chain"][1]);
}
