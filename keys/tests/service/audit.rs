//! The audit chain: who sees what of it, and that nothing can be changed in it unnoticed.

use keyward_keys::crypto::random_batch_id;
use keyward_keys::input::{AddedAccount, AuditQuery, CheckpointQuery, KeyPatch, Reveal};
use keyward_keys::service::AuditFault;
use keyward_keys::view::AuditPage;
use keyward_keys::{Caller, Door, Error, Origin, Outcome, Plan, RequestId};
use keyward_store::model::{AuditRecord, Checkpoint};
use keyward_store::{Batch, Op, Record};

use crate::harness::{Instance, NOON, ORIGIN, by_id, new_account, secret};

fn query() -> AuditQuery {
    AuditQuery { page: 1, limit: 100, ..AuditQuery::default() }
}

fn actions(page: &AuditPage) -> Vec<&str> {
    page.records.iter().map(|record| record.action.as_str()).collect()
}

async fn operator(instance: &Instance) -> Caller {
    let added = AddedAccount { account: new_account("root"), operator: true, plan: Plan::Pro };
    instance.service.add_account(&instance.system(), added).await.expect("added");
    instance.service.sign_in(ORIGIN, "root", secret("correct horse")).await.expect("signed in")
}

/// An instance whose chain has some ten records.
async fn instance() -> Instance {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    for number in 0..4 {
        let key = instance.add_key(&ana, &format!("Key {number}")).await;
        instance.service.reveal(&ana, &by_id(key.id), Reveal::default()).await.expect("revealed");
    }
    instance
}

async fn fault(instance: &Instance, given: Option<&str>) -> Option<AuditFault> {
    instance.service.verify_audit(&instance.system(), given).await.expect("verified").fault
}

/// The chain's rows, as they are kept: hash and body.
async fn rows(instance: &Instance) -> Vec<Vec<u8>> {
    use base64::Engine;
    let mut export = instance.service.export_audit(&operator(instance).await).await.expect("begun");
    let mut rows = Vec::new();
    loop {
        let lines = export.next().await.expect("exported");
        if lines.is_empty() {
            return rows;
        }
        rows.extend(lines.iter().map(|line| {
            let body = base64::engine::general_purpose::STANDARD.decode(&line.body).expect("base64");
            [hex::decode(&line.hash).expect("hex"), body].concat()
        }));
    }
}

fn row(number: u64, value: Vec<u8>) -> Op {
    Op::Put(AuditRecord::LOG, number.to_be_bytes().to_vec(), value.into())
}

fn batch(ops: impl IntoIterator<Item = Op>) -> Batch {
    let mut batch = Batch::new(random_batch_id().expect("an id"));
    for op in ops {
        batch.op(op);
    }
    batch
}

#[tokio::test]
async fn each_byte_of_a_record_counts() {
    let mut instance = instance().await;
    let rows = rows(&instance).await;
    let good = rows[4].clone();
    for at in [0, 31, 32, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        instance = instance.tamper(batch([row(5, bad)])).await;
        assert_eq!(fault(&instance, None).await, Some(AuditFault::Altered { record: 5 }), "byte {at}");
        instance = instance.tamper(batch([row(5, good.clone())])).await;
        assert_eq!(fault(&instance, None).await, None);
    }
    assert_eq!(
        AuditFault::Altered { record: 5 }.to_string(),
        "record 5 does not follow from record 4: it was altered, moved or put in"
    );
}

#[tokio::test]
async fn a_record_that_is_dropped_or_moved_is_named() {
    let rows = rows(&instance().await).await;
    let instance = instance().await.tamper(batch([Op::Del(AuditRecord::LOG, 5_u64.to_be_bytes().to_vec())]));
    let dropped = fault(&instance.await, None).await.expect("a fault");
    assert_eq!(dropped, AuditFault::Missing { record: 5, found: 6 });
    assert_eq!(dropped.to_string(), "record 5 is missing: record 6 does not follow from record 4");

    let swapped = batch([row(5, rows[5].clone()), row(6, rows[4].clone())]);
    let instance = self::instance().await.tamper(swapped).await;
    assert_eq!(fault(&instance, None).await, Some(AuditFault::Altered { record: 5 }));
}

