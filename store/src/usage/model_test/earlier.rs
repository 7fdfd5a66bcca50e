//! What a version has left behind that counted endpoints by the day and the month alone, and no day for longer than 90 days.

use super::*;
use crate::redb::port::RawRead;
use crate::usage::calendar::{day_of, month_of_day};
use crate::usage::endpoints::{ENDPOINT_DAYS, ENDPOINT_MONTHS, ENDPOINT_PARTS, Endpoints, KIND_ROWS};
use crate::usage::fold::damaged;
use crate::usage::head::{HEADS, Head};
use crate::usage::rollup::row_key;
use crate::usage::samples::Shown;
use crate::usage::upgrade;

/// Calls of which the endpoints are counted as it did; `days` are those it still had.
fn counted_by_day(world: &mut World, calls: &[(i64, u64)], days: std::ops::Range<u32>) {
    let mut rows: BTreeMap<(&str, u32), Endpoints> = BTreeMap::new();
    for (at_ms, count) in calls {
        world.commit(&commit_of(vec![sample(1, *at_ms); *count as usize]), |_| {});
        world.settle();
        let of = world.usage.of(key(1)).unwrap().unwrap();
        let day_ms = at_ms - at_ms % DAY_MS;
        let stretch = crate::usage::endpoints::Stretch::of(Grain::Day, day_ms, day_ms + DAY_MS, i64::MAX - 1);
        let mut day = Endpoints::default();
        of.gather(&mut [(stretch, &mut day)]).unwrap();
        rows.insert((ENDPOINT_DAYS.0, day_of(*at_ms)), day);
    }
    let (parts, kinds) = (ENDPOINT_PARTS.map(|(_, table)| table.0), KIND_ROWS.map(|(.., table)| table.0));
    world.tables.0.retain(|(table, _), _| !parts.contains(table) && !kinds.contains(table));
    for ((table, day), endpoints) in rows.into_iter().filter(|((_, day), _)| days.contains(day)) {
        let mut value = Vec::new();
        endpoints.encode(&mut value);
        world.tables.0.insert((table, row_key(key(1), day)), value);
    }
    world.restart();
}

fn calls(world: &World, grain: Grain, from_ms: i64, to_ms: i64) -> u64 {
    let totals = world.usage.endpoints(key(1), grain, from_ms, to_ms).unwrap().totals;
    totals.iter().map(|sum| sum.cell.requests).sum()
}

/// Calls that were answered with 200, by the start of their cell.
fn over_time(world: &World, grain: Grain, from_ms: i64, to_ms: i64) -> Vec<(i64, u64)> {
    let of = world.usage.of(key(1)).unwrap().unwrap();
    let mut answered = Shown::of(|kind| kind == Kind::Status(Some(200)));
    of.each_kind(&CellRanges::one(grain, from_ms, to_ms), &mut answered).unwrap();
    answered.sums().into_iter().map(|((start_ms, _), calls)| (start_ms, calls.requests)).collect()
}

