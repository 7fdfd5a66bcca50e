//! Access tokens: what is signed here is accepted for its time, and everything else is refused alike.

#![expect(clippy::unwrap_used, reason = "a test ends where its preparation fails")]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use keyward_keys::crypto::{Claims, Error, JwtKeys};
use keyward_store::model::Id;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::Sha256;

const SEED: [u8; 32] = [7; 32];
const CLAIMS: Claims =
    Claims { sub: Id::from_bytes([1; 12]), sid: Id::from_bytes([2; 12]), iat: 1_000_000, exp: 1_003_600 };
const NOW: i64 = 1_000_060_000;

fn keys() -> JwtKeys {
    JwtKeys::new(&SEED, "here").unwrap()
}

fn good() -> String {
    keys().sign(&CLAIMS).unwrap().expose_secret().to_owned()
}

fn part(token: &str, index: usize) -> Value {
    let encoded = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap())
}

/// A token with a valid Ed25519 signature by the right key over whatever header and claims.
fn signed(header: &Value, claims: &Value) -> String {
    signed_parts(&encode(header), &encode(claims))
}

fn signed_parts(header: &str, claims: &str) -> String {
    let message = format!("{header}.{claims}");
    let signature = SigningKey::from_bytes(&SEED).sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn refused(what: &str, token: &str) {
    assert_eq!(keys().verify(token, NOW), Err(Error::Refused), "{what}");
}

#[test]
fn a_token_is_good_for_its_time() {
    let token = good();
    assert_eq!(part(&token, 0)["alg"], "EdDSA");
    assert_eq!(part(&token, 0)["typ"], "at+jwt");
    assert_eq!(keys().verify(&token, NOW), Ok(CLAIMS));
    // Five seconds of difference between clocks are allowed, at both ends.
    for (now_ms, result) in [
        (999_994_999, Err(Error::Refused)),
        (999_995_000, Ok(CLAIMS)),
        (1_003_604_999, Ok(CLAIMS)),
        (1_003_605_000, Err(Error::Refused)),
        (i64::MAX, Err(Error::Refused)),
        (i64::MIN, Err(Error::Refused)),
    ] {
        assert_eq!(keys().verify(&token, now_ms), result, "{now_ms}");
    }
}

#[test]
fn the_key_and_the_issuer_must_be_these() {
    assert_eq!(JwtKeys::new(&[8; 32], "here").unwrap().verify(&good(), NOW), Err(Error::Refused));
    assert_eq!(JwtKeys::new(&SEED, "there").unwrap().verify(&good(), NOW), Err(Error::Refused));
}

#[test]
fn other_headers_are_refused() {
    let (header, claims) = (part(&good(), 0), part(&good(), 1));
    let with = |field: &str, value: Value| {
        let mut header = header.clone();
        header[field] = value;
        header
    };
    // The header exactly as made here is accepted, so what refuses below is the change.
    let original = good().split('.').next().unwrap().to_owned();
    assert!(keys().verify(&signed_parts(&original, &encode(&claims)), NOW).is_ok());

    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([7; 32])});
    for changed in [
        with("typ", json!("JWT")),
        with("typ", json!("mfa+jwt")),
        with("typ", Value::Null),
        with("kid", json!("other")),
        with("kid", json!("../../etc/passwd")),
        with("kid", Value::Null),
        with("jwk", jwk),
        with("jku", json!("https://example.com/keys")),
        with("x5u", json!("https://example.com/keys")),
        with("crit", json!(["exp"])),
        with("zip", json!("DEF")),
        with("anything", json!("else")),
    ] {
        refused(&changed.to_string(), &signed(&changed, &claims));
    }
}

#[test]
fn other_algorithms_are_refused() {
    let (mut header, claims) = (part(&good(), 0), encode(&part(&good(), 1)));
    header["alg"] = json!("none");
    refused("alg none", &format!("{}.{claims}.", encode(&header)));
    let body = good().rsplit_once('.').unwrap().0.to_owned();
    refused("no signature", &format!("{body}."));

    // The public key as an HMAC secret, under both names the algorithm could have.
    let public = SigningKey::from_bytes(&SEED).verifying_key();
    for algorithm in ["HS256", "EdDSA"] {
        header["alg"] = json!(algorithm);
        let message = format!("{}.{claims}", encode(&header));
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(public.as_bytes()).unwrap();
        mac.update(message.as_bytes());
        let tag = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        refused(algorithm, &format!("{message}.{tag}"));
    }
}

#[test]
fn other_claims_are_refused() {
    let (header, claims) = (good().split('.').next().unwrap().to_owned(), part(&good(), 1));
    let with = |field: &str, value: Value| {
        let mut claims = claims.clone();
        claims[field] = value;
        signed_parts(&header, &encode(&claims))
    };
    refused("issuer", &with("iss", json!("there")));
    refused("audience", &with("aud", json!("elsewhere")));
    refused("not yet", &with("nbf", json!(1_000_066)));
    refused("expired", &with("exp", json!(1_000_054)));
    refused("subject", &with("sub", json!("nobody")));
    refused("unknown claim", &with("admin", json!(true)));
    for field in ["iss", "aud", "sub", "sid", "nbf", "exp", "iat"] {
        let mut fewer = claims.clone();
        fewer.as_object_mut().unwrap().remove(field);
        refused(field, &signed_parts(&header, &encode(&fewer)));
    }
}

#[test]
fn other_forms_are_refused() {
    let token = good();
    refused("empty", "");
    refused("a service token", "kw_c5cSIt5FoB9dCM1EVZmr4QGXqS05UImBrUYPTaIaxIt4co6vg");
    refused("five parts", &format!("{token}.AAAA.AAAA"));
    refused("two parts", token.rsplit_once('.').unwrap().0);
    refused("padding", &format!("{token}="));
    refused("white space", &format!(" {token}"));
    let header = token.split('.').next().unwrap();
    let mut long = part(&token, 1);
    long["iss"] = json!("x".repeat(20_000));
    refused("20 KiB", &signed_parts(header, &encode(&long)));
    for place in 0..token.len() {
        let mut changed = token.clone();
        let other = if &token[place..=place] == "A" { "B" } else { "A" };
        changed.replace_range(place..=place, other);
        // The last character of the signature carries bits that are not part of it; a change there is refused
        // too, for only the one spelling decodes.
        refused(&format!("character {place}"), &changed);
    }
}
