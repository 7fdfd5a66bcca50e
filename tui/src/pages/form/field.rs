//! The fields of a key: what is in them, and what is wrong with it. The core has the last word; this only says it sooner.

use ipnet::IpNet;
use keyward_keys::Environment;
use keyward_keys::input::KeyPatch;
use keyward_keys::prices::Money;
use keyward_keys::providers::{self, Provider};
use keyward_keys::view::KeyView;
use secrecy::SecretString;

use super::kind::ALL;
pub(super) use super::kind::Field;
use super::parse::{parse_budget, parse_limit, parse_networks};
use super::rotating::Rotating;
use super::space::Spaces;
use crate::pages::marks::ENVIRONMENTS;
use crate::term::input::{Key, KeyCode};
use crate::widgets::edit::Edit;

/// All fields.
pub(super) struct Fields {
    edits: Vec<Edit>,
    environment: Environment,
    chosen: bool,
    pub(super) spaces: Spaces,
    pub(super) rotating: Rotating,
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
            spaces: Spaces::default(),
            rotating: Rotating::default(),
            left: [false; ALL.len()],
            key: None,
        }
    }

    /// Those of a key as it is.
    pub(super) fn of(key: KeyView) -> Self {
        let mut fields = Self { environment: key.environment, spaces: Spaces::of(key.team), ..Self::new() };
        let networks = key.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        let limit = key.monthly_limit.map(|limit| limit.to_string()).unwrap_or_default();
        let budget = key.monthly_budget.map(|budget| budget.units().to_string()).unwrap_or_default();
        for (field, text) in [
            (Field::Name, key.name.as_str()),
            (Field::Service, &key.service),
            (Field::Tags, &key.tags.join(", ")),
            (Field::Networks, &networks),
            (Field::Limit, &limit),
            (Field::Budget, &budget),
            (Field::About, &key.description),
        ] {
            fields.set(field, text);
        }
        fields.set_rotating(&key);
        Self { key: Some(Box::new(key)), ..fields }
    }

    /// The key that is changed.
    pub(super) fn key_at_hand(&self) -> Option<&KeyView> {
        self.key.as_deref()
    }

    /// It was read again: what is typed will be set against this. What a row of a list left out is filled in.
    pub(super) fn seen(&mut self, key: KeyView) {
        if self.key.as_ref().is_some_and(|row| row.rotation.is_none()) {
            self.set_rotating(&key);
        }
        self.key = Some(Box::new(key));
    }

    /// Those on screen: the passphrase is repeated only when there is one, and neither value nor passphrase are
    /// changed with the rest.
    pub(super) fn shown(&self) -> Vec<Field> {
        let shown = |field: &Field| match field {
            Field::Value | Field::Passphrase => self.key.is_none(),
            Field::Team => self.spaces.any(),
            Field::Networks => self.key.is_some(),
            Field::Repeat => self.has(Field::Passphrase),
            Field::Template | Field::Page | Field::Named | Field::Credential | Field::Parameters => {
                self.belongs(*field)
            }
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
        if let Some(meaning) = self.rotation_meaning(field) {
            return meaning;
        }
        match (field, self.provider(), self.completion()) {
            (Field::Service, Some(known), _) => {
                let docs = known.docs.trim_start_matches("https://");
                format!("Made at {docs}; usually for {} days.", known.rotation_days)
            }
            (Field::Service, None, Some((name, _))) => format!("Right completes {name}."),
            (Field::Team, ..) if self.spaces.chosen() && self.key.is_some() => {
                format!("It moves to {}: who is not there loses it, their tokens too.", self.spaces.word())
            }
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
            None => self.chosen || self.spaces.chosen() || ALL.iter().any(|field| self.has(*field)),
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
            team: Some(self.spaces.team()).filter(|_| self.spaces.chosen()),
            tags: Some(self.tags()).filter(|new| *new != key.tags),
            networks: self.networks().filter(|new| *new != key.networks),
            monthly_limit: Some(self.limit()).filter(|new| *new != key.monthly_limit),
            monthly_budget: Some(self.budget()).filter(|new| *new != key.monthly_budget),
            rotation_interval: self.rotation().filter(|new| *new != key.rotation_interval),
            rotation: key.rotation.as_ref().and_then(|old| self.rotation_patch(Some(old))).map(Some),
            ..KeyPatch::default()
        };
        let any = patch.name.is_some()
            || patch.service.is_some()
            || patch.description.is_some()
            || patch.environment.is_some()
            || patch.team.is_some()
            || patch.tags.is_some()
            || patch.networks.is_some()
            || patch.monthly_budget.is_some()
            || patch.monthly_limit.is_some()
            || patch.rotation_interval.is_some()
            || patch.rotation.is_some();
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

    pub(super) fn next_team(&mut self, forward: bool) -> bool {
        self.spaces.next(forward);
        true
    }

    pub(super) fn key(&mut self, field: Field, key: Key) -> bool {
        let completes = field == Field::Service && key.code == KeyCode::Right && self.edit(field).at_end();
        if let Some((name, _)) = self.completion().filter(|_| completes) {
            self.set(field, name);
            return true;
        }
        !field.is_choice() && self.edits[field.at()].key(key)
    }

    pub(super) fn insert(&mut self, field: Field, text: &str) -> bool {
        field.is_choice() || self.edits[field.at()].insert(text)
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

    pub(super) fn budget(&self) -> Option<Money> {
        parse_budget(self.text(Field::Budget)).ok().flatten()
    }

    /// The networks that are typed; none when one of them is no network.
    fn networks(&self) -> Option<Vec<IpNet>> {
        parse_networks(self.text(Field::Networks))
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
            Field::About if length > 1_000 => "at most 1,000 characters",
            Field::Value if text.is_empty() && self.key.is_none() => "needs the value",
            Field::Repeat if text != self.text(Field::Passphrase) => "is not the same",
            Field::Passphrase if (1..8).contains(&text.chars().count()) => "at least 8 characters",
            Field::Tags if self.tags().len() > 20 => "at most 20 tags",
            Field::Tags if self.tags().iter().any(|tag| tag.chars().count() > 40) => {
                "a tag has at most 40 characters"
            }
            Field::Networks if self.networks().is_none() => "networks such as 10.0.0.0/8 203.0.113.7",
            Field::Limit => return parse_limit(text).err().map(str::to_owned),
            Field::Budget => return parse_budget(text).err().map(str::to_owned),
            _ => return self.rotation_fault(field),
        };
        Some(fault.to_owned())
    }
}
