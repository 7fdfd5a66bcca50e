//! The small tables in memory: accounts, keys, sessions and the rest, as the last commit left them. Fed by the
//! store's observer in commit order; nothing else writes here. It decides nothing.

mod alerts;
mod by_key;
mod fill;
mod keys;
mod marks;
mod people;
mod posted;
mod rotations;
mod stirred;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::Notify;

use keyward_store::model::{
    Account, Alert, AlertRule, ApiKey, Budget, BudgetNotice, Custody, Delivery, EmailProof, Grant, Hours,
    HoursMove, Id, Invitation, KnownAddress, Member, Notification, Rotation, RotationPlan, ServiceToken,
    Session, Sharing, Space, SshKey, TagBudget, Ticket, ValueMark, Webhook,
};
use keyward_store::{Applied, Record, Result, Row, Table, Versioned};

pub(crate) use alerts::AlertIndex;
pub(crate) use by_key::ByKey;
pub(crate) use keys::{Hit, KeyIndex, Letters, Place, SpaceKeys};
pub(crate) use marks::Marks;
pub(crate) use posted::Posted;
pub(crate) use rotations::Rotations;
pub(crate) use stirred::Stirred;

/// A row as it stands, shared with whoever is reading it.
pub(crate) type Shared<R> = Arc<Row<R>>;

/// All mirrored tables.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) accounts: HashMap<Id, Shared<Account>>,
    pub(crate) account_by_email: HashMap<String, Id>,
    pub(crate) account_by_login: HashMap<String, Id>,
    pub(crate) ssh_keys: HashMap<Id, Shared<SshKey>>,
    pub(crate) ssh_key_by_fingerprint: HashMap<[u8; 32], Id>,
    pub(crate) sessions: HashMap<Id, Shared<Session>>,
    /// Sessions by account.
    pub(crate) sessions_of: HashMap<Id, BTreeSet<Id>>,
    /// Who lets their teams see what they are looking at.
    pub(crate) sharing: HashMap<Id, Shared<Sharing>>,
    pub(crate) spaces: HashMap<Id, Shared<Space>>,
    /// Memberships by account: what a caller belongs to.
    pub(crate) members: HashMap<Id, Vec<Shared<Member>>>,
    /// The accounts that belong to a space.
    accounts_of: HashMap<Id, BTreeSet<Id>>,
    pub(crate) invitations: HashMap<[u8; 32], Shared<Invitation>>,
    pub(crate) tokens: HashMap<Id, Shared<ServiceToken>>,
    pub(crate) token_by_verifier: HashMap<[u8; 32], Id>,
    pub(crate) keys: KeyIndex,
    /// Each person's notifications, by when they were sent, and whether they are read.
    pub(crate) notices: HashMap<Id, BTreeMap<(i64, Id), bool>>,
    /// Where each person has signed in from.
    pub(crate) addresses: HashMap<Id, HashMap<String, Shared<KnownAddress>>>,
    pub(crate) tickets: HashMap<Id, Shared<Ticket>>,
    pub(crate) alert_rules: HashMap<Id, Shared<AlertRule>>,
    pub(crate) alerts: AlertIndex,
    pub(crate) by_key: ByKey,
    /// What the month of a key, a team or a tag may cost, and how much of it was told.
    pub(crate) budgets: HashMap<Id, Shared<Budget>>,
    /// The tags that have one.
    pub(crate) tag_budgets: HashMap<Id, Shared<TagBudget>>,
    pub(crate) budget_notices: HashMap<Id, Shared<BudgetNotice>>,
    /// Where the proofs of addresses stand that somebody asked for.
    pub(crate) email_proofs: HashMap<Id, Shared<EmailProof>>,
    /// The hours of teams and people who have said theirs.
    pub(crate) hours: HashMap<Id, Shared<Hours>>,
    /// Whose keys have yet to follow their changed hours.
    pub(crate) hours_moves: HashMap<Id, Shared<HoursMove>>,
    pub(crate) rotations: Rotations,
    pub(crate) marks: Marks,
    /// Something is due sooner than anything was before.
    hurries: bool,
    pub(crate) posted: Posted,
    /// Where something that was just put in place may wait for a member to unlock.
    stirring: Vec<Id>,
}

/// The mirrored tables behind one lock, held only for moments.
#[derive(Clone, Default)]
pub(crate) struct Mirror {
    tables: Arc<RwLock<Tables>>,
    stirred: Arc<Stirred>,
    hurried: Arc<Notify>,
}

impl Mirror {
    /// The tables, to read. Drop it before the next `await`.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Tables> {
        // A poisoned lock means a panic while one row was put in place; the map itself is whole.
        self.tables.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Where something may have come to wait for a member to unlock.
    pub(crate) fn stirred(&self) -> &Arc<Stirred> {
        &self.stirred
    }