#[tokio::test]
async fn a_chain_that_was_cut_is_noticed_by_its_checkpoint() {
    let instance = instance().await;
    let system = instance.system();
    assert!(instance.service.sign_audit(&system).await.expect("signed") > 8);
    assert_eq!(instance.service.sign_audit(&system).await.expect("nothing new"), 0);
    let page = instance
        .service
        .audit_checkpoints(&system, CheckpointQuery { page: 1, limit: 20 })
        .await
        .expect("listed");
    let checkpoint = &page.checkpoints[0];
    let (size, note) = (checkpoint.size, checkpoint.note.clone());
    let summary = instance.service.verify_audit(&system, Some(&note)).await.expect("verified");
    assert_eq!((summary.records, summary.checkpoints, summary.fault), (size, 2, None));

    let last = |number: u64| Op::Del(AuditRecord::LOG, number.to_be_bytes().to_vec());
    let instance = instance.tamper(batch([last(size), last(size - 1)])).await;
    let cut = fault(&instance, None).await.expect("a fault");
    assert_eq!(cut, AuditFault::Cut { records: size - 2, signed: size });
    assert_eq!(
        instance.service.sign_audit(&instance.system()).await.expect("looked"),
        0,
        "a new checkpoint would hide it"
    );
    // Whoever drops the checkpoint too is found out by the one that was kept elsewhere.
    let both = batch([Op::Del(Checkpoint::TABLE, Checkpoint::row_key(size))]);
    let instance = instance.tamper(both).await;
    assert_eq!(fault(&instance, None).await, None);
    assert_eq!(fault(&instance, Some(&note)).await, Some(cut));
    // And who lets the log grow again, too.
    for _ in 0..3 {
        let _ = instance.service.sign_in(ORIGIN, "ana", secret("correct horse")).await.expect("signed in");
    }
    assert_eq!(fault(&instance, Some(&note)).await, Some(AuditFault::Rewritten { record: size }));
}

#[tokio::test]
async fn only_this_instance_s_checkpoints_count() {
    let (instance, other) = (instance().await, instance().await);
    other.service.sign_audit(&other.system()).await.expect("signed");
    let page = other
        .service
        .audit_checkpoints(&other.system(), CheckpointQuery { page: 1, limit: 20 })
        .await
        .expect("listed");
    let foreign = &page.checkpoints[0].note;
    assert_eq!(fault(&instance, Some(foreign)).await, Some(AuditFault::Forged { size: None }));
    assert_eq!(fault(&instance, Some("no note at all")).await, Some(AuditFault::Forged { size: None }));
}

#[tokio::test]
async fn a_checkpoint_is_due_after_many_records() {
    let instance = Instance::open().await;
    let (ana, _) = instance.person("ana", Plan::Enterprise).await;
    let due = instance.service.audit_unsigned();
    tokio::pin!(due);
    let key = instance.add_key(&ana, "Billing").await;
    for number in 0..253 {
        let patch = KeyPatch { description: Some(format!("{number}")), ..KeyPatch::default() };
        instance.service.update_key(&ana, &by_id(key.id), patch, None).await.expect("changed");
    }
    tokio::time::timeout(std::time::Duration::from_secs(10), due).await.expect("256 records are enough");
    assert_eq!(instance.service.sign_audit(&instance.system()).await.expect("signed"), 256);
}

#[tokio::test]
async fn old_checkpoints_are_thinned_to_the_last_of_a_day() {
    let instance = Instance::open().await;
    let (ana, _) = instance.person("ana", Plan::Enterprise).await;
    let key = by_id(instance.add_key(&ana, "Billing").await.id);
    let sign = async |at_ms| {
        instance.clock.set(at_ms);
        let patch = KeyPatch { description: Some(at_ms.to_string()), ..KeyPatch::default() };
        instance.service.update_key(&ana, &key, patch, None).await.expect("changed");
        instance.service.sign_audit(&instance.system()).await.expect("signed");
    };
    for minute in 0..135 {
        sign(NOON + i64::from(minute) * 60_000).await;
    }
    let page = instance
        .service
        .audit_checkpoints(&instance.system(), CheckpointQuery { page: 1, limit: 1 })
        .await
        .expect("listed");
    assert!((128..=130).contains(&page.pagination.total), "{}", page.pagination.total);
    assert_eq!(fault(&instance, None).await, None);
}

