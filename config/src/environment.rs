//! The environment as a value: read once from the process, or made by a test. It must not interpret a name.

use std::path::PathBuf;

use crate::error::{Error, Fault, Result};
use crate::origin::Origin;

/// Environment variables, each name once. Nothing here is ever printed: values may be secret.
#[derive(Default, Clone)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// The environment of this process.
    ///
    /// # Errors
    /// A variable of ours is not UTF-8. Others that are not are left out.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the process environment")]
    pub fn from_process() -> Result<Self> {
        let mut variables = Vec::new();
        let mut faults = Vec::new();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => variables.push((name, value)),
                Err(_) if name.starts_with("KEYWARD_") => {
                    faults.push(Fault::new(
                        Origin::Environment { name },
                        "the value is not UTF-8, write it as UTF-8",
                    ));
                }
                Err(_) => {}
            }
        }
        if faults.is_empty() { Ok(Self(variables)) } else { Err(Error::Settings(faults)) }
    }

    /// The value of one variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All variables.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The folder with the service's systemd credentials (systemd.exec(5), `$CREDENTIALS_DIRECTORY`).
    pub(crate) fn credentials(&self) -> Option<PathBuf> {
        self.get("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty()).map(PathBuf::from)
    }
}

impl From<Vec<(String, String)>> for Environment {
    fn from(variables: Vec<(String, String)>) -> Self {
        Self(variables)
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}
