//! Which recipes there are: those in the program, and those that the operator dropped into the data folder, which come
//! first. A file is read when it is needed, so that a new one works at once.

use std::collections::BTreeMap;
use std::path::Path;

use ipnet::IpNet;

use super::Recipe;
use crate::error::{Error, Fault, Result};
use crate::outbound::Outbound;

/// The files in the program.
const SHIPPED: [(&str, &str); 12] = [
    ("aws-iam", include_str!("../recipes/aws-iam.toml")),
    ("cloudflare", include_str!("../recipes/cloudflare.toml")),
    ("datadog", include_str!("../recipes/datadog.toml")),
    ("github-app", include_str!("../recipes/github-app.toml")),
    ("gitlab", include_str!("../recipes/gitlab.toml")),
    ("grafana", include_str!("../recipes/grafana.toml")),
    ("mailgun", include_str!("../recipes/mailgun.toml")),
    ("openai", include_str!("../recipes/openai.toml")),
    ("openrouter", include_str!("../recipes/openrouter.toml")),
    ("resend", include_str!("../recipes/resend.toml")),
    ("sendgrid", include_str!("../recipes/sendgrid.toml")),
    ("twilio", include_str!("../recipes/twilio.toml")),
];

/// A recipe that can be chosen, or a file that was meant to be one.
#[derive(Debug)]
pub struct RecipeEntry {
    /// Its name.
    pub name: String,
    /// Whether it is the operator's own.
    pub own: bool,
    /// What it says, or all that is wrong with it.
    pub recipe: std::result::Result<Recipe, Vec<Fault>>,
}

/// Whether this can be the name of a recipe: small letters, digits and hyphens.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

impl Recipe {
    /// The text of a recipe in the program, as a beginning for one of one's own.
    pub fn shipped(name: &str) -> Option<&'static str> {
        SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// The names of those in the program.
    pub fn shipped_names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(name, _)| *name)
    }
}

impl Outbound {
    /// The recipe of this name: the operator's own, else the program's.
    ///
    /// # Errors
    /// There is none, or its file has faults, as faults of the field `recipe`.
    pub async fn recipe(&self, name: &str) -> Result<Recipe> {
        let fault = |detail: String| Error::invalid("recipe", detail);
        if !is_name(name) {
            return Err(fault("is no recipe's name: small letters, digits and hyphens".to_owned()));
        }
        let own = match self.recipe_folder() {
            Some(folder) => tokio::fs::read_to_string(folder.join(format!("{name}.toml"))).await.ok(),
            None => None,
        };
        let Some(text) = own.as_deref().or_else(|| Recipe::shipped(name)) else {
            let known: Vec<&str> = Recipe::shipped_names().collect();
            return Err(fault(format!(
                "there is no recipe {name}; there are {}, and files in recipes/",
                known.join(", ")
            )));
        };
        Recipe::parse(name, text, self.client().allow()).map_err(|faults| {
            let texts: Vec<String> =
                faults.iter().map(|fault| format!("{} {}", fault.field, fault.detail)).collect();
            fault(format!("{name} cannot be used: {}", texts.join("; ")))
        })
    }

    /// All recipes, by name.
    ///
    /// # Errors
    /// Never for a single file: its faults are its entry.
    pub async fn recipes(&self) -> Vec<RecipeEntry> {
        let (folder, allow) = (self.recipe_folder(), self.client().allow().to_vec());
        let read = tokio::task::spawn_blocking(move || all(folder.as_deref(), &allow)).await;
        read.unwrap_or_default()
    }
}

fn all(folder: Option<&Path>, allow: &[IpNet]) -> Vec<RecipeEntry> {
    let shipped = SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), (false, (*text).to_owned())));
    let mut texts: BTreeMap<String, (bool, String)> = shipped.collect();
    let files = folder.and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    for file in files {
        let name = file.file_name().to_str().and_then(|name| name.strip_suffix(".toml")).map(str::to_owned);
        if let Some(name) = name.filter(|name| is_name(name))
            && let Ok(text) = std::fs::read_to_string(file.path())
        {
            texts.insert(name, (true, text));
        }
    }
    let entry = |(name, (own, text)): (String, (bool, String))| {
        let recipe = Recipe::parse(&name, &text, allow);
        RecipeEntry { name, own, recipe }
    };
    texts.into_iter().map(entry).collect()
}
