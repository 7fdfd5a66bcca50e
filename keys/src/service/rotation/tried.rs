//! A value that a person hands in is tried first, where the key's settings say how: what the provider does not take is not
//! kept, and the value in use stays.

use std::collections::BTreeMap;

use secrecy::SecretString;

use keyward_store::model::{Id, RotationMethod};

use crate::error::{Error, Result};
use crate::outbound::{Class, RecipeRun};
use crate::service::Service;
use crate::service::rotation::plan::plan_of;

/// For how long a value that is refused is tried again: somebody waits.
const PATIENCE_SECONDS: u32 = 5;

impl Service {
    /// Tries a value. Answers whether there was a way to.
    pub(crate) async fn try_by_hand(&self, id: Id, value: &SecretString) -> Result<bool> {
        let method = plan_of(&self.mirror().read(), id).method;
        let RotationMethod::RemindTried { recipe: name, parameters, .. } = method else { return Ok(false) };
        let mut recipe = self.0.outbound.recipe(&name).await?;
        recipe.settle_seconds = recipe.settle_seconds.min(PATIENCE_SECONDS);
        let (params, nothing): (BTreeMap<_, _>, _) =
            (parameters.into_iter().collect(), SecretString::default());
        let run = RecipeRun { recipe: &recipe, params: &params, credential: &nothing };
        match self.0.outbound.recipe_probe(run, value, None).await {
            Ok(()) => Ok(true),
            Err(error) if error.class == Class::Refused => {
                Err(Error::invalid("apiKey", format!("is not kept, and the value in use stays: {error}")))
            }
            Err(error) => Err(Error::Conflict(format!(
                "the value could not be tried, and is not kept: {error}; try again, or take the recipe out of the \
                 rotation's settings"
            ))),
        }
    }
}
