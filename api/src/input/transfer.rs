//! What comes with keys that are brought in or sent out.

use keyward_keys::input::{
    Export, ExportFormat, Import, ImportDefaults, ImportPlace, ImportedKey, MOST_IMPORTED, NewKey, SeedKey,
    TransferFormat as Format, import_env,
};
use keyward_keys::{Custody, Environment, Id};
use secrecy::SecretString;
use utoipa::ToSchema;

use super::TIME;
use super::fetch::ENVIRONMENTS;
use super::fields::Fields;
use super::tree::Tree;
use crate::problem::Problem;

const CUSTODIES: &str = "private, sealed, automation";
const ID: &str = "must be an id: 24 hexadecimal digits";
const FORMATS: &str = "env, json, seed";

/// What to do about keys that are there with another value.
#[derive(Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum OnConflict {
    /// Refuse the whole.
    Refuse,
    /// Leave them as they are.
    Skip,
}

/// Keys to bring in.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ImportBody {
    // A sentence here would make utoipa say that it is an object too.
    #[schema(inline)]
    format: Format,
    /// For `env`: the text of a `.env` file, in which nothing is expanded.
    content: Option<String>,
    /// For `json`: keys as `POST /api/keys` takes them. For `seed`: `{name, service, environment?, blob, passphrase}`,
    /// or `systemKey` in place of `passphrase`.
    #[schema(value_type = Option<Vec<Object>>)]
    keys: Option<Vec<Tree>>,
    /// What to do about keys that are there with another value: `refuse` when nothing is said.
    #[schema(inline, value_type = Option<OnConflict>)]
    on_conflict: OnConflict,
    /// The service of keys that name none.
    service: Option<String>,
    /// The environment of keys that name none.
    #[schema(inline)]
    environment: Option<Environment>,
    /// The team they are for; the caller's own space when none.
    #[schema(inline)]
    team: Option<Id>,
    /// Who can open those that do not say so.
    #[schema(inline)]
    custody: Option<Custody>,
    /// The passphrase of keys that have none of their own.
    #[schema(value_type = Option<String>, format = Password)]
    passphrase: Option<SecretString>,
    /// The system key of blobs that have none of their own.
    #[schema(value_type = Option<String>, format = Password)]
    system_key: Option<SecretString>,
}

/// Which keys to send out, and how.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct ExportBody {
    /// The form: `env` when nothing is said.
    #[schema(inline, value_type = Option<Format>)]
    format: Format,
    /// These keys; all that fit the rest when none are named.
    keys: Option<Vec<String>>,
    /// Only keys used there.
    #[schema(inline)]
    environment: Option<Environment>,
    /// Only keys of this team.
    #[schema(inline)]
    team: Option<Id>,
    /// Only keys with this tag.
    tag: Option<String>,
    /// Opens private keys; seals the blobs of `seed`.
    #[schema(value_type = Option<String>, format = Password)]
    passphrase: Option<SecretString>,
    /// Seals the blobs of `seed` as `iv:ciphertext`.
    #[schema(value_type = Option<String>, format = Password)]
    system_key: Option<SecretString>,
}

/// What the keys of one body have in common.
struct Common {
    plain: ImportDefaults,
    seed: Option<SeedKey>,
}

/// Reads what is to be brought in.
pub(crate) fn import(mut body: Fields, dry_run: bool) -> Result<Import, Problem> {
    let asked = ImportBody {
        format: body.required_choice("format", FORMATS).unwrap_or_default(),
        content: body.text("content"),
        keys: listed(&mut body),
        on_conflict: match body.text("onConflict").as_deref() {
            Some("skip") => OnConflict::Skip,
            None | Some("refuse") => OnConflict::Refuse,
            Some(_) => {
                body.fault("onConflict", "must be one of refuse, skip");
                OnConflict::Refuse
            }
        },
        service: body.text("service"),
        environment: body.choice("environment", ENVIRONMENTS),
        team: body.parsed("team", ID),
        custody: body.choice("custody", CUSTODIES),
        passphrase: body.secret("passphrase"),
        system_key: body.secret("systemKey"),
    };
    let needed = match asked.format {
        Format::Env if asked.content.is_none() => Some(("content", "is missing: the text of a .env file")),
        Format::Json | Format::Seed if asked.keys.is_none() => Some(("keys", "is missing")),
        _ => None,
    };
    // Whoever puts back what an export gave sends this along.
    if body.take("leftOut").is_some_and(|tree| !matches!(tree, Tree::List(_))) {
        body.fault("leftOut", "must be a list");
    }
    if let Some((field, detail)) = needed {
        body.fault(field, detail);
    }
    body.finish()?;
    Ok(asked.read(dry_run))
}

