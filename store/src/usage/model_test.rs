//! Random groups, slices, crashes and questions, against a model that simply keeps every event. After each step all
//! answers are equal: no event is lost, none is counted twice.

mod cases;
mod compare;
mod earlier;
mod model;
mod tables;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::calendar::{DAY_MS, HOUR_MS, first_day, month_of};
use super::head::minutes_from;
use super::{
    Appended, Calls, Cell, CellRanges, CellSum, EndpointTotals, Engine, Grain, Kind, Method, Packer, Planned,
    Reporter, Usage, UsageEvent,
};
use crate::model::Id;
use crate::redb::port::ARRIVALS;
use crate::table::KeyRange;

use compare::{compare_endpoints, compare_events, compare_models};
use model::Model;
use tables::Tables;

/// How a commit ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Commits,
    /// The group goes into the journal, without a slice.
    Journals,
    /// Neither group nor slice reach the file; the engine goes on.
    Aborts,
    /// The process dies before the commit.
    DiesBefore,
    /// The process dies after the commit, before anyone is told.
    DiesAfter,
}

#[derive(Clone, Debug)]
struct Step {
    events: Vec<UsageEvent>,
    wait_ms: u64,
    /// What is being folded is worked out before the group is written.
    folds: bool,
    end: End,
    /// What is asked for besides, ms since the epoch.
    asked: (i64, i64),
}

/// A day and a half before a month's end, so that events fall into two months and late ones into the one before.
const NOW_MS: i64 = 1_790_685_000_000;

/// More than one slice folds, so that a process can die in the middle of a round.
const KEYS: u8 = 40;

fn key(number: u8) -> Id {
    Id::from_bytes([number; 12])
}

