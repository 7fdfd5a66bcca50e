use jiff::Timestamp;
use keyward_keys::input::{
    Breakdown, NewKey, NewTeam, ProfileChange, SeriesQuery, Step, TrackEvent, UsageQuery,
};
use keyward_keys::view::{KeyView, UsageLine, UsageSeries};
use keyward_keys::{Caller, Environment, Error, Plan};

use crate::harness::{Instance, NOON, by_id, new_key};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A call so long before noon.
fn call(before_ms: i64, status: u16, endpoint: &str) -> TrackEvent {
    TrackEvent {
        timestamp: Some(Timestamp::from_millisecond(NOON - before_ms).expect("a time")),
        status_code: Some(status),
        response_time: Some(20.0),
        endpoint: Some(endpoint.to_owned()),
        ..TrackEvent::default()
    }
}

async fn report(instance: &Instance, key: &KeyView, events: Vec<TrackEvent>) {
    instance.service.import_usage(&instance.system(), key.id, None, events).await.expect("brought in");
}

fn of(timeframe: &str) -> SeriesQuery {
    let span = UsageQuery { timeframe: Some(timeframe.to_owned()), ..UsageQuery::default() };
    SeriesQuery { span, compare: true, ..SeriesQuery::default() }
}

async fn series(instance: &Instance, caller: &Caller, query: &SeriesQuery) -> UsageSeries {
    instance.service.usage_series(caller, query).await.expect("a chart")
}

/// Points that have calls, as place and number.
fn calls(line: &UsageLine) -> Vec<(usize, u64)> {
    let with_calls = line.points.iter().enumerate().filter(|(_, point)| point.requests > 0);
    with_calls.map(|(at, point)| (at, point.requests)).collect()
}

#[tokio::test]
async fn each_span_is_cut_as_finely_as_suits_it() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    let ages = [0, 59 * MINUTE_MS, 5 * HOUR_MS, 3 * DAY_MS, 20 * DAY_MS, 200 * DAY_MS];
    report(&instance, &key, ages.map(|age| call(age, 200, "/v1")).to_vec()).await;
    for (timeframe, step, points, requests) in [
        ("hour", Step::Minute, 60, 2),
        ("day", Step::QuarterHour, 96, 3),
        ("week", Step::Hour, 6 * 24 + 13, 4),
        ("month", Step::Day, 30, 5),
        ("year", Step::Week, 53, 6),
    ] {
        let shown = series(&instance, &ana, &of(timeframe)).await;
        assert_eq!((shown.timeframe.as_str(), shown.step), (timeframe, step));
        assert_eq!((shown.total.points.len(), shown.total.summary.total_requests), (points, requests));
        let sum: u64 = shown.total.points.iter().map(|point| point.requests).sum();
        assert_eq!(sum, requests, "{timeframe} adds up");
        let last = shown.total.points.last().expect("one");
        assert_eq!((last.requests > 0, last.p50.is_some()), (true, true), "{timeframe} ends now");
    }
    let quiet = series(&instance, &ana, &of("hour")).await.total.points[30];
    assert_eq!((quiet.requests, quiet.p95), (0, None), "no call told a time");
}

#[tokio::test]
async fn the_period_before_ends_at_the_same_moment_of_it() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    // Of the week before: two at its beginning, and one after the moment that is as far into it as now.
    let ages = [HOUR_MS, 7 * DAY_MS + HOUR_MS, 12 * DAY_MS + HOUR_MS, 7 * DAY_MS - 2 * HOUR_MS];
    report(&instance, &key, ages.map(|age| call(age, 200, "/v1")).to_vec()).await;
    let week = series(&instance, &ana, &of("week")).await;
    let before = week.previous.as_ref().expect("a week before");
    assert_eq!(week.total.previous.map(|summary| summary.total_requests), Some(2));
    assert_eq!(before.from, moment("2026-02-25T00:00:00Z"));
    assert_eq!(before.to.as_millisecond(), NOON + HOUR_MS - 7 * DAY_MS);
    assert_eq!(before.points.len(), week.total.points.len());
    let day = series(&instance, &ana, &of("day")).await;
    assert_eq!(day.total.previous.map(|summary| summary.total_requests), Some(0));
    let alone = series(&instance, &ana, &SeriesQuery { compare: false, ..of("week") }).await;
    assert!(alone.previous.is_none() && alone.total.previous.is_none());
    // Hours are kept for 90 days: these thirty days are, the thirty before are not.
    let day = |ago: i64| Some(Timestamp::from_millisecond(NOON - ago * DAY_MS).expect("a time").to_string());
    let span = UsageQuery { start_date: day(80), end_date: day(51), ..UsageQuery::default() };
    let hours = SeriesQuery { step: Some(Step::Hour), span, compare: true, ..SeriesQuery::default() };
    let shown = series(&instance, &ana, &hours).await;
    assert_eq!((shown.total.points.len(), shown.previous), (30 * 24, None));
    let days = SeriesQuery { step: Some(Step::Day), ..hours };
    assert!(series(&instance, &ana, &days).await.previous.is_some(), "days are kept for ever");
}

