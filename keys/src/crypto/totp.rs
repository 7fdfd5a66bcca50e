//! The second factor: time-based one-time passwords (RFC 6238 over RFC 4226) as authenticator apps make them, SHA-1,
//! six digits, 30 seconds. It keeps no count of what was used; whoever asks does.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::boxes::{open_box, seal_to};
use super::context::Context;
use super::error::{Error, Result};
use super::master::SystemKeys;
use super::random;

/// Seconds of a time step.
const STEP: i64 = 30;
/// Digits of a code: apps ignore any other number.
const DIGITS: u32 = 6;
/// Steps a clock may be off, either way.
const SKEW: u64 = 1;

/// The secret that an authenticator app shares with us: 160 bits, as RFC 4226 recommends.
pub struct TotpSecret(Zeroizing<[u8; 20]>);

impl TotpSecret {
    /// A new secret.
    pub fn generate() -> Result<Self> {
        random::secret_array().map(Self)
    }

    /// Seals it under the system key, for one account.
    pub fn seal(&self, keys: &SystemKeys, account: &[u8]) -> Result<Vec<u8>> {
        seal_to(keys.public(), &Self::context(account)?, self.0.as_slice())
    }

    /// Opens what [`Self::seal`] made for this account.
    pub fn open(keys: &SystemKeys, account: &[u8], sealed: &[u8]) -> Result<Self> {
        let opened = open_box(keys.private(), &Self::context(account)?, sealed)?;
        let mut secret = Zeroizing::new([0; 20]);
        let bytes = opened.expose();
        if bytes.len() != secret.len() {
            return Err(Error::Refused);
        }
        secret.copy_from_slice(bytes);
        Ok(Self(secret))
    }

    fn context(account: &[u8]) -> Result<Context> {
        Context::of(&[b"totp", account])
    }

    /// The step that a code is for, when it is one of those around `now_ms` (ms since the epoch) and later than
    /// `used`. Spaces in the code do not matter.
    pub fn step_of(&self, code: &str, now_ms: i64, used: Option<u64>) -> Option<u64> {
        let typed = Zeroizing::new(code.chars().filter(|c| !c.is_whitespace()).collect::<String>());
        if typed.len() != DIGITS as usize || !typed.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let now = u64::try_from(now_ms.div_euclid(1000 * STEP)).ok()?;
        let mut found = None;
        // Every step is tried whichever fits, so that the time taken tells nothing.
        for step in now.saturating_sub(SKEW)..=now + SKEW {
            let fits = bool::from(self.code(step).as_bytes().ct_eq(typed.as_bytes()));
            if fits && used.is_none_or(|used| step > used) {
                found = Some(step);
            }
        }
        found
    }

    /// The code of a step: HOTP (RFC 4226, section 5.3) of its number.
    fn code(&self, step: u64) -> Zeroizing<String> {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(self.0.as_slice()) else {
            return Zeroizing::default();
        };
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        let at = usize::from(hash[hash.len() - 1] & 0x0f);
        let number = u32::from_be_bytes(std::array::from_fn(|i| hash[at + i])) & 0x7fff_ffff;
        Zeroizing::new(format!("{:0width$}", number % 10_u32.pow(DIGITS), width = DIGITS as usize))
    }

    /// The `otpauth:` link that authenticator apps read (Key URI Format), for an account's name.
    pub fn uri(&self, issuer: &str, account: &str) -> SecretString {
        let short = self.short_uri(issuer, account);
        let defaults = format!("&algorithm=SHA1&digits={DIGITS}&period={STEP}");
        SecretString::from(format!("{}{defaults}", short.expose_secret()))
    }

    /// The same without what is so unless it is said: a QR code of it is small enough for a terminal.
    pub fn short_uri(&self, issuer: &str, account: &str) -> SecretString {
        let secret = Zeroizing::new(data_encoding::BASE32_NOPAD.encode(self.0.as_slice()));
        let (issuer, account) = (escape(issuer), escape(account));
        let uri = format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", *secret);
        SecretString::from(uri)
    }
}

/// Percent-encodes all but what RFC 3986 calls unreserved.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::TotpSecret;
    use crate::crypto::MasterKey;
    use zeroize::Zeroizing;

    fn rfc() -> TotpSecret {
        TotpSecret(Zeroizing::new(*b"12345678901234567890"))
    }

    /// RFC 6238, appendix B, the SHA-1 column cut to six digits; and RFC 4226, appendix D.
    #[test]
    fn codes_are_those_of_the_standards() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000_u64, "353130"),
        ] {
            assert_eq!(*rfc().code(seconds / 30), code);
        }
        let first: Vec<String> = (0..4).map(|step| rfc().code(step).to_string()).collect();
        assert_eq!(first, ["755224", "287082", "359152", "969429"]);
    }

    #[test]
    fn one_step_either_side_is_good_and_none_twice() {
        let (secret, now_ms) = (rfc(), 1_111_111_111_000);
        let now = 1_111_111_111 / 30;
        for step in now - 3..=now + 3 {
            let found = secret.step_of(&secret.code(step), now_ms, None);
            assert_eq!(found.is_some(), step.abs_diff(now) <= 1, "{step}");
        }
        let code = secret.code(now);
        assert_eq!(secret.step_of(&code, now_ms, Some(now - 1)), Some(now));
        assert_eq!(secret.step_of(&code, now_ms, Some(now)), None);
        assert_eq!(secret.step_of(&secret.code(now - 1), now_ms, Some(now)), None, "nor an earlier one");
        assert_eq!(secret.step_of("050 471", now_ms, None), Some(now));
        for wrong in ["", "05047", "0504711", "05047a", "٠٥٠٤٧١", "+50471"] {
            assert_eq!(secret.step_of(wrong, now_ms, None), None, "{wrong}");
        }
    }

    #[test]
    fn a_sealed_secret_opens_for_its_account_alone() {
        let keys = MasterKey::generate().unwrap().system_keys().unwrap();
        let sealed = rfc().seal(&keys, b"ana").unwrap();
        assert_eq!(*TotpSecret::open(&keys, b"ana", &sealed).unwrap().0, *rfc().0);
        assert!(TotpSecret::open(&keys, b"bob", &sealed).is_err());
        let others = MasterKey::generate().unwrap().system_keys().unwrap();
        assert!(TotpSecret::open(&others, b"ana", &sealed).is_err());
    }

    #[test]
    fn the_link_names_the_account_and_what_apps_need() {
        assert_eq!(
            rfc().uri("Keyward", "ana+x@example.com").expose_secret(),
            "otpauth://totp/Keyward:ana%2Bx%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Keyward\
             &algorithm=SHA1&digits=6&period=30"
        );
    }
}