fn event() -> impl Strategy<Value = UsageEvent> {
    let at_ms = prop_oneof![
        6 => NOW_MS..NOW_MS + 100_000,
        1 => NOW_MS - 30 * DAY_MS..NOW_MS,
        1 => NOW_MS - 3 * DAY_MS..NOW_MS + 300_000,
    ];
    let event_id = prop::option::of((0u8..40).prop_map(|n| [n.wrapping_mul(97); 16]));
    (
        0..KEYS,
        at_ms,
        0u8..6,
        prop::option::of(0u32..3_000_000),
        prop_oneof![Just(200u16), 200u16..600],
        event_id,
    )
        .prop_map(|(number, at_ms, endpoint, response_us, status, event_id)| UsageEvent {
            api_key: key(number),
            at_ms,
            endpoint: format!("/v1/{endpoint}").into(),
            method: Method::Post,
            status,
            response_us,
            request_bytes: 10,
            response_bytes: u32::from(status),
            version: 1,
            reporter: Reporter {
                token: (at_ms % 3 > 0).then(|| key((at_ms % 5) as u8)),
                client: (at_ms % 7 > 0).then_some((at_ms % 199) as u32 * 21_000_001),
            },
            event_id,
            metadata: match endpoint {
                0 => Box::default(),
                1 => r#"{"region":"eu"}"#.into(),
                model => format!(r#"{{"model":"m{model}","tokens":{status}}}"#).into(),
            },
        })
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![
        8 => Just(End::Commits), 8 => Just(End::Journals), 1 => Just(End::Aborts), 1 => Just(End::DiesBefore), 1 => Just(End::DiesAfter),
    ];
    let events = prop_oneof![1 => Just(Vec::new()), 3 => prop::collection::vec(event(), 1..80)];
    let time_ms = || prop_oneof![0..3 * HOUR_MS, 0..3 * DAY_MS, 0..40 * DAY_MS];
    let asked =
        (time_ms(), time_ms()).prop_map(|(ago_ms, length_ms)| (NOW_MS - ago_ms, NOW_MS - ago_ms + length_ms));
    (events, prop_oneof![0u64..50, 900u64..1_100, 50_000u64..70_000], any::<bool>(), end, asked)
        .prop_map(|(events, wait_ms, folds, end, asked)| Step { events, wait_ms, folds, end, asked })
}

/// The engine on its tables, as the writer drives it.
struct World {
    tables: Tables,
    /// What the writer remembers beside the tables.
    folded_through: u64,
    engine: Engine,
    usage: Usage,
    packer: Packer,
    /// Folds that are being worked out, and the rows as they were then.
    away: Option<(Planned, Tables)>,
    now: Instant,
}

impl World {
    fn open(tables: Tables, folded_through: u64, now: Instant) -> Self {
        let range = KeyRange { start: (folded_through + 1).to_be_bytes().to_vec(), end: None };
        let rows: Vec<_> =
            tables.rows(ARRIVALS, &range).into_iter().map(|(k, v)| (k.to_vec(), v.to_vec())).collect();
        let mut arrivals = rows.into_iter().map(|(k, v)| Ok((u64::from_be_bytes(k.try_into().unwrap()), v)));
        let mut engine = Engine::recover(&tables, &mut arrivals).unwrap();
        engine.commit_group(Some(Arc::new(tables.clone())));
        let usage = engine.reader();
        let packer = Packer::new().unwrap();
        Self { tables, folded_through, engine, usage, packer, away: None, now }
    }

    fn restart(&mut self) {
        *self = Self::open(std::mem::take(&mut self.tables), self.folded_through, self.now);
    }

    /// One group; `between` is asked after the commit is durable and before the engine knows.
    fn commit(&mut self, step: &Step, between: impl Fn(&Usage)) -> Option<Appended> {
        self.now += Duration::from_millis(step.wait_ms);
        if let Some(planned) = self.engine.plan(self.now) {
            self.away = Some((planned, self.tables.clone()));
        }
        if step.folds {
            self.take_back();
        }
        self.engine.begin_group();
        let appended = self.engine.admit(&step.events, &self.tables).unwrap();
        if step.end == End::Journals {
            // Durable in a record of its own, for which a row stands here; the tables stay as they are.
            if let Some((number, value)) = self.engine.encode_group() {
                self.tables.0.insert((ARRIVALS.0, number.to_be_bytes().to_vec()), value);
                between(&self.usage);
                self.engine.commit_group(None);
            }
            return Some(appended);
        }
        let slice = self.engine.slice(self.now, &self.tables).unwrap();
        let arrival = self.engine.encode_group();
        if matches!(step.end, End::Aborts | End::DiesBefore) {
            between(&self.usage);
            match step.end {
                End::Aborts => self.engine.abort_group(),
                _ => self.restart(),
            }
            return None;
        }
        self.tables.apply(slice.ops);
        if let Some((number, value)) = arrival {
            self.tables.0.insert((ARRIVALS.0, number.to_be_bytes().to_vec()), value);
        }
        self.folded_through = slice.folded_through.unwrap_or(self.folded_through);
        let folded = self.folded_through.to_be_bytes();
        self.tables.0.retain(|(name, key), _| *name != ARRIVALS.0 || key.as_slice() > folded.as_slice());
        between(&self.usage);
        // Queries may already see the commit while the engine has not yet put memory right.
        self.engine.shared.publish(Arc::new(self.tables.clone()));
        between(&self.usage);
        match step.end {
            End::DiesAfter => self.restart(),
            _ => self.engine.commit_group(Some(Arc::new(self.tables.clone()))),
        }
        Some(appended)
    }

    /// Gives the engine what it has planned, worked out from rows that other commits may have followed.
    fn take_back(&mut self) {
        if let Some((planned, tables)) = self.away.take() {
            self.engine.worked_out(Some(planned.work_out(&mut self.packer, &tables).unwrap()));
        }
    }

    /// Commits while the engine asks for it, an hour at most.
    fn settle(&mut self) {
        self.take_back();
        let until = self.now + Duration::from_secs(3_600);
        for _ in 0..10_000 {
            let Some(at) = self.engine.wants_commit_at().filter(|at| *at < until) else { return };
            let wait_ms = at.saturating_duration_since(self.now).as_millis() as u64 + 1;
            self.commit(&Step { wait_ms, ..commit_of(Vec::new()) }, |_| {});
        }
        panic!("the engine never comes to rest");
    }
}

fn compare(usage: &Usage, model: &Model, keys: impl Iterator<Item = u8>, asked: (i64, i64)) {
    for api_key in keys.map(key) {
        let events: Vec<_> = model.of(api_key).collect();
        let newest_ms = events.iter().map(|event| event.at_ms).max();
        let totals = usage.totals(api_key, NOW_MS);
        assert_eq!(totals.count, events.len() as u64);
        assert_eq!(totals.errors, events.iter().filter(|event| event.status >= 400).count() as u64);
        assert_eq!(totals.last_used_ms, newest_ms);
        let month = events.iter().filter(|event| month_of(event.at_ms) == month_of(NOW_MS)).count();
        assert_eq!(totals.month_used, month as u64);
        for grain in Grain::ALL.into_iter().chain([Grain::SixHours]) {
            let from_ms = if grain == Grain::Minute { minutes_from(newest_ms.unwrap_or(0)) } else { 0 };
            let cells = usage.cells(api_key, grain, 0, i64::MAX).unwrap();
            assert_eq!(cells, model.cells(api_key, grain, from_ms), "{grain:?}");
        }
        compare_endpoints(usage, model, api_key, newest_ms.unwrap_or(0), asked);
        compare_models(usage, model, api_key);
        compare_events(usage, &events, api_key);
    }
}

proptest! {
    // A case is long; PROPTEST_CASES still asks for more.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 8, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_lost_or_doubled(steps in prop::collection::vec(step(), 1..30)) {
        let mut world = World::open(Tables::default(), 0, Instant::now());
        let mut model = Model::default();
        for (turn, step) in steps.iter().enumerate() {
            // A few keys each time, or the test would take minutes.
            let some = (turn as u8 % 8..KEYS).step_by(8);
            let (duplicate, new) = model.admit(&step.events);
            let before = |usage: &Usage| compare(usage, &model, some.clone(), step.asked);
            let appended = world.commit(step, before);
            if let Some(appended) = appended {
                prop_assert_eq!(appended.duplicate.to_vec(), duplicate);
                model.take(new);
            }
            compare(&world.usage, &model, some, step.asked);
        }
        world.settle();
        let asked = steps[0].asked;
        compare(&world.usage, &model, 0..KEYS, asked);
        world.restart();
        compare(&world.usage, &model, 0..KEYS, asked);
        prop_assert_eq!(world.tables.rows(ARRIVALS, &KeyRange::all()).len(), 0);
    }
}

fn sample(number: u8, at_ms: i64) -> UsageEvent {
    UsageEvent {
        api_key: key(number),
        at_ms,
        endpoint: "/v1/chat".into(),
        method: Method::Get,
        status: 200,
        response_us: Some(1_000),
        request_bytes: 1,
        response_bytes: 2,
        version: 1,
        reporter: Reporter::default(),
        event_id: None,
        metadata: r#"{"model":"m","tokens":1}"#.into(),
    }
}

fn commit_of(events: Vec<UsageEvent>) -> Step {
    Step { events, wait_ms: 10, folds: true, end: End::Commits, asked: (0, i64::MAX) }
}
