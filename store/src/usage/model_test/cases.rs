//! Single stories beside the model: forgetting, pruning, ids, idleness, too much.

use super::*;

#[test]
fn a_forgotten_key_leaves_nothing_behind() {
    let mut world = World::open(Tables::default(), 0, Instant::now());
    for minute in 0..50 {
        let events = vec![sample(1, NOW_MS + minute * 60_000), sample(2, NOW_MS + minute * 60_000)];
        world.commit(&Step { wait_ms: 30_000, ..commit_of(events) }, |_| {});
    }
    world.usage.forget(key(1));
    world.commit(&commit_of(vec![sample(1, NOW_MS), sample(2, NOW_MS)]), |_| {});
    assert_eq!(world.usage.totals(key(1), NOW_MS).count, 0);
    assert_eq!(world.usage.events(key(1), 0, i64::MAX, 10).unwrap(), []);
    // Nothing brings it back, whenever the process dies.
    world.restart();
    assert_eq!(world.usage.totals(key(1), NOW_MS).count, 0);
    world.settle();
    world.restart();
    assert!(!world.tables.0.keys().any(|(_, row)| row.starts_with(key(1).as_bytes())));
    assert_eq!(world.usage.totals(key(1), NOW_MS).count, 0);
    assert_eq!(world.usage.totals(key(2), NOW_MS).count, 51);
}

#[test]
fn pruning_removes_what_is_too_old_and_nothing_else() {
    let mut world = World::open(Tables::default(), 0, Instant::now());
    // In a row of hours of sixteen days that is older than what is kept.
    world.commit(&commit_of(vec![sample(1, NOW_MS - 119 * DAY_MS)]), |_| {});
    world.settle();
    for day in (0..100).rev() {
        world.commit(&commit_of(vec![sample(1, NOW_MS - day * DAY_MS); 600]), |_| {});
        world.settle();
    }
    world.usage.prune(NOW_MS, 30);
    world.settle();
    assert_eq!(world.usage.totals(key(1), NOW_MS).count, 60_001);
    let oldest = |cells: Vec<(i64, Cell)>| cells[0].0;
    assert_eq!(
        oldest(world.usage.cells(key(1), Grain::Day, 0, i64::MAX).unwrap()),
        Grain::Day.start_of(NOW_MS - 119 * DAY_MS),
    );
    assert_eq!(
        oldest(world.usage.cells(key(1), Grain::Hour, 0, i64::MAX).unwrap()),
        Grain::Hour.start_of(NOW_MS - 90 * DAY_MS),
    );
    let of_key = KeyRange::prefix(key(1).as_bytes());
    let rows =
        crate::usage::endpoints::ENDPOINT_PARTS.map(|(_, table)| world.tables.rows(table, &of_key).len());
    // Of the hours and days that cells are kept of, one hour of each sixteen of these days, and of all months.
    assert_eq!(rows, [3, 7, 91, 4]);
    let rows = crate::usage::endpoints::KIND_ROWS.map(|(.., table)| world.tables.rows(table, &of_key).len());
    assert_eq!(rows, [7, 7, 4]);
    let asked = |grain, from_ms, to_ms| {
        let totals = world.usage.endpoints(key(1), grain, from_ms, to_ms).unwrap().totals;
        totals.iter().map(|sum| sum.cell.requests).sum::<u64>()
    };
    // Of days at any time, of hours as long as they are kept, of their day from then on.
    assert_eq!(asked(Grain::Day, NOW_MS - 97 * DAY_MS, NOW_MS - 94 * DAY_MS), 4 * 600);
    assert_eq!(asked(Grain::Hour, NOW_MS - 89 * DAY_MS + HOUR_MS, NOW_MS - 87 * DAY_MS - HOUR_MS), 600);
    let half_ms = Grain::Hour.start_of(NOW_MS) + HOUR_MS / 2;
    assert_eq!(asked(Grain::Quarter, half_ms - 89 * DAY_MS, half_ms - 87 * DAY_MS), 2 * 600);
    assert_eq!(asked(Grain::Hour, NOW_MS - 95 * DAY_MS + HOUR_MS, NOW_MS - 94 * DAY_MS), 2 * 600);
    let events = world.usage.events(key(1), 0, i64::MAX, usize::MAX).unwrap();
    let oldest = events.last().unwrap().at_ms;
    assert!(
        (NOW_MS - 34 * DAY_MS..=NOW_MS - 30 * DAY_MS).contains(&oldest),
        "{}",
        (NOW_MS - oldest) / DAY_MS
    );
}

