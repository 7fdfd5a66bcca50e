//! One value in several environments: counted, listed and told of each key, however it came there; and never of keys that
//! the daemon cannot open.

use std::collections::BTreeMap;

use keyward_keys::input::{Hygiene, KeyPatch, KeyQuery, KeySort, NewKey, NewVersion, RollBack, Rotate};
use keyward_keys::{Caller, Custody, Environment, Error, Id, Role};
use keyward_store::model::ValueMark;
use keyward_store::{Batch, BatchId, KeyRange, Op, Order, Record, Redb, Snapshot, Store};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::{Instance, NOON, by_id, new_key, secret};
use crate::rotation::generates;
use crate::teams::{joined, reveal, team};
use crate::unlock::unlocked;

const ONE: &str = "sk-one-0123456789";
const TWO: &str = "sk-two-0123456789";

impl Instance {
    async fn holds(&self, person: &Caller, name: &str, environment: Environment, value: &str) -> Id {
        let new = NewKey {
            environment: Some(environment),
            custody: Some(Custody::Automation),
            value: secret(value),
            rotation: Some(generates()),
            ..new_key(name)
        };
        self.service.create_key(person, new).await.expect("a key").id
    }

    /// The names that are listed, which are as many as are counted.
    async fn shared(&self, person: &Caller) -> Vec<String> {
        let query = KeyQuery {
            page: 1,
            limit: 100,
            sort: KeySort::Name,
            hygiene: Some(Hygiene::SharedValue),
            ..KeyQuery::default()
        };
        let page = self.service.keys(person, &query).await.expect("listed");
        let counted = self.service.key_hygiene(person).await.expect("counted");
        assert_eq!(counted.shared_value, page.keys.len() as u64);
        page.keys.into_iter().map(|key| key.name).collect()
    }

    async fn twins(&self, person: &Caller, key: Id) -> Vec<String> {
        let access = self.service.key_access(person, &by_id(key)).await.expect("told");
        access.shares_value_with.into_iter().map(|other| other.name).collect()
    }

    async fn sets(&self, person: &Caller, key: Id, value: &str) {
        let new = NewVersion { value: secret(value), overlap: None };
        self.service.add_version(person, &by_id(key), new, None).await.expect("set");
    }

    async fn patches(&self, person: &Caller, key: Id, patch: KeyPatch) {
        self.service.update_key(person, &by_id(key), patch, None).await.expect("changed");
    }

    async fn marks(&self) -> u64 {
        self.service.mark_values(&self.system()).await.expect("looked after")
    }

    /// The rows of the file once it is closed.
    async fn rows(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.service.close().await.expect("closes");
        let store = Redb::open(self.store(&self.database())).expect("opens");
        let snapshot = store.snapshot().await.expect("a snapshot");
        let rows = snapshot.scan(ValueMark::TABLE, KeyRange::all(), Order::Ascending, 1000).await;
        let rows = rows.expect("read").into_iter().map(|(key, row)| (key, row.value.to_vec())).collect();
        drop(snapshot);
        store.close();
        rows
    }
}

