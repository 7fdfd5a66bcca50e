//! Services whose keys are known: how their values begin, where they are made, how often they should change. It is data,
//! in `providers.json`, and advice alone: nothing is refused by it.

use std::sync::LazyLock;

use serde::Deserialize;

/// A service.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provider {
    /// Its short name, lower case.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How its values begin; none when nothing can be said of that.
    pub prefixes: Vec<String>,
    /// The page on which its keys are made, or that says how.
    pub docs: String,
    /// Days after which a key should be another.
    pub rotation_days: u32,
}

static KNOWN: LazyLock<Vec<Provider>> =
    LazyLock::new(|| serde_json::from_str(include_str!("providers.json")).unwrap_or_default());

/// All of them.
pub fn providers() -> &'static [Provider] {
    &KNOWN
}

/// The one that a key's service names, in any case.
pub fn provider(service: &str) -> Option<&'static Provider> {
    let service = service.trim();
    let named = |known: &&Provider| {
        known.id.eq_ignore_ascii_case(service) || known.name.eq_ignore_ascii_case(service)
    };
    KNOWN.iter().find(named)
}

/// The first one whose name begins so, in any case.
pub fn beginning(text: &str) -> Option<&'static Provider> {
    let begins = |name: &str| name.get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text));
    KNOWN.iter().filter(|_| !text.is_empty()).find(|known| begins(&known.name) || begins(&known.id))
}

impl Provider {
    /// Whether a value begins as its values do.
    pub fn expects(&self, value: &str) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| value.starts_with(prefix))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_can_be_used() {
        assert!(providers().len() > 30);
        let mut ids = HashSet::new();
        for known in providers() {
            let plain = known.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            assert!(plain && ids.insert(&known.id), "{}", known.id);
            assert!(
                (1..=365).contains(&known.rotation_days) && known.docs.starts_with("https://"),
                "{known:?}"
            );
            assert!(known.prefixes.iter().all(|prefix| (2..=16).contains(&prefix.len())), "{known:?}");
            assert!(!known.name.is_empty() && known.name.chars().count() <= 64);
        }
    }

    #[test]
    fn a_service_is_known_by_its_names_and_a_value_by_its_beginning() {
        let openai = provider(" OPENAI ").unwrap();
        assert!(openai.expects("sk-proj-1") && !openai.expects("AKIA1"));
        assert_eq!(provider("hugging face").unwrap().id, "huggingface");
        assert_eq!(provider("nobody"), None);
        assert!(provider("azure").unwrap().expects("anything"));
        assert_eq!(beginning("anth").unwrap().name, "Anthropic");
        assert_eq!((beginning(""), beginning("öö"), beginning("nobody")), (None, None, None));
    }
}
