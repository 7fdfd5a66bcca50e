//! The fields of a key: what is in them, and what is wrong with it. The core has the last word; this only says it sooner.

use keyward_keys::Environment;
use keyward_keys::input::KeyPatch;
use keyward_keys::providers::{self, Provider};
use keyward_keys::view::KeyView;
use secrecy::SecretString;

use crate::pages::marks::ENVIRONMENTS;
use crate::term::input::{Key, KeyCode};
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
    Rotation,
    About,
}

const ALL: [Field; 10] = [
    Field::Name,
    Field::Service,
    Field::Environment,
    Field::Value,
    Field::Passphrase,
    Field::Repeat,
    Field::Tags,
    Field::Limit,
    Field::Rotation,
    Field::About,
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
            "rotationInterval" => Some(Self::Rotation),
            "description" => Some(Self::About),
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
            Self::Rotation => "Rotate every",
            Self::About => "About",
        }
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Name => "What apps and people call it, such as stripe-live.",
            Self::Service => "Whose key it is: openai, anthropic, stripe, aws, github, google, slack…",
            Self::Environment => "Left and Right choose.",
            Self::Value => "Paste it, or Ctrl-G makes one. It is sealed before it is stored.",
            Self::Passphrase => "Optional. With one, the key is private: only it opens the value.",
            Self::Repeat => "The same passphrase again.",
            Self::Tags => "Optional, with commas between: payments, eu.",
            Self::Limit => "Optional: calls a month, such as 50000, 50k or 2M.",
            Self::Rotation => "Days, such as 90; 0 turns rotation off.",
            Self::About => "Optional: what it is for.",
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
    /// The key that is changed; none for a new one.
    key: Option<Box<KeyView>>,
}

impl Fields {
    /// Those of a new key.
    pub(super) fn new() -> Self {
        Self {
            edits: ALL.iter().map(|field| Edit::new(field.room())).collect(),
            environment: Environment::Development,
            chosen: false,
            left: [false; ALL.len()],
            key: None,
        }
    }

    /// Those of a key as it is.
    pub(super) fn of(key: KeyView) -> Self {
        let mut fields = Self { environment: key.environment, ..Self::new() };
        let limit = key.monthly_limit.map(|limit| limit.to_string()).unwrap_or_default();
        for (field, text) in [
            (Field::Name, key.name.as_str()),
            (Field::Service, &key.service),
            (Field::Tags, &key.tags.join(", ")),
            (Field::Limit, &limit),
            (Field::Rotation, &key.rotation_interval.to_string()),
            (Field::About, &key.description),
        ] {
            fields.set(field, text);
        }
        Self { key: Some(Box::new(key)), ..fields }
    }

    /// The key that is changed.
    pub(super) fn key_at_hand(&self) -> Option<&KeyView> {
        self.key.as_deref()
    }

    /// Somebody else changed it: what is typed will be set against this.
    pub(super) fn seen(&mut self, key: KeyView) {
        self.key = Some(Box::new(key));
    }

    /// Those on screen: the passphrase is repeated only when there is one, and neither value nor passphrase are
    /// changed with the rest.
    pub(super) fn shown(&self) -> Vec<Field> {
        let shown = |field: &Field| match field {
            Field::Value | Field::Passphrase => self.key.is_none(),
            Field::Repeat => self.has(Field::Passphrase),
            _ => true,
        };
        ALL.into_iter().filter(shown).collect()
    }

    pub(super) fn set(&mut self, field: Field, text: &str) {
        self.edits[field.at()].set(text);
    }

