//! The text of a bearer token: a prefix that says what it is, 32 secret bytes in base62, and a checksum.
//!
//! ```text
//! kw[kind]_<43 base62 digits of the secret><6 base62 digits of the CRC-32 of all before them>
//! ```
//!
//! Scanners find one with `\bkw[a-z]?_[0-9A-Za-z]{49}\b` and tell a real one by its checksum, as this parser does:
//! a mistyped token is refused without a look into the database. The checksum proves nothing else.

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::error::{Error, Result};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Base62 digits of 256 bits.
const SECRET_DIGITS: usize = 43;
/// Base62 digits of 32 bits.
const CHECK_DIGITS: usize = 6;

/// Writes a token.
pub(super) fn write(prefix: &str, secret: &[u8; 32]) -> SecretString {
    // Full capacity from the start: a string that grows leaves copies behind.
    let mut text = String::with_capacity(prefix.len() + SECRET_DIGITS + CHECK_DIGITS);
    text.push_str(prefix);
    let mut digits = Zeroizing::new([0; SECRET_DIGITS]);
    let mut number = Zeroizing::new(*secret);
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[divide(&mut number)];
    }
    text.extend(digits.iter().map(|digit| char::from(*digit)));
    let check = checksum(text.as_bytes());
    text.extend(check.iter().map(|digit| char::from(*digit)));
    SecretString::from(text)
}

/// Reads a token's secret; [`Error::Refused`] for another prefix, length, alphabet, checksum, or a number above
/// 256 bits.
pub(super) fn read(prefix: &str, text: &str) -> Result<Zeroizing<[u8; 32]>> {
    let bytes = text.as_bytes();
    let (body, check) = bytes.split_last_chunk::<CHECK_DIGITS>().ok_or(Error::Refused)?;
    let digits = body.strip_prefix(prefix.as_bytes()).ok_or(Error::Refused)?;
    if digits.len() != SECRET_DIGITS || *check != checksum(body) {
        return Err(Error::Refused);
    }
    let mut number = Zeroizing::new([0; 4]);
    for digit in digits {
        multiply_add(&mut number, value(*digit).ok_or(Error::Refused)?)?;
    }
    let mut secret = Zeroizing::new([0; 32]);
    for (bytes, limb) in secret.rchunks_exact_mut(8).zip(number.iter()) {
        bytes.copy_from_slice(&limb.to_be_bytes());
    }
    Ok(secret)
}

fn checksum(body: &[u8]) -> [u8; CHECK_DIGITS] {
    let mut rest = crc32fast::hash(body);
    let mut digits = [0; CHECK_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'Z' => Some(digit - b'A' + 10),
        b'a'..=b'z' => Some(digit - b'a' + 36),
        _ => None,
    }
}

/// Divides a big-endian number by 62 in place and answers the remainder.
fn divide(number: &mut [u8; 32]) -> usize {
    let mut remainder = 0_usize;
    for byte in number.iter_mut() {
        let current = remainder << 8 | usize::from(*byte);
        *byte = (current / 62) as u8;
        remainder = current % 62;
    }
    remainder
}

/// Multiplies a number, its least 64 bits first, by 62 and adds a digit; refuses what does not fit. Every fetch reads a
/// token, so this goes by 64 bits at a time.
fn multiply_add(number: &mut [u64; 4], digit: u8) -> Result<()> {
    let mut carry = u128::from(digit);
    for limb in number.iter_mut() {
        let current = u128::from(*limb) * 62 + carry;
        *limb = current as u64;
        carry = current >> 64;
    }
    if carry == 0 { Ok(()) } else { Err(Error::Refused) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::{read, write};

    #[test]
    fn the_largest_number_fits_and_one_more_does_not() {
        let largest = write("kw_", &[0xff; 32]);
        assert_eq!(*read("kw_", largest.expose_secret()).unwrap(), [0xff; 32]);
        let body = format!("kw_{}", "z".repeat(43));
        let check = super::checksum(body.as_bytes()).map(char::from).iter().collect::<String>();
        assert!(read("kw_", &(body + &check)).is_err());
    }

    proptest! {
        #[test]
        fn every_secret_comes_back(secret: [u8; 32]) {
            let text = write("kwr_", &secret);
            prop_assert_eq!(text.expose_secret().len(), 4 + 43 + 6);
            prop_assert_eq!(*read("kwr_", text.expose_secret()).unwrap(), secret);
            prop_assert!(read("kw_", text.expose_secret()).is_err());
        }

        #[test]
        fn one_wrong_character_is_noticed(secret: [u8; 32], place in 0_usize..52, other in "[0-9A-Za-z_-]") {
            let text = write("kw_", &secret);
            let mut changed = text.expose_secret().to_owned();
            changed.replace_range(place..=place, &other);
            prop_assume!(changed != text.expose_secret());
            prop_assert!(read("kw_", &changed).is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            let _ = read("kw_", &text);
        }
    }
}
