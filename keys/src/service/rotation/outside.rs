//! The steps that others take: a provider by its recipe, a webhook, an operator's program. What is intended is written
//! down before each call and what came of it after; a call whose answer was lost is repeated where that is safe, and
//! otherwise what it may have made is looked for by its name and removed first.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use keyward_store::leases::Lease;
use keyward_store::model::{
    ApiKey, Custody, FailureClass, HeldValue, Id, LockTarget, RotationMethod, RotationRun, RotationStep,
    label,
};

use crate::caller::Caller;
use crate::crypto::{self, PrivateKey, PublicKey};
use crate::error::{Error, Result};
use crate::outbound::{CallError, Class, Created, Mode, Recipe, RecipeRun, Step, Subject, Webhook};
use crate::policy::Permission;
use crate::rotation::Made;
use crate::service::Service;
use crate::service::rotation::plan::method_word;
use crate::service::rotation::steps::{fenced, finish, put_version};

/// Why a step did not go well: what is to be done about it, in words, and how long to wait at least, ms.
type Went<T> = std::result::Result<T, Trouble>;
pub(super) type Trouble = (FailureClass, String, Option<i64>);

impl Service {
    /// Takes the present step of a rotation by a call.
    pub(super) async fn call_outside(
        &self,
        caller: &Caller,
        id: Id,
        step: RotationStep,
        resumed: bool,
        lease: &Lease,
    ) -> Result<()> {
        self.move_versions(caller, Permission::RotationRun, id, |moment, ledger| {
            fenced(moment, lease);
            let run = ledger.rotation.run.as_ref().map(|run| (run.id, run.step)).ok_or(Error::Stale)?;
            ledger.intend(run.0, run.1)?;
            let again = if resumed { ", after a start; how it ended before is not known" } else { "" };
            if resumed {
                ledger.log(moment.now_ms, run.1, "goes on after a start of the daemon".to_owned());
            }
            moment.detail = format!("{}: begun{again}", crate::rotation::word(run.1));
            Ok(())
        })
        .await?;
        let (key, run) = (self.keyed(id)?, self.run_of(id)?);
        let went = match step {
            RotationStep::Create => self.create_outside(caller, &key, &run, resumed, lease).await?,
            _ => self.step_outside(caller, &key, &run, lease).await?,
        };
        match went {
            Ok(()) => Ok(()),
            Err(trouble) => self.fail(caller, id, &run, trouble, lease).await,
        }
    }

    fn keyed(&self, id: Id) -> Result<ApiKey> {
        let tables = self.mirror().read();
        tables.keys.get(id).map(|row| row.record.clone()).ok_or(Error::NotFound("key"))
    }

