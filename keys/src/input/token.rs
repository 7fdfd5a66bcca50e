//! What a new service token is to be.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
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

/// A new service token in the words of a command line.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
pub struct TokenWords {
    /// As for [`NewToken`].
    pub name: String,
    /// Keys by name, `keyId` or `_id`.
    pub keys: Vec<String>,
    /// Tells keys of one name apart; without keys, the environment that is granted.
    pub environment: Option<Environment>,
    /// A team, by name or `_id`.
    pub team: Option<String>,
    /// What it may do; fetch when nothing is named.
    pub scopes: Vec<Scope>,
    /// `30d`, `12h`, a day, or a moment.
    pub expires: Option<String>,
    /// Networks or addresses.
    pub networks: Vec<String>,
    /// As for [`NewToken`].
    pub max_uses: Option<u64>,
}

/// Reads a network such as `10.0.0.0/8`; an address alone is a network of its own.
pub fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
