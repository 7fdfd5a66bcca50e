//! Teams: make, see, change, delete. Who belongs to them is `members`' and `invitations`'.

use keyward_store::model::{Environment, Id, Member, Purpose, Role, Space, SpaceKind};

use crate::caller::Caller;
use crate::clock::timestamp;
use crate::crypto;
use crate::error::{Error, Fault, Result};
use crate::event::Event;
use crate::input::{NewTeam, TeamPatch};
use crate::policy::Permission;
use crate::rotation::schedule::quiet_text;
use crate::service::Service;
use crate::service::access::{Target, authorise};
use crate::service::budgets;
use crate::service::change::Draft;
use crate::service::hours;
use crate::service::mirror::{Shared, Tables};
use crate::service::text::Faults;
use crate::service::vault;
use crate::service::webhooks;
use crate::view::{SealedAccess, TeamView};

/// Teams one person may belong to.
pub(crate) const MOST_TEAMS: usize = 200;

impl Service {
    /// Makes a team that the caller owns.
    pub async fn create_team(&self, caller: &Caller, new: NewTeam) -> Result<TeamView> {
        let account = caller.person()?;
        let TeamPatch { name, environments, monthly_budget, time_zone, quiet_hours } = checked(new.into())?;
        let name = name.ok_or_else(|| Error::invalid("name", "is missing"))?;
        let environments = environments.unwrap_or_else(|| Environment::ALL.to_vec());
        let id = crypto::random_id()?;
        self.change(caller, Permission::TeamCreate, Target::Instance, |tables, draft| {
            check_teams(tables, account)?;
            draft.object = Some(id);
            draft.space = Some(id);
            draft.batch.create(&Space {
                id,
                kind: SpaceKind::Team,
                name: name.clone(),
                created_ms: draft.now_ms,
                key: None,
                environments: environments.clone(),
            })?;
            draft.batch.create(&Member {
                space: id,
                account,
                role: Role::Owner,
                joined_ms: draft.now_ms,
                generation: 0,
            })?;
            if monthly_budget.is_some() {
                budgets::put(tables, draft, id, monthly_budget, None)?;
            }
            hours::put(tables, draft, id, time_zone.as_ref(), quiet_hours.as_ref())?;
            draft.events.push(Event::AccountChanged { account });
            Ok(())
        })
        .await?;
        self.team(caller, id).await
    }

    /// The teams the caller belongs to, by name.
    pub async fn teams(&self, caller: &Caller) -> Result<Vec<TeamView>> {
        let tables = self.mirror().read();
        let account = caller.person()?;
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        let mine = tables.memberships(account).iter();
        let mut teams: Vec<TeamView> = mine.filter_map(|member| team_view(&tables, &member.record)).collect();
        teams.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        Ok(teams)
    }

    /// One team.
    pub async fn team(&self, caller: &Caller, id: Id) -> Result<TeamView> {
        let tables = self.mirror().read();
        let account = caller.person()?;
        authorise(&tables, caller, Permission::TeamRead, Target::Space(id), None)?;
        let member = tables.membership(account, id).ok_or(Error::NotFound("team"))?;
        team_view(&tables, &member.record).ok_or(Error::NotFound("team"))
    }

    /// Changes what is given of a team.
    pub async fn update_team(&self, caller: &Caller, id: Id, patch: TeamPatch) -> Result<TeamView> {
        let TeamPatch { name, environments, monthly_budget, time_zone, quiet_hours } = checked(patch)?;
        self.change(caller, Permission::TeamChange, Target::Space(id), |tables, draft| {
            let old = team_row(tables, id)?;
            let mut record = old.record.clone();
            let mut set = Vec::new();
            if let Some(name) = &name {
                record.name.clone_from(name);
                set.push("name");
            }
            if let Some(environments) = &environments {
                check_keys_fit(tables, id, environments)?;
                record.environments.clone_from(environments);
                set.push("environments");
            }
            if monthly_budget.is_some() {
                set.extend(budgets::put(tables, draft, id, monthly_budget, None)?);
            }
            if time_zone.is_some() || quiet_hours.is_some() {
                set.extend(hours::put(tables, draft, id, time_zone.as_ref(), quiet_hours.as_ref())?);
            }
            draft.object = Some(id);
            draft.space = Some(id);
            draft.detail = set.join(", ");
            draft.batch.replace(old, &record)?;
            tell_members(tables, draft, id);
            Ok(())
        })
        .await?;
        self.follow_hours().await;
        self.team(caller, id).await
    }

    /// Deletes a team that has no keys.
    pub async fn delete_team(&self, caller: &Caller, id: Id) -> Result<()> {
        self.change(caller, Permission::TeamDelete, Target::Space(id), |tables, draft| {
            let team = team_row(tables, id)?;
            let keys = tables.keys.space(id).map_or(0, |keys| keys.len());
            if keys > 0 {
                return Err(Error::Conflict(format!(
                    "the team still has {keys} keys; move them to another space or delete them first"
                )));
            }
            draft.object = Some(id);
            draft.space = Some(id);
            draft.batch.remove(team);
            webhooks::end_all(tables, draft, id);
            budgets::forget(draft, id);
            budgets::forget_tags(tables, draft, id);
            hours::forget(tables, draft, id);
            for member in tables.members_of(id) {
                vault::remove_locks(draft, &team.record, member.record.account);
                super::granted::end_by(tables, draft, member.record.account, id)?;
                draft.batch.remove(member);
            }
            for invitation in tables.invitations.values() {
                if matches!(invitation.record.purpose, Purpose::Team { space, .. } if space == id) {
                    draft.batch.remove(invitation);
                }
            }
            tell_members(tables, draft, id);
            Ok(())
        })
        .await
    }
}

