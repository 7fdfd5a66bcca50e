//! Making API keys: checked, sealed, and put into a batch with their first version and lock. One or many; who may, and
//! the commit, are the operation's.

use keyward_store::model::{ApiKey, Custody, Environment, Id, Status};

use crate::caller::Caller;
use crate::crypto;
use crate::error::{Error, Fault, Result};
use crate::event::Event;
use crate::input::{NewKey, RotationPatch};
use crate::policy::Permission;
use crate::prices::Money;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::accounts::personal_space;
use crate::service::billing::check_room;
use crate::service::budgets;
use crate::service::change::Draft;
use crate::service::custody::{Place, SealedKey};
use crate::service::keys::check_environment;
use crate::service::mirror::Tables;
use crate::service::patch::{check_rotation, check_tags};
use crate::service::rotation;
use crate::service::text::Faults;
use crate::view::KeyView;

/// Days between rotations when nothing is said.
const DEFAULT_ROTATION_DAYS: u32 = 90;

/// A new key's fields, checked.
pub(crate) struct Checked {
    name: String,
    service: String,
    description: String,
    tags: Vec<String>,
}

/// A new key, ready to be stored.
pub(crate) struct ReadyKey {
    pub(crate) id: Id,
    pub(crate) key_id: String,
    pub(crate) space: Id,
    account: Id,
    environment: Environment,
    checked: Checked,
    sealed: SealedKey,
    monthly_limit: Option<u64>,
    refuse_over_limit: bool,
    monthly_budget: Option<Money>,
    refuse_over_budget: bool,
    rotation_days: u32,
    rotation: Option<RotationPatch>,
    credential: Option<Id>,
    expires_ms: Option<i64>,
}

impl ReadyKey {
    /// Adds the key, its first version and its lock to a draft. `how` begins what the audit says of it.
    pub(crate) fn put(&self, tables: &Tables, draft: &mut Draft, how: &str) -> Result<()> {
        let Self { id, space, environment, checked, sealed, .. } = self;
        let row = tables.spaces.get(space).ok_or(Error::NotFound("team"))?;
        check_environment(&row.record, *environment)?;
        draft.batch.require(row);
        let place = Place { api_key: *id, space: *space, environment: *environment };
        let space_generation = sealed.store(tables, draft, place, self.account)?;
        let mut record = ApiKey {
            id: *id,
            key_id: self.key_id.clone(),
            space: *space,
            created_by: self.account,
            name: checked.name.clone(),
            service: checked.service.clone(),
            description: checked.description.clone(),
            environment: *environment,
            status: Status::Active,
            tags: checked.tags.clone(),
            monthly_limit: self.monthly_limit,
            rotation_interval_days: self.rotation_days,
            next_rotation_ms: None,
            expires_ms: self.expires_ms,
            custody: sealed.custody(),
            public_key: sealed.public_key,
            current_version: 1,
            created_ms: draft.now_ms,
            updated_ms: draft.now_ms,
            deleted_ms: None,
            refuse_over_limit: self.refuse_over_limit,
            frozen_ms: None,
            space_generation,
            exposed_version: None,
            previous: None,
        };
        match &self.rotation {
            Some(new) => {
                rotation::set(tables, draft, &mut record, Some(new), self.credential, true)?;
            }
            None => record.next_rotation_ms = rotation::next_due(tables, &record, draft.now_ms),
        }
        draft.did(*id, *space, format!("{how}{:?} custody", record.custody).to_lowercase());
        draft.batch.create(&record)?;
        if self.monthly_budget.is_some() {
            let (amount, refuse) = (self.monthly_budget, self.refuse_over_budget);
            budgets::put(tables, draft, *id, Some(amount), Some(refuse))?;
        }
        draft.events.push(Event::KeyChanged { space: *space, api_key: *id });
        Ok(())
    }
}

impl Service {
    /// Makes an API key with its first version.
    pub async fn create_key(&self, caller: &Caller, new: NewKey) -> Result<KeyView> {
        let account = caller.person()?;
        let checked = self.check_new_key(&new)?;
        let key = self.ready_key(caller, account, checked, &new).await?;
        let _turn = self.turn_to_add(key.space, 1).await;
        self.change(caller, Permission::KeyCreate, Target::Space(key.space), |tables, draft| {
            check_room(tables, &self.0.settings.plans, key.space, 1)?;
            key.put(tables, draft, "")
        })
        .await?;
        let row = self.key_row(caller, Permission::KeyRead, key.id)?;
        Ok(self.key_view(&row))
    }