#[tokio::test]
async fn days_begin_where_the_asker_is() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    // Half past eleven in the evening of the 8th in New York, where the clocks had been put forward that night.
    let late = moment("2026-03-09T03:30:00Z").as_millisecond();
    report(&instance, &key, vec![call(NOON - late, 200, "/v1")]).await;
    let span = UsageQuery {
        start_date: Some("2026-03-07".to_owned()),
        end_date: Some("2026-03-09".to_owned()),
        timezone: Some("America/New_York".to_owned()),
        ..UsageQuery::default()
    };
    let days = SeriesQuery { span: span.clone(), step: Some(Step::Day), ..SeriesQuery::default() };
    let shown = series(&instance, &ana, &days).await;
    assert_eq!((calls(&shown.total), shown.timezone.as_str()), (vec![(1, 1)], "America/New_York"));
    let starts: Vec<_> = shown.total.points.iter().map(|point| point.start).collect();
    let expected = ["2026-03-07T05:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"];
    assert_eq!(starts, expected.map(moment));
    let hours = series(&instance, &ana, &SeriesQuery { step: Some(Step::Hour), ..days }).await;
    assert_eq!((hours.total.points.len(), calls(&hours.total)), (71, vec![(46, 1)]));
}

#[tokio::test]
async fn clocks_that_change_by_half_an_hour_have_an_hour_of_another_length() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    let zone = || Some("Australia/Lord_Howe".to_owned());
    // At two in the morning of the 5th of April 2026 they went back to half past one, from 11 hours before UTC to ten and a half.
    let change_ms = moment("2026-04-04T15:00:00Z").as_millisecond();
    instance.clock.set(change_ms + 2 * DAY_MS);
    let minutes = [-121, -1, 0, 29, 30, 12 * 60 - 31, 22 * 60 + 29, 22 * 60 + 30];
    let calls_at = minutes.map(|minutes| call(NOON - change_ms - minutes * MINUTE_MS, 200, "/v1"));
    report(&instance, &key, calls_at.to_vec()).await;
    let day = Some("2026-04-05".to_owned());
    let span =
        UsageQuery { start_date: day.clone(), end_date: day, timezone: zone(), ..UsageQuery::default() };
    let hours = SeriesQuery { span: span.clone(), step: Some(Step::Hour), ..SeriesQuery::default() };
    let shown = series(&instance, &ana, &hours).await.total;
    let starts: Vec<_> = shown.points.iter().map(|point| point.start).collect();
    let first =
        ["2026-04-04T13:00:00Z", "2026-04-04T14:00:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z"];
    assert_eq!(starts[..4], first.map(moment));
    assert_eq!((starts[24], starts.len()), (moment("2026-04-05T12:30:00Z"), 25));
    // The first was on the day before, and the last is on the day after.
    assert_eq!(calls(&shown), [(1, 1), (2, 2), (3, 1), (13, 1), (24, 1)]);
    let days = UsageQuery {
        start_date: Some("2026-04-04".to_owned()),
        end_date: Some("2026-04-06".to_owned()),
        ..span
    };
    let told = instance.service.usage_overview(&ana, &days.into()).await.expect("told");
    let of_days: Vec<_> = told.daily_breakdown.iter().map(|day| day.requests).collect();
    assert_eq!(of_days, [1, 6, 1]);
    assert_eq!(told.top_endpoints[0].requests, 8);
}

