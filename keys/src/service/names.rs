//! What ids stand for, in words, for whoever reads them: people, keys, teams, service tokens, alerts, rules, webhooks,
//! SSH keys and open invitations that the caller may know of. Of others nothing is told, not even that they exist.

use keyward_store::model::{Id, SpaceKind};

use crate::caller::Caller;
use crate::error::Result;
use crate::policy::Permission;
use crate::service::Service;
use crate::service::access::{Target, authorise, may};
use crate::service::alerts::knows;
use crate::service::invitations;
use crate::service::mirror::Tables;
use crate::service::webhooks::target_of;

impl Service {
    /// The names behind these ids, as far as the caller may know them, in the order of the ids.
    pub async fn names_of(&self, caller: &Caller, ids: &[Id]) -> Result<Vec<(Id, String)>> {
        let account = caller.person()?;
        let tables = self.mirror().read();
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        let named = |id: &Id| name(&tables, caller, account, *id).map(|name| (*id, name));
        Ok(ids.iter().filter_map(named).collect())
    }
}

/// The name behind an id, as far as the caller may know it.
pub(crate) fn name(tables: &Tables, caller: &Caller, asking: Id, id: Id) -> Option<String> {
    let may = |permission, target| may(tables, caller.identity, permission, target);
    if let Some(row) = tables.accounts.get(&id) {
        let known = id == asking
            || may(Permission::AccountAdminister, Target::Account(id))
            || tables
                .memberships(asking)
                .iter()
                .any(|mine| tables.membership(id, mine.record.space).is_some());
        return known.then(|| row.record.name.clone());
    }
    if let Some(row) = tables.keys.get(id) {
        return may(Permission::KeyRead, Target::Key(id)).then(|| row.record.name.clone());
    }
    if let Some(row) = tables.spaces.get(&id).filter(|row| row.record.kind == SpaceKind::Team) {
        return may(Permission::TeamRead, Target::Space(id)).then(|| row.record.name.clone());
    }
    // An alert is known by what it is about.
    if let Some(row) = tables.alerts.get(id) {
        let about = name(tables, caller, asking, row.record.api_key)?;
        return may(Permission::AlertRead, Target::Space(row.record.space))
            .then(|| format!("alert: {about}"));
    }
    if let Some(row) = tables.alert_rules.get(&id) {
        return knows(tables, caller, &row.record).then(|| row.record.name.clone());
    }
    if let Some(row) = tables.ssh_keys.get(&id) {
        return (row.record.account == asking).then(|| row.record.name.clone());
    }
    // An invitation is known by whom it is for, as long as it is open.
    if let Some((space, email)) = invitations::known_by(tables, id) {
        return may(Permission::MemberInvite, Target::Space(space)).then(|| email.to_owned());
    }
    if let Some(row) = tables.posted.webhook(id) {
        return may(Permission::WebhookManage, target_of(&row.record)).then(|| row.record.name.clone());
    }
    let row = tables.tokens.get(&id)?;
    may(Permission::TokenRevoke, Target::Token(id)).then(|| row.record.name.clone())
}
