//! The fields of a new key: what is in them, and what is wrong with it. The core has the last word; this only says it
//! sooner.

use keyward_keys::Environment;
use secrecy::SecretString;

use crate::pages::marks::ENVIRONMENTS;
use crate::term::input::Key;
use crate::widgets::edit::Edit;

/// A field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field {
    Name,
    Service,
    Environment,
    Value,
    Passphrase,
    Repeat,
    Tags,
    Limit,
}

const ALL: [Field; 8] = [
    Field::Name,
    Field::Service,
    Field::Environment,
    Field::Value,
    Field::Passphrase,
    Field::Repeat,
    Field::Tags,
    Field::Limit,
];

impl Field {
    /// The field that the core calls so.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name.split('/').next().unwrap_or(name) {
            "name" => Some(Self::Name),
            "service" => Some(Self::Service),
            "environment" => Some(Self::Environment),
            "apiKey" | "value" => Some(Self::Value),
            "passphrase" => Some(Self::Passphrase),
            "tags" => Some(Self::Tags),
            "monthlyLimit" => Some(Self::Limit),
            _ => None,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Service => "Service",
            Self::Environment => "Environment",
            Self::Value => "Value",
            Self::Passphrase => "Passphrase",
            Self::Repeat => "Once more",
            Self::Tags => "Tags",
            Self::Limit => "Monthly limit",
        }
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Name => "What apps and people call it, such as stripe-live.",
            Self::Service => "Whose key it is, such as stripe or openai.",
            Self::Environment => "Left and Right choose.",
            Self::Value => "Paste it. It is sealed before it is stored, and never listed.",
            Self::Passphrase => "Optional. With one, the key is private: only it opens the value.",
            Self::Repeat => "The same passphrase again.",
            Self::Tags => "Optional, with commas between: payments, eu.",
            Self::Limit => "Optional: calls a month, such as 50000, 50k or 2M.",
        }
    }

    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::Value | Self::Passphrase | Self::Repeat)
    }

    fn at(self) -> usize {
        self as usize
    }

    /// Bytes it may hold.
    fn room(self) -> usize {
        match self {
            Self::Value => 64 * 1024,
            Self::Tags => 4_096,
            _ => 1_024,
        }
    }
}

/// All fields.
pub(super) struct Fields {
    edits: Vec<Edit>,
    environment: Environment,
    chosen: bool,
    left: [bool; ALL.len()],
}

impl Fields {
    pub(super) fn new() -> Self {
        Self {
            edits: ALL.iter().map(|field| Edit::new(field.room())).collect(),
            environment: Environment::Development,
            chosen: false,
            left: [false; ALL.len()],
        }
    }

    /// Those on screen: the passphrase is repeated only when there is one.
    pub(super) fn shown(&self) -> Vec<Field> {
        ALL.into_iter().filter(|field| *field != Field::Repeat || self.has(Field::Passphrase)).collect()
    }

    pub(super) fn edit(&self, field: Field) -> &Edit {
        &self.edits[field.at()]
    }

    pub(super) fn text(&self, field: Field) -> &str {
        self.edit(field).text()
    }

    pub(super) fn secret(&self, field: Field) -> SecretString {
        self.edit(field).secret()
    }

    pub(super) fn has(&self, field: Field) -> bool {
        !self.edit(field).is_empty()
    }

    /// Something was typed or chosen.
    pub(super) fn any(&self) -> bool {
        self.chosen || ALL.iter().any(|field| self.has(*field))
    }

    pub(super) fn environment(&self) -> Environment {
        self.environment
    }

    pub(super) fn next_environment(&mut self, forward: bool) -> bool {
        let at = ENVIRONMENTS.iter().position(|one| *one == self.environment).unwrap_or(0);
        let step = if forward { 1 } else { ENVIRONMENTS.len() - 1 };
        self.environment = ENVIRONMENTS[(at + step) % ENVIRONMENTS.len()];
        self.chosen = true;
        true
    }

    pub(super) fn key(&mut self, field: Field, key: Key) -> bool {
        field != Field::Environment && self.edits[field.at()].key(key)
    }

    pub(super) fn insert(&mut self, field: Field, text: &str) -> bool {
        field == Field::Environment || self.edits[field.at()].insert(text)
    }

    /// The cursor was in it and moved on: from now on its faults are shown.
    pub(super) fn leave(&mut self, field: Field) {
        self.left[field.at()] = true;
    }

    pub(super) fn was_left(&self, field: Field) -> bool {
        self.left[field.at()] || (field == Field::Limit && self.has(field))
    }

    pub(super) fn tags(&self) -> Vec<String> {
        let tags = self.text(Field::Tags).split(',').map(str::trim).filter(|tag| !tag.is_empty());
        tags.map(str::to_owned).collect()
    }

    pub(super) fn limit(&self) -> Option<u64> {
        parse_limit(self.text(Field::Limit)).ok().flatten()
    }

    /// What is wrong with a field.
    pub(super) fn fault(&self, field: Field) -> Option<String> {
        let text = self.text(field);
        let length = text.trim().chars().count();
        let fault = match field {
            Field::Name if length == 0 => "needs a name",
            Field::Name if length > 128 => "at most 128 characters",
            Field::Service if length == 0 => "needs a service",
            Field::Service if length > 64 => "at most 64 characters",
            Field::Value if text.is_empty() => "needs the value",
            Field::Repeat if text != self.text(Field::Passphrase) => "is not the same",
            Field::Passphrase if (1..8).contains(&text.chars().count()) => "at least 8 characters",
            Field::Tags if self.tags().len() > 20 => "at most 20 tags",
            Field::Tags if self.tags().iter().any(|tag| tag.chars().count() > 40) => {
                "a tag has at most 40 characters"
            }
            Field::Limit => return parse_limit(text).err().map(str::to_owned),
            _ => return None,
        };
        Some(fault.to_owned())
    }
}

/// `50000`, `50,000`, `50k`, `2M`; nothing is no limit.
fn parse_limit(text: &str) -> Result<Option<u64>, &'static str> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '_' | '.')).collect();
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => text.strip_suffix(['m', 'M']).map_or((text.as_str(), 1), |digits| (digits, 1_000_000)),
    };
    if text.is_empty() {
        return Ok(None);
    }
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    number.filter(|number| *number > 0).map(Some).ok_or("a number, such as 50000 or 50k")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_people_write_them() {
        for (text, limit) in
            [("", None), ("50,000", Some(50_000)), ("2M", Some(2_000_000)), (" 5 k", Some(5_000))]
        {
            assert_eq!(parse_limit(text), Ok(limit), "{text}");
        }
        for text in ["many", "-5", "0", "k", "99999999999999999999", "18446744073709551615k"] {
            assert!(parse_limit(text).is_err(), "{text}");
        }
    }
}
