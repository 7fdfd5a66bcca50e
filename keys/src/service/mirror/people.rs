//! Who is who, and who belongs where: what the mirrored tables tell of people. It reads, and changes nothing.

use keyward_store::model::{Account, Id, Member, Session, SpaceKind};

use super::{Shared, Tables};

impl Tables {
    /// The account that a login name or an e-mail address (any case) means.
    pub(crate) fn account_named(&self, name: &str) -> Option<&Shared<Account>> {
        let lower = name.trim().to_lowercase();
        let id = self.account_by_login.get(&lower).or_else(|| self.account_by_email.get(&lower))?;
        self.accounts.get(id)
    }

    /// Who belongs to a space, by account id.
    pub(crate) fn members_of(&self, space: Id) -> impl Iterator<Item = &Shared<Member>> {
        let accounts = self.accounts_of.get(&space).into_iter().flatten();
        accounts.filter_map(move |account| self.membership(*account, space))
    }

    /// An account's membership in a space.
    pub(crate) fn membership(&self, account: Id, space: Id) -> Option<&Shared<Member>> {
        self.memberships(account).iter().find(|member| member.record.space == space)
    }

    /// The team that a space is; none when it is somebody's own.
    pub(crate) fn team_of(&self, space: Id) -> Option<Id> {
        let space = &self.spaces.get(&space)?.record;
        (space.kind == SpaceKind::Team).then_some(space.id)
    }

    /// What an account has open in apps and browsers.
    pub(crate) fn sessions_of(&self, account: Id) -> impl Iterator<Item = &Shared<Session>> {
        let ids = self.sessions_of.get(&account).into_iter().flatten();
        ids.filter_map(|id| self.sessions.get(id))
    }

    /// What an account belongs to.
    pub(crate) fn memberships(&self, account: Id) -> &[Shared<Member>] {
        self.members.get(&account).map_or(&[], Vec::as_slice)
    }
}
