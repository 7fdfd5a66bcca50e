//! The settings in force with the origin of each, as text and as a value to serialise. No secret is among them: the
//! master key is only ever said to be set or not.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use toml::{Table, Value};

use crate::origin::Origin;
use crate::settings::Config;

/// All settings in force. Displayed it is TOML that can be used as `keyward.toml`, with each origin as a comment.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// By name, as `ssh.listen`.
    pub settings: BTreeMap<String, ShownSetting>,
    /// `(set)` or `(not set)`, and the place.
    pub master_key: ShownSetting,
}

/// One setting in force.
#[derive(Debug, Clone, Serialize)]
pub struct ShownSetting {
    /// Its value.
    pub value: Value,
    /// Where it came from.
    pub origin: String,
}

impl Shown {
    pub(crate) fn new(config: &Config) -> Self {
        let mut settings = BTreeMap::new();
        // Serialising plain settings cannot fail; an empty answer would fail the tests.
        for (name, value) in Table::try_from(config).unwrap_or_default() {
            match value {
                Value::Table(section) => {
                    for (field, value) in section {
                        let name = format!("{name}.{field}");
                        settings.insert(name.clone(), setting(config, &name, value));
                    }
                }
                value => drop(settings.insert(name.clone(), setting(config, &name, value))),
            }
        }
        let source = config.master_key_source();
        let state = if source.path().exists() { "(set)" } else { "(not set)" };
        let origin = source.path().display().to_string();
        Self { settings, master_key: ShownSetting { value: Value::String(state.into()), origin } }
    }
}

fn setting(config: &Config, name: &str, value: Value) -> ShownSetting {
    ShownSetting { value, origin: config.origins.get(name).unwrap_or(&Origin::Default).to_string() }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // TOML wants what has no section first.
        let (sections, top): (Vec<_>, Vec<_>) =
            self.settings.iter().partition(|(name, _)| name.contains('.'));
        for (name, shown) in top {
            line(f, name, shown)?;
        }
        let mut open = "";
        for (name, shown) in sections {
            let (section, field) = name.split_once('.').unwrap_or(("", name));
            if section != open {
                writeln!(f, "\n[{section}]")?;
                if section == "master_key" {
                    writeln!(
                        f,
                        "# the key itself: {} at {}",
                        self.master_key.value.as_str().unwrap_or_default(),
                        self.master_key.origin
                    )?;
                }
                open = section;
            }
            line(f, field, shown)?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, field: &str, shown: &ShownSetting) -> fmt::Result {
    writeln!(f, "{:<44} # {}", format!("{field} = {}", shown.value), shown.origin)
}
