//! The specification's own blobs, to the letter: `salt:iv:ciphertext` under a passphrase (100,000 iterations) and
//! `iv:ciphertext` under a system key; AES-256-CBC with PKCS#7, hexadecimal, no tag. For import and export only:
//! nothing is kept in this form.
//!
//! Without a tag a wrong key is noticed by what comes out alone. CBC padding lets one wrong key in 258 pass, so
//! the text must also be UTF-8 without control characters other than line ends and tabs. Show a person a piece of
//! the result before it is trusted.

use aes::{Aes256Dec, Aes256Enc};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::envelope::{SeedParts, parse_iv_and_ciphertext};
use super::error::{Error, Result};
use super::passphrase::{Iterations, stretch};
use super::random::random_array;

/// The longest value in bytes that a blob may hold.
const MAX_VALUE: usize = 64 * 1024;

/// The 32-byte system key of an installation that made `iv:ciphertext` blobs.
pub struct SeedSystemKey(Zeroizing<[u8; 32]>);

impl SeedSystemKey {
    /// Reads a key as 64 hexadecimal digits, as base64 of 32 bytes, or as a text of 32 bytes.
    pub fn parse(text: &SecretString) -> Result<Self> {
        let text = text.expose_secret().trim();
        let bytes = Zeroizing::new(if text.len() == 32 {
            text.as_bytes().to_vec()
        } else if text.len() == 64 {
            hex::decode(text).map_err(|_| Error::Refused)?
        } else {
            STANDARD.decode(text).map_err(|_| Error::Refused)?
        });
        let key: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| Error::Refused)?;
        Ok(Self(Zeroizing::new(*key)))
    }
}

/// Opens a `salt:iv:ciphertext` blob. The passphrase is taken as typed, as the old program did. Slow on purpose.
pub fn import_seed(blob: &str, passphrase: &SecretString) -> Result<SecretString> {
    let parts = SeedParts::parse(blob.trim_ascii())?;
    let key = seed_key(passphrase, &parts.salt)?;
    decrypt(&key, &parts.iv, parts.ciphertext)
}

/// Makes a `salt:iv:ciphertext` blob with a fresh salt and vector. Slow on purpose.
pub fn export_seed(value: &SecretString, passphrase: &SecretString) -> Result<String> {
    export_with(value, passphrase, random_array()?, random_array()?)
}

fn export_with(
    value: &SecretString,
    passphrase: &SecretString,
    salt: [u8; 32],
    iv: [u8; 16],
) -> Result<String> {
    let key = seed_key(passphrase, &salt)?;
    let ciphertext = encrypt(&key, &iv, value)?;
    Ok(SeedParts::text(&salt, &iv, &ciphertext))
}

/// Opens an `iv:ciphertext` blob.
pub fn import_seed_system(blob: &str, key: &SeedSystemKey) -> Result<SecretString> {
    let (iv, ciphertext) = parse_iv_and_ciphertext(blob.trim_ascii())?;
    decrypt(&key.0, &iv, ciphertext)
}

/// Makes an `iv:ciphertext` blob with a fresh vector.
pub fn export_seed_system(value: &SecretString, key: &SeedSystemKey) -> Result<String> {
    export_system_with(value, key, random_array()?)
}

fn export_system_with(value: &SecretString, key: &SeedSystemKey, iv: [u8; 16]) -> Result<String> {
    Ok(format!("{}:{}", hex::encode(iv), hex::encode(encrypt(&key.0, &iv, value)?)))
}

fn seed_key(passphrase: &SecretString, salt: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>> {
    let stretched = stretch(passphrase.expose_secret().as_bytes(), salt, Iterations::SPECIFICATION)?;
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&stretched[..32]);
    Ok(key)
}

fn encrypt(key: &[u8; 32], iv: &[u8; 16], value: &SecretString) -> Result<Vec<u8>> {
    if value.expose_secret().len() > MAX_VALUE {
        return Err(Error::TooLong);
    }
    let cipher = cbc::Encryptor::<Aes256Enc>::new(key.into(), iv.into());
    Ok(cipher.encrypt_padded_vec::<Pkcs7>(value.expose_secret().as_bytes()))
}

fn decrypt(key: &[u8; 32], iv: &[u8; 16], ciphertext: Vec<u8>) -> Result<SecretString> {
    let mut buffer = Zeroizing::new(ciphertext);
    let cipher = cbc::Decryptor::<Aes256Dec>::new(key.into(), iv.into());
    let plain = cipher.decrypt_padded::<Pkcs7>(&mut buffer).map_err(|_| Error::Refused)?;
    let text = std::str::from_utf8(plain).map_err(|_| Error::Refused)?;
    let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.len() > MAX_VALUE || text.contains(strange) { Err(Error::Refused) } else { Ok(text.into()) }
}

