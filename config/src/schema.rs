//! Which settings exist, read off `default.toml`, and which known one a wrong name is nearest to.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::DEFAULT_TOML;

/// The prefix of our environment variables and credentials.
pub(crate) const PREFIX: &str = "KEYWARD_";

/// The known settings: their names (`ssh.listen`) and defaults.
pub(crate) struct Schema {
    pub(crate) defaults: Table,
    leaves: BTreeMap<String, Value>,
}

impl Schema {
    /// The settings of `default.toml`.
    ///
    /// # Errors
    /// `default.toml` does not parse, which a test rules out.
    pub(crate) fn new() -> Result<Self, toml::de::Error> {
        Self::of(DEFAULT_TOML)
    }

    /// What another document of defaults has.
    ///
    /// # Errors
    /// It does not parse.
    pub(crate) fn of(document: &str) -> Result<Self, toml::de::Error> {
        let defaults: Table = document.parse()?;
        let mut leaves = BTreeMap::new();
        for (name, value) in &defaults {
            match value {
                Value::Table(section) => {
                    leaves.extend(
                        section.iter().map(|(field, value)| (format!("{name}.{field}"), value.clone())),
                    );
                }
                _ => drop(leaves.insert(name.clone(), value.clone())),
            }
        }
        Ok(Self { defaults, leaves })
    }

    /// The default of a setting, or `None` when there is no such setting.
    pub(crate) fn default_of(&self, setting: &str) -> Option<&Value> {
        self.leaves.get(setting)
    }

    /// All settings' names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.leaves.keys().map(String::as_str)
    }

    /// What to say of a name that no setting has, as it may stand in a file or a flag.
    pub(crate) fn unknown(&self, name: &str) -> String {
        if matches!(self.defaults.get(name), Some(Value::Table(_))) {
            return format!("`{name}` is a section; write its settings under [{name}]");
        }
        let near = nearest(name, self.names().map(str::to_owned));
        format!("there is no setting `{name}`; the nearest is `{near}`, correct the name or remove the line")
    }

    /// The same for a variable or a credential.
    pub(crate) fn unknown_variable(&self, name: &str) -> String {
        let near =
            nearest(name, self.names().flat_map(|setting| [variable(setting), variable(setting) + "_FILE"]));
        format!("there is no setting of this name; the nearest is {near}, correct the name or unset it")
    }

    /// The setting that a variable names. `None`: no setting has this name.
    pub(crate) fn setting_of(&self, name: &str) -> Option<&str> {
        self.names().find(|setting| variable(setting) == name)
    }
}

/// The environment's name of a setting: `ssh.listen` is `KEYWARD_SSH__LISTEN`.
pub(crate) fn variable(setting: &str) -> String {
    format!("{PREFIX}{}", setting.replace('.', "__").to_ascii_uppercase())
}

/// Whether a variable with our prefix is no setting: tests use one family, `keyward run` reads the next two, and
/// Kubernetes makes the others for a service called "keyward".
pub(crate) fn is_foreign(name: &str) -> bool {
    [
        "KEYWARD_TEST_",
        "KEYWARD_TOKEN",
        "KEYWARD_URL",
        "KEYWARD_SERVICE_HOST",
        "KEYWARD_SERVICE_PORT",
        "KEYWARD_PORT",
    ]
    .iter()
    .any(|family| name.starts_with(family))
}

fn nearest(name: &str, known: impl Iterator<Item = String>) -> String {
    known.min_by_key(|candidate| strsim::damerau_levenshtein(candidate, name)).unwrap_or_default()
}