#[tokio::test]
async fn what_several_environments_share_is_counted_until_it_is_not() {
    use Environment::{Development, Production, Staging};
    let instance = Instance::open().await;
    let (service, ana) = (&instance.service, instance.ana().await);
    let dev = instance.holds(&ana, "dev", Development, ONE).await;
    instance.holds(&ana, "dev again", Development, ONE).await;
    assert!(instance.shared(&ana).await.is_empty(), "one environment alone");
    let live = instance.holds(&ana, "live", Production, ONE).await;
    instance.holds(&ana, "other", Production, TWO).await;
    assert_eq!(instance.shared(&ana).await, ["dev", "dev again", "live"]);
    assert_eq!(instance.twins(&ana, dev).await, ["live"]);
    assert_eq!(instance.twins(&ana, live).await.len(), 2);

    // By hand, and back.
    instance.sets(&ana, live, "sk-own-0123456789").await;
    assert!(instance.shared(&ana).await.is_empty());
    assert!(instance.twins(&ana, dev).await.is_empty());
    service.roll_back(&ana, &by_id(live), RollBack { version: Some(1) }).await.expect("back");
    assert_eq!(instance.shared(&ana).await.len(), 3);
    instance.sets(&ana, live, TWO).await;
    assert!(instance.shared(&ana).await.is_empty(), "shared within one environment");

    // By the daemon: what is pending counts for nothing.
    instance.sets(&ana, live, ONE).await;
    service.rotate(&ana, &by_id(live), Rotate::default()).await.expect("begun");
    instance.rotates().await;
    assert!(instance.shared(&ana).await.is_empty(), "rotated away");
    let rotated = service.key(&ana, &by_id(live)).await.expect("seen");
    assert_eq!((rotated.version, instance.marks().await), (5, 0), "its mark came with it");
    instance.sets(&ana, dev, &reveal(&instance, &ana, &rotated).await.expect("opened")).await;
    assert_eq!(instance.shared(&ana).await, ["dev", "live"]);
    service.roll_back(&ana, &by_id(dev), RollBack { version: Some(1) }).await.expect("back");

    // To another environment; to the bin and back.
    service.roll_back(&ana, &by_id(live), RollBack { version: Some(4) }).await.expect("back");
    let to = |environment| KeyPatch { environment: Some(environment), ..KeyPatch::default() };
    instance.patches(&ana, live, to(Development)).await;
    assert!(instance.shared(&ana).await.is_empty());
    instance.patches(&ana, live, to(Staging)).await;
    assert_eq!(instance.shared(&ana).await.len(), 3);
    service.delete_key(&ana, &by_id(live), None).await.expect("binned");
    assert!(instance.shared(&ana).await.is_empty());
    service.restore_key(&ana, &by_id(live)).await.expect("restored");
    assert_eq!(instance.shared(&ana).await.len(), 3);
    assert_eq!(instance.marks().await, 0, "none was ever missing");
    let instance = instance.reopen().await;
    assert_eq!(instance.shared(&ana).await.len(), 3, "kept");
}

#[tokio::test]
async fn values_are_compared_within_one_space() {
    use Environment::{Development, Production, Staging};
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let team = team(&instance, &ana).await;
    let (bob, _) = joined(&instance, &ana, team.id, "bob", Role::Viewer).await;
    let mine = instance.holds(&ana, "mine", Development, ONE).await;
    instance.holds(&bob, "his", Production, ONE).await;
    let other = instance.holds(&ana, "moves", Production, ONE).await;
    assert_eq!(instance.shared(&ana).await, ["mine", "moves"]);
    assert!(instance.shared(&bob).await.is_empty(), "what others have of it is theirs");

    let into = |team| KeyPatch { team: Some(team), ..KeyPatch::default() };
    instance.patches(&ana, other, into(Some(team.id))).await;
    assert!(instance.shared(&ana).await.is_empty());
    assert!(instance.twins(&ana, mine).await.is_empty());
    let third = instance.holds(&ana, "third", Staging, ONE).await;
    instance.patches(&ana, third, into(Some(team.id))).await;
    assert_eq!(instance.shared(&ana).await, ["moves", "third"]);
    assert_eq!(instance.shared(&bob).await, ["moves", "third"], "a viewer sees both");
    assert_eq!(instance.twins(&bob, third).await, ["moves"]);
    let unseen = instance.service.key_access(&bob, &by_id(mine)).await;
    assert!(matches!(unseen, Err(Error::NotFound("key"))));
    instance.patches(&ana, other, into(None)).await;
    assert_eq!(instance.shared(&ana).await, ["mine", "moves"]);
    assert!(instance.shared(&bob).await.is_empty());
}

