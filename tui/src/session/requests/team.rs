//! The screens' questions about teams: one service call each.

use keyward_keys::{Caller, Result, Service};

use crate::app::{TeamAnswer as A, TeamQuery};

pub(super) async fn answer(service: &Service, caller: &Caller, query: TeamQuery) -> Result<A> {
    Ok(match query {
        TeamQuery::Team(team) => A::Team(Box::new(service.team(caller, team).await?)),
        TeamQuery::Members(team) => A::Members(service.members(caller, team).await?),
        TeamQuery::Here(team) => A::Here(service.team_presence(caller, team).await?),
        TeamQuery::Invitations(team) => A::Invitations(service.invitations(caller, team).await?),
        TeamQuery::Create(new) => A::Team(Box::new(service.create_team(caller, new).await?)),
        TeamQuery::Change(team, patch) => A::Team(Box::new(service.update_team(caller, team, patch).await?)),
        TeamQuery::Delete(team) => {
            service.delete_team(caller, team).await?;
            A::Done
        }
        TeamQuery::Join(code) => A::Team(Box::new(service.join_team(caller, &code).await?)),
        TeamQuery::Invite { team, email, role } => {
            A::Invited(service.invite(caller, team, &email, role).await?)
        }
        TeamQuery::Withdraw { team, invitation } => {
            service.withdraw_invitation(caller, team, invitation).await?;
            A::Done
        }
        TeamQuery::Role { team, account, role } => {
            A::Member(Box::new(service.change_role(caller, team, account, role).await?))
        }
        TeamQuery::Remove { team, account } => {
            A::Departed(service.remove_member(caller, team, account).await?)
        }
        TeamQuery::Leave(team) => A::Departed(service.leave_team(caller, team).await?),
    })
}
