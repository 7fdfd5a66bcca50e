//! Migrations: each released schema's records, as its program wrote them, read back in today's shapes.

use std::fs;
use std::path::Path;

use keyward_store::model::*;
use keyward_store::usage::{Calls, CellRanges, Grain, Kind, KindVisitor};
use keyward_store::{Batch, Record, Redb, Row, Store};

use crate::support::*;

fn id(number: u8) -> Id {
    Id::from_bytes([number; 12])
}

fn accounts() -> [Account; 2] {
    let ana = Account {
        id: id(1),
        name: "Ana".into(),
        login: "ana".into(),
        email: "ana@example.com".into(),
        password: "$argon2id$".into(),
        operator: true,
        personal_space: id(10),
        plan: Plan::Pro,
        security: Security { last_login_ms: Some(1_000), epoch: 0, second_factor: None },
        time_zone: Some("Europe/Berlin".into()),
        preferences: Preferences { theme: "dark".into(), notifications: true, muted: Vec::new() },
        public_key: Some([7; 32]),
        created_ms: 500,
        disabled_ms: None,
    };
    let bob = Account {
        id: id(2),
        name: "Bob".into(),
        login: "bob".into(),
        email: "bob@example.com".into(),
        operator: false,
        personal_space: id(11),
        plan: Plan::Free,
        security: Security::default(),
        time_zone: None,
        preferences: Preferences::default(),
        public_key: None,
        created_ms: 600,
        ..ana.clone()
    };
    [ana, bob]
}

fn session() -> Session {
    Session {
        id: id(3),
        account: id(1),
        refresh: [1; 32],
        refresh_before: Some(([2; 32], 900)),
        created_ms: 800,
        expires_ms: 9_000,
        from: Some("192.0.2.7".into()),
        door: Door::Rest,
        user_agent: None,
        last_seen_ms: 900,
    }
}

fn invitation() -> Invitation {
    Invitation {
        code: [4; 32],
        purpose: Purpose::Join { operator: true },
        email: None,
        created_by: None,
        created_ms: 0,
        expires_ms: 86_400_000,
    }
}

fn spaces() -> [Space; 2] {
    let personal = Space {
        id: id(10),
        kind: SpaceKind::Personal,
        name: "Ana".into(),
        created_ms: 500,
        key: None,
        environments: vec![Environment::Development, Environment::Staging, Environment::Production],
    };
    let team =
        Space { id: id(12), kind: SpaceKind::Team, name: "Crew".into(), created_ms: 700, ..personal.clone() };
    [personal, team]
}

fn member() -> Member {
    Member { space: id(12), account: id(2), role: Role::Admin, joined_ms: 700, generation: 0 }
}

fn api_key() -> ApiKey {
    ApiKey {
        id: id(20),
        key_id: "ak_prod_1".into(),
        space: id(12),
        created_by: id(1),
        name: "Billing".into(),
        service: "OpenAI".into(),
        description: "for invoices".into(),
        environment: Environment::Production,
        status: Status::Inactive,
        tags: vec!["ml".into(), "prod".into()],
        monthly_limit: Some(1_000),
        rotation_interval_days: 90,
        next_rotation_ms: Some(7_000),
        expires_ms: Some(8_000),
        custody: Custody::Sealed,
        public_key: [9; 32],
        current_version: 4,
        created_ms: 650,
        updated_ms: 660,
        deleted_ms: Some(670),
        refuse_over_limit: false,
        space_generation: 0,
        exposed_version: None,
        frozen_ms: None,
        previous: None,
    }
}

fn service_token() -> ServiceToken {
    ServiceToken {
        id: id(30),
        name: "deploy".into(),
        created_by: id(1),
        verifier: [5; 32],
        public_key: [6; 32],
        grant: Grant::Keys(vec![id(20), id(21)]),
        scopes: vec![Scope::Fetch, Scope::Track],
        created_ms: 690,
        expires_ms: Some(9_999),
        networks: Vec::new(),
        max_uses: None,
    }
}

/// A row of each kind, for the fixture that the present program makes.
pub(crate) fn records() -> Batch {
    let mut batch = Batch::new(fresh());
    for account in accounts() {
        batch.create(&account).unwrap();
    }
    for space in spaces() {
        batch.create(&space).unwrap();
    }
    batch.create(&session()).unwrap().create(&invitation()).unwrap().create(&member()).unwrap();
    batch.create(&api_key()).unwrap().create(&service_token()).unwrap();
    batch
}

/// Puts a fixture in place as `s.redb` in `folder`, and opens it.
fn open_fixture(folder: &Path, name: &str) -> Redb {
    let packed = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap();
    let path = folder.join("s.redb");
    fs::write(&path, zstd::decode_all(&packed[..]).unwrap()).unwrap();
    open_file(&path)
}

/// The record is there, in the version it had, and under each of its index rows.
async fn holds<R: Record + PartialEq + std::fmt::Debug>(store: &Redb, expected: &R) {
    let snapshot = store.snapshot().await.unwrap();
    let row = Row::<R>::get(&snapshot, &expected.key()).await.unwrap().expect("a row");
    assert_eq!((&row.record, row.version), (expected, 1));
    for (index, key) in expected.unique() {
        assert_eq!(Row::<R>::find(&snapshot, index, &key).await.unwrap().expect("indexed").record, *expected);
    }
}