#[test]
fn calls_that_it_counted_are_answered_by_their_day_or_month() {
    let mut world = World::open(Tables::default(), 0, Instant::now());
    let today_ms = NOW_MS - NOW_MS % DAY_MS;
    let day = |ago: i64| today_ms - ago * DAY_MS;
    let before =
        [(day(130) + HOUR_MS, 1), (day(125) + HOUR_MS, 2), (day(20) + HOUR_MS, 4), (day(2) + HOUR_MS, 8)];
    counted_by_day(&mut world, &before, day_of(day(90))..u32::MAX);
    assert_eq!(calls(&world, Grain::Day, 0, i64::MAX), 15);
    // A month of which it kept no days, whatever is asked of it; then days; of a day no hours.
    let (month, _) = month_of_day(day_of(day(125)));
    assert_eq!(month_of(day(130)), month);
    assert_eq!(calls(&world, Grain::Day, day(126), day(60)), 3);
    assert_eq!(calls(&world, Grain::Day, day(21), day(3)), 4);
    assert_eq!(calls(&world, Grain::Hour, day(20) + 6 * HOUR_MS, day(3)), 4);
    assert_eq!(calls(&world, Grain::Minute, day(2) + 20 * HOUR_MS, i64::MAX), 8);
    assert_eq!(calls(&world, Grain::Minute, day(1), i64::MAX), 0);
    // Over time, a day counts by its noon and a month by its middle.
    let middle = i64::from(first_day(month).midpoint(first_day(month + 1))) * DAY_MS;
    assert_eq!(over_time(&world, Grain::Day, 0, i64::MAX), [(middle, 3), (day(20), 4), (day(2), 8)]);
    assert_eq!(over_time(&world, Grain::Hour, day(20), day(3)), [(day(20) + 12 * HOUR_MS, 4)]);
    assert_eq!(over_time(&world, Grain::Hour, day(20), day(20) + 12 * HOUR_MS), []);
    assert_eq!(over_time(&world, Grain::Minute, day(2), day(1)), [(day(2) + 12 * HOUR_MS, 8)]);
    // What comes later to the same day is told by the hour.
    let late = vec![sample(1, day(2) + 2 * HOUR_MS); 16];
    world.commit(&commit_of([late, vec![sample(1, day(2) + 9 * HOUR_MS); 32]].concat()), |_| {});
    for _ in 0..2 {
        assert_eq!(calls(&world, Grain::Hour, day(2) + 5 * HOUR_MS, day(1)), 8 + 32);
        assert_eq!(calls(&world, Grain::Day, day(2), day(1)), 8 + 16 + 32);
        assert_eq!(calls(&world, Grain::Day, 0, i64::MAX), 15 + 16 + 32);
        assert_eq!(over_time(&world, Grain::Day, day(2), day(1)), [(day(2), 8 + 16 + 32)]);
        let hours = over_time(&world, Grain::Hour, day(2) + 5 * HOUR_MS, day(1));
        assert_eq!(hours, [(day(2) + 9 * HOUR_MS, 32), (day(2) + 12 * HOUR_MS, 8)]);
        world.settle();
    }
    // Days go no more, hours do.
    world.usage.prune(NOW_MS + 60 * DAY_MS, 30);
    world.settle();
    assert_eq!(calls(&world, Grain::Day, day(21), day(3)), 4);
    assert_eq!(calls(&world, Grain::Day, day(2), day(1)), 8 + 16 + 32);
}

fn upgrade_by(world: &mut World, rows_of: fn(&dyn RawRead, Id) -> crate::Result<Vec<upgrade::NewRow>>) {
    for api_key in upgrade::keys(&world.tables).unwrap() {
        for (table, key, value) in rows_of(&world.tables, api_key).unwrap() {
            world.tables.0.insert((table.0, key), value);
        }
    }
}

#[test]
fn hours_that_it_kept_by_the_day_alone_and_without_their_quarters_are_told_by_their_first() {
    let mut world = World::open(Tables::default(), 0, Instant::now());
    let hour_ms = Grain::Hour.start_of(NOW_MS - DAY_MS);
    let quarter_ms = Grain::Quarter.length_ms();
    // Of two keys, in hours of several days, with a model.
    for (number, at_ms) in
        [(1, hour_ms), (1, hour_ms + 3 * quarter_ms), (1, hour_ms - 40 * DAY_MS), (2, hour_ms)]
    {
        let metadata = r#"{"model":"m","tokens":3}"#.into();
        world.commit(&commit_of(vec![UsageEvent { metadata, ..sample(number, at_ms) }; 5]), |_| {});
    }
    world.settle();
    let model_quarters = crate::usage::models::MODEL_ROWS[0].1;
    let quarters = [Grain::Quarter.rows().table(), ENDPOINT_PARTS[1].1, model_quarters];
    let written = |world: &World| quarters.map(|table| world.tables.rows(table, &KeyRange::all()).len());
    assert_eq!(written(&world), [3, 3, 3]);
    world.tables.0.retain(|(table, _), _| quarters.iter().all(|of| of.0 != *table));
    let of_day = [KIND_ROWS[0], KIND_ROWS[1]];
    let tables: Vec<_> = of_day.iter().flat_map(|(_, rows, kinds)| [rows.table().0, kinds.0]).collect();
    let by_hour: Vec<_> = world.tables.0.extract_if(.., |(table, _), _| tables.contains(table)).collect();
    upgrade_by(&mut world, upgrade::quarters_of_hours);
    upgrade_by(&mut world, upgrade::hours_by_hour);
    upgrade_by(&mut world, upgrade::six_hours);
    let made = world.tables.0.iter().filter(|((table, _), _)| tables.contains(table));
    let made: Vec<_> = made.map(|(key, value)| (key.clone(), value.clone())).collect();
    assert_eq!(
        (tables.iter().all(|of| made.iter().any(|((table, _), _)| table == of)), made),
        (true, by_hour)
    );
    assert_eq!(written(&world), [3, 3, 3]);
    world.restart();
    let told = |grain| {
        let cells = world.usage.cells(key(1), grain, 0, i64::MAX).unwrap();
        let models = world.usage.models(key(1), grain, 0, i64::MAX).unwrap();
        let models: Vec<_> = models.iter().map(|used| (used.start_ms, used.cell.requests)).collect();
        assert_eq!(
            cells.iter().map(|(start_ms, cell)| (*start_ms, cell.requests)).collect::<Vec<_>>(),
            models
        );
        (cells, over_time(&world, grain, 0, i64::MAX))
    };
    assert_eq!(told(Grain::Quarter), told(Grain::Hour));
    assert_eq!(calls(&world, Grain::Quarter, hour_ms - quarter_ms, hour_ms + quarter_ms), 10);
    assert_eq!(calls(&world, Grain::Quarter, hour_ms + quarter_ms, NOW_MS), 0);
    // What comes from now on has its own.
    world.commit(&commit_of(vec![sample(1, hour_ms + 2 * quarter_ms); 4]), |_| {});
    world.settle();
    assert_eq!(calls(&world, Grain::Quarter, hour_ms + quarter_ms, NOW_MS), 4);
    assert_eq!(calls(&world, Grain::Hour, hour_ms, NOW_MS), 14);
}

