//! Questions about teams, and what comes of them.

use keyward_keys::input::{NewTeam, TeamPatch};
use keyward_keys::view::{Departure, InvitationView, IssuedInvitation, MemberView, PresentView, TeamView};
use keyward_keys::{Id, Role};
use secrecy::SecretString;

/// A question about teams; each is the call of `Service` that is named.
pub enum TeamQuery {
    /// `team`, answered by [`TeamAnswer::Team`].
    Team(Id),
    /// `members`, answered by [`TeamAnswer::Members`].
    Members(Id),
    /// `team_presence`, answered by [`TeamAnswer::Here`].
    Here(Id),
    /// `invitations`, answered by [`TeamAnswer::Invitations`].
    Invitations(Id),
    /// `create_team`, answered by [`TeamAnswer::Team`].
    Create(NewTeam),
    /// `update_team`, answered by [`TeamAnswer::Team`].
    Change(Id, TeamPatch),
    /// `delete_team`, answered by [`TeamAnswer::Done`].
    Delete(Id),
    /// `join_team`, answered by [`TeamAnswer::Team`].
    Join(SecretString),
    /// `invite`, answered by [`TeamAnswer::Invited`].
    Invite {
        /// To which team.
        team: Id,
        /// Whom.
        email: String,
        /// As what.
        role: Role,
    },
    /// `withdraw_invitation`, answered by [`TeamAnswer::Done`].
    Withdraw {
        /// Of which team.
        team: Id,
        /// Which invitation.
        invitation: Id,
    },
    /// `change_role`, answered by [`TeamAnswer::Member`].
    Role {
        /// In which team.
        team: Id,
        /// Whose.
        account: Id,
        /// The new one.
        role: Role,
    },
    /// `remove_member`, answered by [`TeamAnswer::Departed`].
    Remove {
        /// From which team.
        team: Id,
        /// Whom.
        account: Id,
    },
    /// `leave_team`, answered by [`TeamAnswer::Departed`].
    Leave(Id),
}

/// What came of a question about teams.
pub enum TeamAnswer {
    /// One team.
    Team(Box<TeamView>),
    /// The members of a team.
    Members(Vec<MemberView>),
    /// Who of a team is connected.
    Here(Vec<PresentView>),
    /// The invitations that are open.
    Invitations(Vec<InvitationView>),
    /// A new invitation with its code.
    Invited(IssuedInvitation),
    /// A member with a new role.
    Member(Box<MemberView>),
    /// Somebody left; what they leave behind.
    Departed(Departure),
    /// It was done.
    Done,
}
