//! The token with which a GitHub App proves itself: a JSON Web Token (RFC 7519) signed RS256 with the app's private key. It
//! is `ring` that signs, so there is no need of the `rsa` crate.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::error::{CallError, CallResult, Class};

/// Seconds that a token lives; GitHub takes at most ten minutes.
const LIFETIME: i64 = 9 * 60;

/// Seconds by which our clock may be ahead of theirs.
const DRIFT: i64 = 60;

/// A token of the app (its id or client id) under its key, as downloaded (PEM, PKCS #1) or converted (PKCS #8).
pub(super) fn token(issuer: &str, pem: &str, now_ms: i64) -> CallResult<SecretString> {
    let key = key(pem).ok_or_else(|| {
        CallError::new(
            Class::Auth,
            "the credential is not an RSA private key (PEM), as GitHub gives one for an app",
        )
    })?;
    let now = now_ms.div_euclid(1_000);
    let claims = serde_json::json!({ "iat": now - DRIFT, "exp": now + LIFETIME, "iss": issuer }).to_string();
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let mut text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
        .map_err(|_| CallError::transient("the token of the app could not be signed"))?;
    text.push('.');
    text.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(SecretString::from(text))
}

fn key(pem: &str) -> Option<RsaKeyPair> {
    let block = |label: &str| {
        let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
        let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
        let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
        STANDARD.decode(body.as_bytes()).ok().map(Zeroizing::new)
    };
    let pkcs1 = block("RSA PRIVATE KEY").and_then(|der| RsaKeyPair::from_der(&der).ok());
    pkcs1.or_else(|| block("PRIVATE KEY").and_then(|der| RsaKeyPair::from_pkcs8(&der).ok()))
}

#[cfg(test)]
pub(super) mod tests {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use secrecy::ExposeSecret;

    use super::*;

    /// A key of nobody, for tests alone.
    pub(in crate::outbound) const PEM: &str = include_str!("testing/nobody.pem");

    /// Whether a token is signed by that key.
    pub(in crate::outbound) fn verifies(token: &str) -> bool {
        let public = key(PEM).unwrap().public().as_ref().to_vec();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(signed.as_bytes(), &signature)
            .is_ok()
    }

    #[test]
    fn a_token_says_who_and_until_when_and_is_signed() {
        let token = token("Iv1.abc", PEM, 1_700_000_000_000).unwrap();
        let token = token.expose_secret();
        let claims = token.split('.').nth(1).unwrap();
        let claims: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(
            claims,
            serde_json::json!({ "iat": 1_699_999_940, "exp": 1_700_000_540, "iss": "Iv1.abc" })
        );
        assert!(verifies(token));
        assert!(!verifies(&token.replacen('.', ".A", 1)));
    }

    #[test]
    fn whatever_is_no_key_is_refused_without_being_shown() {
        for wrong in
            ["", "ghp_secret", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"]
        {
            let error = token("1", wrong, 0).unwrap_err();
            assert!(error.class == Class::Auth && !error.detail.contains("ghp_secret"));
        }
    }
}
