//! What we keep of the environment a client sends with its session: a few names, short values.
//! Never the daemon's own environment.

use std::collections::BTreeMap;

/// Names kept at most, one session.
const MAX_NAMES: usize = 32;
/// Bytes of a name or a value at most.
const MAX_BYTES: usize = 256;
/// Names accepted as they stand.
const EXACT: &[&str] =
    &["ACCESSIBLE", "CLICOLOR", "COLORTERM", "FORCE_COLOR", "LANG", "LC_TERMINAL", "NO_COLOR", "TZ"];
/// Families of names accepted.
const PREFIXES: &[&str] = &["KEYWARD_", "LC_", "TERM_PROGRAM"];

/// The variables of one session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Keeps a variable if its name is on the list, both fit and there is room; says whether it did.
    /// Values hold printable ASCII only: nothing that reads them wants more.
    pub fn insert(&mut self, name: &str, value: &str) -> bool {
        let known = EXACT.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        let fits = name.len() <= MAX_BYTES && value.len() <= MAX_BYTES;
        let printable = value.bytes().all(|b| (0x20..0x7f).contains(&b));
        let room = self.0.len() < MAX_NAMES || self.0.contains_key(name);
        let keep = known && fits && printable && room;
        if keep {
            self.0.insert(name.to_owned(), value.to_owned());
        }
        keep
    }

    /// The value of a variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_only_listed_names_and_short_printable_values() {
        let mut env = Environment::default();
        assert!(env.insert("LC_ALL", "de_AT.UTF-8"));
        assert!(env.insert("KEYWARD_THEME", "light"));
        assert!(!env.insert("LD_PRELOAD", "x.so"));
        assert!(!env.insert("PATH", "/bin"));
        assert!(!env.insert("LANG", &"x".repeat(257)));
        assert!(!env.insert("TZ", "Europe/\u{1b}[2J"));
        assert_eq!(env.get("LC_ALL"), Some("de_AT.UTF-8"));
        assert_eq!(env.get("LANG"), None);
    }

    #[test]
    fn holds_a_bounded_number_of_names() {
        let mut env = Environment::default();
        let kept = (0..100).filter(|n| env.insert(&format!("LC_{n}"), "x")).count();
        assert_eq!(kept, MAX_NAMES);
        assert!(env.insert("LC_0", "still replaceable"));
    }

    #[test]
    fn an_empty_value_counts_as_unset() {
        let mut env = Environment::default();
        assert!(env.insert("NO_COLOR", ""));
        assert_eq!(env.get("NO_COLOR"), None);
    }
}