#[tokio::test]
async fn nothing_is_kept_of_values_that_the_daemon_cannot_open() {
    use Environment::{Development, Production};
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    unlocked(&instance, &ana).await;
    instance.holds(&ana, "open", Development, ONE).await;
    let live = instance.holds(&ana, "live", Production, ONE).await;
    let sealed = NewKey {
        environment: Some(Production),
        custody: Some(Custody::Sealed),
        value: secret(ONE),
        ..new_key("sealed")
    };
    let sealed = instance.service.create_key(&ana, sealed).await.expect("a key").id;
    instance.sets(&ana, sealed, ONE).await;
    let private = NewKey {
        environment: Some(Production),
        passphrase: Some(secret("a passphrase")),
        value: secret(ONE),
        ..new_key("private")
    };
    let private = instance.service.create_key(&ana, private).await.expect("a key").id;
    assert_eq!(instance.shared(&ana).await, ["live", "open"]);
    assert_eq!(instance.marks().await, 0, "and none is waited for");

    instance.sets(&ana, live, TWO).await;
    instance.sets(&ana, live, ONE).await;
    let kept = |custody| KeyPatch { custody: Some(custody), ..KeyPatch::default() };
    instance.patches(&ana, live, kept(Custody::Sealed)).await;
    assert!(instance.shared(&ana).await.is_empty());
    instance.patches(&ana, sealed, kept(Custody::Automation)).await;
    assert_eq!(instance.shared(&ana).await, ["open", "sealed"], "known again once it may be");
    let of = |rows: &[(Vec<u8>, Vec<u8>)], id: Id| {
        rows.iter().filter(|(row, _)| row.starts_with(id.as_bytes())).count()
    };
    let rows = instance.rows().await;
    assert_eq!((of(&rows, live), of(&rows, private), of(&rows, sealed)), (0, 0, 1));
    for (row, value) in rows {
        assert!(value.windows(6).chain(row.windows(6)).all(|part| part != &ONE.as_bytes()[..6]));
    }
}

#[tokio::test]
async fn values_from_before_there_were_marks_are_looked_after() {
    use Environment::{Development, Production};
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let mut ids = vec![instance.holds(&ana, "live", Production, ONE).await];
    for name in 0..70 {
        ids.push(instance.holds(&ana, &format!("dev {name:02}"), Development, ONE).await);
    }
    let mut batch = Batch::new(BatchId([7; 16]));
    for id in &ids {
        batch.op(Op::Del(ValueMark::TABLE, ValueMark::row_key(*id, 1)));
    }
    let instance = instance.tamper(batch).await;
    assert!(instance.shared(&ana).await.is_empty());
    assert!(matches!(instance.service.mark_values(&ana).await, Err(Error::Forbidden(_))));
    assert_eq!((instance.marks().await, instance.marks().await), (71, 0));
    assert_eq!(instance.shared(&ana).await.len(), 71);
    assert_eq!(instance.twins(&ana, ids[0]).await.len(), 20, "the first of them");

    // What does not open is no obstacle to the others.
    instance.service.delete_key(&ana, &by_id(ids[1]), None).await.expect("binned");
    instance.clock.set(NOON + 31 * 24 * 3_600_000);
    assert_eq!(instance.service.purge_bin(&instance.system()).await.expect("purged"), 1);
    assert_eq!(instance.rows().await.len(), 70, "it went with its key");
}

#[derive(Clone, Debug)]
enum Deed {
    Make(usize, u8),
    Set(usize, u8),
    Back(usize),
    To(usize, usize),
    Bin(usize),
    Restore(usize),
    Keep(usize, bool),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let key = 0..5_usize;
    let deed = prop_oneof![
        (0..3_usize, 0..3_u8).prop_map(|(place, value)| Deed::Make(place, value)),
        (key.clone(), 0..3_u8).prop_map(|(key, value)| Deed::Set(key, value)),
        key.clone().prop_map(Deed::Back),
        (key.clone(), 0..3_usize).prop_map(|(key, place)| Deed::To(key, place)),
        key.clone().prop_map(Deed::Bin),
        key.clone().prop_map(Deed::Restore),
        (key, any::<bool>()).prop_map(|(key, sealed)| Deed::Keep(key, sealed)),
    ];
    proptest::collection::vec(deed, 60)
}

