//! How a key is named on the command line, and which variable holds it: the one that is chosen, or the one that an
//! export gives it too.

use keyward_keys::dotenv;

use crate::error::{Error, Result};

/// Variables that decide what a program is or loads: no key of a team may set them.
const PROTECTED: [&str; 20] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PWD",
    "IFS",
    "ENV",
    "BASH_ENV",
    "TMPDIR",
    "GCONV_PATH",
    "NODE_OPTIONS",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PERL5LIB",
    "PERL5OPT",
    "RUBYOPT",
    "RUBYLIB",
    "JAVA_TOOL_OPTIONS",
];
const PROTECTED_FAMILIES: [&str; 4] = ["LD_", "DYLD_", "BASH_FUNC_", "KEYWARD_"];

/// A key that was asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Its name or id, as given.
    pub(super) name: String,
    /// The variable that was chosen for it.
    variable: Option<String>,
}

impl Wanted {
    /// Whether it was given by `_id` or `keyId`.
    pub(super) fn is_id(&self) -> bool {
        self.name.starts_with("ak_") || self.name.parse::<keyward_keys::Id>().is_ok()
    }
}

/// Reads `NAME` or `NAME=VARIABLE`.
pub(super) fn wanted(text: &str) -> Result<Wanted> {
    let (name, variable) = match text.rsplit_once('=') {
        Some((name, variable)) if is_variable(variable) => (name, Some(variable.to_owned())),
        _ => (text, None),
    };
    if name.trim().is_empty() {
        return Err(Error::Usage(format!("--key {text}: write it as --key NAME or --key NAME=VARIABLE")));
    }
    Ok(Wanted { name: name.to_owned(), variable })
}

/// The variable for a key of this name.
pub(super) fn variable(name: &str, wanted: Option<&Wanted>) -> Result<String> {
    let chosen = wanted.and_then(|wanted| wanted.variable.clone());
    let variable = match chosen.or_else(|| dotenv::variable(name)) {
        Some(variable) => variable,
        None => {
            let text =
                format!("no variable can be made of the name {name:?}; choose with --key NAME=VARIABLE");
            return Err(Error::Variables(text));
        }
    };
    if PROTECTED.contains(&variable.as_str())
        || PROTECTED_FAMILIES.iter().any(|family| variable.starts_with(family))
    {
        let text = format!(
            "the key {name:?} would set {variable}, which decides what programs load; \
            choose another with --key NAME=VARIABLE"
        );
        return Err(Error::Variables(text));
    }
    Ok(variable)
}

fn is_variable(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_decides_what_programs_load_is_refused() {
        assert_eq!(variable("stripe-live (eu)", None).unwrap(), "STRIPE_LIVE_EU");
        for name in ["日本", "—", "path", "ld preload", "node-options", "keyward token"] {
            assert!(variable(name, None).is_err(), "{name}");
        }
    }

    #[test]
    fn a_variable_is_chosen_after_the_last_equals_sign() {
        let chosen = |text: &str| wanted(text).map(|wanted| (wanted.name, wanted.variable)).unwrap();
        assert_eq!(chosen("stripe=STRIPE_KEY"), ("stripe".into(), Some("STRIPE_KEY".into())));
        assert_eq!(chosen("a=b=C"), ("a=b".into(), Some("C".into())));
        assert_eq!(chosen("a=b c"), ("a=b c".into(), None));
        assert!(wanted("=X").is_err() && wanted(" ").is_err());
        assert!(variable("stripe", Some(&wanted("stripe=LD_PRELOAD").unwrap())).is_err());
    }
}