#[tokio::test]
async fn everybody_sees_what_is_theirs_and_operators_see_all() {
    let instance = Instance::open().await;
    let service = &instance.service;
    let ana = instance.ana().await;
    let (bob, _) = instance.person("bob", Plan::Free).await;
    let key = instance.add_key(&ana, "Billing").await;
    service.reveal(&ana, &by_id(key.id), Reveal::default()).await.expect("revealed");
    assert!(service.reveal(&bob, &by_id(key.id), Reveal::default()).await.is_err());

    let of_ana = service.audit(&ana, &query()).await.expect("listed");
    assert_eq!(actions(&of_ana)[..2], ["key.reveal", "key.create"]);
    assert!(of_ana.records.iter().all(|record| record.actor != bob.account()));
    let of_bob = service.audit(&bob, &query()).await.expect("listed");
    assert!(of_bob.records.iter().all(|record| record.object != Some(key.id)), "{of_bob:?}");
    assert!(!of_bob.records.is_empty());
    let refused = service.key_audit(&bob, &by_id(key.id), query()).await;
    assert!(matches!(refused, Err(Error::NotFound("key"))));
    let of_key = service.key_audit(&ana, &by_id(key.id), query()).await.expect("listed");
    assert_eq!(actions(&of_key), ["key.reveal", "key.create"]);

    let root = operator(&instance).await;
    let all = service.audit(&root, &query()).await.expect("listed");
    let numbers: Vec<u64> = all.records.iter().map(|record| record.seq).collect();
    assert_eq!(numbers, (1..=all.pagination.total).rev().collect::<Vec<_>>());
    assert!(all.pagination.total > of_ana.pagination.total + of_bob.pagination.total);
}

#[tokio::test]
async fn records_are_filtered_and_paged() {
    let instance = instance().await;
    let service = &instance.service;
    let root = operator(&instance).await;
    let list = async |query: AuditQuery| service.audit(&root, &query).await.expect("listed");
    let created = list(AuditQuery { action: Some("key.create".to_owned()), ..query() }).await;
    assert_eq!((created.records.len(), created.pagination.total), (4, 4));
    let nouns = list(AuditQuery { action: Some("key".to_owned()), ..query() }).await;
    assert_eq!(nouns.pagination.total, 8);
    let second = list(AuditQuery { action: Some("key".to_owned()), page: 2, limit: 3, ..query() }).await;
    assert_eq!((second.records.as_slice(), second.pagination.pages), (&nouns.records[3..6], 3));
    let past = list(AuditQuery { page: 9, ..query() }).await;
    assert!(past.records.is_empty() && past.pagination.total > 8);
    let plain = list(AuditQuery { page: 2, limit: 3, ..query() }).await;
    let every = list(AuditQuery { door: None, ..query() }).await;
    assert_eq!(plain.records, every.records[3..6]);
    let by_system = list(AuditQuery { actor: Some("system".to_owned()), ..query() }).await;
    assert!(!by_system.records.is_empty() && by_system.records.iter().all(|record| record.actor.is_none()));
    let actor = nouns.records[0].actor.expect("ana").to_string();
    let by_ana = list(AuditQuery { actor: Some(actor), outcome: Some(Outcome::Done), ..query() }).await;
    assert!(by_ana.pagination.total >= 8);
    let object = nouns.records[0].object;
    assert_eq!(list(AuditQuery { object, ..query() }).await.pagination.total, 2);
    let at = nouns.records[0].timestamp;
    assert_eq!(list(AuditQuery { to: Some(at), ..query() }).await.pagination.total, 0);
    assert!(list(AuditQuery { from: Some(at), ..query() }).await.pagination.total > 8);
    assert_eq!(list(AuditQuery { door: Some(Door::Ssh), ..query() }).await.pagination.total, 0);

    let bad = AuditQuery { page: 0, limit: 101, action: Some("ke".to_owned()), ..query() };
    let Err(Error::Invalid(faults)) = service.audit(&root, &bad).await else { panic!("all are wrong") };
    assert_eq!(
        faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(),
        ["page", "limit", "action"]
    );
}

#[tokio::test]
async fn a_record_names_the_request_it_was_asked_for_in() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let origin = Origin { request: RequestId::parse("r-42"), ..ORIGIN };
    let named = instance.service.sign_in(origin, "ana", secret("correct horse")).await.expect("signed in");
    instance.add_key(&named, "Billing").await;
    instance.add_key(&ana, "Other").await;
    let wanted = AuditQuery { request: Some("r-42".to_owned()), ..query() };
    let page = instance.service.audit(&ana, &wanted).await.expect("listed");
    assert_eq!(actions(&page), ["key.create", "session.manage"]);
    assert!(page.records.iter().all(|record| record.request_id.as_deref() == Some("r-42")));
}

#[tokio::test]
async fn an_export_ends_with_its_own_record_and_with_its_caller() {
    let instance = instance().await;
    let root = operator(&instance).await;
    let mut export = instance.service.export_audit(&root).await.expect("begun");
    instance.service.sign_in(ORIGIN, "ana", secret("correct horse")).await.expect("signed in");
    let lines = export.next().await.expect("exported");
    assert_eq!(lines.last().expect("lines").record.action, "audit.export");
    assert_eq!(
        lines.iter().map(|line| line.record.seq).collect::<Vec<_>>(),
        (1..=lines.len() as u64).collect::<Vec<_>>()
    );
    assert!(export.next().await.expect("the end").is_empty());
}