#[tokio::test]
async fn today_begins_at_half_past_an_hour_where_clocks_say_so() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    let zone = ProfileChange { time_zone: Some("Asia/Kolkata".to_owned()), ..ProfileChange::default() };
    instance.service.change_profile(&ana, zone).await.expect("changed");
    // Midnight there was at 18:30 UTC.
    let midnight = NOON - 17 * HOUR_MS - HOUR_MS / 2;
    let calls_at = [-MINUTE_MS, 0, 14 * MINUTE_MS, 29 * MINUTE_MS, 5 * HOUR_MS];
    report(&instance, &key, calls_at.map(|after_ms| call(NOON - midnight - after_ms, 200, "/v1")).to_vec())
        .await;
    let shown = instance.service.live(&ana, &by_id(key.id)).await.expect("told");
    assert_eq!(shown.today.total_requests, 4);
}

#[tokio::test]
async fn calls_are_told_apart_by_key_environment_team_and_endpoint() {
    let instance = Instance::open().await;
    let (ana, (ben, _)) = (instance.ana().await, instance.person("ben", Plan::Free).await);
    let team =
        instance.service.create_team(&ana, NewTeam { name: "Shop".to_owned(), ..NewTeam::default() }).await;
    let team = team.expect("a team");
    let new = |name: &str, environment, team| NewKey { environment, team, ..new_key(name) };
    let live = new("live", Some(Environment::Production), Some(team.id));
    let live = instance.service.create_key(&ana, live).await.expect("a key");
    let test = instance
        .service
        .create_key(&ana, new("test", Some(Environment::Staging), None))
        .await
        .expect("a key");
    let bens = instance.add_key(&ben, "bens").await;
    let calls_of =
        |n: i64, status, endpoint: &str| (1..=n).map(|n| call(n * MINUTE_MS, status, endpoint)).collect();
    report(&instance, &live, calls_of(3, 200, "/pay")).await;
    report(&instance, &live, calls_of(1, 500, "/refund")).await;
    report(&instance, &test, calls_of(2, 200, "/pay")).await;
    report(&instance, &bens, calls_of(9, 200, "/pay")).await;
    report(&instance, &live, vec![call(25 * HOUR_MS, 200, "/refund")]).await;
    let lines = async |by| {
        let shown = series(&instance, &ana, &SeriesQuery { by: Some(by), ..of("day") }).await;
        assert_eq!(shown.total.summary.total_requests, 6, "what others use is not told");
        shown
            .lines
            .into_iter()
            .map(|line| (line.name, line.id, line.summary.total_requests))
            .collect::<Vec<_>>()
    };
    let line = |name: &str, id, requests| (name.to_owned(), id, requests);
    assert_eq!(lines(Breakdown::Key).await, [line("live", Some(live.id), 4), line("test", Some(test.id), 2)]);
    assert_eq!(lines(Breakdown::Environment).await, [line("production", None, 4), line("staging", None, 2)]);
    assert_eq!(lines(Breakdown::Team).await, [line("Shop", Some(team.id), 4), line("your own", None, 2)]);
    let shown = series(&instance, &ana, &SeriesQuery { by: Some(Breakdown::Endpoint), ..of("hour") }).await;
    let endpoints =
        shown.endpoints.iter().map(|of| (of.endpoint.as_str(), of.requests, of.errors)).collect::<Vec<_>>();
    assert_eq!(endpoints, [("/pay", 5, 0), ("/refund", 1, 1)]);
    assert_eq!(shown.endpoints[0].average_response_time, Some(20.0));

    let only = |query: SeriesQuery| async {
        let query = query;
        series(&instance, &ana, &query).await.total.summary.total_requests
    };
    assert_eq!(only(SeriesQuery { environment: Some(Environment::Staging), ..of("day") }).await, 2);
    assert_eq!(only(SeriesQuery { team: Some(team.id), ..of("day") }).await, 4);
    assert_eq!(only(SeriesQuery { keys: vec![by_id(test.id)], ..of("day") }).await, 2);
}

