//! An authenticator app (RFC 6238), written apart from the code it tests.

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The code that an app which read this `otpauth:` link shows at a moment, in ms since the epoch.
pub(crate) fn code_at(otpauth: &str, now_ms: i64) -> String {
    let (_, query) = otpauth.split_once('?').expect("a query");
    let secret = query.split('&').find_map(|pair| pair.strip_prefix("secret=")).expect("a secret");
    let secret = BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
    let mut mac = Hmac::<Sha1>::new_from_slice(&secret).expect("any length");
    mac.update(&(now_ms as u64 / 30_000).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = (hash[19] & 15) as usize;
    let number = u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]]);
    format!("{:06}", number % 1_000_000)
}
