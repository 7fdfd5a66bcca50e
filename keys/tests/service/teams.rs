//! Teams: made, kept, deleted. What other tests of teams begin with.

use keyward_keys::input::{
    KeyPatch, NewKey, NewTeam, NewWebhook, PreferencesChange, ProfileChange, Reveal, TimingPatch,
};
use keyward_keys::view::{KeyView, SessionKind, TeamView};
use keyward_keys::{Caller, Error, Id, Plan, Role};
use secrecy::ExposeSecret;

use crate::harness::{Instance, by_id, new_key};

pub(crate) async fn team(instance: &Instance, owner: &Caller) -> TeamView {
    let new = NewTeam { name: "Payments".to_owned(), ..NewTeam::default() };
    instance.service.create_team(owner, new).await.expect("a team")
}

/// A new person who joined the team.
pub(crate) async fn joined(
    instance: &Instance,
    owner: &Caller,
    team: Id,
    login: &str,
    role: Role,
) -> (Caller, Id) {
    let (caller, user) = instance.person(login, Plan::Free).await;
    let issued = instance.service.invite(owner, team, &user.email, role).await.expect("invited");
    instance.service.join_team(&caller, &issued.code).await.expect("joined");
    (caller, user.id)
}

pub(crate) async fn team_key(instance: &Instance, caller: &Caller, team: Id, name: &str) -> KeyView {
    let new = NewKey { team: Some(team), ..new_key(name) };
    instance.service.create_key(caller, new).await.expect("a key")
}

pub(crate) async fn reveal(instance: &Instance, caller: &Caller, key: &KeyView) -> Result<String, Error> {
    let revealed = instance.service.reveal(caller, &by_id(key.id), Reveal::default()).await?;
    Ok(revealed.value.expose_secret().to_owned())
}

#[tokio::test]
async fn a_team_keeps_an_owner_and_is_deleted_when_it_is_empty() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let ana_id = service.me(&ana).await.expect("me").id;
    let team = team(&instance, &ana).await;
    let (bob, bob_id) = joined(&instance, &ana, team.id, "bob", Role::Admin).await;
    assert!(matches!(service.leave_team(&ana, team.id).await, Err(Error::Conflict(_))));
    assert!(matches!(service.change_role(&ana, team.id, ana_id, Role::Admin).await, Err(Error::Conflict(_))));
    service.change_role(&ana, team.id, bob_id, Role::Owner).await.expect("an owner");
    service.leave_team(&ana, team.id).await.expect("left");
    assert!(matches!(service.team(&ana, team.id).await, Err(Error::NotFound("team"))));
    let key = team_key(&instance, &bob, team.id, "Stripe").await;
    assert!(matches!(service.delete_team(&bob, team.id).await, Err(Error::Conflict(_))));
    let home = KeyPatch { team: Some(None), ..KeyPatch::default() };
    let moved = service.update_key(&bob, &by_id(key.id), home, None).await.expect("moved");
    assert_eq!(moved.team, None);
    service.delete_team(&bob, team.id).await.expect("deleted");
    assert!(service.teams(&bob).await.expect("listed").is_empty());
}

#[tokio::test]
async fn members_see_who_of_their_team_is_here_and_nobody_else() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let ana_id = service.me(&ana).await.expect("me").id;
    let team = team(&instance, &ana).await;
    let (bob, bob_id) = joined(&instance, &ana, team.id, "bob", Role::Viewer).await;
    let (carol, _) = instance.person("carol", Plan::Free).await;
    assert!(service.team_presence(&bob, team.id).await.expect("seen").is_empty());
    let _stranger = service.enter(&carol, SessionKind::Dashboard, "").expect("listed");
    let _first = service.enter(&ana, SessionKind::Dashboard, "").expect("listed");
    instance.clock.set(crate::harness::NOON + 5_000);
    let _again = service.enter(&ana, SessionKind::Plain, "").expect("listed");
    let here = service.enter(&bob, SessionKind::Command, "").expect("listed");
    let seen = service.team_presence(&bob, team.id).await.expect("seen");
    let who: Vec<_> = seen.iter().map(|one| (one.user_id, one.kinds.len())).collect();
    assert_eq!(who, [(ana_id, 2), (bob_id, 1)]);
    assert_eq!(seen[0].since.as_millisecond(), crate::harness::NOON, "since the first of them");
    assert!(matches!(service.team_presence(&carol, team.id).await, Err(Error::NotFound("team"))));
    drop(here);
    assert_eq!(service.team_presence(&bob, team.id).await.expect("seen").len(), 1);
    service.sign_out_everywhere(&ana).await.expect("signed out");
    assert!(service.team_presence(&bob, team.id).await.expect("seen").is_empty());
}

