//! Remembers tokens whose signature was found good, for as long as they run: one Ed25519 check costs more than all
//! the rest of a request. Bounded. It remembers the signature alone; sessions are looked up each time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::error::Result;
use super::jwt::{Claims, JwtKeys};

/// Tokens already checked, by their SHA-256.
pub struct VerifiedTokens {
    /// Each half holds this many.
    half: usize,
    seen: Mutex<Halves>,
}

/// Two halves stand in for an order of use: a token that is met again moves to the young half, and when that is
/// full the old one is dropped whole.
#[derive(Default)]
struct Halves {
    young: HashMap<[u8; 32], Claims>,
    old: HashMap<[u8; 32], Claims>,
}

impl VerifiedTokens {
    /// Remembers at most about `capacity` tokens (some 150 bytes each).
    pub fn new(capacity: usize) -> Self {
        Self { half: (capacity / 2).max(1), seen: Mutex::default() }
    }

    /// As [`JwtKeys::verify`], with a signature checked once. Refusals are not remembered.
    pub fn verify(&self, keys: &JwtKeys, token: &str, now_ms: i64) -> Result<Claims> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        if let Some(claims) = self.recall(&hash)
            && now_ms < claims.exp.saturating_mul(1000)
        {
            return Ok(claims);
        }
        let claims = keys.verify(token, now_ms)?;
        self.remember(hash, claims);
        Ok(claims)
    }

    fn recall(&self, hash: &[u8; 32]) -> Option<Claims> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(claims) = seen.young.get(hash) {
            return Some(*claims);
        }
        let claims = seen.old.remove(hash)?;
        self.insert(&mut seen, *hash, claims);
        Some(claims)
    }

    fn remember(&self, hash: [u8; 32], claims: Claims) {
        self.insert(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner), hash, claims);
    }

    fn insert(&self, seen: &mut Halves, hash: [u8; 32], claims: Claims) {
        if seen.young.len() >= self.half {
            seen.old = std::mem::take(&mut seen.young);
        }
        seen.young.insert(hash, claims);
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::VerifiedTokens;
    use crate::crypto::{Claims, Error, JwtKeys, random_id};

    fn token(keys: &JwtKeys, exp: i64) -> (String, Claims) {
        let claims = Claims { sub: random_id().unwrap(), sid: random_id().unwrap(), iat: 1000, exp };
        (keys.sign(&claims).unwrap().expose_secret().to_owned(), claims)
    }

    #[test]
    fn a_token_is_remembered_until_it_ends() {
        let keys = JwtKeys::new(&[7; 32], "here").unwrap();
        let other = JwtKeys::new(&[8; 32], "here").unwrap();
        let seen = VerifiedTokens::new(10);
        let (text, claims) = token(&keys, 2000);
        assert_eq!(seen.verify(&other, &text, 1_500_000), Err(Error::Refused));
        assert_eq!(seen.verify(&keys, &text, 1_500_000), Ok(claims));
        // Other keys would refuse it, so this answer is from memory.
        assert_eq!(seen.verify(&other, &text, 1_500_000), Ok(claims));
        assert_eq!(seen.verify(&other, &text, 2_000_000), Err(Error::Refused));
        assert_eq!(seen.verify(&keys, &text, 2_006_000), Err(Error::Refused));
    }

    #[test]
    fn memory_is_bounded_and_keeps_what_is_used() {
        let keys = JwtKeys::new(&[7; 32], "here").unwrap();
        let other = JwtKeys::new(&[8; 32], "here").unwrap();
        let seen = VerifiedTokens::new(8);
        let (used, _) = token(&keys, 2000);
        for _ in 0..40 {
            seen.verify(&keys, &token(&keys, 2000).0, 1_500_000).unwrap();
            seen.verify(&keys, &used, 1_500_000).unwrap();
        }
        let halves = seen.seen.lock().unwrap();
        assert!(halves.young.len() + halves.old.len() <= 8);
        drop(halves);
        assert!(seen.verify(&other, &used, 1_500_000).is_ok());
    }
}
