//! Signed webhooks (Standard Webhooks 1.0.0, symmetric `v1`): the secret of an endpoint, and the headers that prove that a
//! message is ours and fresh.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::error::{CallError, CallResult};
use crate::crypto;
use crate::error::{Error, Result};

/// What a secret's text begins with.
const PREFIX: &str = "whsec_";

/// The header with the signatures.
const SIGNATURE: &str = "webhook-signature";

/// Bytes that a secret may have.
const LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

/// What messages to one endpoint are signed with.
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl WebhookSecret {
    /// A new one, of 32 random bytes.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn generate() -> Result<Self> {
        Ok(Self(Zeroizing::new(crypto::random_array::<32>()?.to_vec())))
    }

    /// Reads `whsec_` and base64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// It is not so written, as a fault of the field `secret`.
    pub fn parse(text: &str) -> Result<Self> {
        let bytes = text.trim().strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.map(Zeroizing::new).filter(|bytes| LENGTH.contains(&bytes.len()));
        let wrong = || Error::invalid("secret", "is whsec_ and base64 of 24 to 64 random bytes");
        bytes.map(Self).ok_or_else(wrong)
    }

    /// Its text, for the owner of the endpoint.
    pub fn to_text(&self) -> SecretString {
        SecretString::from(format!("{PREFIX}{}", STANDARD.encode(&*self.0)))
    }

    /// The headers of a message. `id` stays the same when it is sent again.
    pub(super) fn headers(&self, id: &str, now_ms: i64, body: &[u8]) -> CallResult<HeaderMap> {
        let seconds = now_ms.div_euclid(1_000).to_string();
        let signature = format!("v1,{}", STANDARD.encode(self.mac(id, &seconds, body)));
        let mut headers = HeaderMap::new();
        for (name, value) in [("webhook-id", id), ("webhook-timestamp", &seconds), (SIGNATURE, &signature)] {
            let value = HeaderValue::try_from(value)
                .map_err(|_| CallError::config("the id of a message holds characters that no header has"))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
    }

    /// The same of the one before it too, while its owner changes over: the signatures stand one after another.
    pub(super) fn headers_with(
        &self,
        before: Option<&Self>,
        id: &str,
        now_ms: i64,
        body: &[u8],
    ) -> CallResult<HeaderMap> {
        let mut headers = self.headers(id, now_ms, body)?;
        let old = before.map(|before| before.headers(id, now_ms, body)).transpose()?;
        if let (Some(signature), Some(old)) =
            (headers.get_mut(SIGNATURE), old.as_ref().and_then(|old| old.get(SIGNATURE)))
        {
            let both = [signature.as_bytes(), old.as_bytes()].join(&b' ');
            *signature = HeaderValue::from_bytes(&both)
                .map_err(|_| CallError::config("the signatures of a message cannot be sent"))?;
        }
        Ok(headers)
    }

    fn mac(&self, id: &str, seconds: &str, body: &[u8]) -> Vec<u8> {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return Vec::new() };
        mac.update(id.as_bytes());
        mac.update(b".");
        mac.update(seconds.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.finalize().into_bytes().to_vec()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn the_specification_s_example_verifies() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let headers = secret
            .headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_000, br#"{"test": 2432232314}"#)
            .unwrap();
        assert_eq!(headers["webhook-id"], "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(headers["webhook-timestamp"], "1614265330");
        assert_eq!(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_read_back_and_short_ones_are_refused() {
        let secret = WebhookSecret::generate().unwrap();
        let text = secret.to_text();
        assert_eq!(WebhookSecret::parse(text.expose_secret()).unwrap().0, secret.0);
        assert!(!format!("{secret:?}").contains(&text.expose_secret()[6..]));
        for wrong in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!"] {
            assert!(WebhookSecret::parse(wrong).is_err(), "{wrong}");
        }
    }
}
