//! Who else there is in the demo: two teams with their people, an invitation that waits, rules that look at the teams'
//! keys; and, while it runs, who is connected.

use std::iter::repeat_with;

use keyward_keys::input::{
    AddedAccount, NewAccount, NewAlertRule, NewTeam, PreferencesChange, ProfileChange,
};
use keyward_keys::view::SessionKind;
use keyward_keys::{AlertCondition, Caller, Id, NoticeKind, Plan, Presence, Role, Service};
use secrecy::SecretString;

use super::sample::SampleKey;

/// Name, login, and the role in each of the teams.
const PEOPLE: [(&str, &str, [Option<Role>; 2]); 4] = [
    ("Ben Okafor", "ben", [Some(Role::Admin), Some(Role::Viewer)]),
    ("Mei Tanaka", "mei", [Some(Role::Member), None]),
    ("Lena Vogel", "lena", [None, Some(Role::Admin)]),
    ("Chidi Eze", "chidi", [None, Some(Role::Member)]),
];

/// The teams, and the tag that their keys bear.
pub(super) const TEAMS: [(&str, &str); 2] = [("Shop", "shop"), ("Assistant", "assistant")];

/// Makes the people, and the teams as `ana` would, who owns them; answers the teams' ids.
pub(super) async fn gather(
    service: &Service,
    system: &Caller,
    ana: &Caller,
) -> keyward_keys::Result<[Id; TEAMS.len()]> {
    for (name, login, _) in PEOPLE {
        let account = NewAccount {
            name: name.to_owned(),
            email: email(login),
            // Nobody signs in with it.
            password: SecretString::from(repeat_with(fastrand::alphanumeric).take(20).collect::<String>()),
            code: None,
            ssh_key: None,
        };
        service.add_account(system, AddedAccount { account, operator: false, plan: Plan::Pro }).await?;
        share_viewing(service, &service.account_caller(system, login)?).await?;
    }
    share_viewing(service, ana).await?;
    let mut ids = [Id::default(); TEAMS.len()];
    for (at, (name, _)) in TEAMS.into_iter().enumerate() {
        let new = NewTeam { name: name.to_owned(), ..NewTeam::default() };
        let team = service.create_team(ana, new).await?.id;
        for (_, login, roles) in PEOPLE {
            if let Some(role) = roles[at] {
                let issued = service.invite(ana, team, &email(login), role).await?;
                service.join_team(&service.account_caller(system, login)?, &issued.code).await?;
            }
        }
        ids[at] = team;
    }
    Ok(ids)
}

/// What is recent: somebody who has yet to join, and rules that look at the teams' keys.
pub(super) async fn latest(service: &Service, ana: &Caller, teams: [Id; 2]) -> keyward_keys::Result<()> {
    service.invite(ana, teams[0], &email("liam"), Role::Member).await?;
    for (name, condition, team, threshold) in [
        ("Failing calls", AlertCondition::ErrorRate, teams[0], 6),
        ("Slow answers", AlertCondition::LatencyP95, teams[1], 4_000),
        ("Nobody calls", AlertCondition::NoTraffic, teams[0], 60),
    ] {
        let (name, condition, threshold) = (name.to_owned(), Some(condition), Some(threshold));
        let new = NewAlertRule {
            name,
            condition,
            threshold,
            team: Some(team),
            api_key_id: None,
            recovery: None,
            window: None,
            enabled: None,
        };
        service.create_alert_rule(ana, &new).await?;
    }
    service.read_all_notifications(ana).await?;
    // Calls come in haste here, so every key would be unusual.
    let preferences =
        PreferencesChange { muted: Some(vec![NoticeKind::Anomaly]), ..PreferencesChange::default() };
    service.change_profile(ana, ProfileChange { preferences, ..ProfileChange::default() }).await?;
    Ok(())
}

/// Two of them are connected, and look at keys.
pub(super) fn connected(
    service: &Service,
    system: &Caller,
    keys: &[SampleKey],
) -> keyward_keys::Result<Vec<Presence>> {
    let places = [("ben", "product-search"), ("lena", "assistant-chat")];
    places.into_iter().map(|(login, key)| look_at(service, system, login, keys, key)).collect()
}

fn look_at(
    service: &Service,
    system: &Caller,
    login: &str,
    keys: &[SampleKey],
    key: &str,
) -> keyward_keys::Result<Presence> {
    let person = service.enter(&service.account_caller(system, login)?, SessionKind::Dashboard, "OpenSSH")?;
    let key = keys.iter().find(|one| one.is_called(key)).map(|one| one.id);
    service.viewing(person.caller(), Some(("keys", key)))?;
    Ok(person)
}

async fn share_viewing(service: &Service, person: &Caller) -> keyward_keys::Result<()> {
    let preferences = PreferencesChange { share_viewing: Some(true), ..PreferencesChange::default() };
    service.change_profile(person, ProfileChange { preferences, ..ProfileChange::default() }).await?;
    Ok(())
}

fn email(login: &str) -> String {
    format!("{login}@example.com")
}
