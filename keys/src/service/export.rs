//! Sending keys out with their values: those that the caller can open. Each is a record of the audit, in the commit
//! that comes before any value leaves.

use std::collections::HashSet;
use std::fmt::Write as _;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use keyward_store::model::ApiKey;

use crate::caller::Caller;
use crate::crypto::{self, PublicKey, SeedSystemKey};
use crate::dotenv;
use crate::error::{Error, Result};
use crate::input::{Export, ExportFormat, KeyQuery, KeyRef, KeySort, SeedKey};
use crate::policy::Permission;
use crate::prices::Money;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::decoys::Touch;
use crate::service::mirror::Shared;
use crate::view::{Exported, KeyView, LeftOut};

/// Keys of one request.
const MOST_KEYS: usize = 1_000;
/// Those of them that a passphrase opens or seals: each is slow on purpose.
const MOST_WITH_PASSPHRASE: usize = 100;

/// The variable of a key whose name has nothing that a variable may have.
const NAMELESS: &str = "KEY";

/// A key whose value was opened.
struct Opened {
    row: Shared<ApiKey>,
    budget: Option<Money>,
    refuse_over_budget: bool,
    value: SecretString,
}

impl Service {
    /// Sends keys out: those that fit and that the caller can open. Durably recorded before this returns.
    pub async fn export_keys(&self, caller: &Caller, export: &Export) -> Result<Exported> {
        let (mut opened, mut left_out) = (Vec::new(), Vec::new());
        let mut opener = self.opener(caller, export.passphrase.clone());
        for view in self.chosen(caller, export).await? {
            let row = match self.key_row(caller, Permission::KeyReveal, view.id) {
                Ok(row) => row,
                Err(error) => {
                    left_out.push(left(view, &error));
                    continue;
                }
            };
            self.touch(caller, &row.record, Touch::Exported);
            match opener.key(&row.record).await {
                Ok(private) => {
                    let key = &row.record;
                    let (number, public) = (key.current_version, PublicKey(key.public_key));
                    let version = self.version(key.id, number).await?;
                    let sealed = &version.record.sealed;
                    let value = crypto::open_version(&private, &public, key.id, number, sealed)?.to_text()?;
                    let (budget, refuse_over_budget) = (view.monthly_budget, view.refuse_over_budget);
                    opened.push(Opened { row, budget, refuse_over_budget, value });
                }
                Err(error @ (Error::Locked(_) | Error::WrongPassphrase)) => left_out.push(left(view, &error)),
                Err(error) => return Err(error),
            }
        }
        let text = match &export.format {
            ExportFormat::Env => env_text(&opened, &left_out),
            ExportFormat::Json => json_text(None, opened.iter().map(Written::plain).collect(), &left_out)?,
            ExportFormat::Seed(key) => self.seed_text(&opened, &left_out, key).await?,
        };
        self.record_export(caller, &opened).await?;
        Ok(Exported { text, count: opened.len(), left_out })
    }

    /// The keys that are meant, by name.
    async fn chosen(&self, caller: &Caller, export: &Export) -> Result<Vec<KeyView>> {
        let mut chosen = Vec::new();
        for key in &export.keys {
            chosen.push(self.key(caller, &KeyRef::Id(key.clone())).await?);
        }
        let mut query = KeyQuery {
            page: 1,
            limit: 100,
            environment: export.environment,
            team: export.team,
            tag: export.tag.clone(),
            sort: KeySort::Name,
            ..KeyQuery::default()
        };
        while export.keys.is_empty() {
            let page = self.keys(caller, &query).await?;
            chosen.extend(page.keys);
            if u64::from(query.page) >= page.pagination.pages || chosen.len() > MOST_KEYS {
                break;
            }
            query.page += 1;
        }
        if chosen.len() > MOST_KEYS {
            let text =
                format!("these are more than {MOST_KEYS} keys; narrow them by environment, team or tag");
            return Err(Error::invalid("", text));
        }
        let private = |view: &&KeyView| view.custody == crate::Custody::Private;
        let slow = match export.format {
            ExportFormat::Seed(SeedKey::Passphrase(_)) => chosen.len(),
            _ if export.passphrase.is_some() => chosen.iter().filter(private).count(),
            _ => 0,
        };
        if slow > MOST_WITH_PASSPHRASE {
            let text =
                format!("a passphrase is used for {slow} of these keys; {MOST_WITH_PASSPHRASE} is the most");
            return Err(Error::invalid("", text));
        }
        Ok(chosen)
    }

