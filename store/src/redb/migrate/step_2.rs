//! From schema 1 to schema 2: each record in its new shape, with what the old one meant. Row versions and index
//! rows stay as they are.

use std::collections::HashMap;

use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::model::{
    Account, ApiKey, Door, Environment, Grant, Id, Invitation, Member, Preferences, Purpose, Security,
    ServiceToken, Session, Space,
};
use crate::redb::migrate::schema_1 as old;
use crate::redb::port::RawRead;
use crate::redb::snapshot::split;
use crate::redb::transaction::Tx;
use crate::table::{KeyRange, Order, Record};

/// Rows held in memory at a time.
const ROWS: usize = 4096;

/// How long schema 1's only invitations, an operator's first code, were good.
const OPERATOR_CODE_MS: i64 = 24 * 3_600_000;

pub(super) fn apply(tx: &Tx<'_>) -> Result<()> {
    let mut spaces: HashMap<Id, i64> = HashMap::new();
    rewrite(tx, account)?;
    rewrite(tx, session)?;
    rewrite(tx, invitation)?;
    rewrite(tx, api_key)?;
    rewrite(tx, |old: old::Space| {
        spaces.insert(old.id, old.created_ms);
        space(old)
    })?;
    // Schema 1 knew no way into a space but making it.
    rewrite(tx, |old: old::Member| {
        let joined_ms = spaces.get(&old.space).copied().unwrap_or_default();
        Member { space: old.space, account: old.account, role: old.role, joined_ms, generation: 0 }
    })?;
    rewrite(tx, service_token)
}

/// Rewrites every row of a table.
fn rewrite<Old: DeserializeOwned, New: Record>(
    tx: &Tx<'_>,
    mut convert: impl FnMut(Old) -> New,
) -> Result<()> {
    let table = New::TABLE;
    let damaged = || Error::Damaged { table: table.0 };
    let mut range = KeyRange::all();
    loop {
        let mut rows = Vec::new();
        tx.raw_scan(table, &range, Order::Ascending, &mut |key, stored| {
            let (version, value) = split(table, stored)?;
            let old = postcard::from_bytes(value).map_err(|_| damaged())?;
            rows.push((key.to_vec(), version, old));
            Ok(rows.len() < ROWS)
        })?;
        let Some((last, ..)) = rows.last() else { return Ok(()) };
        range.start = [last.as_slice(), &[0]].concat();
        for (key, version, old) in rows {
            let value = postcard::to_allocvec(&convert(old)).map_err(|_| damaged())?;
            tx.put(table, &key, version, &value, b"")?;
        }
    }
}

fn account(old: old::Account) -> Account {
    Account {
        id: old.id,
        name: old.name,
        login: old.login,
        email: old.email,
        password: old.password,
        operator: old.operator,
        personal_space: old.personal_space,
        plan: old.plan,
        // Wrong passwords are counted in memory since, for each source.
        security: Security { last_login_ms: old.security.last_login_ms, ..Security::default() },
        time_zone: old.time_zone,
        preferences: Preferences { theme: old.theme, ..Preferences::default() },
        public_key: old.public_key,
        created_ms: old.created_ms,
        disabled_ms: None,
    }
}

fn session(old: old::Session) -> Session {
    Session {
        id: old.id,
        account: old.account,
        refresh: old.refresh,
        refresh_before: old.refresh_before,
        created_ms: old.created_ms,
        expires_ms: old.expires_ms,
        from: old.from,
        // The only door that opened them.
        door: Door::Rest,
        user_agent: None,
        last_seen_ms: old.refresh_before.map_or(old.created_ms, |(_, replaced_ms)| replaced_ms),
    }
}

fn invitation(old: old::Invitation) -> Invitation {
    Invitation {
        code: old.code,
        purpose: Purpose::Join { operator: old.operator },
        email: None,
        created_by: None,
        created_ms: old.expires_ms - OPERATOR_CODE_MS,
        expires_ms: old.expires_ms,
    }
}

fn api_key(old: old::ApiKey) -> ApiKey {
    ApiKey {
        id: old.id,
        key_id: old.key_id,
        space: old.space,
        created_by: old.created_by,
        name: old.name,
        service: old.service,
        description: old.description,
        environment: old.environment,
        status: old.status,
        tags: old.tags,
        monthly_limit: old.monthly_limit,
        rotation_interval_days: old.rotation_interval_days,
        next_rotation_ms: old.next_rotation_ms,
        expires_ms: old.expires_ms,
        custody: old.custody,
        public_key: old.public_key,
        current_version: old.current_version,
        created_ms: old.created_ms,
        updated_ms: old.updated_ms,
        deleted_ms: old.deleted_ms,
        refuse_over_limit: false,
        space_generation: 0,
        exposed_version: None,
        frozen_ms: None,
        previous: None,
    }
}

fn space(old: old::Space) -> Space {
    Space {
        id: old.id,
        kind: old.kind,
        name: old.name,
        created_ms: old.created_ms,
        key: None,
        environments: Environment::ALL.to_vec(),
    }
}

fn service_token(old: old::ServiceToken) -> ServiceToken {
    ServiceToken {
        id: old.id,
        name: old.name,
        created_by: old.created_by,
        verifier: old.verifier,
        public_key: old.public_key,
        grant: Grant::Keys(old.keys),
        scopes: old.scopes,
        created_ms: old.created_ms,
        expires_ms: old.expires_ms,
        networks: Vec::new(),
        max_uses: None,
    }
}