    /// The service that is known by what is typed.
    pub(super) fn provider(&self) -> Option<&'static Provider> {
        providers::provider(self.text(Field::Service))
    }

    /// The known service that what is typed begins, and the rest of its name.
    pub(super) fn completion(&self) -> Option<(&'static str, &'static str)> {
        let typed = self.text(Field::Service);
        let name = providers::beginning(typed).filter(|_| self.provider().is_none())?.name.as_str();
        Some((name, name.get(typed.len()..)?))
    }

    /// What looks wrong with a field, but is nobody's to refuse.
    pub(super) fn warning(&self, field: Field) -> Option<String> {
        let provider = self.provider().filter(|_| field == Field::Value && self.has(field))?;
        if provider.expects(self.text(field)) {
            return None;
        }
        let first: Vec<&str> = provider.prefixes.iter().take(3).map(String::as_str).collect();
        Some(format!("{} values begin with {}. It is taken as it is.", provider.name, first.join(", ")))
    }

    /// A word of help on a field.
    pub(super) fn hint(&self, field: Field) -> String {
        match (field, self.provider(), self.completion()) {
            (Field::Service, Some(known), _) => {
                let docs = known.docs.trim_start_matches("https://");
                format!("Made at {docs}; usually for {} days.", known.rotation_days)
            }
            (Field::Service, None, Some((name, _))) => format!("Right completes {name}."),
            (Field::Rotation, Some(known), _) if !self.has(Field::Rotation) && self.key.is_none() => {
                format!("{} days, as is usual for {}; 0 turns it off.", known.rotation_days, known.name)
            }
            _ => field.hint().to_owned(),
        }
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

    /// Something was typed or chosen that is not so already.
    pub(super) fn any(&self) -> bool {
        match &self.key {
            Some(key) => self.patch(key).1,
            None => self.chosen || ALL.iter().any(|field| self.has(*field)),
        }
    }

    /// What is changed of a key, and whether anything is.
    pub(super) fn patch(&self, key: &KeyView) -> (KeyPatch, bool) {
        let text = |field, old: &str| Some(self.text(field).trim().to_owned()).filter(|new| new != old);
        let patch = KeyPatch {
            name: text(Field::Name, &key.name),
            service: text(Field::Service, &key.service),
            description: text(Field::About, &key.description),
            environment: Some(self.environment).filter(|new| *new != key.environment),
            tags: Some(self.tags()).filter(|new| *new != key.tags),
            monthly_limit: Some(self.limit()).filter(|new| *new != key.monthly_limit),
            rotation_interval: self.rotation().filter(|new| *new != key.rotation_interval),
            ..KeyPatch::default()
        };
        let any = patch.name.is_some()
            || patch.service.is_some()
            || patch.description.is_some()
            || patch.environment.is_some()
            || patch.tags.is_some()
            || patch.monthly_limit.is_some()
            || patch.rotation_interval.is_some();
        (patch, any)
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
        let completes = field == Field::Service && key.code == KeyCode::Right && self.edit(field).at_end();
        if let Some((name, _)) = self.completion().filter(|_| completes) {
            self.set(field, name);
            return true;
        }
        field != Field::Environment && self.edits[field.at()].key(key)
    }

    pub(super) fn insert(&mut self, field: Field, text: &str) -> bool {
        field == Field::Environment || self.edits[field.at()].insert(text)
    }

    /// The cursor was in it and moved on: from now on its faults are shown.
    pub(super) fn leave(&mut self, field: Field) {
        self.left[field.at()] = true;
    }

    /// Its faults are to be shown: at once for what is too much or no number, later for what may not be all yet.
    pub(super) fn was_left(&self, field: Field) -> bool {
        let grows = matches!(field, Field::Passphrase | Field::Repeat);
        self.left[field.at()] || (self.has(field) && !grows)
    }

    pub(super) fn tags(&self) -> Vec<String> {
        let tags = self.text(Field::Tags).split(',').map(str::trim).filter(|tag| !tag.is_empty());
        tags.map(str::to_owned).collect()
    }

    pub(super) fn limit(&self) -> Option<u64> {
        parse_limit(self.text(Field::Limit)).ok().flatten()
    }

    /// Days between rotations; none when nothing is said.
    pub(super) fn rotation(&self) -> Option<u32> {
        parse_days(self.text(Field::Rotation)).ok().flatten()
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
            Field::About if length > 1_000 => "at most 1,000 characters",
            Field::Value if text.is_empty() && self.key.is_none() => "needs the value",
            Field::Repeat if text != self.text(Field::Passphrase) => "is not the same",
            Field::Passphrase if (1..8).contains(&text.chars().count()) => "at least 8 characters",
            Field::Tags if self.tags().len() > 20 => "at most 20 tags",
            Field::Tags if self.tags().iter().any(|tag| tag.chars().count() > 40) => {
                "a tag has at most 40 characters"
            }
            Field::Limit => return parse_limit(text).err().map(str::to_owned),
            Field::Rotation => return parse_days(text).err().map(str::to_owned),
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

/// `90`, `90d`, `12w`; `0` and `off` are never; nothing leaves it open.
fn parse_days(text: &str) -> Result<Option<u32>, &'static str> {
    let text = text.trim().to_lowercase();
    let (digits, unit) = match text.strip_suffix('w') {
        Some(digits) => (digits, 7),
        None => (text.strip_suffix('d').unwrap_or(&text), 1),
    };
    match text.as_str() {
        "" => return Ok(None),
        "off" => return Ok(Some(0)),
        _ => {}
    }
    let days = digits.trim().parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
    days.filter(|days| *days <= 3_650).map(Some).ok_or("days, 0 to 3650, such as 90")
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
    #[test]
    fn days_are_read_as_people_write_them() {
        for (text, days) in
            [("", None), ("90", Some(90)), (" 90 d", Some(90)), ("12w", Some(84)), ("off", Some(0))]
        {
            assert_eq!(parse_days(text), Ok(days), "{text}");
        }
        for text in ["soon", "-1", "3651", "999999999w", "d"] {
            assert!(parse_days(text).is_err(), "{text}");
        }
    }
}
