//! Account passwords: argon2id (RFC 9106), kept as PHC strings. Slow and large on purpose: run it on the
//! [`super::KdfPool`].

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash};
use secrecy::SecretString;

use super::error::{Error, Result};
use super::passphrase::normal_form;
use super::random::random_array;

/// The most memory a stored string may ask for in KiB: a planted one must not exhaust the machine.
const MAX_MEMORY_KIB: u32 = 1 << 20;
/// The most passes a stored string may ask for.
const MAX_PASSES: u32 = 64;

/// What one password check costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PasswordCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for PasswordCost {
    /// 64 MiB, three passes, one lane: RFC 9106's second recommendation with one lane.
    fn default() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 }
    }
}

/// Makes and checks password hashes of one cost.
#[derive(Clone, Debug)]
pub struct Passwords(Argon2<'static>);

impl Passwords {
    /// For new passwords of this cost; [`Error::Refused`] when the numbers make no sense.
    pub fn new(cost: PasswordCost) -> Result<Self> {
        let params =
            Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(|_| Error::Refused)?;
        Ok(Self(Argon2::new(Algorithm::Argon2id, Version::V0x13, params)))
    }

    /// The PHC string to keep for a password, with a fresh salt.
    pub fn hash(&self, password: &SecretString) -> Result<String> {
        self.hash_with_salt(password, random_array()?).map(|hash| hash.to_string())
    }

    /// Whether `password` is the one `stored` was made of. A stored string that is no argon2id string, or asks
    /// for too much, is [`Error::Refused`].
    pub fn verify(&self, password: &SecretString, stored: &str) -> Result<bool> {
        let stored = PasswordHash::new(stored).map_err(|_| Error::Refused)?;
        let params = Params::try_from(&stored).map_err(|_| Error::Refused)?;
        if stored.algorithm != argon2::ARGON2ID_IDENT
            || params.m_cost() > MAX_MEMORY_KIB
            || params.t_cost() > MAX_PASSES
        {
            return Err(Error::Refused);
        }
        match self.0.verify_password(&normal_form(password), &stored) {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(failure(error)),
        }
    }

    /// Does the work of a check for an account that does not exist, so that the time taken tells nothing.
    pub fn dummy_verify(&self, password: &SecretString) -> Result<()> {
        self.hash_with_salt(password, [0; 16]).map(drop)
    }

    /// Whether a stored string was made at another cost. Hash the password again when it was right.
    pub fn needs_upgrade(&self, stored: &str) -> bool {
        match PasswordHash::new(stored).map(|hash| Params::try_from(&hash)) {
            Ok(Ok(params)) => {
                let own = self.0.params();
                (params.m_cost(), params.t_cost(), params.p_cost())
                    != (own.m_cost(), own.t_cost(), own.p_cost())
            }
            _ => true,
        }
    }

    fn hash_with_salt(&self, password: &SecretString, salt: [u8; 16]) -> Result<PasswordHash> {
        self.0.hash_password_with_salt(&normal_form(password), &salt).map_err(failure)
    }
}

fn failure(error: password_hash::Error) -> Error {
    match error {
        password_hash::Error::OutOfMemory => Error::OutOfMemory,
        _ => Error::Refused,
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::{PasswordCost, Passwords};
    use crate::crypto::Error;

    fn cheap() -> Passwords {
        Passwords::new(PasswordCost { memory_kib: 64, passes: 1, lanes: 1 }).unwrap()
    }

    #[test]
    fn the_right_password_and_no_other() {
        let stored = cheap().hash(&SecretString::from("пароль 🔐")).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{stored}");
        assert_eq!(cheap().verify(&SecretString::from("пароль 🔐"), &stored), Ok(true));
        assert_eq!(cheap().verify(&SecretString::from("пароль"), &stored), Ok(false));
        assert_eq!(cheap().verify(&SecretString::from(""), &stored), Ok(false));
        cheap().dummy_verify(&SecretString::from("anything")).unwrap();
    }

    #[test]
    fn two_spellings_of_one_character_are_one_password() {
        let stored = cheap().hash(&SecretString::from("caf\u{e9}")).unwrap();
        assert_eq!(cheap().verify(&SecretString::from("cafe\u{301}"), &stored), Ok(true));
    }

    #[test]
    fn the_cost_is_the_stored_one_and_is_raised() {
        let dearer = Passwords::new(PasswordCost { memory_kib: 128, passes: 2, lanes: 1 }).unwrap();
        let stored = cheap().hash(&SecretString::from("password")).unwrap();
        assert_eq!(dearer.verify(&SecretString::from("password"), &stored), Ok(true));
        assert!(dearer.needs_upgrade(&stored));
        assert!(!cheap().needs_upgrade(&stored));
        assert!(dearer.needs_upgrade("nonsense"));
    }

    #[test]
    fn a_planted_string_cannot_exhaust_the_machine() {
        let check = |stored: &str| cheap().verify(&SecretString::from("password"), stored);
        let salt_and_hash = "c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGg";
        for stored in [
            format!("$argon2id$v=19$m=4000000,t=1,p=1${salt_and_hash}"),
            format!("$argon2id$v=19$m=64,t=4000000,p=1${salt_and_hash}"),
            format!("$argon2i$v=19$m=64,t=1,p=1${salt_and_hash}"),
            "$2b$12$abcdefghijklmnopqrstuv".to_owned(),
            String::new(),
        ] {
            assert_eq!(check(&stored), Err(Error::Refused), "{stored}");
        }
    }

    #[test]
    fn memory_that_is_not_there_is_an_error_of_its_own() {
        assert_eq!(super::failure(argon2::Error::OutOfMemory.into()), Error::OutOfMemory);
        assert_eq!(super::failure(argon2::Error::PwdTooLong.into()), Error::Refused);
    }
}
