//! Values made by a template: text with places for random characters, such as `sk-live-{48}` or `{40:hex}`. It knows
//! no key and keeps nothing; what it makes is held in a type that cannot be printed.

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::crypto;
use crate::error::{Error, Result};

/// The longest value a template may make, in characters.
const LONGEST: usize = 4_096;

/// Values that are easier to guess than this many random bits are not made.
const LEAST_BITS: f64 = 80.0;

/// How a template is written, for whoever wrote one wrongly.
const FORM: &str = "is text with random places, such as sk-live-{48} or {40:hex}";

/// Which characters a place is filled with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alphabet {
    /// `a` to `z`, `A` to `Z`, `0` to `9`: what `{48}` means.
    Alphanumeric,
    /// `a` to `z` and `0` to `9`.
    Lower,
    /// `A` to `Z` and `0` to `9`.
    Upper,
    /// `0` to `9`.
    Digits,
    /// `0` to `9` and `a` to `f`.
    Hex,
    /// Alphanumeric, `-` and `_` (RFC 4648, section 5, unpadded).
    Base64Url,
}

impl Alphabet {
    const ALL: [(&'static str, Self); 6] = [
        ("alphanumeric", Self::Alphanumeric),
        ("lower", Self::Lower),
        ("upper", Self::Upper),
        ("digits", Self::Digits),
        ("hex", Self::Hex),
        ("base64url", Self::Base64Url),
    ];

    /// Its characters.
    pub fn characters(self) -> &'static [u8] {
        match self {
            Self::Alphanumeric => b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            Self::Lower => b"abcdefghijklmnopqrstuvwxyz0123456789",
            Self::Upper => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
            Self::Digits => b"0123456789",
            Self::Hex => b"0123456789abcdef",
            Self::Base64Url => b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
        }
    }
}

/// A part of a template.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Random(usize, Alphabet),
}

/// How values are made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Template(Vec<Part>);