#[test]
fn ids_are_remembered_in_runs_across_restarts_for_a_day() {
    let mut world = World::open(Tables::default(), 0, Instant::now());
    let id = |number: u64| {
        let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        let mut id = [0; 16];
        id[..8].copy_from_slice(&mixed);
        Some(id)
    };
    let batch = |from: u64, at_ms: i64| -> Vec<UsageEvent> {
        (from..from + 1_000).map(|number| UsageEvent { event_id: id(number), ..sample(1, at_ms) }).collect()
    };
    let admitted = |world: &mut World, from: u64, at_ms: i64| {
        let appended = world.commit(&commit_of(batch(from, at_ms)), |_| {}).unwrap();
        appended.duplicate.iter().filter(|duplicate| !**duplicate).count()
    };
    let prune = |world: &mut World, hour: i64| {
        world.usage.prune(NOW_MS + hour * HOUR_MS, 30);
        world.settle();
    };
    for part in 0..20 {
        // Imported history: the events' own times must not make their ids old.
        assert_eq!(admitted(&mut world, part * 1_000, NOW_MS - (20 - part as i64) * DAY_MS), 1_000);
        if part % 4 == 3 {
            prune(&mut world, part as i64 / 4);
        }
    }
    for hour in [4, 20] {
        for from in (0..20_000).step_by(1_000) {
            assert_eq!(admitted(&mut world, from, NOW_MS), 0, "{from}");
        }
        world.restart();
        prune(&mut world, hour);
    }
    // A day later they are forgotten, and their rows are gone.
    prune(&mut world, 50);
    assert_eq!(admitted(&mut world, 0, NOW_MS + 50 * HOUR_MS), 1_000);
    world.settle();
    let rows = world.tables.rows(crate::usage::seen::SEEN, &KeyRange::all()).len();
    assert!(rows < 10, "{rows}");
}

#[test]
fn ids_of_a_group_that_failed_are_new_again_also_when_a_pruning_came_before_its_end() {
    let mut world = World::open(Tables::default(), 0, Instant::now());
    let event = |number| UsageEvent { event_id: Some([number; 16]), ..sample(1, NOW_MS) };
    world.commit(&commit_of(vec![event(1)]), |_| {});
    for pruned in [false, true] {
        world.engine.begin_group();
        let appended = world.engine.admit(&[1, 2, 2].map(event), &world.tables).unwrap();
        assert_eq!(appended.duplicate.as_slice(), [true, false, true]);
        if pruned {
            world.usage.prune(NOW_MS, 30);
            world.engine.slice(world.now, &world.tables).unwrap();
        }
        world.engine.abort_group();
    }
    let appended = world.commit(&commit_of([1, 2, 3].map(event).into()), |_| {}).unwrap();
    assert_eq!(appended.duplicate.as_slice(), [true, false, false]);
    world.restart();
    let appended = world.commit(&commit_of([3, 2, 1, 4].map(event).into()), |_| {}).unwrap();
    assert_eq!(appended.duplicate.as_slice(), [true, true, true, false]);
}

#[test]
fn an_idle_engine_wants_nothing() {
    let mut world = World::open(Tables::default(), 0, Instant::now());
    assert_eq!(world.engine.wants_commit_at(), None);
    world.commit(&commit_of(vec![sample(1, NOW_MS)]), |_| {});
    assert!(world.engine.wants_commit_at().is_some());
    world.settle();
    assert_eq!(world.engine.wants_commit_at(), None);
    world.usage.prune(NOW_MS, 30);
    world.usage.forget(key(9));
    world.settle();
    assert_eq!(world.engine.wants_commit_at(), None);
}

#[test]
fn folding_makes_room_for_questions_but_comes_to_its_end_and_does_not_wait_when_room_runs_out() {
    let mut world = World::open(Tables::default(), 0, Instant::now());
    let events = || (0..200u8).map(|number| sample(number, NOW_MS)).collect();
    let waits = |world: &World| {
        let at = world.engine.wants_commit_at().unwrap();
        at.saturating_duration_since(world.now) > Duration::ZERO
    };
    world.commit(&commit_of(events()), |_| {});
    world.commit(&Step { wait_ms: 1_100, ..commit_of(Vec::new()) }, |_| {});
    assert!(!waits(&world), "a round is under way, and nobody asks");
    let asking = world.usage.asking();
    let second = world.usage.asking();
    assert!(waits(&world));
    drop(asking);
    assert!(waits(&world), "somebody still asks");
    let began = world.now;
    world.settle();
    assert!(world.now - began < Duration::from_secs(120) && world.engine.unfolded_bytes == 0);
    world.commit(&commit_of(events()), |_| {});
    world.commit(&Step { wait_ms: 1_100, ..commit_of(Vec::new()) }, |_| {});
    assert!(waits(&world));
    world.engine.fold_soon();
    assert!(!waits(&world), "the journal needs the room");
    while world.engine.unfolded_bytes > 0 {
        assert!(!waits(&world));
        world.commit(&commit_of(Vec::new()), |_| {});
    }
    world.commit(&commit_of(events()), |_| {});
    world.commit(&Step { wait_ms: 1_100, ..commit_of(Vec::new()) }, |_| {});
    assert!(waits(&world), "it has it again");
    drop(second);
    assert!(!waits(&world));
}

#[test]
fn too_much_unfolded_is_refused() {
    let mut world = World::open(Tables::default(), 0, Instant::now());
    let metadata: Box<str> = "x".repeat(crate::usage::UNFOLDED_BYTES / 8).into();
    let large = UsageEvent { metadata, ..sample(1, NOW_MS) };
    for _ in 0..7 {
        world.engine.begin_group();
        world.engine.admit(std::slice::from_ref(&large), &world.tables).unwrap();
        world.engine.commit_group(Some(Arc::new(Tables::default())));
    }
    world.engine.begin_group();
    let refused = world.engine.admit(&[large], &world.tables);
    assert!(matches!(refused, Err(crate::error::Error::Busy)));
}
