//! A setting that is a secret: read like any other, shown to nobody.

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize, Serializer};

use crate::SecretText;

/// A secret, or none. It is serialised as whether there is one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct SecretSetting(Option<SecretText>);

/// Fewer characters can be guessed.
const LEAST: usize = 16;

impl SecretSetting {
    /// The secret.
    #[must_use]
    pub fn get(&self) -> Option<&SecretText> {
        self.0.as_ref()
    }
}

impl TryFrom<String> for SecretSetting {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        if text.chars().count() < LEAST {
            return Err("at least 16 characters are needed, or none");
        }
        Ok(Self(Some(SecretText::from(text))))
    }
}

impl Serialize for SecretSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_some() { "(set)" } else { "" })
    }
}

impl PartialEq for SecretSetting {
    fn eq(&self, other: &Self) -> bool {
        let text = |setting: &Self| setting.get().map(|text| text.expose_secret().to_owned());
        text(self) == text(other)
    }
}

impl Eq for SecretSetting {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_enough_and_never_shown() {
        let secret = SecretSetting::try_from("canary-0123456789".to_owned()).unwrap();
        assert!(!format!("{secret:?}").contains("canary"));
        let shown = toml::Value::try_from(&secret).unwrap();
        assert_eq!(shown.as_str(), Some("(set)"));
        assert!(SecretSetting::try_from("short".to_owned()).is_err());
        assert!(SecretSetting::try_from(String::new()).unwrap().get().is_none());
    }
}