#[cfg(test)]
mod tests {
    use secrecy::{ExposeSecret, SecretString};
    use serde::Deserialize;

    use super::{
        SeedSystemKey, export_seed, export_seed_system, export_system_with, export_with, import_seed,
        import_seed_system,
    };
    use crate::crypto::Error;
    use crate::crypto::envelope::{SeedParts, parse_iv_and_ciphertext};

    #[derive(Deserialize)]
    struct PassphraseBlob {
        passphrase: String,
        plaintext: String,
        blob: String,
    }

    #[derive(Deserialize)]
    struct SystemBlob {
        system_key_hex: String,
        plaintext: String,
        blob: String,
    }

    #[derive(Deserialize)]
    struct Vectors {
        passphrase_blobs: Vec<PassphraseBlob>,
        system_blobs: Vec<SystemBlob>,
    }

    fn vectors() -> Vectors {
        serde_json::from_str(include_str!("../../tests/data/blob-vectors.json")).unwrap()
    }

    #[test]
    fn passphrase_blobs_agree_both_ways() {
        for vector in vectors().passphrase_blobs {
            let passphrase = SecretString::from(vector.passphrase);
            let opened = import_seed(&vector.blob, &passphrase).unwrap();
            assert_eq!(opened.expose_secret(), vector.plaintext);
            let parts = SeedParts::parse(&vector.blob).unwrap();
            let made = export_with(&opened, &passphrase, parts.salt, parts.iv).unwrap();
            assert_eq!(made, vector.blob);
        }
    }

    #[test]
    fn system_blobs_agree_both_ways() {
        for vector in vectors().system_blobs {
            let key = SeedSystemKey::parse(&SecretString::from(vector.system_key_hex)).unwrap();
            let opened = import_seed_system(&vector.blob, &key).unwrap();
            assert_eq!(opened.expose_secret(), vector.plaintext);
            let (iv, _) = parse_iv_and_ciphertext(&vector.blob).unwrap();
            assert_eq!(export_system_with(&opened, &key, iv).unwrap(), vector.blob);
        }
    }

    #[test]
    fn exports_draw_their_own_salt_and_open_again() {
        let (value, passphrase) = (SecretString::from("sk-value"), SecretString::from("a passphrase"));
        let (one, two) =
            (export_seed(&value, &passphrase).unwrap(), export_seed(&value, &passphrase).unwrap());
        assert_ne!(one, two);
        assert_eq!(import_seed(&one, &passphrase).unwrap().expose_secret(), "sk-value");
        let key = SeedSystemKey::parse(&SecretString::from("0123456789abcdef0123456789abcdef")).unwrap();
        let one = export_seed_system(&value, &key).unwrap();
        assert_ne!(one, export_seed_system(&value, &key).unwrap());
        assert_eq!(import_seed_system(&one, &key).unwrap().expose_secret(), "sk-value");
    }

    #[test]
    fn a_system_key_has_three_spellings() {
        let blob = &vectors().system_blobs[1];
        let raw = hex::decode(&blob.system_key_hex).unwrap();
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, raw);
        let key = SeedSystemKey::parse(&SecretString::from(base64)).unwrap();
        assert!(import_seed_system(&blob.blob, &key).is_ok());
        for wrong in ["", "short", "zz23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"] {
            assert!(SeedSystemKey::parse(&SecretString::from(wrong)).is_err());
        }
    }

    #[test]
    fn other_forms_and_wrong_keys_are_refused_alike() {
        let good = &vectors().passphrase_blobs[0];
        let passphrase = SecretString::from(good.passphrase.as_str());
        let (salt, rest) = good.blob.split_once(':').unwrap();
        let forms = [
            String::new(),
            rest.to_owned(),
            good.blob.to_uppercase(),
            good.blob.replace(':', ";"),
            format!("{}:00", good.blob),
            format!("{salt}00:{rest}"),
            good.blob[..good.blob.len() - 2].to_owned(),
        ];
        for form in forms {
            assert_eq!(import_seed(&form, &passphrase).unwrap_err(), Error::Refused, "{form}");
        }
        // About eight of these get past the padding, as CBC alone lets them.
        let key = |n: u32| SeedSystemKey::parse(&SecretString::from(format!("{n:032}"))).unwrap();
        let blob = export_seed_system(&SecretString::from("sk-test-0123456789"), &key(0)).unwrap();
        assert!((1..2000).all(|n| import_seed_system(&blob, &key(n)).is_err()));
    }
}
