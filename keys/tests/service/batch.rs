//! Several changes in one commit: all of them or none.

use keyward_keys::input::{AuditQuery, Batch, BatchChange, KeyChange, KeyPatch, KeyQuery, KeyRef, NewTeam};
use keyward_keys::view::{BatchAction, BatchReport, KeyStatus};
use keyward_keys::{Caller, Custody, Environment, Error, Fault, Plan, Result, Role};

use crate::harness::{Instance, by_id, new_key, secret};

/// These changes, on lines from 1.
async fn make(instance: &Instance, caller: &Caller, changes: Vec<KeyChange>) -> Result<BatchReport> {
    let changes = (1..).zip(changes).map(|(line, change)| BatchChange { line, change }).collect();
    instance.service.batch(caller, Batch { changes, ..Batch::default() }).await
}

fn add(name: &str) -> KeyChange {
    KeyChange::Add(Box::new(new_key(name)))
}

fn edit(key: KeyRef, patch: KeyPatch) -> KeyChange {
    KeyChange::Edit(key, Box::new(patch))
}

fn off() -> KeyPatch {
    KeyPatch { status: Some(KeyStatus::Inactive), ..KeyPatch::default() }
}

#[track_caller]
fn faults(made: Result<BatchReport>) -> Vec<Fault> {
    match made {
        Err(Error::Invalid(faults)) => faults,
        other => panic!("{other:?}"),
    }
}

/// What was audited, the newest first.
async fn audited(instance: &Instance, caller: &Caller) -> Vec<String> {
    let query = AuditQuery { page: 1, limit: 100, action: Some("key".to_owned()), ..AuditQuery::default() };
    let page = instance.service.audit(caller, &query).await.expect("records");
    page.records.into_iter().map(|record| record.action).collect()
}

#[tokio::test]
async fn all_is_made_in_one_commit_and_each_change_has_its_record() {
    let instance = Instance::open().await;
    let (ana, _) = instance.person("ana", Plan::Pro).await;
    let (kept, gone, back) = (
        instance.add_key(&ana, "kept").await,
        instance.add_key(&ana, "gone").await,
        instance.add_key(&ana, "back").await,
    );
    instance.service.delete_key(&ana, &by_id(back.id), None).await.expect("deleted");
    let report = make(
        &instance,
        &ana,
        vec![
            add("new"),
            edit(KeyRef::Named("kept".to_owned(), None), off()),
            KeyChange::Delete(by_id(gone.id)),
            KeyChange::Restore(by_id(back.id)),
        ],
    )
    .await
    .expect("made");
    let done: Vec<_> = report.changes.iter().map(|one| (one.line, one.action)).collect();
    let [created, updated, deleted, restored] =
        [BatchAction::Created, BatchAction::Updated, BatchAction::Deleted, BatchAction::Restored];
    assert_eq!(done, [(1, created), (2, updated), (3, deleted), (4, restored)]);
    let keys: Vec<_> = report.changes.into_iter().map(|one| one.key.expect("a key")).collect();
    assert_eq!((keys[1].id, keys[1].status), (kept.id, KeyStatus::Inactive));
    assert!(keys[2].deleted_at.is_some() && keys[3].deleted_at.is_none());
    let one_commit = keys.iter().all(|key| key.revision == keys[0].revision);
    assert!(one_commit, "{:?}", keys.iter().map(|key| key.revision).collect::<Vec<_>>());
    let query = KeyQuery { page: 1, limit: 10, ..KeyQuery::default() };
    assert_eq!(instance.service.keys(&ana, &query).await.expect("keys").pagination.total, 3);
    let audited = audited(&instance, &ana).await;
    assert_eq!(audited[..4], ["key.restore", "key.delete", "key.change", "key.create"]);
}

