//! The records of schema 1 that later schemas changed, frozen as they were written. Never edited. Enumerations
//! without fields are shared with `model`: they are stored as numbers, and so only ever grow at the end.

use serde::Deserialize;

use crate::model::{Custody, Environment, Id, Plan, Role, Scope, SpaceKind, Status};

#[derive(Deserialize)]
pub(super) struct Security {
    pub(super) last_login_ms: Option<i64>,
    pub(super) _login_attempts: u32,
    pub(super) _lock_until_ms: Option<i64>,
    /// Always false: nothing could set it.
    pub(super) _two_factor_enabled: bool,
}

#[derive(Deserialize)]
pub(super) struct Account {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) login: String,
    pub(super) email: String,
    pub(super) password: String,
    pub(super) operator: bool,
    pub(super) personal_space: Id,
    pub(super) plan: Plan,
    pub(super) security: Security,
    pub(super) time_zone: Option<String>,
    pub(super) theme: String,
    pub(super) public_key: Option<[u8; 32]>,
    pub(super) created_ms: i64,
}

#[derive(Deserialize)]
pub(super) struct Session {
    pub(super) id: Id,
    pub(super) account: Id,
    pub(super) refresh: [u8; 32],
    pub(super) refresh_before: Option<([u8; 32], i64)>,
    pub(super) created_ms: i64,
    pub(super) expires_ms: i64,
    pub(super) from: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Invitation {
    pub(super) code: [u8; 32],
    pub(super) operator: bool,
    pub(super) expires_ms: i64,
}

#[derive(Deserialize)]
pub(super) struct ApiKey {
    pub(super) id: Id,
    pub(super) key_id: String,
    pub(super) space: Id,
    pub(super) created_by: Id,
    pub(super) name: String,
    pub(super) service: String,
    pub(super) description: String,
    pub(super) environment: Environment,
    pub(super) status: Status,
    pub(super) tags: Vec<String>,
    pub(super) monthly_limit: Option<u64>,
    pub(super) rotation_interval_days: u32,
    pub(super) next_rotation_ms: Option<i64>,
    pub(super) expires_ms: Option<i64>,
    pub(super) custody: Custody,
    pub(super) public_key: [u8; 32],
    pub(super) current_version: u32,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
    pub(super) deleted_ms: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Space {
    pub(super) id: Id,
    pub(super) kind: SpaceKind,
    pub(super) name: String,
    pub(super) created_ms: i64,
}

#[derive(Deserialize)]
pub(super) struct Member {
    pub(super) space: Id,
    pub(super) account: Id,
    pub(super) role: Role,
}

#[derive(Deserialize)]
pub(super) struct ServiceToken {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) created_by: Id,
    pub(super) verifier: [u8; 32],
    pub(super) public_key: [u8; 32],
    pub(super) keys: Vec<Id>,
    pub(super) scopes: Vec<Scope>,
    pub(super) created_ms: i64,
    pub(super) expires_ms: Option<i64>,
}