#[test]
fn kinds_of_days_that_were_kept_beside_endpoints_alone_are_read_there() {
    let mut world = World::open(Tables::default(), 0, Instant::now());
    let day_ms = NOW_MS - NOW_MS % DAY_MS;
    let [old, new] = [60, 0].map(|ago| day_ms - ago * DAY_MS);
    for at_ms in [old, old, new] {
        world.commit(&commit_of(vec![sample(1, at_ms); 3]), |_| {});
    }
    world.settle();
    let [.., (.., kind_days)] = KIND_ROWS;
    let rows = |world: &World| world.tables.rows(kind_days, &KeyRange::all()).len();
    assert_eq!(rows(&world), 2);
    world.tables.0.retain(|(table, _), _| *table != kind_days.0);
    world.restart();
    assert_eq!(over_time(&world, Grain::Day, 0, i64::MAX), [(old, 6), (new, 3)]);
    // They are kept by themselves from the next call of their month on.
    world.commit(&commit_of(vec![sample(1, new); 4]), |_| {});
    for kept in [0, 1] {
        assert_eq!(rows(&world), kept);
        assert_eq!(over_time(&world, Grain::Day, 0, i64::MAX), [(old, 6), (new, 7)]);
        world.settle();
    }
}

#[test]
fn a_day_that_it_let_wait_is_spread_as_it_would_have() {
    let mut world = World::open(Tables::default(), 0, Instant::now());
    world.commit(&commit_of(vec![sample(1, NOW_MS); 5]), |_| {});
    world.commit(&Step { wait_ms: 2_100, ..commit_of(Vec::new()) }, |_| {});
    let row = (HEADS.0, key(1).as_bytes().to_vec());
    let mut head = Head::decode(&world.tables.0[&row]).map_err(damaged(HEADS)).unwrap();
    let mut waiting = head.take_out().unwrap();
    assert_eq!(waiting.endpoints.len(), 1, "folded, and not spread yet");
    for (start_ms, endpoints) in std::mem::take(&mut waiting.endpoints) {
        waiting.days.push((day_of(start_ms), endpoints));
    }
    head.put_in(&waiting);
    world.tables.0.insert(row, head.encode());
    world.restart();
    let (day_ms, minute_ms) = (Grain::Day.start_of(NOW_MS), Grain::Minute.length_ms());
    for _ in 0..2 {
        assert_eq!(calls(&world, Grain::Day, 0, i64::MAX), 5);
        assert_eq!(calls(&world, Grain::Day, day_ms, day_ms + 1), 5);
        assert_eq!(over_time(&world, Grain::Day, 0, i64::MAX), [(day_ms, 5)]);
        assert_eq!(calls(&world, Grain::Minute, NOW_MS - 5 * minute_ms, NOW_MS + minute_ms), 5);
        assert_eq!(calls(&world, Grain::Day, 0, day_ms), 0);
        world.settle();
    }
    let of_key = KeyRange::prefix(key(1).as_bytes());
    assert_eq!(world.tables.rows(ENDPOINT_DAYS, &of_key).len(), 1);
    assert_eq!(world.tables.rows(ENDPOINT_MONTHS, &of_key).len(), 1);
}
