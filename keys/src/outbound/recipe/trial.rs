//! Trying a recipe from one end to the other on a provider, or on what stands in for one: a key is made, tried, found,
//! retired and looked for again.

use secrecy::SecretString;

use super::RecipeRun;
use crate::outbound::Outbound;
use crate::outbound::error::{CallError, CallResult};

/// What came of one request.
#[derive(Debug)]
pub struct Tried {
    /// Which: create, probe, list, retire, gone.
    pub step: &'static str,
    /// How it went.
    pub outcome: CallResult<()>,
}

impl Outbound {
    /// Carries out every request of a recipe once. What is made is retired again; a recipe of mode single changes the
    /// credential itself, which is its current value here, for good.
    pub async fn recipe_trial(&self, run: RecipeRun<'_>, name: &str) -> Vec<Tried> {
        let mut tried = Vec::new();
        let mut note = |step, outcome: CallResult<()>| tried.push(Tried { step, outcome });
        let current: Option<&SecretString> = run.recipe.needs_current().then_some(run.credential);
        let made = match self.recipe_create(run, name, current, None).await {
            Ok(made) => made,
            Err(error) => {
                note("create", Err(error));
                return tried;
            }
        };
        note("create", Ok(()));
        let id = made.provider_id.as_deref();
        if run.recipe.probes() {
            note("probe", self.recipe_probe(run, &made.value, id).await);
        }
        if run.recipe.lists() {
            note("list", self.finds(run, name, id, true).await);
        }
        if let (true, Some(id)) = (run.recipe.retires(), id) {
            note("retire", self.recipe_retire(run, id).await);
        }
        if run.recipe.lists() && run.recipe.retires() {
            note("gone", self.finds(run, name, id, false).await);
        }
        tried
    }

    /// Whether the list has the key, or has it no more.
    async fn finds(
        &self,
        run: RecipeRun<'_>,
        name: &str,
        id: Option<&str>,
        expected: bool,
    ) -> CallResult<()> {
        let listed = self.recipe_list(run, name).await?;
        let found = listed.iter().find(|listed| Some(listed.id.as_str()) == id);
        match found {
            Some(found) if expected && run.recipe.lists_names() && found.name.as_deref() != Some(name) => {
                Err(CallError::config(
                    "the list has the new key under another name, so an orphan would not be found",
                ))
            }
            Some(_) if !expected => Err(CallError::config("the list still has the key that was retired")),
            None if expected => {
                Err(CallError::config("the list does not have the new key, so an orphan would not be found"))
            }
            Some(_) | None => Ok(()),
        }
    }
}