#[test]
fn the_records_of_schema_1_read_as_they_were_meant() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open_fixture(folder.path(), "schema-1-records.redb.zst");
        for account in accounts() {
            holds(&store, &account).await;
        }
        holds(&store, &session()).await;
        holds(&store, &invitation()).await;
        for space in spaces() {
            holds(&store, &space).await;
        }
        holds(&store, &member()).await;
        holds(&store, &api_key()).await;
        holds(&store, &service_token()).await;
        assert!(folder.path().join("s.redb.schema-1").exists(), "a copy of what it was");

        // What was migrated can be changed like any other row.
        let snapshot = store.snapshot().await.unwrap();
        let row = Row::<Session>::get(&snapshot, &session().key()).await.unwrap().unwrap();
        let mut batch = Batch::new(fresh());
        batch.replace(&row, &Session { last_seen_ms: 1_000, ..session() }).unwrap();
        store.commit(batch).await.unwrap();
    });
}

#[test]
fn usage_of_schema_2_has_quarters_of_an_hour_since() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open_fixture(folder.path(), "schema-2.redb.zst");
        let called = |grain| {
            let cells = store.usage().cells(id(7), grain, 0, i64::MAX).unwrap();
            cells.into_iter().map(|(start_ms, cell)| (start_ms, cell.requests)).collect::<Vec<_>>()
        };
        // Two calls an hour over three days.
        let hours = called(Grain::Hour);
        assert_eq!((hours.len(), hours[0]), (72, (1_767_225_600_000, 2)));
        assert_eq!(called(Grain::Quarter), hours);
        let day = hours[1].0..hours[25].0;
        let endpoints = store.usage().endpoints(id(7), Grain::Quarter, day.start, day.end).unwrap();
        assert_eq!(endpoints.totals[0].cell.requests, 48);
        assert!(folder.path().join("s.redb.schema-2").exists(), "a copy of what it was");
    });
}

/// The calls of all methods, by the start of their cell.
struct Methods(Vec<(i64, u64)>);

impl KindVisitor for Methods {
    fn wants(&mut self, kind: Kind) -> bool {
        matches!(kind, Kind::Method(_))
    }

    fn calls(&mut self, start_ms: i64, calls: Calls) {
        self.0.push((start_ms, calls.requests));
    }
}

#[test]
fn usage_of_schema_3_stands_by_the_hour_of_the_day_as_well_since() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open_fixture(folder.path(), "schema-3.redb.zst");
        // Two calls an hour over three days.
        let hours = store.usage().cells(id(7), Grain::Hour, 0, i64::MAX).unwrap();
        assert_eq!((hours.len(), hours[0].0), (72, 1_767_225_600_000));
        assert!(hours.iter().all(|(_, cell)| cell.requests == 2));
        let key = store.usage().of(id(7)).unwrap().unwrap();
        let mut methods = Methods(Vec::new());
        let cells = CellRanges::hours_by_hour(hours.iter().map(|(start_ms, _)| *start_ms..start_ms + 1));
        let mut again = Vec::new();
        key.add_cells(&cells, None, |start_ms, cell| again.push((start_ms, cell.requests))).unwrap();
        again.sort();
        key.each_kind(&cells, &mut methods).unwrap();
        methods.0.sort();
        let expected: Vec<_> = hours.iter().map(|(start_ms, _)| (*start_ms, 2)).collect();
        assert_eq!((again, methods.0), (expected.clone(), expected));
        assert!(folder.path().join("s.redb.schema-3").exists(), "a copy of what it was");
    });
}

#[test]
fn usage_of_schema_4_stands_by_six_hours_as_well_since() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open_fixture(folder.path(), "schema-4.redb.zst");
        // Two calls an hour over three days.
        let first_ms = 1_767_225_600_000;
        let expected: Vec<_> = (0..12).map(|number| (first_ms + number * 6 * 3_600_000, 12)).collect();
        let cells = store.usage().cells(id(7), Grain::SixHours, 0, i64::MAX).unwrap();
        let cells: Vec<_> = cells.into_iter().map(|(start_ms, cell)| (start_ms, cell.requests)).collect();
        let key = store.usage().of(id(7)).unwrap().unwrap();
        let mut methods = Methods(Vec::new());
        key.each_kind(&CellRanges::one(Grain::SixHours, 0, i64::MAX), &mut methods).unwrap();
        methods.0.sort();
        assert_eq!((cells, methods.0), (expected.clone(), expected));
        assert!(folder.path().join("s.redb.schema-4").exists(), "a copy of what it was");
    });
}

#[test]
fn the_copy_from_before_a_migration_can_take_its_place() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = open_fixture(folder.path(), "schema-1-records.redb.zst");
        drop(store);
        let copy = folder.path().join("s.redb.schema-1");
        // The copy is the file as it was: it migrates again.
        let again = folder.path().join("again.redb");
        fs::copy(&copy, &again).unwrap();
        holds(&open_file(&again), &api_key()).await;
    });
}
