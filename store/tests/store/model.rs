//! Random batches against a plain map that says what the store should hold, with reopening between them.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use keyward_store::table::Order;
use keyward_store::{Batch, Check, CommitError, KeyRange, Op, Snapshot, Store, Table};
use proptest::prelude::*;

use crate::support::*;

/// One step of a history. Keys are few, so that steps meet.
#[derive(Clone, Debug)]
enum Step {
    /// Batches that are sent at once and so may share a commit.
    Commit(Vec<Vec<Act>>),
    Resend,
    Reopen,
}

#[derive(Clone, Debug)]
enum Act {
    Put(u8, Vec<u8>),
    Del(u8),
    Add(u8, i64),
    Chain(Vec<u8>),
    RequireAbsent(u8),
    /// The row as the model has it, or, when `false`, a version it does not have.
    RequireVersion(u8, bool),
}

fn act() -> impl Strategy<Value = Act> {
    let key = 0..6u8;
    // Values up to several pages: large ones take another path through the engine.
    let value = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (1000..20_000usize, any::<u8>()).prop_map(|(len, fill)| vec![fill; len]),
    ];
    prop_oneof![
        4 => (key.clone(), value).prop_map(|(key, value)| Act::Put(key, value)),
        2 => key.clone().prop_map(Act::Del),
        2 => (key.clone(), -5..9i64).prop_map(|(key, delta)| Act::Add(key, delta)),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Act::Chain),
        1 => key.clone().prop_map(Act::RequireAbsent),
        1 => (key, prop::bool::weighted(0.8)).prop_map(|(key, right)| Act::RequireVersion(key, right)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let batch = prop::collection::vec(act(), 0..6);
    prop_oneof![
        8 => prop::collection::vec(batch, 1..5).prop_map(Step::Commit),
        1 => Just(Step::Resend),
        1 => Just(Step::Reopen),
    ]
}

/// What the store should hold.
#[derive(Default, Clone)]
struct Model {
    rows: BTreeMap<(Table, Vec<u8>), (u64, Vec<u8>)>,
    chained: u64,
}

impl Model {
    fn holds(&self, checks: &[Check]) -> bool {
        checks.iter().all(|check| match check {
            Check::Absent(table, key) => !self.rows.contains_key(&(*table, key.clone())),
            Check::Version(table, key, version) => {
                self.rows.get(&(*table, key.clone())).is_some_and(|row| row.0 == *version)
            }
            Check::Fence(..) => unreachable!("not made here"),
        })
    }

    fn apply(&mut self, ops: &[Op], version: u64) {
        for op in ops {
            match op {
                Op::Put(table, key, value) => {
                    self.rows.insert((*table, key.clone()), (version, value.to_vec()));
                }
                Op::Del(table, key) => {
                    self.rows.remove(&(*table, key.clone()));
                }
                Op::Add(table, key, delta) => {
                    let row = self.rows.entry((*table, key.clone())).or_insert((0, vec![0; 8]));
                    let sum = i64::from_le_bytes(row.1[..].try_into().unwrap()) + delta;
                    *row = (version, sum.to_le_bytes().to_vec());
                }
                Op::Chain(..) => self.chained += 1,
                Op::Announce(_) => unreachable!("not made here"),
            }
        }
    }
}

/// The parts of a batch, kept beside it for the model.
struct Planned {
    batch: Batch,
    checks: Vec<Check>,
    ops: Vec<Op>,
}

fn plan(acts: &[Act], model: &Model) -> Planned {
    let (mut checks, mut ops) = (Vec::new(), Vec::new());
    let name = |key: u8| vec![b'k', key];
    for act in acts {
        match act.clone() {
            Act::Put(key, value) => ops.push(Op::Put(A, name(key), Bytes::from(value))),
            Act::Del(key) => ops.push(Op::Del(A, name(key))),
            Act::Add(key, delta) => ops.push(Op::Add(COUNTERS, name(key), delta)),
            Act::Chain(body) => ops.push(Op::Chain(LOG, Bytes::from(body))),
            Act::RequireAbsent(key) => checks.push(Check::Absent(A, name(key))),
            Act::RequireVersion(key, right) => {
                let version = model.rows.get(&(A, name(key))).map_or(0, |row| row.0);
                checks.push(Check::Version(A, name(key), if right { version } else { version + 1 }));
            }
        }
    }
    Planned { batch: checked(checks.clone(), ops.clone()), checks, ops }
}

async fn compare(store: &impl Store, model: &Model) {
    let snapshot = store.snapshot().await.unwrap();
    for table in [A, COUNTERS] {
        let rows = snapshot.scan(table, KeyRange::all(), Order::Ascending, usize::MAX).await.unwrap();
        let found: Vec<_> =
            rows.into_iter().map(|(key, row)| (key, (row.version, row.value.to_vec()))).collect();
        let wanted: Vec<_> = model
            .rows
            .iter()
            .filter(|((name, _), _)| *name == table)
            .map(|((_, key), row)| (key.clone(), row.clone()))
            .collect();
        assert_eq!(found, wanted);
    }
    let log = snapshot.scan(LOG, KeyRange::all(), Order::Descending, 1).await.unwrap();
    let last = log.first().map_or(0, |(key, _)| u64::from_be_bytes(key[..].try_into().unwrap()));
    assert_eq!(last, model.chained);
}

async fn replay(path: &Path, steps: &[Step]) {
    let mut store = open_file(path);
    let mut model = Model::default();
    let mut last: Option<(Batch, u64)> = None;
    for step in steps {
        match step {
            Step::Commit(batches) => {
                let planned: Vec<_> = batches.iter().map(|acts| plan(acts, &model)).collect();
                // Polled in order, they enter the queue in order; some share a commit.
                let sent = planned.iter().map(|planned| store.commit(planned.batch.clone()));
                let outcomes = in_order(sent).await;
                for (planned, outcome) in planned.iter().zip(outcomes) {
                    match outcome {
                        Ok(committed) => {
                            assert!(model.holds(&planned.checks));
                            model.apply(&planned.ops, committed.version);
                            last = Some((planned.batch.clone(), committed.version));
                        }
                        Err(CommitError::Conflict) => assert!(!model.holds(&planned.checks)),
                        Err(other) => panic!("{other}"),
                    }
                }
            }
            Step::Resend => {
                if let Some((batch, version)) = &last {
                    assert_eq!(store.commit(batch.clone()).await.unwrap().version, *version);
                }
            }
            Step::Reopen => {
                drop(store);
                store = open_file(path);
            }
        }
        compare(&store, &model).await;
    }
}

/// Starts every future in order before it waits for any.
async fn in_order<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pinned: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut all = true;
        for (future, output) in &mut pinned {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => all = false,
                }
            }
        }
        if all { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    pinned.into_iter().filter_map(|(_, output)| output).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_store_is_what_the_model_says(steps in prop::collection::vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        run(replay(&folder.path().join("s.redb"), &steps));
    }
}
