//! What a new service token is to be.

use ipnet::IpNet;
use jiff::Timestamp;
use secrecy::SecretString;
use utoipa::ToSchema;

use keyward_store::model::{Environment, Id, Scope};

/// A new service token: for named keys, or for an environment.
#[derive(Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct NewToken {
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// The keys it may use, by `_id` or `keyId`: 1 to 1,000.
    #[schema(required = false, min_items = 1, max_items = 1000)]
    pub keys: Vec<String>,
    /// Instead of naming keys: all that a space has for this environment, now and later.
    pub environment: Option<Environment>,
    /// The space, with `environment`: a team; the person's own when none.
    pub team: Option<Id>,
    /// What it may do with them.
    #[schema(min_items = 1)]
    pub scopes: Vec<Scope>,
    /// Opens the locks of private keys among them.
    #[schema(value_type = Option<String>, format = Password)]
    pub passphrase: Option<SecretString>,
    /// No good after this.
    pub expires_at: Option<Timestamp>,
    /// Where it may be used from, at most 64 networks; anywhere when none.
    #[schema(required = false, value_type = Vec<String>, max_items = 64)]
    pub networks: Vec<IpNet>,
    /// How often it may be used in all: a fetch or a report, however many keys it is about, is one use.
    #[schema(minimum = 1)]
    pub max_uses: Option<u64>,
}
