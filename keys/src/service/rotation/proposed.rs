//! What is proposed for the rotation of a key, as far as others come into it: whether the address may be called, the recipe
//! and the program are there, and whoever proposes it may show the provider that key.

use keyward_store::model::{Custody, Id, RotationMethod};

use crate::caller::Caller;
use crate::error::{Error, Fault, Result};
use crate::input::{KeyRef, RotationMethodName, RotationPatch};
use crate::outbound::Recipe;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::rotation::plan::{default_plan, method_name, plan_of};
use crate::service::text::Faults;

impl Service {
    /// The names of the recipes that a key can be rotated by: those of the program, and the operator's own without faults.
    pub async fn recipes(&self, caller: &Caller) -> Result<Vec<String>> {
        let account = caller.person()?;
        authorise(&self.mirror().read(), caller, Permission::AccountRead, Target::Account(account), None)?;
        let all = self.0.outbound.recipes().await;
        Ok(all.into_iter().filter(|entry| entry.recipe.is_ok()).map(|entry| entry.name).collect())
    }

    /// Looks at what is proposed for a key, which is new or not; `custody` is what it has, or will. Answers the key that a
    /// provider is shown, where one is named.
    pub(crate) async fn check_proposed(
        &self,
        caller: &Caller,
        api_key: Option<Id>,
        custody: Option<Custody>,
        patch: &RotationPatch,
    ) -> Result<Option<Id>> {
        let before = match api_key {
            Some(id) => plan_of(&self.mirror().read(), id),
            None => default_plan(Id::default()),
        };
        let mut faults = Faults::default();
        let mut shown = None;
        match patch.method.unwrap_or_else(|| method_name(&before.method)) {
            RotationMethodName::Webhook => {
                if let Some(url) = &patch.url
                    && let Err(detail) = self.0.outbound.check_url(url)
                {
                    faults.add("rotation/url", detail);
                }
            }
            RotationMethodName::Command => self.check_command(&mut faults, patch).await,
            RotationMethodName::Recipe => {
                let old = if let RotationMethod::Recipe { name, parameters, credential } = before.method {
                    (name, parameters, credential)
                } else {
                    (String::new(), Vec::new(), None)
                };
                shown = self.check_recipe(&mut faults, caller, patch, old, custody).await;
            }
            RotationMethodName::Remind => {
                self.check_trial(&mut faults, caller, api_key, patch, &before.method).await;
            }
            RotationMethodName::Generate => {}
        }
        faults.check()?;
        Ok(shown)
    }

    async fn check_command(&self, faults: &mut Faults, patch: &RotationPatch) {
        let Some(name) = &patch.command else { return };
        match self.0.outbound.commands().await {
            Err(error) => faults.add("rotation/command", error.detail),
            Ok(commands) => match commands.iter().find(|one| one.name == *name) {
                None => {
                    faults.add("rotation/command", "is no command that the operator names in commands.toml");
                }
                Some(command) => {
                    command.fault.iter().for_each(|fault| faults.add("rotation/command", fault.clone()));
                }
            },
        }
    }

    /// Whoever changes where and how a provider is asked decides where its credential goes: they must be able to read it.
    async fn check_recipe(
        &self,
        faults: &mut Faults,
        caller: &Caller,
        patch: &RotationPatch,
        (old_name, old_parameters, old_credential): (String, Vec<(String, String)>, Option<Id>),
        custody: Option<Custody>,
    ) -> Option<Id> {
        let touched = patch.method.is_some()
            || patch.recipe.is_some()
            || patch.parameters.is_some()
            || patch.credential.is_some();
        if !touched {
            return None;
        }
        let shown = patch.credential.clone().or(old_credential.map(|id| id.to_string()));
        let shown = shown.and_then(|text| match self.readable(caller, &text) {
            Ok(id) => Some(id),
            Err(detail) => {
                faults.add("rotation/credential", detail);
                None
            }
        });
        let name = patch.recipe.clone().unwrap_or(old_name);
        if name.is_empty() {
            return shown;
        }
        if let Some(recipe) = self.known_recipe(faults, &name).await {
            let given = patch.parameters.clone().unwrap_or_else(|| old_parameters.into_iter().collect());
            of_parameters(faults, recipe.check_params(&given));
            check_custody(faults, &recipe, custody);
        }
        shown
    }

    /// How a value is tried that a person hands in. Whoever says so decides where it is sent: they must be able to read it.
    async fn check_trial(
        &self,
        faults: &mut Faults,
        caller: &Caller,
        api_key: Option<Id>,
        patch: &RotationPatch,
        before: &RotationMethod,
    ) {
        if patch.recipe.is_none() && patch.parameters.is_none() {
            return;
        }
        if api_key.is_some_and(|id| self.key_row(caller, Permission::KeyReveal, id).is_err()) {
            faults.add(
                "rotation/recipe",
                "says where new values are sent: who sets it must be able to reveal the key",
            );
        }
        let (old_name, old_parameters) = match before {
            RotationMethod::RemindTried { recipe, parameters, .. } => (recipe.clone(), parameters.clone()),
            _ => Default::default(),
        };
        let name = patch.recipe.clone().unwrap_or(old_name);
        if name.is_empty() {
            return;
        }
        let Some(recipe) = self.known_recipe(faults, &name).await else { return };
        if !recipe.probes_alone() {
            faults.add("rotation/recipe", "has no way to try a value by itself");
        }
        let given = patch.parameters.clone().unwrap_or_else(|| old_parameters.into_iter().collect());
        of_parameters(faults, recipe.check_probe_params(&given));
    }

    async fn known_recipe(&self, faults: &mut Faults, name: &str) -> Option<Recipe> {
        match self.0.outbound.recipe(name).await {
            Ok(recipe) => return Some(recipe),
            Err(Error::Invalid(found)) => {
                found.into_iter().for_each(|fault| faults.add("rotation/recipe", fault.detail));
            }
            Err(error) => faults.add("rotation/recipe", error.to_string()),
        }
        None
    }

    fn readable(&self, caller: &Caller, text: &str) -> std::result::Result<Id, String> {
        let found = self.resolve(caller, &KeyRef::Id(text.to_owned()));
        let row = found.and_then(|id| self.key_row(caller, Permission::KeyReveal, id));
        let row = row.map_err(|_| "is the id of a key that you may reveal".to_owned())?;
        if row.record.custody == Custody::Automation {
            Ok(row.record.id)
        } else {
            Err("is a key in automation custody: nobody is there to unlock it when it is needed".to_owned())
        }
    }
}

fn of_parameters(faults: &mut Faults, found: Vec<Fault>) {
    for fault in found {
        faults.add(format!("rotation/parameters/{}", fault.field), fault.detail);
    }
}

fn check_custody(faults: &mut Faults, recipe: &Recipe, custody: Option<Custody>) {
    if recipe.needs_current() && custody.is_some_and(|custody| custody != Custody::Automation) {
        let detail =
            "changes a key only for whoever shows its present value: the key needs automation custody";
        faults.add("rotation/recipe", detail);
    }
}