    /// Told when something is due sooner than anything was before.
    pub(crate) fn hurried(&self) -> &Notify {
        &self.hurried
    }

    /// Follows one durable commit.
    pub(crate) fn apply(&self, changes: &[Applied]) {
        let mut tables = self.write();
        for change in changes {
            if let Err(error) = tables.apply(change.table, &change.key, change.row.as_ref()) {
                tracing::error!(table = change.table.0, %error, "a committed row does not decode");
            }
        }
        self.stirred.mark(tables.stirring());
        if std::mem::take(&mut tables.hurries) {
            self.hurried.notify_waiters();
        }
    }
}

impl Tables {
    /// What was put in place since the last time may wait here. Without a pair there is nothing to wait for.
    fn stirring(&mut self) -> Vec<Id> {
        let mut stirring = std::mem::take(&mut self.stirring);
        stirring.retain(|space| self.spaces.get(space).is_some_and(|row| row.record.key.is_some()));
        stirring
    }

    fn apply(&mut self, table: Table, key: &[u8], raw: Option<&Versioned>) -> Result<()> {
        if table == Account::TABLE {
            self.account(Id::from_slice(key), decode(raw)?);
        } else if table == SshKey::TABLE {
            self.ssh_key(Id::from_slice(key), decode(raw)?);
        } else if table == Session::TABLE {
            self.session(Id::from_slice(key), decode(raw)?);
        } else if table == Space::TABLE {
            self.space(Id::from_slice(key), decode(raw)?);
        } else if table == Member::TABLE {
            self.member(key, decode(raw)?);
        } else if table == Invitation::TABLE {
            place(&mut self.invitations, key.try_into().ok(), decode(raw)?);
        } else if table == ServiceToken::TABLE {
            self.token(Id::from_slice(key), decode(raw)?);
        } else if table == Notification::TABLE {
            self.notice(key, decode(raw)?);
        } else if table == KnownAddress::TABLE {
            self.address(key, decode(raw)?);
        } else if table == Ticket::TABLE {
            place(&mut self.tickets, Id::from_slice(key), decode(raw)?);
        } else if table == AlertRule::TABLE {
            place(&mut self.alert_rules, Id::from_slice(key), decode(raw)?);
        } else if table == Alert::TABLE {
            self.alerts.put(Id::from_slice(key), decode(raw)?);
        } else if ByKey::TABLES.contains(&table) {
            self.by_key.put(table, key, raw)?;
        } else if table == Sharing::TABLE {
            place(&mut self.sharing, Id::from_slice(key), decode(raw)?);
        } else if table == Budget::TABLE {
            place(&mut self.budgets, Id::from_slice(key), decode(raw)?);
        } else if table == TagBudget::TABLE {
            place(&mut self.tag_budgets, Id::from_slice(key), decode(raw)?);
        } else if table == BudgetNotice::TABLE {
            place(&mut self.budget_notices, Id::from_slice(key), decode(raw)?);
        } else if table == EmailProof::TABLE {
            place(&mut self.email_proofs, Id::from_slice(key), decode(raw)?);
        } else if table == Hours::TABLE {
            place(&mut self.hours, Id::from_slice(key), decode(raw)?);
        } else if table == HoursMove::TABLE {
            place(&mut self.hours_moves, Id::from_slice(key), decode(raw)?);
        } else if table == Webhook::TABLE {
            self.posted.put_webhook(Id::from_slice(key), decode(raw)?);
        } else if table == Delivery::TABLE {
            self.posted.put_message(key, decode(raw)?);
        } else if table == ApiKey::TABLE
            && let Some(id) = Id::from_slice(key)
        {
            self.key(id, decode(raw)?);
        } else if table == ValueMark::TABLE {
            self.mark(key, decode(raw)?);
        } else if table == RotationPlan::TABLE
            && let Some(id) = Id::from_slice(key)
        {
            self.rotations.put_plan(id, decode(raw)?);
        } else if table == Rotation::TABLE
            && let Some(id) = Id::from_slice(key)
        {
            let row = decode(raw)?;
            let key = self.keys.any(id).map(|row| &row.record);
            self.rotations.take_out(key);
            self.rotations.put_state(id, row);
            self.hurries |= self.rotations.put_in(key);
        }
        Ok(())
    }

