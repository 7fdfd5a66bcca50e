use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use keyward_store::model::{Custody, Environment, Retiring, RotationPhase, Status};

use super::*;
use crate::service::mirror::{Letters, Tables};

/// Encoded rows in memory.
struct Rows(BTreeMap<(Table, Vec<u8>), Versioned>);

impl Rows {
    fn put<R: Record>(&mut self, record: &R) {
        let value = Bytes::from(postcard::to_allocvec(record).unwrap());
        self.0.insert((R::TABLE, record.key()), Versioned { version: 7, value });
    }
}

impl Snapshot for Rows {
    async fn get(&self, table: Table, key: &[u8]) -> Result<Option<Versioned>> {
        Ok(self.0.get(&(table, key.to_vec())).cloned())
    }

    async fn scan(
        &self,
        table: Table,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Versioned)>> {
        assert_eq!((order, &range.end), (Order::Ascending, &None));
        let rows = self.0.range((table, range.start)..).take_while(|(place, _)| place.0 == table).take(limit);
        Ok(rows.map(|((_, key), row)| (key.clone(), row.clone())).collect())
    }
}

fn id(number: u16) -> Id {
    let [high, low] = number.to_be_bytes();
    Id::from_bytes([low, high, 1, 1, 1, 1, 1, 1, 1, 1, high, low])
}

fn key(number: u16) -> ApiKey {
    ApiKey {
        id: id(number),
        key_id: format!("ak_{number}"),
        space: id(5_000 + number % 3),
        created_by: Id::default(),
        name: format!("worker {number}"),
        service: "OpenAI".to_owned(),
        description: String::new(),
        environment: Environment::ALL[usize::from(number % 5 / 2)],
        status: if number.is_multiple_of(11) { Status::Inactive } else { Status::Active },
        tags: vec![format!("tag{}", number % 4)],
        monthly_limit: None,
        rotation_interval_days: 90,
        next_rotation_ms: number.is_multiple_of(2).then_some(i64::from(number % 17)),
        expires_ms: None,
        custody: if number.is_multiple_of(6) { Custody::Sealed } else { Custody::Automation },
        public_key: [0; 32],
        current_version: u32::from(1 + number % 2),
        created_ms: i64::from(number % 100),
        updated_ms: 0,
        deleted_ms: number.is_multiple_of(7).then_some(1),
        refuse_over_limit: false,
        space_generation: u32::from(number % 4),
        exposed_version: None,
        frozen_ms: None,
        previous: None,
    }
}

fn state(number: u16) -> Rotation {
    let old = Retiring {
        number: 1,
        run: id(number),
        origin: None,
        since_ms: 0,
        until_ms: 0,
        latest_ms: 0,
        next_ms: i64::from(number % 13),
        phase: RotationPhase::Ready,
        attempt: 0,
        told: false,
        fault: None,
    };
    Rotation { api_key: id(number), retiring: vec![old], ..Rotation::default() }
}

/// All that is asked of these tables about keys.
fn told(tables: &Tables, keys: u16) -> Vec<String> {
    let mut told: Vec<String> = tables.rotations.due().map(|due| format!("{due:?}")).collect();
    told.push(format!("{:?} {}", tables.marks.unmarked(), tables.keys.rows().count()));
    told.push(format!("{:?}", tables.keys.binned().map(|row| row.record.id).collect::<BTreeSet<_>>()));
    for space in (0..3).map(|number| id(5_000 + number)) {
        let of = tables.keys.space(space).unwrap();
        let found: BTreeSet<_> = of.containing("tag2").collect();
        let titles: BTreeSet<_> = of.titles(Letters::default()).collect();
        let sealed: Vec<_> = tables.keys.sealed(space).map(|row| row.record.id).collect();
        told.push(format!("{:?} {found:?} {titles:?} {sealed:?}", of.newest().collect::<Vec<_>>()));
    }
    for number in 0..keys {
        let (id, row) = (id(number), tables.keys.any(id(number)).unwrap());
        let shared: Vec<_> = tables.marks.shared_with(&row.record).collect();
        let versions: Vec<_> = tables.marks.versions(id).collect();
        let found = tables.keys.find(&row.record.key_id).is_some();
        told.push(format!("{id} {} {shared:?} {versions:?} {found}", tables.marks.is_shared(id)));
        told.push(format!("{:?}", tables.rotations.state(id).map(|row| row.version)));
    }
    told
}

#[tokio::test]
async fn what_is_filled_at_once_is_what_commits_leave_row_by_row() {
    // More than are read at a time.
    const KEYS: u16 = 1_100;
    let mut rows = Rows(BTreeMap::new());
    for number in 0..KEYS {
        rows.put(&key(number));
        if !number.is_multiple_of(3) {
            let mark = [(number % 40) as u8; 16];
            rows.put(&ValueMark { api_key: id(number), version: u32::from(1 + number % 2), mark });
        }
        if number.is_multiple_of(10) {
            rows.put(&state(number));
        }
    }
    let filled = Mirror::default();
    filled.fill(&rows).await.unwrap();
    let mut grown = Tables::default();
    // Backwards, so that marks and states come before their keys.
    for ((table, key), row) in rows.0.iter().rev() {
        grown.apply(*table, key, Some(row)).unwrap();
    }
    assert_eq!(told(&filled.read(), KEYS), told(&grown, KEYS));
    // And it goes on from there: what changes is what a later start finds.
    {
        let mut tables = filled.write();
        for number in (0..KEYS - 1).step_by(3) {
            let changed = ApiKey { deleted_ms: None, next_rotation_ms: Some(3), ..key(number) };
            rows.put(&changed);
            rows.0.remove(&(Rotation::TABLE, id(number).as_bytes().to_vec()));
            for (table, number) in [(ApiKey::TABLE, number), (Rotation::TABLE, number)] {
                let place = (table, id(number).as_bytes().to_vec());
                tables.apply(table, &place.1, rows.0.get(&place)).unwrap();
            }
            let place = (ApiKey::TABLE, id(number + 1).as_bytes().to_vec());
            tables.apply(place.0, &place.1, None).unwrap();
            tables.apply(place.0, &place.1, rows.0.get(&place)).unwrap();
        }
    }
    let anew = Mirror::default();
    anew.fill(&rows).await.unwrap();
    assert_eq!(told(&filled.read(), KEYS), told(&anew.read(), KEYS));
}