    /// Seals a new key's value and locks it: slow with a passphrase.
    pub(crate) async fn ready_key(
        &self,
        caller: &Caller,
        account: Id,
        checked: Checked,
        new: &NewKey,
    ) -> Result<ReadyKey> {
        let (space, environment) = self.place_for(caller, account, new)?;
        let id = crypto::random_id()?;
        Ok(ReadyKey {
            id,
            key_id: new_key_id(environment)?,
            space,
            account,
            environment,
            checked,
            sealed: self.seal_new_key(account, id, space, new).await?,
            monthly_limit: new.monthly_limit,
            refuse_over_limit: new.refuse_over_limit,
            monthly_budget: new.monthly_budget,
            refuse_over_budget: new.refuse_over_budget,
            rotation_days: new.rotation_interval.unwrap_or(DEFAULT_ROTATION_DAYS),
            credential: match &new.rotation {
                Some(rotation) => self.check_proposed(caller, None, new.custody, rotation).await?,
                None => None,
            },
            rotation: new.rotation.clone(),
            expires_ms: new.expires_at.map(|at| at.as_millisecond()),
        })
    }

    /// Which space a new key is for, and which environment: what is not said is the caller's own, and development
    /// or else the first that the space has.
    pub(crate) fn place_for(&self, caller: &Caller, account: Id, new: &NewKey) -> Result<(Id, Environment)> {
        let tables = self.mirror().read();
        let space = match new.team {
            Some(team) => team,
            None => personal_space(&tables, account)?,
        };
        authorise(&tables, caller, Permission::KeyCreate, Target::Space(space), None)?;
        let row = tables.spaces.get(&space).ok_or(Error::NotFound("team"))?;
        let environments = &row.record.environments;
        let default = environments.iter().min().copied().unwrap_or(Environment::Development);
        let environment = new.environment.unwrap_or(default);
        check_environment(&row.record, environment)?;
        Ok((space, environment))
    }

    /// Every fault of a new key's fields.
    pub(crate) fn check_new_key(&self, new: &NewKey) -> Result<Checked> {
        let mut faults = Faults::default();
        let checked = read(&mut faults, new);
        if new.expires_at.is_some_and(|at| at.as_millisecond() <= self.now_ms()) {
            faults.add("expiresAt", "is in the past");
        }
        faults.check()?;
        Ok(checked)
    }
}

impl NewKey {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        read(&mut faults, self);
        faults.into_vec()
    }
}

fn read(faults: &mut Faults, new: &NewKey) -> Checked {
    let checked = Checked {
        name: faults.line("name", &new.name, 1, 128),
        service: faults.line("service", &new.service, 1, 64),
        description: faults.line("description", &new.description, 0, 1000),
        tags: check_tags(faults, &new.tags),
    };
    check_rotation(faults, new.rotation_interval);
    if let Some(rotation) = &new.rotation {
        rotation::check(faults, rotation);
    }
    budgets::check(faults, new.monthly_budget);
    if new.refuse_over_budget && new.monthly_budget.is_none() {
        faults.add("refuseOverBudget", budgets::NO_BUDGET);
    }
    if new.custody == Some(Custody::Private) && new.passphrase.is_none() {
        faults.add("passphrase", "a private key needs its own passphrase");
    }
    if new.passphrase.is_some() && new.custody.is_some_and(|custody| custody != Custody::Private) {
        faults.add("custody", "a key with its own passphrase is private");
    }
    super::custody::check_value(faults, &new.value);
    if let Some(passphrase) = &new.passphrase {
        super::custody::check_passphrase(faults, passphrase);
    }
    checked
}

/// `ak_dev_…`, `ak_staging_…` or `ak_prod_…` with 12 random base-36 characters (62 bits).
fn new_key_id(environment: Environment) -> Result<String> {
    let short = match environment {
        Environment::Development => "dev",
        Environment::Staging => "staging",
        Environment::Production => "prod",
    };
    let random: [u8; 12] = crypto::random_array()?;
    let tail: String = random
        .iter()
        .map(|byte| char::from(b"0123456789abcdefghijklmnopqrstuvwxyz"[usize::from(byte % 36)]))
        .collect();
    Ok(format!("ak_{short}_{tail}"))
}