#[tokio::test]
async fn what_one_views_is_seen_once_one_shares_it_and_by_those_who_may_see_it() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (bob, _) = joined(&instance, &ana, team.id, "bob", Role::Viewer).await;
    let shared = team_key(&instance, &ana, team.id, "Stripe").await;
    let own = service.create_key(&ana, new_key("My own")).await.expect("made");
    let open = service.enter(&ana, SessionKind::Dashboard, "").expect("listed");
    let seen = async |caller: &Caller| {
        let here = service.team_presence(caller, team.id).await.expect("seen");
        here[0].viewing.as_ref().map(|one| (one.page, one.name.clone(), one.api_key_id))
    };
    let share = async |share_viewing| {
        let preferences =
            PreferencesChange { share_viewing: Some(share_viewing), ..PreferencesChange::default() };
        let change = ProfileChange { preferences, ..ProfileChange::default() };
        service.change_profile(&ana, change).await.expect("changed").preferences.share_viewing
    };
    service.viewing(open.caller(), Some(("keys", Some(shared.id)))).expect("noted");
    assert_eq!(seen(&bob).await, None, "nothing is shared unasked");
    assert!(share(true).await && service.me(&ana).await.expect("me").preferences.share_viewing);
    assert_eq!(seen(&bob).await, Some(("keys", Some("Stripe".to_owned()), Some(shared.id))));
    service.viewing(open.caller(), Some(("keys", Some(own.id)))).expect("noted");
    assert_eq!(seen(&bob).await, Some(("keys", None, None)), "not by the name of what bob may not see");
    assert_eq!(seen(&ana).await, Some(("keys", Some("My own".to_owned()), Some(own.id))));
    instance.clock.set(crate::harness::NOON + 5_000);
    let later = service.enter(&ana, SessionKind::Dashboard, "").expect("listed");
    service.viewing(later.caller(), Some(("usage", None))).expect("noted");
    assert_eq!(seen(&bob).await, Some(("usage", None, None)), "where ana turned to last");
    service.viewing(later.caller(), None).expect("noted");
    assert_eq!(seen(&bob).await, Some(("keys", None, None)), "a locked screen shows nothing");
    assert!(!share(false).await);
    assert_eq!(seen(&bob).await, None);
}

#[tokio::test]
async fn names_are_told_of_what_one_may_know() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let ana_id = service.me(&ana).await.expect("me").id;
    let team = team(&instance, &ana).await;
    let key = team_key(&instance, &ana, team.id, "Stripe").await;
    let (bob, bob_id) = joined(&instance, &ana, team.id, "bob", Role::Viewer).await;
    let (carol, user) = instance.person("carol", Plan::Free).await;
    let carol_id = user.id;
    let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    let laptop = service.add_ssh_key(&bob, "laptop", line).await.expect("added").id;
    let invited = service.invite(&ana, team.id, "dan@example.com", Role::Viewer).await.expect("invited");
    let invitation = invited.invitation.id;
    let hook = NewWebhook {
        name: "pager".to_owned(),
        url: "https://example.com/in".to_owned().into(),
        events: None,
        format: None,
        team: Some(team.id),
        timing: TimingPatch::default(),
    };
    let (hook, _) = service.create_webhook(&ana, hook).await.expect("made");
    let ids =
        [key.id, carol_id, ana_id, team.id, bob_id, Id::from_bytes([7; 12]), laptop, invitation, hook.id];
    let told = |named: Vec<(Id, String)>| named.into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    let to_bob = service.names_of(&bob, &ids).await.expect("told");
    assert_eq!(to_bob[0], (key.id, "Stripe".to_owned()));
    assert_eq!(told(to_bob), [key.id, ana_id, team.id, bob_id, laptop], "one's own SSH keys, too");
    let to_ana = service.names_of(&ana, &ids).await.expect("told");
    assert!(
        to_ana.contains(&(invitation, "dan@example.com".to_owned())),
        "who invites knows whom: {to_ana:?}"
    );
    assert!(to_ana.contains(&(hook.id, "pager".to_owned())), "{to_ana:?}");
    assert_eq!(told(service.names_of(&carol, &ids).await.expect("told")), [carol_id]);
}