#[tokio::test]
async fn when_one_is_wrong_every_fault_is_told_under_its_line_and_nothing_is_done() {
    let instance = Instance::open().await;
    let (ana, ben) = (instance.ana().await, instance.person("ben", Plan::Pro).await.0);
    let (one, bens) = (instance.add_key(&ana, "one").await, instance.add_key(&ben, "bens").await);
    let records = audited(&instance, &ana).await;
    let moved = KeyPatch { environment: Some(Environment::Production), ..KeyPatch::default() };
    let opened = KeyPatch { custody: Some(Custody::Automation), ..KeyPatch::default() };
    let long = KeyPatch { name: Some("x".repeat(200)), ..KeyPatch::default() };
    let told = faults(
        make(
            &instance,
            &ana,
            vec![
                add("fine"),
                add(""),
                edit(by_id(bens.id), off()),
                edit(by_id(one.id), off()),
                KeyChange::Delete(by_id(one.id)),
                edit(by_id(one.id), moved),
                edit(by_id(one.id), opened),
                edit(by_id(one.id), long),
                KeyChange::Restore(by_id(one.id)),
            ],
        )
        .await,
    );
    let expected = [
        ("lines/2", "name is empty"),
        ("lines/3", "no such key"),
        ("lines/5", "same key as line 4"),
        ("lines/6", "environment cannot change in a batch"),
        ("lines/7", "custody cannot change in a batch"),
        ("lines/8", "200 characters"),
        ("lines/9", "no such key"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (fault, (line, text)) in told.iter().zip(expected) {
        assert!(fault.field == line && fault.detail.contains(text), "{fault:?} is not {line}: {text}");
    }
    assert_eq!(audited(&instance, &ana).await, records, "nothing was done");
    let query = KeyQuery { page: 1, limit: 10, ..KeyQuery::default() };
    let keys = instance.service.keys(&ana, &query).await.expect("keys").keys;
    assert_eq!((keys.len(), keys[0].status), (1, KeyStatus::Active));

    let changes = vec![BatchChange { line: 3, change: add("fine") }];
    let faults_before = vec![Fault { field: "lines/2".into(), detail: "is nothing".into() }];
    let batch = Batch { changes, faults: faults_before, dry_run: false };
    assert_eq!(faults(instance.service.batch(&ana, batch).await)[0].field, "lines/2");
    let many = (0..1001).map(|n| add(&n.to_string())).collect();
    assert!(faults(make(&instance, &ana, many).await)[0].detail.contains("1000 is the most"));
    let slow = || {
        KeyChange::Add(Box::new(keyward_keys::input::NewKey {
            passphrase: Some(secret("long enough")),
            ..new_key("private")
        }))
    };
    assert!(
        faults(make(&instance, &ana, (0..101).map(|_| slow()).collect()).await)[0]
            .detail
            .contains("passphrase")
    );
    assert!(make(&instance, &ana, Vec::new()).await.expect("nothing").changes.is_empty());
}

#[tokio::test]
async fn the_role_decides_for_each_line_and_a_refusal_is_on_record() {
    let instance = Instance::open().await;
    let (ana, ben) = (instance.ana().await, instance.person("ben", Plan::Pro).await.0);
    let new = NewTeam { name: "team".to_owned(), ..NewTeam::default() };
    let team = instance.service.create_team(&ana, new).await.expect("a team").id;
    let issued = instance.service.invite(&ana, team, "ben@example.com", Role::Viewer).await.expect("invited");
    instance.service.join_team(&ben, &issued.code).await.expect("joined");
    let shared = keyward_keys::input::NewKey { team: Some(team), ..new_key("shared") };
    let shared = instance.service.create_key(&ana, shared).await.expect("a key");
    let told = faults(make(&instance, &ben, vec![add("own"), edit(by_id(shared.id), off())]).await);
    assert!(told.len() == 1 && told[0].field == "lines/2" && told[0].detail.contains("may not"), "{told:?}");
    let query = AuditQuery { page: 1, limit: 1, ..AuditQuery::default() };
    let record = &instance.service.audit(&ben, &query).await.expect("records").records[0];
    assert_eq!((record.action.as_str(), record.outcome), ("key.change", keyward_keys::Outcome::Refused));
    let elsewhere = keyward_keys::input::NewKey { team: Some(team), ..new_key("elsewhere") };
    let told = faults(make(&instance, &ana, vec![add("own"), KeyChange::Add(Box::new(elsewhere))]).await);
    assert!(told.len() == 1 && told[0].detail.contains("another space than line 1"), "{told:?}");

    // What goes to the bin is told to the others once.
    let second = keyward_keys::input::NewKey { team: Some(team), ..new_key("second") };
    let second = instance.service.create_key(&ana, second).await.expect("a key");
    let gone = [&shared, &second].map(|key| KeyChange::Delete(by_id(key.id)));
    make(&instance, &ana, gone.into()).await.expect("made");
    let query = keyward_keys::input::NotificationQuery { page: 1, limit: 10, unread: true };
    let notices = instance.service.notifications(&ben, &query).await.expect("notices").notifications;
    let told: Vec<_> =
        notices.iter().filter(|one| one.kind == "key_deleted").map(|one| one.message.as_str()).collect();
    assert_eq!(told, ["shared, second were moved to the bin, where they stay for 30 days"]);
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_the_plan_is_asked_for_all_of_the_new_keys() {
    let instance = Instance::with_room(2).await;
    let (ana, _) = instance.person("ana", Plan::Enterprise).await;
    let one = instance.add_key(&ana, "one").await;
    let changes = vec![
        BatchChange { line: 4, change: add("two") },
        BatchChange { line: 9, change: KeyChange::Delete(by_id(one.id)) },
    ];
    let report = instance.service.batch(&ana, Batch { changes, dry_run: true, ..Batch::default() }).await;
    let report = report.expect("a report");
    assert!(report.dry_run && report.changes[0].key.is_none());
    assert_eq!((report.changes[1].line, report.changes[1].key.as_ref().map(|key| key.id)), (9, Some(one.id)));
    assert!(instance.service.key(&ana, &by_id(one.id)).await.expect("there").deleted_at.is_none());
    assert!(matches!(
        make(&instance, &ana, vec![add("two"), add("three")]).await,
        Err(Error::PlanLimit { allowed: 2 })
    ));
    make(&instance, &ana, vec![add("two")]).await.expect("room for one");
}