/// A key as the plain comparison knows it.
struct Known {
    id: Id,
    place: usize,
    values: Vec<u8>,
    current: usize,
    binned: bool,
    sealed: bool,
}

#[tokio::test]
async fn what_is_counted_is_what_a_comparison_of_the_values_finds() {
    let mut runner = TestRunner::new(Config::default());
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    unlocked(&instance, &ana).await;
    let deeds = deeds().new_tree(&mut runner).expect("deeds").current();
    let mut known: BTreeMap<usize, Known> = BTreeMap::new();
    for (at, deed) in deeds.into_iter().enumerate() {
        carry_out(&instance, &ana, &mut known, at, &deed).await;
        let seen: Vec<&Known> = known.values().filter(|key| !key.binned && !key.sealed).collect();
        let value = |key: &Known| key.values[key.current];
        let shares =
            |key: &&&Known| seen.iter().any(|other| value(other) == value(key) && other.place != key.place);
        let expected = seen.iter().filter(shares).count();
        assert_eq!(instance.shared(&ana).await.len(), expected, "after {deed:?}");
    }
}

async fn carry_out(
    instance: &Instance,
    ana: &Caller,
    known: &mut BTreeMap<usize, Known>,
    at: usize,
    deed: &Deed,
) {
    let text = |value: u8| format!("sk-value-{value}");
    let chosen = |key: usize| known.keys().nth(key).copied();
    match *deed {
        Deed::Make(place, value) => {
            let environment = Environment::ALL[place];
            let id = instance.holds(ana, &format!("key {at}"), environment, &text(value)).await;
            let key = Known { id, place, values: vec![value], current: 0, binned: false, sealed: false };
            known.insert(at, key);
        }
        Deed::Set(key, _)
        | Deed::Back(key)
        | Deed::To(key, _)
        | Deed::Bin(key)
        | Deed::Restore(key)
        | Deed::Keep(key, _) => {
            let Some(key) = chosen(key).and_then(|key| known.get_mut(&key)) else { return };
            let service = &instance.service;
            match *deed {
                Deed::Restore(_) => {
                    service.restore_key(ana, &by_id(key.id)).await.expect("restored");
                    key.binned = false;
                }
                _ if key.binned => {}
                Deed::Set(_, value) => {
                    instance.sets(ana, key.id, &text(value)).await;
                    key.values.push(value);
                    key.current = key.values.len() - 1;
                }
                Deed::Back(_) if key.current > 0 => {
                    let version = u32::try_from(key.current).ok();
                    service.roll_back(ana, &by_id(key.id), RollBack { version }).await.expect("back");
                    key.current -= 1;
                    // It may have lost its mark when its custody changed.
                    instance.marks().await;
                }
                Deed::To(_, place) => {
                    let to = KeyPatch { environment: Some(Environment::ALL[place]), ..KeyPatch::default() };
                    instance.patches(ana, key.id, to).await;
                    key.place = place;
                }
                Deed::Bin(_) => {
                    service.delete_key(ana, &by_id(key.id), None).await.expect("binned");
                    key.binned = true;
                }
                Deed::Keep(_, sealed) => {
                    let custody = if sealed { Custody::Sealed } else { Custody::Automation };
                    let patch = KeyPatch { custody: Some(custody), ..KeyPatch::default() };
                    instance.patches(ana, key.id, patch).await;
                    key.sealed = sealed;
                }
                Deed::Make(..) | Deed::Back(_) => {}
            }
        }
    }
}
