//! Text with places that are filled in when a call is made: `Bearer {credential}`. Filling never re-reads what it filled
//! in, and each place of a request escapes for itself.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use crate::reader::Reader;

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Place(String),
}

/// Text with places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Template(Vec<Part>);

impl Template {
    /// Reads `{name}` as a place, `{{` and `}}` as braces. The error says what is wrong, to follow the field's name.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let tail = &rest[at..];
            if tail.starts_with("{{") || tail.starts_with("}}") {
                plain.push_str(&tail[..1]);
                rest = &tail[2..];
                continue;
            }
            let end = tail.find('}').filter(|end| *end > 1 && tail.starts_with('{'));
            let end = end.ok_or("has a brace without its other half; a place is {name}, a brace {{ or }}")?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Place(tail[1..end].to_owned()));
            rest = &tail[end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// The names of its places.
    pub(super) fn places(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Place(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The name, when it is one place and nothing else.
    pub(super) fn only_place(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Place(name)] => Some(name),
            _ => None,
        }
    }

    /// Its text as it stands in the file, with an `x` for each place.
    pub(super) fn literal(&self) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Place(_) => "x".to_owned(),
        };
        self.0.iter().map(text).collect()
    }

    /// Fills the places, each value escaped. The error names the place that has no value.
    pub(super) fn fill(
        &self,
        values: &Values,
        escape: impl Fn(&str) -> Result<String, String>,
    ) -> Result<String, String> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Place(name) => match values.get(name) {
                    Some(value) => filled.push_str(&escape(value.expose_secret())?),
                    None => return Err(format!("nothing is given for {{{name}}}")),
                },
            }
        }
        Ok(filled)
    }

    /// As [`Template::fill`], with each part as it is told by a function: for the places of an answer.
    pub(super) fn fill_with(&self, mut value: impl FnMut(&str) -> Option<String>) -> Option<String> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Place(name) => filled.push_str(&value(name)?),
            }
        }
        Some(filled)
    }
}

/// As it is.
pub(super) fn plain(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

/// Escaped for one segment of a path, or one value of a query (RFC 3986). A segment that means another folder is refused.
pub(super) fn segment(text: &str) -> Result<String, String> {
    if matches!(text, "" | "." | "..") {
        return Err("a part of the path is empty, or means another folder".to_owned());
    }
    Ok(percent(text))
}

/// Everything but unreserved characters as %XX.
pub(super) fn percent(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// What places are filled with. A secret `a:b` can be had in halves, as `credential.1` and `credential.2`.
#[derive(Default)]
pub(super) struct Values(BTreeMap<String, SecretString>);

impl Values {
    pub(super) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), SecretString::from(value.into()));
    }

    pub(super) fn set_secret(&mut self, name: &str, value: &SecretString) {
        if let Some((first, second)) = value.expose_secret().split_once(':') {
            self.set(&format!("{name}.1"), first);
            self.set(&format!("{name}.2"), second);
        }
        self.0.insert(name.to_owned(), value.clone());
    }

    pub(super) fn get(&self, name: &str) -> Option<&SecretString> {
        self.0.get(name)
    }
}

impl Reader {
    pub(super) fn template(&mut self, field: &str) -> Option<Template> {
        let text = self.text(field)?;
        self.parsed(field, &text)
    }

    pub(super) fn parsed(&self, field: &str, text: &str) -> Option<Template> {
        Template::parse(text).map_err(|wrong| self.fault(field, wrong)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once_and_escaped_for_where_they_stand() {
        let template = Template::parse("/a/{id}/{{x}}/{b}").unwrap();
        assert_eq!(template.places().collect::<Vec<_>>(), ["id", "b"]);
        let mut values = Values::default();
        values.set("id", "../é/{b}?x=1#");
        values.set("b", "plain");
        assert_eq!(template.fill(&values, segment).unwrap(), "/a/..%2F%C3%A9%2F%7Bb%7D%3Fx%3D1%23/{x}/plain");
        for other in ["", ".", ".."] {
            values.set("id", other);
            assert!(template.fill(&values, segment).is_err());
        }
        values.set_secret("credential", &SecretString::from("user:pa:ss"));
        let halves = Template::parse("{credential.1} {credential.2}").unwrap();
        assert_eq!(halves.fill(&values, plain).unwrap(), "user pa:ss");
        assert!(Template::parse("{nobody}").unwrap().fill(&values, plain).unwrap_err().contains("{nobody}"));
    }

    #[test]
    fn half_a_place_is_refused() {
        for wrong in ["{", "}", "a{b", "a}b", "{}", "{a}}"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }
}