impl Template {
    /// Reads a template. `{48}` stands for 48 random letters and digits, `{40:hex}` for 40 of the alphabet that is
    /// named (`alphanumeric`, `lower`, `upper`, `digits`, `hex`, `base64url`), `{{` and `}}` for braces; anything
    /// else for itself. Refused, as a fault of the field `template`: what is not so written, what makes more than
    /// 4,096 characters, and what could be guessed.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let doubled = ["{{", "}}"].iter().any(|pair| rest.starts_with(pair));
            match c {
                '{' | '}' if doubled => {
                    plain.push(c);
                    rest = &rest[2..];
                }
                '{' => {
                    let (place, after) = rest[1..].split_once('}').ok_or_else(|| fault(FORM))?;
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(random(place)?);
                    rest = after;
                }
                '}' => return Err(fault(FORM)),
                c if c.is_control() => return Err(fault("holds a control character")),
                c => {
                    plain.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Self(parts).checked()
    }

    fn checked(self) -> Result<Self> {
        if self.length() > LONGEST {
            return Err(fault(format!("makes {} characters; {LONGEST} is the most", self.length())));
        }
        if self.bits() < LEAST_BITS {
            let bits = self.bits();
            return Err(fault(format!(
                "gives {bits:.0} random bits, which can be guessed; {{14}} is enough"
            )));
        }
        Ok(self)
    }

    /// Characters that its values have.
    pub fn length(&self) -> usize {
        let length = |part: &Part| match part {
            Part::Text(text) => text.chars().count(),
            Part::Random(length, _) => *length,
        };
        self.0.iter().map(length).fold(0, usize::saturating_add)
    }

    /// Random bits in a value.
    pub fn bits(&self) -> f64 {
        let bits = |part: &Part| match part {
            Part::Text(_) => 0.0,
            Part::Random(length, alphabet) => *length as f64 * (alphabet.characters().len() as f64).log2(),
        };
        self.0.iter().map(bits).sum()
    }

    /// Makes a value, from fresh random bytes of the operating system.
    pub fn generate(&self) -> Result<SecretString> {
        self.fill(|| Ok(crypto::random_array::<64>().map(Zeroizing::new)?))
    }

    /// Makes a value from the bytes it is given. A byte that would favour some characters is passed over.
    fn fill(&self, mut bytes: impl FnMut() -> Result<Zeroizing<[u8; 64]>>) -> Result<SecretString> {
        let room = self.0.iter().map(|part| match part {
            Part::Text(text) => text.len(),
            Part::Random(length, _) => *length,
        });
        // Room for all of it: growing would leave copies behind.
        let mut value = Zeroizing::new(String::with_capacity(room.sum()));
        for part in &self.0 {
            match part {
                Part::Text(text) => value.push_str(text),
                Part::Random(length, alphabet) => {
                    let characters = alphabet.characters();
                    let fair = 256 / characters.len() * characters.len();
                    let mut left = *length;
                    while left > 0 {
                        let bytes = bytes()?;
                        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
                        for byte in fair.take(left) {
                            value.push(char::from(characters[byte % characters.len()]));
                            left -= 1;
                        }
                    }
                }
            }
        }
        Ok(SecretString::from(value.as_str()))
    }
}

/// What is between two braces.
fn random(place: &str) -> Result<Part> {
    let (length, name) = place.split_once(':').unwrap_or((place, "alphanumeric"));
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let length = length.parse::<usize>().ok().filter(|length| digits && (1..=LONGEST).contains(length));
    let length = length.ok_or_else(|| fault(format!("{{{place}}} needs a number from 1 to {LONGEST}")))?;
    match Alphabet::ALL.iter().find(|(known, _)| *known == name) {
        Some((_, alphabet)) => Ok(Part::Random(length, *alphabet)),
        None => {
            let known: Vec<&str> = Alphabet::ALL.iter().map(|(known, _)| *known).collect();
            Err(fault(format!("knows no alphabet {name}; there are {}", known.join(", "))))
        }
    }
}

fn fault(detail: impl Into<String>) -> Error {
    Error::invalid("template", detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn value(template: &str) -> String {
        Template::parse(template).unwrap().generate().unwrap().expose_secret().to_owned()
    }

    #[test]
    fn a_value_has_the_template_s_text_and_as_many_characters_as_it_says() {
        let made = value("sk-live-{48}");
        assert!(made.starts_with("sk-live-") && made.len() == 56, "{made}");
        assert_ne!(made, value("sk-live-{48}"));
        let made = value("{{a}}_{32:hex}.{20:upper}é");
        let (head, tail) = made.strip_prefix("{a}_").and_then(|rest| rest.split_once('.')).unwrap();
        assert!(head.len() == 32 && head.bytes().all(|byte| Alphabet::Hex.characters().contains(&byte)));
        let tail = tail.strip_suffix('é').unwrap();
        assert!(tail.len() == 20 && tail.bytes().all(|byte| Alphabet::Upper.characters().contains(&byte)));
    }

    #[test]
    fn what_is_written_wrongly_or_could_be_guessed_is_refused() {
        let faults = [
            ("", "random bits"),
            ("secret", "random bits"),
            ("{6:digits}", "20 random bits"),
            ("{13}", "random bits"),
            ("{48", "such as"),
            ("48}", "such as"),
            ("{}", "needs a number"),
            ("{+48}", "needs a number"),
            ("{0}", "needs a number"),
            ("{4097}", "needs a number"),
            ("{99999999999999999999999}", "needs a number"),
            ("{4096}x", "4097 characters"),
            ("{48:klingon}", "alphanumeric, lower"),
            ("a\u{1b}{48}", "control"),
        ];
        for (template, word) in faults {
            let Err(Error::Invalid(faults)) = Template::parse(template) else { panic!("{template:?}") };
            assert!(faults[0].field == "template" && faults[0].detail.contains(word), "{faults:?}");
        }
        assert!(Template::parse("{14}").is_ok());
    }

    #[test]
    fn every_character_is_as_likely_as_another() {
        let template = Template::parse("{62}").unwrap();
        // Bytes 0 to 255 in turn: those past 248 would make some characters likelier, and are passed over.
        let mut next = 0u8;
        let mut made = String::new();
        for _ in 0..4 {
            let block = || {
                let block = std::array::from_fn(|_| {
                    next = next.wrapping_add(1);
                    next.wrapping_sub(1)
                });
                Ok(Zeroizing::new(block))
            };
            made.push_str(template.fill(block).unwrap().expose_secret());
        }
        let counts: Vec<usize> = Alphabet::Alphanumeric
            .characters()
            .iter()
            .map(|wanted| made.bytes().filter(|byte| byte == wanted).count())
            .collect();
        assert!(counts.iter().all(|count| (3..=5).contains(count)), "{counts:?}");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_can_be_made(text in "[a-z{}:0-9é]{0,24}") {
            if let Ok(template) = Template::parse(&text) {
                let made = template.generate().unwrap();
                prop_assert_eq!(made.expose_secret().chars().count(), template.length());
            }
        }
    }
}