    /// A new value is made elsewhere, and recorded at once.
    async fn create_outside(
        &self,
        caller: &Caller,
        key: &ApiKey,
        run: &RotationRun,
        resumed: bool,
        lease: &Lease,
    ) -> Result<Went<()>> {
        let (created, single) = match self.made_outside(key, run, resumed).await {
            Ok(created) => created,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let held = match run.method {
            // A webhook is told of the steps, and not of the value that it has made itself.
            RotationMethod::Webhook { .. } => None,
            _ => Some(self.hold(key, &created.value)?),
        };
        let made = Made {
            provider_id: created.provider_id,
            expires_ms: created.expires_at.map(|at| at.as_millisecond()),
            held,
        };
        self.move_versions(caller, Permission::RotationRun, key.id, |moment, ledger| {
            fenced(moment, lease);
            let number = ledger.recorded(run.id, run.values, made.clone(), moment.now_ms)?;
            if let (true, Some(run)) = (single, &mut ledger.rotation.run) {
                // The old one has ended with it, so there is nothing to give out along with the new one.
                run.overlap_ms = Some(0);
            }
            put_version(moment, &self.0.mark_key, number, &created.value, label::PENDING)?;
            moment.detail =
                format!("create: version {number} was made by {}, and is pending", method_word(&run.method));
            Ok(Ok(()))
        })
        .await
    }

    async fn made_outside(&self, key: &ApiKey, run: &RotationRun, resumed: bool) -> Went<(Created, bool)> {
        let subject = self.subject(key, run);
        let outbound = &self.0.outbound;
        match &run.method {
            RotationMethod::Webhook { url } => {
                let hook = self.webhook_of(key.id, url).await?;
                Ok((outbound.webhook_create(&hook, &subject).await.map_err(trouble)?, false))
            }
            RotationMethod::Command { name } => {
                Ok((outbound.command_create(name, &subject).await.map_err(trouble)?, false))
            }
            RotationMethod::Recipe { name, parameters, credential } => {
                let shown = self.shown_credential(*credential).await?;
                let recipe = self.recipe(name).await?;
                let params: BTreeMap<String, String> = parameters.iter().cloned().collect();
                let with = RecipeRun { recipe: &recipe, params: &params, credential: &shown };
                let unique = format!("keyward-{}", subject.request_id);
                let current = match recipe.needs_current() {
                    true => Some(self.value_of(key, key.current_version).await?),
                    false => None,
                };
                if resumed || run.attempt > 0 {
                    self.clear_up(with, &unique, current.as_ref(), resumed).await?;
                }
                let made = outbound.recipe_create(with, &unique, current.as_ref(), None).await;
                match made {
                    Ok(created) => Ok((created, recipe.mode == Mode::Single)),
                    Err(error) if error.maybe_done && is_lost_for_good(&recipe) => {
                        Err((FailureClass::Config, unknown(&recipe, &unique, &error.detail), None))
                    }
                    Err(error) => Err(trouble(error)),
                }
            }
            RotationMethod::Generate { .. }
            | RotationMethod::Remind { .. }
            | RotationMethod::RemindTried { .. } => {
                Err((FailureClass::Config, "nobody is called in this method".to_owned(), None))
            }
        }
    }

    /// Sees to what an earlier try has left: what it made under this name is removed, as its value is lost; where the provider
    /// changes the value in use, that is tried.
    async fn clear_up(
        &self,
        with: RecipeRun<'_>,
        unique: &str,
        current: Option<&SecretString>,
        resumed: bool,
    ) -> Went<()> {
        if let (Mode::Single, true, Some(current)) = (with.recipe.mode, with.recipe.probes(), current) {
            return match self.0.outbound.recipe_probe(with, current, None).await {
                Err(error) if error.class == Class::Refused => {
                    let why = "an earlier try has ended the value in use, and its answer was lost";
                    Err((FailureClass::Config, unknown(with.recipe, unique, why), None))
                }
                tried => tried.map_err(trouble),
            };
        }
        if is_lost_for_good(with.recipe) && resumed {
            let why = "how an earlier try ended is not known";
            return Err((FailureClass::Config, unknown(with.recipe, unique, why), None));
        }
        if !with.recipe.lists_names() {
            return Ok(());
        }
        let listed = self.0.outbound.recipe_list(with, unique).await.map_err(trouble)?;
        for orphan in listed.into_iter().filter(|one| one.name.as_deref() == Some(unique)) {
            self.0.outbound.recipe_retire(with, &orphan.id).await.map_err(trouble)?;
            tracing::info!(id = %orphan.id, "a credential of an interrupted rotation was removed");
        }
        Ok(())
    }

    /// The steps set, test and finish.
    async fn step_outside(
        &self,
        caller: &Caller,
        key: &ApiKey,
        run: &RotationRun,
        lease: &Lease,
    ) -> Result<Went<()>> {
        if let Err(trouble) = self.stepped_outside(key, run).await {
            return Ok(Err(trouble));
        }
        self.move_versions(caller, Permission::RotationRun, key.id, |moment, ledger| {
            fenced(moment, lease);
            if run.step == RotationStep::Finish {
                return finish(moment, ledger, run.id);
            }
            ledger.stepped(run.id, run.step, moment.now_ms)?;
            moment.detail = format!("{}: done", crate::rotation::word(run.step));
            Ok(())
        })
        .await?;
        Ok(Ok(()))
    }

    async fn stepped_outside(&self, key: &ApiKey, run: &RotationRun) -> Went<()> {
        let subject = self.subject(key, run);
        let (step, id) = (sent(run.step), run.provider_id.as_deref());
        let outbound = &self.0.outbound;
        let went = match &run.method {
            RotationMethod::Webhook { url } => {
                let hook = self.webhook_of(key.id, url).await?;
                outbound.webhook_step(&hook, step, &subject).await
            }
            RotationMethod::Command { name } => {
                let value = self.held(key, run)?;
                outbound.command_step(name, step, &subject, &value, id).await
            }
            RotationMethod::Recipe { name, parameters, credential } if run.step == RotationStep::Test => {
                let shown = self.shown_credential(*credential).await?;
                let recipe = self.recipe(name).await?;
                let params: BTreeMap<String, String> = parameters.iter().cloned().collect();
                let with = RecipeRun { recipe: &recipe, params: &params, credential: &shown };
                let value = self.held(key, run)?;
                outbound.recipe_probe(with, &value, id).await
            }
            // A provider has nothing to be set or finished.
            _ => return Ok(()),
        };
        went.map_err(trouble)
    }

    /// Revokes a version where it was made.
    pub(super) async fn revoke_outside(
        &self,
        caller: &Caller,
        id: Id,
        number: u32,
        lease: &Lease,
    ) -> Result<()> {
        let origin = {
            let tables = self.mirror().read();
            let state = tables.rotations.state(id).map(|row| &row.record);
            let old = state.and_then(|state| state.retiring.iter().find(|old| old.number == number));
            old.and_then(|old| old.origin.clone())
        };
        let went = match origin.map(|origin| (origin.method, origin.provider_id)) {
            Some((RotationMethod::Recipe { name, parameters, credential }, Some(provider_id))) => {
                self.retired_by(&name, parameters, credential, &provider_id).await
            }
            // Steps end with finish there: who made the new value knows what becomes of the old one.
            _ => Ok(()),
        };
        self.note_revoking(caller, id, number, went, lease).await
    }

    async fn retired_by(
        &self,
        name: &str,
        parameters: Vec<(String, String)>,
        credential: Option<Id>,
        provider_id: &str,
    ) -> Went<()> {
        let shown = self.shown_credential(credential).await?;
        let recipe = self.recipe(name).await?;
        let params: BTreeMap<String, String> = parameters.into_iter().collect();
        let with = RecipeRun { recipe: &recipe, params: &params, credential: &shown };
        self.0.outbound.recipe_retire(with, provider_id).await.map_err(trouble)
    }

    async fn recipe(&self, name: &str) -> Went<Recipe> {
        self.0.outbound.recipe(name).await.map_err(|error| (FailureClass::Config, error.to_string(), None))
    }

    fn subject(&self, key: &ApiKey, run: &RotationRun) -> Subject {
        let next = {
            let tables = self.mirror().read();
            let state = tables.rotations.state(key.id).map(|row| &row.record);
            crate::rotation::Ledger::of(key, state).next_number()
        };
        // After a value that was refused another one is made: that is another request.
        let request_id =
            if run.values <= 1 { run.id.to_string() } else { format!("{}-{}", run.id, run.values) };
        Subject {
            request_id,
            key_id: key.key_id.clone(),
            name: key.name.clone(),
            environment: key.environment,
            version: run.version.unwrap_or(next),
        }
    }

    async fn webhook_of(&self, id: Id, url: &str) -> Went<Webhook> {
        let secrets = self.webhook_secrets(id).await;
        let (secret, before) = secrets.map_err(|error| (FailureClass::Transient, error.to_string(), None))?;
        Ok(Webhook { url: url.to_owned(), secret, before })
    }

    /// The value of the key whose value a provider is shown.
    async fn shown_credential(&self, credential: Option<Id>) -> Went<SecretString> {
        let missing = || {
            let text =
                "the key that is shown to the provider is gone, or is not in automation custody any more";
            (FailureClass::Config, text.to_owned(), None)
        };
        let key = credential.and_then(|id| self.mirror().read().keys.get(id).map(|row| row.record.clone()));
        let key = key.filter(|key| key.custody == Custody::Automation).ok_or_else(missing)?;
        self.value_of(&key, key.current_version).await
    }

    /// A value of a key that the daemon can open by itself.
    pub(super) async fn value_of(&self, key: &ApiKey, number: u32) -> Went<SecretString> {
        let opened = self.open_version_by_daemon(key, number).await;
        opened.and_then(|value| Ok(value.to_text()?)).map_err(|error: Error| {
            let text = format!("the value of {} could not be opened: {error}", key.name);
            (FailureClass::Config, text, None)
        })
    }

    /// Seals a pending value so that the daemon can open it until its rotation is finished, whoever holds the key's own
    /// locks: to a pair of its own.
    fn hold(&self, key: &ApiKey, value: &SecretString) -> Result<HeldValue> {
        let private = PrivateKey::generate()?;
        let public = private.public();
        Ok(HeldValue {
            public_key: public.0,
            sealed: crypto::seal_version(&public, key.id, 0, value.expose_secret().as_bytes())?,
            lock: crypto::lock_to_system(&private, LockTarget::ApiKey(key.id), &self.0.system_keys)?,
        })
    }

    fn held(&self, key: &ApiKey, run: &RotationRun) -> Went<SecretString> {
        let opened = || -> Option<SecretString> {
            let held = run.held.as_ref()?;
            let target = LockTarget::ApiKey(key.id);
            let private = crypto::unlock_with_system(&held.lock, target, &self.0.system_keys).ok()?;
            let public = PublicKey(held.public_key);
            crypto::open_version(&private, &public, key.id, 0, &held.sealed).ok()?.to_text().ok()
        };
        let text = "the pending value does not open; roll back and rotate again";
        opened().ok_or_else(|| (FailureClass::Config, text.to_owned(), None))
    }
}

fn sent(step: RotationStep) -> Step {
    match step {
        RotationStep::Create => Step::Create,
        RotationStep::Set => Step::Set,
        RotationStep::Test => Step::Test,
        RotationStep::Finish | RotationStep::Retire => Step::Finish,
    }
}

/// Whether nobody can find out what came of a call whose answer was lost. A value that ends by itself harms nobody.
fn is_lost_for_good(recipe: &Recipe) -> bool {
    match recipe.mode {
        Mode::Dual => !recipe.lists_names(),
        Mode::Single => !recipe.probes(),
        Mode::Expiring => false,
    }
}

/// What a person has to do where nobody can find out what a call has come to.
fn unknown(recipe: &Recipe, unique: &str, why: &str) -> String {
    if recipe.mode == Mode::Single {
        return format!("{why}; make another at {} and set it by hand", recipe.title);
    }
    // A provider that tells no names has none to look for.
    let which = if recipe.is_named() { format!(" as {unique}") } else { String::new() };
    format!(
        "{why}; a credential that nobody knows may have been made at {}{which}: remove it there, then rotate again",
        recipe.title
    )
}

fn trouble(error: CallError) -> Trouble {
    let class = match error.class {
        Class::Transient => FailureClass::Transient,
        Class::Auth => FailureClass::Auth,
        Class::Config => FailureClass::Config,
        Class::Quota => FailureClass::Quota,
        Class::Refused => FailureClass::Refused,
    };
    let after_ms = error.retry_after.map(|wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    (class, error.detail, after_ms)
}
