//! Codes that people read out and type: the operator's first code and invitations. 80 random bits in Crockford's
//! base32, `K7QM-2XVA-9TRD-HW3E`; letter case, hyphens and spaces do not matter, O is 0, I and L are 1.

use secrecy::SecretString;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::error::{Error, Result};
use super::random;

const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 16;

/// A code with which somebody joins.
pub struct JoinCode(Zeroizing<[u8; LENGTH]>);

impl JoinCode {
    /// A new code.
    pub fn generate() -> Result<Self> {
        // 32 divides 256, so the low five bits of a random byte are a uniform digit.
        let random = random::secret_array::<LENGTH>()?;
        Ok(Self(Zeroizing::new(random.map(|byte| DIGITS[usize::from(byte & 31)]))))
    }

    /// Reads a code as somebody typed it.
    pub fn parse(text: &str) -> Result<Self> {
        let mut code = Zeroizing::new([0; LENGTH]);
        let mut length = 0;
        for byte in text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')) {
            let digit = match byte.to_ascii_uppercase() {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            if length == LENGTH || !DIGITS.contains(&digit) {
                return Err(Error::Refused);
            }
            code[length] = digit;
            length += 1;
        }
        if length == LENGTH { Ok(Self(code)) } else { Err(Error::Refused) }
    }

    /// The code in groups of four.
    pub fn text(&self) -> SecretString {
        let mut text = String::with_capacity(LENGTH + 3);
        for (i, digit) in self.0.iter().enumerate() {
            if i > 0 && i % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(*digit));
        }
        SecretString::from(text)
    }

    /// The hash to keep: 80 random bits are beyond guessing, so a plain hash hides them.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new().chain_update(b"keyward1 join").chain_update(self.0.as_slice()).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::JoinCode;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = JoinCode::generate().unwrap();
        let text = code.text();
        let text = text.expose_secret();
        assert_eq!(text.len(), 19);
        for typed in [text.to_owned(), text.to_lowercase(), text.replace('-', ""), text.replace('-', " ")] {
            assert_eq!(JoinCode::parse(&typed).unwrap().hash(), code.hash());
        }
        let zeros = JoinCode::parse("0000-1111-1111-1111").unwrap().hash();
        assert_eq!(JoinCode::parse("oOoO-iIlL-1111-1111").unwrap().hash(), zeros);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "K7QM", "K7QM-2XVA-9TRD-HW3EX", "K7QM-2XVA-9TRD-HW3U", "K7QM-2XVA-9TRD-HW3é", "🔐"]
        {
            assert!(JoinCode::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn codes_differ() {
        assert_ne!(JoinCode::generate().unwrap().hash(), JoinCode::generate().unwrap().hash());
    }
}