/// A space that is a team's.
pub(crate) fn team_row(tables: &Tables, id: Id) -> Result<&Shared<Space>> {
    tables.spaces.get(&id).filter(|row| row.record.kind == SpaceKind::Team).ok_or(Error::NotFound("team"))
}

/// One more team is not too many for this person.
pub(crate) fn check_teams(tables: &Tables, account: Id) -> Result<()> {
    // The personal space is one of the memberships.
    if tables.memberships(account).len() > MOST_TEAMS {
        return Err(Error::Conflict(format!("one person belongs to at most {MOST_TEAMS} teams")));
    }
    Ok(())
}

/// Tells every member's open sessions to look again.
pub(crate) fn tell_members(tables: &Tables, draft: &mut Draft, space: Id) {
    let accounts = tables.members_of(space).map(|member| member.record.account);
    draft.events.extend(accounts.map(|account| Event::AccountChanged { account }));
}

/// Whether a member can open what is sealed to their space.
pub(crate) fn sealed_access(tables: &Tables, member: &Member) -> SealedAccess {
    let key = tables.spaces.get(&member.space).and_then(|space| space.record.key);
    let own = tables.accounts.get(&member.account).is_some_and(|row| row.record.public_key.is_some());
    match (vault::holds_keys(member.role), own, key) {
        (false, ..) => SealedAccess::None,
        (true, false, _) => SealedAccess::NoPassphrase,
        (true, true, Some(key)) if key.generation != member.generation => SealedAccess::Pending,
        (true, true, _) => SealedAccess::Open,
    }
}

fn team_view(tables: &Tables, member: &Member) -> Option<TeamView> {
    let space = &team_row(tables, member.space).ok()?.record;
    let generation = space.key.map_or(0, |key| key.generation);
    let newcomers = tables
        .members_of(space.id)
        .filter(|member| sealed_access(tables, &member.record) == SealedAccess::Pending);
    Some(TeamView {
        id: space.id,
        name: space.name.clone(),
        role: member.role,
        environments: space.environments.clone(),
        members: tables.members_of(space.id).count() as u64,
        keys: tables.keys.space(space.id).map_or(0, |keys| keys.len() as u64),
        access: sealed_access(tables, member),
        rekeying: tables.keys.behind(space.id, generation).count() as u64,
        newcomers: newcomers.count() as u64,
        monthly_budget: budgets::of(tables, space.id),
        time_zone: hours::zone_of(tables, space.id).map(str::to_owned),
        quiet_hours: hours::quiet_of(tables, space.id).map(quiet_text),
        created_at: timestamp(space.created_ms),
    })
}

impl NewTeam {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of(checked(self.clone().into()))
    }
}

impl From<NewTeam> for TeamPatch {
    fn from(new: NewTeam) -> Self {
        Self {
            name: Some(new.name),
            environments: new.environments,
            monthly_budget: new.monthly_budget.map(Some),
            time_zone: new.time_zone.map(Some),
            quiet_hours: new.quiet_hours.map(Some),
        }
    }
}

impl TeamPatch {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        Faults::of(checked(self.clone()))
    }
}

/// What is given of a team, normalised.
fn checked(patch: TeamPatch) -> Result<TeamPatch> {
    let mut faults = Faults::default();
    let name = patch.name.map(|name| faults.line("name", &name, 1, 100));
    let environments = patch.environments.map(|given| check_environments(&mut faults, given));
    budgets::check(&mut faults, patch.monthly_budget.flatten());
    let (time_zone, quiet) = (patch.time_zone.as_ref(), patch.quiet_hours.as_ref());
    hours::check(&mut faults, time_zone.and_then(Option::as_deref), quiet.and_then(Option::as_deref));
    faults.check()?;
    Ok(TeamPatch { name, environments, ..patch })
}

fn check_environments(faults: &mut Faults, mut environments: Vec<Environment>) -> Vec<Environment> {
    if environments.is_empty() {
        faults.add("environments", "names none; name at least one of development, staging, production");
    }
    environments.sort_unstable();
    environments.dedup();
    environments
}

/// No key of the team is left outside its environments.
fn check_keys_fit(tables: &Tables, team: Id, environments: &[Environment]) -> Result<()> {
    let keys = tables.keys.space(team).into_iter().flat_map(|keys| keys.newest());
    let rows = keys.filter_map(|(_, id)| tables.keys.get(id));
    let outside = rows.filter(|row| !environments.contains(&row.record.environment)).count();
    if outside > 0 {
        return Err(Error::Conflict(format!(
            "{outside} keys are for another environment; change or move them first"
        )));
    }
    Ok(())
}