#[tokio::test]
async fn of_hundreds_of_statuses_the_busiest_are_told_and_the_rest_as_one() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    // The busiest come when there is no room for points of more, and so do two that were only there before.
    let quiet = (100..500).map(|status| call(20 * HOUR_MS, status, "/v1"));
    let busy = (0..9u16)
        .flat_map(|at| vec![call((i64::from(at) + 3) * HOUR_MS, 590 + at, "/v1"); 20 - usize::from(at)]);
    let before = [580, 581].map(|status| call(26 * HOUR_MS, status, "/v1"));
    report(&instance, &key, quiet.chain(busy).chain(before).collect()).await;
    let of_day = SeriesQuery { by: Some(Breakdown::Status), step: Some(Step::Hour), ..of("day") };
    let shown = series(&instance, &ana, &of_day).await;
    let told: Vec<_> = shown.kinds.iter().map(|kind| (kind.name.as_str(), kind.requests)).collect();
    let expected = (0..7).map(|at| (590 + at, 20 - at));
    let expected: Vec<_> = expected.map(|(status, calls)| (status.to_string(), calls)).collect();
    let expected: Vec<_> = expected.iter().map(|(name, calls)| (name.as_str(), *calls)).collect();
    assert_eq!(told, [expected, vec![("other", 400 + 13 + 12)]].concat());
    assert_eq!(shown.kinds[7].previous_requests, Some(2));
    for (at, point) in shown.total.points.iter().enumerate() {
        assert_eq!(shown.kinds.iter().map(|kind| kind.points[at]).sum::<u64>(), point.requests);
    }
}

#[tokio::test]
async fn nobody_is_shown_what_they_may_not_see_or_cannot_be_drawn() {
    let instance = Instance::open().await;
    let (ana, (ben, _)) = (instance.ana().await, instance.person("ben", Plan::Free).await);
    let key = instance.add_key(&ana, "Billing").await;
    let team =
        instance.service.create_team(&ana, NewTeam { name: "Shop".to_owned(), ..NewTeam::default() }).await;
    let team = team.expect("a team").id;
    let refused =
        async |query: SeriesQuery| instance.service.usage_series(&ben, &query).await.expect_err("refused");
    let keys = SeriesQuery { keys: vec![by_id(key.id)], ..of("day") };
    assert!(matches!(refused(keys).await, Error::NotFound("key")));
    assert!(matches!(refused(SeriesQuery { team: Some(team), ..of("day") }).await, Error::NotFound("team")));
    for query in [
        SeriesQuery { keys: vec![by_id(key.id); 9], ..of("day") },
        SeriesQuery { step: Some(Step::Minute), ..of("day") },
        SeriesQuery { step: Some(Step::QuarterHour), ..of("week") },
        SeriesQuery { step: Some(Step::Hour), ..of("year") },
        of("century"),
    ] {
        assert!(matches!(refused(query).await, Error::Invalid(_)));
    }
    let nothing = series(&instance, &ben, &SeriesQuery { by: Some(Breakdown::Key), ..of("year") }).await;
    assert_eq!((nothing.total.summary.total_requests, nothing.lines.len()), (0, 0));
}

#[tokio::test]
async fn a_year_counts_today_from_its_first_hour_on() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    report(&instance, &key, [10 * HOUR_MS, 200 * DAY_MS].map(|age| call(age, 200, "/v1")).to_vec()).await;
    instance.clock.set(NOON - 9 * HOUR_MS);
    for by in [None, Some(Breakdown::Endpoint), Some(Breakdown::Method)] {
        let year = series(&instance, &ana, &SeriesQuery { by, ..of("year") }).await;
        let last_of_kinds = year.kinds.first().map(|kind| kind.points.last());
        assert_eq!(last_of_kinds, (by == Some(Breakdown::Method)).then_some(Some(&1)));
        assert_eq!(year.total.points.last().map(|point| point.requests), Some(1));
        assert_eq!(year.total.summary.total_requests, 2);
        let of_endpoint = (by == Some(Breakdown::Endpoint)).then_some(2);
        assert_eq!(year.endpoints.first().map(|one| one.requests), of_endpoint);
    }
}
