//! A database file in which bytes were altered, wherever they are: the check of the audit chain names exactly what
//! cannot be read any more, and says what still can.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use keyward_keys::input::KeyPatch;
use keyward_keys::service::{AuditFault, AuditRun, AuditSummary};
use keyward_keys::{OpenError, Plan, inspect_audit};
use keyward_store::model::AuditRecord;
use keyward_store::{Look, Snapshot};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use crate::harness::{Instance, by_id};

const RECORDS: u64 = 400;

/// An instance with a chain of [`RECORDS`], which fill many pages.
async fn instance() -> Instance {
    let instance = Instance::open().await;
    let (ana, _) = instance.person("ana", Plan::Enterprise).await;
    let key = by_id(instance.add_key(&ana, "Billing").await.id);
    instance.service.sign_audit(&instance.system()).await.expect("signed");
    loop {
        let summary = instance.service.verify_audit(&instance.system(), None).await.expect("verified");
        if summary.records >= RECORDS {
            return instance;
        }
        for _ in summary.records..RECORDS {
            instance.service.update_key(&ana, &key, KeyPatch::default(), None).await.expect("changed");
        }
    }
}

fn flip(file: &Path, at: u64) {
    let file = File::options().read(true).write(true).open(file).expect("opens");
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).expect("read");
    file.write_all_at(&[byte[0] ^ 0x10], at).expect("written");
}

/// Where the sealed pages of the tables begin: after the header, the journal's ring and redb's own clear page.
fn pages(instance: &Instance) -> u64 {
    12_288 + instance.store(&instance.database()).journal_bytes + 4096
}

/// The records that can be read one by one.
async fn readable(instance: &Instance, file: &Path) -> Vec<u64> {
    let snapshot = Look::at(instance.store(file)).expect("looked into");
    let mut readable = Vec::new();
    for number in 1..=RECORDS {
        if let Ok(Some(_)) = snapshot.get(AuditRecord::LOG, &number.to_be_bytes()).await {
            readable.push(number);
        }
    }
    readable
}

async fn inspect(instance: &Instance, file: &Path) -> Result<AuditSummary, OpenError> {
    inspect_audit(file.to_owned(), instance.master_key(), None).await
}

fn covered(summary: &AuditSummary) -> Vec<u64> {
    let beyond = summary.beyond.iter().flat_map(|run| run.from..=run.to);
    (1..=summary.records).chain(beyond).collect()
}

/// What was found when one byte of a file was another.
async fn check(instance: &Instance, file: &Path, at: u64) -> Option<AuditFault> {
    let before = fs::read(file).expect("read");
    flip(file, at);
    let found = inspect(instance, file).await;
    let fault = match found {
        // Where everything hangs on it, nothing can be read.
        Err(error) => {
            assert!(error.is_damage(), "{error}");
            assert!(at < pages(instance) || Look::at(instance.store(file)).is_err(), "{at}: {error}");
            Some(AuditFault::Unreadable { record: 1 })
        }
        Ok(summary) => {
            let readable = readable(instance, file).await;
            assert_eq!(covered(&summary), readable, "byte {at}: {summary:?}");
            let missing = (1..=RECORDS).find(|number| !readable.contains(number));
            assert_eq!(
                summary.fault.as_ref().and_then(AuditFault::record),
                missing,
                "byte {at}: {summary:?}"
            );
            summary.fault
        }
    };
    flip(file, at);
    assert!(fs::read(file).expect("read") == before, "looking changes nothing");
    fault
}

/// The file of an instance as a crash leaves it, and as an orderly end does.
fn crashed_and_closed(runtime: &Runtime, instance: &Instance) -> [PathBuf; 2] {
    let crashed = instance.folder.path().join("crashed");
    fs::copy(instance.database(), &crashed).expect("copied");
    runtime.block_on(instance.service.close()).expect("closed");
    [crashed, instance.database()]
}

#[test]
fn wherever_a_byte_is_another_the_first_record_that_cannot_be_read_is_named() {
    let runtime = Runtime::new().expect("a runtime");
    let instance = runtime.block_on(instance());
    let start = pages(&instance);
    for file in crashed_and_closed(&runtime, &instance) {
        let end = fs::metadata(&file).expect("there").len();
        let mut runner = TestRunner::new(Config { cases: 48, ..Config::default() });
        let anywhere = prop_oneof![5 => start..end, 1 => 0..start];
        runner
            .run(&anywhere, |at| {
                // The one bit that says which of two commits is the newer may lead to the older.
                prop_assume!(at != start - 4096 + 9);
                runtime.block_on(check(&instance, &file, at));
                Ok(())
            })
            .expect("every byte counts");
    }
}

#[test]
fn each_page_of_a_file_may_be_the_damaged_one() {
    let runtime = Runtime::new().expect("a runtime");
    let instance = runtime.block_on(instance());
    for file in crashed_and_closed(&runtime, &instance) {
        let (mut middle, mut all) = (0, 0);
        let end = fs::metadata(&file).expect("there").len();
        for at in (pages(&instance) + 100..end).step_by(4096) {
            match runtime.block_on(check(&instance, &file, at)) {
                Some(AuditFault::Unreadable { record: 1 }) => all += 1,
                Some(AuditFault::Unreadable { .. }) => middle += 1,
                None | Some(AuditFault::Unsigned) => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(middle > 5 && all > 1, "{middle} pages of records, {all} that lead to them");
    }
}

#[tokio::test]
async fn what_follows_the_damage_is_said() {
    let instance = instance().await;
    let gone = keyward_store::Op::Del(AuditRecord::LOG, 7_u64.to_be_bytes().to_vec());
    let mut batch = keyward_store::Batch::new(keyward_keys::crypto::random_batch_id().expect("an id"));
    batch.op(gone);
    let instance = instance.tamper(batch).await;
    let found = instance.service.verify_audit(&instance.system(), None).await.expect("verified");
    assert_eq!((found.records, found.fault), (6, Some(AuditFault::Missing { record: 7, found: 8 })));
    assert_eq!(found.beyond, [AuditRun { from: 8, to: RECORDS }]);
    instance.service.close().await.expect("closed");
    assert_eq!(inspect(&instance, &instance.database()).await.expect("looked into"), found);
}
