//! Remembers tokens whose signature was found good, for as long as they run: one Ed25519 check costs more than all
//! the rest of a request. Bounded. It remembers the signature alone; sessions are looked up each time.

use super::error::Result;
use super::jwt::{Claims, JwtKeys};
use super::remembered::{Remembered, TextHash};

/// Tokens already checked (some 150 bytes each).
pub struct VerifiedTokens(Remembered<Claims>);

impl VerifiedTokens {
    /// Remembers at most about `capacity` tokens.
    pub fn new(capacity: usize) -> Self {
        Self(Remembered::new(capacity))
    }

    /// As [`JwtKeys::verify`], with a signature checked once. Refusals are not remembered.
    pub fn verify(&self, keys: &JwtKeys, token: &str, now_ms: i64) -> Result<Claims> {
        let text = TextHash::of(token);
        if let Some(claims) = self.0.recall(&text)
            && now_ms < claims.exp.saturating_mul(1000)
        {
            return Ok(claims);
        }
        let claims = keys.verify(token, now_ms)?;
        self.0.remember(&text, claims);
        Ok(claims)
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
        assert!(seen.0.len() <= 8);
        assert!(seen.verify(&other, &used, 1_500_000).is_ok());
    }
}