    async fn seed_text(
        &self,
        opened: &[Opened],
        left_out: &[LeftOut],
        key: &SeedKey,
    ) -> Result<SecretString> {
        let system =
            match key {
                SeedKey::System(key) => Some(SeedSystemKey::parse(key).map_err(|_| {
                    Error::invalid("systemKey", "is 32 bytes: 64 hexadecimal digits, or base64")
                })?),
                SeedKey::Passphrase(_) => None,
            };
        let mut blobs = Vec::with_capacity(opened.len());
        for Opened { value, .. } in opened {
            blobs.push(match (key, &system) {
                (_, Some(system)) => crypto::export_seed_system(value, system)?,
                (SeedKey::Passphrase(passphrase) | SeedKey::System(passphrase), None) => {
                    let (value, passphrase) = (value.clone(), passphrase.clone());
                    self.0.kdf.run(move || crypto::export_seed(&value, &passphrase)).await??
                }
            });
        }
        let written = opened.iter().zip(&blobs).map(|(opened, blob)| Written {
            api_key: None,
            blob: Some(blob.as_str()),
            ..Written::plain(opened)
        });
        json_text(Some("seed"), written.collect(), left_out)
    }

    async fn record_export(&self, caller: &Caller, opened: &[Opened]) -> Result<()> {
        let Some(first) = opened.first() else { return Ok(()) };
        let target = Target::Key(first.row.record.id);
        self.change(caller, Permission::KeyReveal, target, |tables, draft| {
            for Opened { row, .. } in opened {
                let id = row.record.id;
                authorise(tables, caller, Permission::KeyReveal, Target::Key(id), Some(&mut draft.batch))?;
                let now = tables.keys.get(id).ok_or(Error::NotFound("key"))?;
                draft.batch.require(now);
                let detail = format!("version {}, exported", row.record.current_version);
                draft.did(id, now.record.space, detail);
            }
            Ok(())
        })
        .await
    }
}

/// A key as it stands in an export.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    name: &'a str,
    service: &'a str,
    environment: crate::Environment,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_limit: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    refuse_over_limit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly_budget: Option<Money>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    refuse_over_budget: bool,
    rotation_interval: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<&'a str>,
}

impl<'a> Written<'a> {
    fn plain(Opened { row, budget, refuse_over_budget, value }: &'a Opened) -> Self {
        let key = &row.record;
        Self {
            name: &key.name,
            service: &key.service,
            environment: key.environment,
            description: &key.description,
            tags: &key.tags,
            monthly_limit: key.monthly_limit,
            refuse_over_limit: key.refuse_over_limit,
            monthly_budget: *budget,
            refuse_over_budget: *refuse_over_budget,
            rotation_interval: key.rotation_interval_days,
            api_key: Some(value.expose_secret()),
            blob: None,
        }
    }
}

fn json_text(format: Option<&str>, keys: Vec<Written<'_>>, left_out: &[LeftOut]) -> Result<SecretString> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        format: &'a str,
        keys: Vec<Written<'a>>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        left_out: &'a [LeftOut],
    }
    let document = Document { format: format.unwrap_or("json"), keys, left_out };
    let text = serde_json::to_string(&document).map_err(|error| Error::Internal(Box::new(error)))?;
    Ok(Zeroizing::new(text).as_str().into())
}

fn env_text(opened: &[Opened], left_out: &[LeftOut]) -> SecretString {
    let mut text = Zeroizing::new(String::new());
    let mut names = HashSet::new();
    for Opened { row, value, .. } in opened {
        let key = &row.record;
        let environment = format!("{:?}", key.environment);
        let plain = dotenv::variable(&key.name).unwrap_or_else(|| NAMELESS.to_owned());
        let in_its_environment = format!("{plain}_{}", environment.to_uppercase());
        let numbered = (2..).map(|number| format!("{in_its_environment}_{number}"));
        let mut candidates = [plain, in_its_environment.clone()].into_iter().chain(numbered);
        let Some(name) = candidates.find(|name| names.insert(name.clone())) else { continue };
        // Writing into a String does not fail.
        let _ = writeln!(text, "# {}: {}, {}", key.name, key.service, environment.to_lowercase());
        dotenv::write(&mut text, &name, value.expose_secret());
    }
    for LeftOut { name, environment, reason } in left_out {
        let environment = format!("{environment:?}").to_lowercase();
        let _ = writeln!(text, "# left out: {name}, {environment}: {reason}");
    }
    text.as_str().into()
}

fn left(view: KeyView, error: &Error) -> LeftOut {
    LeftOut { name: view.name, environment: view.environment, reason: error.to_string() }
}
