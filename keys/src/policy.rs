//! The policy: which standing may do what, as one table, and nothing else. No lookups, no I/O; `Service` works out
//! a caller's standings and asks here.

use std::fmt::Write as _;

/// How a caller stands to the thing asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Standing {
    /// Signed in, without any relation to it.
    Stranger,
    /// It is the caller's own account, session or key of theirs.
    Oneself,
    /// Member of its space, as viewer.
    Viewer,
    /// Member of its space, as member.
    Member,
    /// Member of its space, as admin.
    Admin,
    /// Owner of its space.
    Owner,
    /// Operator of the instance.
    Operator,
    /// A service token that was granted the key, with scope `fetch`.
    TokenFetch,
    /// A service token that was granted the key, with scope `track`.
    TokenTrack,
    /// The daemon itself: a job, or a command on its own machine.
    System,
}

/// Something a caller may ask for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Permission {
    /// See one's own account, keys and sessions.
    AccountRead,
    /// Change one's own account.
    AccountChange,
    /// Make accounts for others.
    AccountCreate,
    /// Delete an account: one's own, or anybody's.
    AccountDelete,
    /// See everybody's accounts, switch them off and on, give codes that reset a password.
    AccountAdminister,
    /// Open one's own key with the unlock passphrase.
    AccountUnlock,
    /// Open, refresh and end one's own sessions.
    SessionManage,
    /// Add and remove one's own SSH keys.
    SshKeyManage,
    /// See that a key exists, and its record.
    KeyRead,
    /// Make a team.
    TeamCreate,
    /// See a team and its members.
    TeamRead,
    /// Change a team's name and environments.
    TeamChange,
    /// Delete a team.
    TeamDelete,
    /// Become a member, with an invitation's code.
    TeamJoin,
    /// Invite people, and withdraw invitations.
    MemberInvite,
    /// Give a member another role.
    MemberChange,
    /// Make somebody an owner, or an owner something else.
    OwnerChange,
    /// End somebody's membership, or one's own.
    MemberRemove,
    /// Give the space's key to members who wait for it, and lock its keys to its newest pair.
    SpaceGrant,
    /// Add a key to a space.
    KeyCreate,
    /// Change a key's record.
    KeyChange,
    /// Move a key to another space.
    KeyMove,
    /// Mark a key that somebody has seen who left.
    KeyExpose,
    /// Replace a key's value.
    KeyRotate,
    /// Make an earlier value of a key the current one again, or give up a rotation.
    KeyRollback,
    /// Take the steps of rotations.
    RotationRun,
    /// Move a key to the bin.
    KeyDelete,
    /// Take a key back out of the bin.
    KeyRestore,
    /// Read a key's value, as a person.
    KeyReveal,
    /// Read a key's value, as an app.
    KeyFetch,
    /// Report calls made with a key.
    KeyTrack,
    /// See a key's usage.
    UsageRead,
    /// Set and end what a month of the keys with a tag may cost.
    BudgetManage,
    /// Make a service token for a key.
    TokenCreate,
    /// Revoke a service token.
    TokenRevoke,
    /// Hear what happens in one's spaces.
    EventsHear,
    /// Hear everything, to pass on to each what they may hear.
    EventsRelay,
    /// Read and remove one's own notifications.
    NoticeManage,
    /// Tell people what the daemon noticed by itself.
    NoticeSend,
    /// See a space's alerts and its rules for them.
    AlertRead,
    /// Acknowledge, snooze and settle alerts.
    AlertHandle,
    /// Make, change and remove rules for alerts.
    AlertRuleManage,
    /// Raise alerts and end them, as their rules say.
    AlertRaise,
    /// See, make, change and remove webhooks: one's own, or a team's.
    WebhookManage,
    /// Ask the operators something.
    SupportAsk,
    /// Answer such questions.
    SupportAnswer,
    /// See audit records: of oneself, of a space, of the instance.
    AuditRead,
    /// Check the audit chain, and see its checkpoints.
    AuditVerify,
    /// Take the whole audit chain along.
    AuditExport,
    /// Sign the head of the audit chain.
    AuditSign,
    /// Read the daemon's metrics.
    MetricsRead,
    /// Run the daemon's jobs and its first steps.
    InstanceRun,
    /// Tell everybody something.
    InstanceAnnounce,
    /// Make a backup of everything, and record it.
    InstanceBackup,
    /// End what must not go on after a restore, and record it.
    InstanceRestore,
}

/// One row of the table.
pub struct Rule {
    /// What is asked for.
    pub permission: Permission,
    /// Its name in audit records and refusals.
    pub name: &'static str,
    /// A change (or a reveal) leaves an audit record; what is metered or only read does not.
    pub audited: bool,
    /// Who may.
    pub allowed: &'static [Standing],
}

use Permission as P;
use Standing::{Admin, Member, Oneself, Operator, Owner, Stranger, System, TokenFetch, TokenTrack, Viewer};