    fn account(&mut self, id: Option<Id>, row: Option<Shared<Account>>) {
        let Some(id) = id else { return };
        if let Some(old) = self.accounts.get(&id) {
            self.account_by_email.remove(&old.record.email);
            self.account_by_login.remove(&old.record.login);
        }
        if let Some(row) = &row {
            let old = self.accounts.get(&id);
            if old.is_some_and(|old| old.record.public_key != row.record.public_key) {
                let memberships = self.members.get(&id).into_iter().flatten();
                self.stirring.extend(memberships.map(|member| member.record.space));
            }
            self.account_by_email.insert(row.record.email.clone(), id);
            self.account_by_login.insert(row.record.login.clone(), id);
        }
        place(&mut self.accounts, Some(id), row);
    }

    fn ssh_key(&mut self, id: Option<Id>, row: Option<Shared<SshKey>>) {
        let Some(id) = id else { return };
        if let Some(old) = self.ssh_keys.get(&id) {
            self.ssh_key_by_fingerprint.remove(&old.record.fingerprint);
        }
        if let Some(row) = &row {
            self.ssh_key_by_fingerprint.insert(row.record.fingerprint, id);
        }
        place(&mut self.ssh_keys, Some(id), row);
    }

    fn session(&mut self, id: Option<Id>, row: Option<Shared<Session>>) {
        let Some(id) = id else { return };
        if let Some(old) = self.sessions.get(&id)
            && let Some(own) = self.sessions_of.get_mut(&old.record.account)
        {
            own.remove(&id);
            if own.is_empty() {
                self.sessions_of.remove(&old.record.account);
            }
        }
        if let Some(row) = &row {
            self.sessions_of.entry(row.record.account).or_default().insert(id);
        }
        place(&mut self.sessions, Some(id), row);
    }

    fn token(&mut self, id: Option<Id>, row: Option<Shared<ServiceToken>>) {
        let Some(id) = id else { return };
        if let Some(old) = self.tokens.get(&id) {
            self.token_by_verifier.remove(&old.record.verifier);
        }
        if let Some(row) = &row {
            self.token_by_verifier.insert(row.record.verifier, id);
            if let Grant::Environment { space, .. } = row.record.grant {
                self.stirring.push(space);
            }
        }
        place(&mut self.tokens, Some(id), row);
    }

    fn space(&mut self, id: Option<Id>, row: Option<Shared<Space>>) {
        self.stirring.extend(id);
        place(&mut self.spaces, id, row);
    }

    fn key(&mut self, id: Id, row: Option<Shared<ApiKey>>) {
        let place = |key: &ApiKey| (key.space, key.environment, key.space_generation, key.deleted_ms);
        // A new key gives its locks to everybody at once.
        if let (Some(row), Some(old)) = (&row, self.keys.any(id))
            && row.record.custody == Custody::Sealed
            && place(&old.record) != place(&row.record)
        {
            self.stirring.push(row.record.space);
        }
        let before = self.keys.any(id).map(|row| &row.record);
        self.marks.take_out(before);
        self.rotations.take_out(before);
        self.keys.put(id, row);
        let now = self.keys.any(id).map(|row| &row.record);
        self.marks.put_in(now);
        self.hurries |= self.rotations.put_in(now);
    }

    fn mark(&mut self, key: &[u8], row: Option<Shared<ValueMark>>) {
        let Some(place) = ValueMark::parts(key) else { return };
        let key = self.keys.any(place.0).map(|row| &row.record);
        self.marks.take_out(key);
        self.marks.put(place, row.map(|row| row.record.mark));
        self.marks.put_in(key);
    }

    fn member(&mut self, key: &[u8], row: Option<Shared<Member>>) {
        let (Some(space), Some(account)) =
            (key.get(..12).and_then(Id::from_slice), key.get(12..).and_then(Id::from_slice))
        else {
            return;
        };
        let belongs = row.is_some();
        self.stirring.extend(belongs.then_some(space));
        let memberships = self.members.entry(account).or_default();
        memberships.retain(|member| member.record.space != space);
        memberships.extend(row);
        if memberships.is_empty() {
            self.members.remove(&account);
        }
        let accounts = self.accounts_of.entry(space).or_default();
        if belongs {
            accounts.insert(account);
        } else {
            accounts.remove(&account);
            if accounts.is_empty() {
                self.accounts_of.remove(&space);
            }
        }
    }
}

fn decode<R: Record>(raw: Option<&Versioned>) -> Result<Option<Shared<R>>> {
    raw.map(|raw| Row::decode(raw).map(Arc::new)).transpose()
}

fn place<K: std::hash::Hash + Eq, R>(map: &mut HashMap<K, R>, key: Option<K>, row: Option<R>) {
    match (key, row) {
        (Some(key), Some(row)) => {
            map.insert(key, row);
        }
        (Some(key), None) => {
            map.remove(&key);
        }
        (None, _) => {}
    }
}