fn listed(body: &mut Fields) -> Option<Vec<Tree>> {
    match body.take("keys")? {
        Tree::List(items) => Some(items),
        _ => {
            body.fault("keys", "must be a list");
            None
        }
    }
}

impl ImportBody {
    fn read(self, dry_run: bool) -> Import {
        let seed = SeedKey::of(self.system_key, self.passphrase.clone());
        let plain = ImportDefaults {
            service: self.service,
            environment: self.environment,
            team: self.team,
            custody: self.custody,
            passphrase: self.passphrase,
        };
        let all = Common { plain, seed };
        let keys = match self.format {
            Format::Env => import_env(&self.content.unwrap_or_default(), &all.plain),
            format => {
                let items = self.keys.unwrap_or_default().into_iter().take(MOST_IMPORTED + 1).enumerate();
                items.map(|(index, item)| one(item, ImportPlace::Index(index), format, &all)).collect()
            }
        };
        Import { keys, skip_conflicts: self.on_conflict == OnConflict::Skip, dry_run }
    }
}

fn one(item: Tree, at: ImportPlace, format: Format, all: &Common) -> ImportedKey {
    match Fields::of(item) {
        Ok(fields) if format == Format::Seed => seed(fields, at, all),
        Ok(fields) => plain(fields, at, all),
        Err(fault) => ImportedKey { at, key: NewKey::default(), blob: None, faults: vec![fault] },
    }
}

fn plain(mut fields: Fields, at: ImportPlace, all: &Common) -> ImportedKey {
    let value = fields.required_secret("apiKey");
    let passphrase = fields.secret("passphrase").or_else(|| all.plain.passphrase.clone());
    let key = NewKey { value, passphrase, ..record(&mut fields, all) };
    ImportedKey { at, key, blob: None, faults: fields.into_faults() }
}

fn seed(mut fields: Fields, at: ImportPlace, all: &Common) -> ImportedKey {
    let text = fields.required_text("blob");
    let own = SeedKey::of(fields.secret("systemKey"), fields.secret("passphrase"));
    let opens = own.or_else(|| all.seed.clone());
    if opens.is_none() {
        fields.fault("passphrase", "is missing; or, for iv:ciphertext, the systemKey");
    }
    let key = record(&mut fields, all);
    ImportedKey::sealed(at, key, text, opens, fields.into_faults())
}

/// All of a key but its value and what opens it.
fn record(fields: &mut Fields, all: &Common) -> NewKey {
    let service = fields.text("service").or_else(|| all.plain.service.clone());
    if service.is_none() {
        fields.fault("service", "is missing");
    }
    NewKey {
        name: fields.required_text("name"),
        service: service.unwrap_or_default(),
        description: fields.text("description").unwrap_or_default(),
        environment: fields.choice("environment", ENVIRONMENTS).or(all.plain.environment),
        monthly_limit: fields.number("monthlyLimit"),
        refuse_over_limit: fields.flag("refuseOverLimit").unwrap_or_default(),
        monthly_budget: fields.money("monthlyBudget"),
        refuse_over_budget: fields.flag("refuseOverBudget").unwrap_or_default(),
        tags: fields.texts("tags").unwrap_or_default(),
        custody: fields.choice("custody", CUSTODIES).or(all.plain.custody),
        team: all.plain.team,
        expires_at: fields.parsed("expiresAt", TIME),
        rotation_interval: fields.number("rotationInterval"),
        ..NewKey::default()
    }
}

/// Reads what goes out and how: of a query, or of a body, which alone may hold secrets.
pub(crate) fn export(mut fields: Fields, with_secrets: bool) -> Result<Export, Problem> {
    let mut asked = ExportBody {
        format: fields.choice("format", FORMATS).unwrap_or_default(),
        keys: None,
        environment: fields.choice("environment", ENVIRONMENTS),
        team: fields.parsed("team", ID),
        tag: fields.text("tag"),
        passphrase: None,
        system_key: None,
    };
    if with_secrets {
        asked.keys = fields.texts("keys");
        asked.passphrase = fields.secret("passphrase");
        asked.system_key = fields.secret("systemKey");
    }
    let seed = SeedKey::of(asked.system_key, asked.passphrase.clone());
    let format = match (asked.format, seed) {
        (Format::Seed, Some(key)) => ExportFormat::Seed(key),
        (Format::Seed, None) => {
            fields.fault("format", "needs what to seal the blobs under: POST passphrase or systemKey");
            ExportFormat::Env
        }
        (Format::Env, _) => ExportFormat::Env,
        (Format::Json, _) => ExportFormat::Json,
    };
    fields.finish()?;
    Ok(Export {
        format,
        keys: asked.keys.unwrap_or_default(),
        environment: asked.environment,
        team: asked.team,
        tag: asked.tag,
        passphrase: asked.passphrase,
    })
}