/// The whole policy.
pub const RULES: &[Rule] = &[
    rule(P::AccountRead, "account.read", false, &[Oneself, System]),
    rule(P::AccountChange, "account.change", true, &[Oneself]),
    rule(P::AccountCreate, "account.create", true, &[Operator, System]),
    rule(P::AccountDelete, "account.delete", true, &[Oneself, Operator, System]),
    rule(P::AccountAdminister, "account.administer", true, &[Operator, System]),
    rule(P::AccountUnlock, "account.unlock", true, &[Oneself]),
    rule(P::SessionManage, "session.manage", true, &[Oneself]),
    rule(P::SshKeyManage, "ssh_key.manage", true, &[Oneself]),
    rule(P::KeyRead, "key.read", false, &[Viewer, Member, Admin, Owner, TokenFetch, TokenTrack]),
    rule(P::TeamCreate, "team.create", true, &[Stranger]),
    rule(P::TeamRead, "team.read", false, &[Viewer, Member, Admin, Owner]),
    rule(P::TeamChange, "team.change", true, &[Admin, Owner]),
    rule(P::TeamDelete, "team.delete", true, &[Owner]),
    rule(P::TeamJoin, "team.join", true, &[Stranger]),
    rule(P::MemberInvite, "member.invite", true, &[Admin, Owner]),
    rule(P::MemberChange, "member.change", true, &[Admin, Owner]),
    rule(P::OwnerChange, "owner.change", true, &[Owner]),
    rule(P::MemberRemove, "member.remove", true, &[Oneself, Admin, Owner]),
    rule(P::SpaceGrant, "space.grant", true, &[Member, Admin, Owner]),
    rule(P::KeyCreate, "key.create", true, &[Member, Admin, Owner]),
    rule(P::KeyChange, "key.change", true, &[Admin, Owner]),
    rule(P::KeyMove, "key.move", true, &[Admin, Owner]),
    rule(P::KeyExpose, "key.expose", true, &[System]),
    rule(P::KeyRotate, "key.rotate", true, &[Admin, Owner]),
    rule(P::KeyRollback, "key.rollback", true, &[Admin, Owner]),
    rule(P::RotationRun, "rotation.run", true, &[System]),
    rule(P::KeyDelete, "key.delete", true, &[Admin, Owner]),
    rule(P::KeyRestore, "key.restore", true, &[Admin, Owner]),
    rule(P::KeyReveal, "key.reveal", true, &[Member, Admin, Owner]),
    rule(P::KeyFetch, "key.fetch", true, &[TokenFetch]),
    rule(P::KeyTrack, "key.track", false, &[Member, Admin, Owner, TokenTrack]),
    rule(P::UsageRead, "usage.read", false, &[Viewer, Member, Admin, Owner]),
    rule(P::BudgetManage, "budget.manage", true, &[Admin, Owner]),
    rule(P::TokenCreate, "token.create", true, &[Admin, Owner]),
    rule(P::TokenRevoke, "token.revoke", true, &[Oneself, Admin, Owner]),
    rule(P::EventsHear, "events.hear", false, &[Stranger, System]),
    rule(P::EventsRelay, "events.relay", false, &[System]),
    rule(P::NoticeManage, "notice.manage", true, &[Oneself]),
    rule(P::NoticeSend, "notice.send", true, &[System]),
    rule(P::AlertRead, "alert.read", false, &[Viewer, Member, Admin, Owner]),
    rule(P::AlertHandle, "alert.handle", true, &[Member, Admin, Owner]),
    rule(P::AlertRuleManage, "alert_rule.manage", true, &[Admin, Owner]),
    rule(P::AlertRaise, "alert.raise", true, &[System]),
    rule(P::WebhookManage, "webhook.manage", true, &[Oneself, Admin, Owner]),
    rule(P::SupportAsk, "support.ask", true, &[Oneself]),
    rule(P::SupportAnswer, "support.answer", true, &[Operator]),
    rule(P::AuditRead, "audit.read", false, &[Oneself, Admin, Owner, Operator]),
    rule(P::AuditVerify, "audit.verify", false, &[Operator, System]),
    rule(P::AuditExport, "audit.export", true, &[Operator]),
    rule(P::AuditSign, "audit.sign", false, &[System]),
    rule(P::MetricsRead, "metrics.read", false, &[Operator, System]),
    rule(P::InstanceRun, "instance.run", true, &[System]),
    rule(P::InstanceAnnounce, "instance.announce", true, &[Operator]),
    rule(P::InstanceBackup, "instance.backup", true, &[System]),
    rule(P::InstanceRestore, "instance.restore", true, &[System]),
];

const fn rule(
    permission: Permission,
    name: &'static str,
    audited: bool,
    allowed: &'static [Standing],
) -> Rule {
    Rule { permission, name, audited, allowed }
}

impl Permission {
    /// This permission's row.
    pub fn rule(self) -> &'static Rule {
        // The table is in the order of the enum; a test holds that.
        &RULES[self as usize]
    }
}

/// Whether somebody who stands so may do this.
pub fn allows(permission: Permission, standing: Standing) -> bool {
    permission.rule().allowed.contains(&standing)
}

/// Every standing, in the table's order of columns.
pub const STANDINGS: [Standing; 10] =
    [Stranger, Oneself, Viewer, Member, Admin, Owner, Operator, TokenFetch, TokenTrack, System];

/// The table as text, for people who answer for it.
pub fn table() -> String {
    let mut text = format!("{:<20}", "");
    for standing in STANDINGS {
        let _ = write!(text, "{:>11}", format!("{standing:?}"));
    }
    text.push_str("    audited\n");
    for rule in RULES {
        let _ = write!(text, "{:<20}", rule.name);
        for standing in STANDINGS {
            let _ = write!(text, "{:>11}", if allows(rule.permission, standing) { "yes" } else { "-" });
        }
        let _ = writeln!(text, "{:>11}", if rule.audited { "yes" } else { "-" });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_stands_in_its_own_row() {
        for (row, rule) in RULES.iter().enumerate() {
            assert_eq!(rule.permission as usize, row, "{} is out of place", rule.name);
        }
    }

    #[test]
    fn the_table_reads_as_it_was_agreed() {
        insta::assert_snapshot!(table());
    }
}
