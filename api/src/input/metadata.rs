//! The metadata of a usage event: a JSON object kept as compact text, never as a tree. Compacting only leaves out the
//! white space between tokens, so that numbers and escapes stay as the app wrote them.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::text::Text;
use super::tree::MAX_DEPTH;

/// Bytes of compact metadata.
const LONGEST: usize = 2_048;

/// The compact text of `json`, which a parser has already found to be one JSON value; or what is wrong with it.
pub(crate) fn compact(json: &str) -> Result<Cow<'_, str>, &'static str> {
    if !json.starts_with('{') {
        return Err("must be an object");
    }
    let text = without_white_space(json);
    if text.len() > LONGEST {
        return Err("must be at most 2 KiB as compact JSON");
    }
    // Names given twice are what parsers disagree on, so they are refused wherever they come in.
    let mut reader = serde_json::Deserializer::from_str(&text);
    Distinct(MAX_DEPTH).deserialize(&mut reader).map_err(|_| "has a name twice, or is nested too deep")?;
    Ok(text)
}

fn without_white_space(json: &str) -> Cow<'_, str> {
    let white = |byte: u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    let mut compact = String::new();
    let (mut quoted, mut escaped, mut kept) = (false, false, 0);
    for (at, byte) in json.bytes().enumerate() {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            quoted = true;
        } else if white(byte) {
            // White space is ASCII, so both sides of it are whole characters.
            compact.push_str(json.get(kept..at).unwrap_or_default());
            kept = at + 1;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(json);
    }
    compact.push_str(json.get(kept..).unwrap_or_default());
    Cow::Owned(compact)
}

/// Passes over a value and fails at a name given twice in one object, or below so many levels.
struct Distinct(usize);

impl<'de> DeserializeSeed<'de> for Distinct {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Distinct {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let below = self.0.checked_sub(1).ok_or_else(|| A::Error::custom("too deep"))?;
        while items.next_element_seed(Distinct(below))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let below = self.0.checked_sub(1).ok_or_else(|| A::Error::custom("too deep"))?;
        // At most 2 KiB of names: a list is quicker than a set.
        let mut names: Vec<Text<'de>> = Vec::new();
        while let Some(name) = fields.next_key::<Text<'de>>()? {
            if names.contains(&name) {
                return Err(A::Error::custom("twice"));
            }
            names.push(name);
            fields.next_value_seed(Distinct(below))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_goes_and_nothing_else_changes() {
        for (json, expected) in [
            (r#"{"model":"gpt","tokens":150}"#, r#"{"model":"gpt","tokens":150}"#),
            ("{ \"a b\" : [ 1.50 ,\n\t1e3 ] }", r#"{"a b":[1.50,1e3]}"#),
            (r#"{ "q": "\" \\", "é ü": "ß \u00e9" }"#, r#"{"q":"\" \\","é ü":"ß \u00e9"}"#),
            ("{}", "{}"),
            ("{ }", "{}"),
        ] {
            assert_eq!(compact(json).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_is_not_a_small_plain_object_is_refused() {
        assert!(compact("[1]").is_err());
        assert!(compact("\"x\"").is_err());
        assert!(compact(r#"{"a":1,"a":2}"#).is_err());
        assert!(compact(r#"{"a":1,"\u0061":2}"#).is_err(), "an escape does not make it another name");
        assert!(compact(r#"{"x":{"a":1,"a":2}}"#).is_err());
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        assert!(compact(&deep).is_err());
        let long = |length: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(length - 8));
        assert_eq!(compact(&long(LONGEST)).map(|text| text.len()), Ok(LONGEST));
        assert!(compact(&long(LONGEST + 1)).is_err());
    }
}
