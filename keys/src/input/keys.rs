//! Which keys to list, and in which order.

use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use keyward_store::model::{Environment, Id};

use crate::view::KeyStatus;

/// How a list is sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ToSchema)]
#[schema(rename_all = "camelCase")]
pub enum KeySort {
    /// Newest first.
    #[default]
    Newest,
    /// By name.
    Name,
    /// By service, then name.
    Service,
    /// Last used first.
    LastUsed,
    /// Most calls this month first.
    Usage,
    /// By environment, then name.
    Environment,
    /// Soonest rotation first.
    NextRotation,
}

/// Which keys to list.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct KeyQuery {
    /// From 1.
    #[param(required = false, minimum = 1, default = 1)]
    pub page: u32,
    /// 1 to 100.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: u32,
    /// A substring of name, service, description or a tag; when nothing contains it, what is like it.
    #[param(max_length = 200)]
    pub search: Option<String>,
    /// Always what is like the text, in name or service, the best match first (`true`); or never (`false`).
    #[param(required = false)]
    pub fuzzy: Option<bool>,
    /// Only keys that stand so.
    #[param(inline)]
    pub status: Option<KeyStatus>,
    /// Only keys used there.
    #[param(inline)]
    pub environment: Option<Environment>,
    /// Only keys with this tag.
    pub tag: Option<String>,
    /// Only keys of this team.
    #[param(inline)]
    pub team: Option<Id>,
    /// Only keys for this service, in any case.
    pub service: Option<String>,
    /// Only keys that are frozen (`true`), or are not (`false`).
    #[param(required = false)]
    pub frozen: Option<bool>,
    /// Only keys without a call for so many days; without any, for so many days since they were made.
    pub unused: Option<u32>,
    /// Only keys that stand out so.
    #[param(inline)]
    pub hygiene: Option<Hygiene>,
    /// The keys in the bin (`true`), those deleted last first, instead of the others.
    #[param(required = false)]
    pub bin: bool,
    /// `createdAt`, `name`, `service`, `environment`, `nextRotation`, `lastUsed` or `usage` (of this month), rising;
    /// with `-` before it, falling. `-createdAt` when nothing is said. Ties are broken by `_id`.
    #[param(value_type = Option<String>)]
    pub sort: KeySort,
    /// The order in reverse; what has no such value stays last.
    #[param(ignore)]
    pub reverse: bool,
    /// Only keys that were there then, so that pages do not shift when keys are made meanwhile. The links of a list have
    /// it.
    #[param(value_type = Option<String>, inline)]
    pub as_of: Option<Timestamp>,
}

/// How a key stands out among others that are kept well.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Hygiene {
    /// It has had one value alone, for 90 days or longer.
    NeverRotated,
    /// It has no monthly limit.
    NoLimit,
    /// No call for 90 days; without any, 90 days since it was made.
    Idle,
    /// Its rotation was due before now.
    Overdue,
    /// Somebody knows its value who is no longer entitled to it.
    RotateNow,
    /// A key of another environment, in the same space, has its value; both are in `automation` custody.
    SharedValue,
}
