//! A setting that is a secret: read like any other, shown to nobody.

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize, Serializer};

use crate::SecretText;

/// A secret of at least so many characters, or none: fewer than 16 can be guessed, where it is for us to say. It is
/// serialised as whether there is one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "String")]
pub struct SecretSetting<const LEAST: usize = 16>(Option<SecretText>);

impl<const LEAST: usize> SecretSetting<LEAST> {
    /// The secret.
    #[must_use]
    pub fn get(&self) -> Option<&SecretText> {
        self.0.as_ref()
    }
}

impl<const LEAST: usize> TryFrom<String> for SecretSetting<LEAST> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        if text.chars().count() < LEAST {
            return Err(format!("at least {LEAST} characters are needed, or none"));
        }
        Ok(Self(Some(SecretText::from(text))))
    }
}

impl<const LEAST: usize> Serialize for SecretSetting<LEAST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_some() { "(set)" } else { "" })
    }
}

impl<const LEAST: usize> PartialEq for SecretSetting<LEAST> {
    fn eq(&self, other: &Self) -> bool {
        let text = |setting: &Self| setting.get().map(|text| text.expose_secret().to_owned());
        text(self) == text(other)
    }
}

impl<const LEAST: usize> Eq for SecretSetting<LEAST> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_enough_and_never_shown() {
        let secret = <SecretSetting>::try_from("canary-0123456789".to_owned()).unwrap();
        assert!(!format!("{secret:?}").contains("canary"));
        let shown = toml::Value::try_from(&secret).unwrap();
        assert_eq!(shown.as_str(), Some("(set)"));
        assert!(<SecretSetting>::try_from("short".to_owned()).is_err());
        assert!(<SecretSetting<1>>::try_from("short".to_owned()).unwrap().get().is_some());
        assert!(<SecretSetting>::try_from(String::new()).unwrap().get().is_none());
    }
}
