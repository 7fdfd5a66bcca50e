//! What an `Idempotency-Key` becomes: a place to note the request under, a fingerprint by which another request is told
//! apart, and the key that its answer is sealed under. None of the three tells anything of the others, nor of the
//! request: only who sends it again, with the same bearer token, can open the answer.

use sha2::{Digest, Sha512};

use super::context::Context;
use super::derive::hkdf;
use super::error::Result;
use super::secret::{ContentKey, SecretBytes};
use super::wrap::{unwrap, wrap};

const LABEL: &[u8] = b"keyward1 replay";

/// What one request with an `Idempotency-Key` is known by.
pub struct ReplayKeys {
    /// Where it is noted among its caller's.
    pub place: [u8; 16],
    /// What was asked.
    pub fingerprint: [u8; 32],
    content: ContentKey,
}

impl ReplayKeys {
    /// Of the caller's bearer token, the `Idempotency-Key` and the parts of the request.
    pub fn of(bearer: &str, key: &str, request: &[&[u8]]) -> Result<Self> {
        let asked = request.iter().fold(Sha512::new(), |hash, part| {
            hash.chain_update((part.len() as u64).to_be_bytes()).chain_update(part)
        });
        let asked = asked.finalize();
        let place = hkdf::<16>(key.as_bytes(), LABEL, &[b"place"])?;
        let fingerprint = hkdf::<32>(key.as_bytes(), &asked, &[LABEL, b" fingerprint"])?;
        let content = ContentKey::derive(bearer.as_bytes(), &asked, &[LABEL, b" answer ", key.as_bytes()])?;
        Ok(Self { place: *place, fingerprint: *fingerprint, content })
    }

    /// Seals the answer.
    pub fn seal(&self, answer: &[u8]) -> Result<Vec<u8>> {
        wrap(&self.content, &Context::of(&[LABEL, &self.place])?, answer)
    }

    /// Opens an answer that the same request has sealed.
    pub fn open(&self, sealed: &[u8]) -> Result<SecretBytes> {
        unwrap(&self.content, &Context::of(&[LABEL, &self.place])?, sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bearer: &str, key: &str, body: &str) -> ReplayKeys {
        ReplayKeys::of(bearer, key, &[b"POST", b"/api/keys", body.as_bytes()]).unwrap()
    }

    #[test]
    fn an_answer_opens_for_the_same_request_and_bearer_alone() {
        let first = keys("bearer", "key-1", "{}");
        let sealed = first.seal(b"kw_secret").unwrap();
        assert!(!sealed.windows(9).any(|part| part == b"kw_secret"));
        assert_eq!(keys("bearer", "key-1", "{}").open(&sealed).unwrap().expose(), b"kw_secret");
        for other in
            [keys("other", "key-1", "{}"), keys("bearer", "key-2", "{}"), keys("bearer", "key-1", "{ }")]
        {
            assert!(other.open(&sealed).is_err());
        }
    }

    #[test]
    fn the_place_is_the_keys_and_the_fingerprint_the_requests() {
        let first = keys("bearer", "key-1", "{}");
        let (again, other) = (keys("another", "key-1", "{}"), keys("bearer", "key-1", "{ }"));
        assert_eq!((first.place, first.fingerprint), (again.place, again.fingerprint));
        assert_eq!(first.place, other.place);
        assert_ne!(first.fingerprint, other.fingerprint);
        assert_ne!(first.place, keys("bearer", "key-2", "{}").place);
        let split = |a: &[u8], b: &[u8]| ReplayKeys::of("t", "k", &[a, b]).unwrap().fingerprint;
        assert_ne!(split(b"ab", b"c"), split(b"a", b"bc"), "parts cannot run into each other");
    }
}
