//! Reports beyond their totals: the period before, points, and whose calls they are of.

use jiff::Timestamp;
use keyward_keys::input::{
    AddedAccount, Breakdown, NewKey, NewTeam, OverviewQuery, ReportQuery, SeriesQuery, Step, TrackEvent,
    UsageQuery,
};
use keyward_keys::view::{KeyView, UsageBefore, UsagePoint};
use keyward_keys::{Environment, Error, Plan};

use crate::harness::{Instance, by_id, new_account, new_key};

async fn report(instance: &Instance, key: &KeyView, calls: &[(&str, u16)]) {
    let call = |(at, status): &(&str, u16)| TrackEvent {
        timestamp: Some(at.parse().expect("a time")),
        status_code: Some(*status),
        endpoint: Some("/v1/secret-name".to_owned()),
        metadata: Some(r#"{"model": "gpt-4o", "inputTokens": 1000}"#.to_owned()),
        ..TrackEvent::default()
    };
    let calls = calls.iter().map(call).collect();
    instance.service.import_usage(&instance.system(), key.id, None, calls).await.expect("brought in");
}

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// In New York summer time began on the 8th, in the middle of the week that is asked for.
const CALLS: [(&str, u16); 7] = [
    ("2026-02-25T04:30:00Z", 200),
    // The period before: up to the same time of the day on the clocks there.
    ("2026-02-25T05:30:00Z", 200),
    ("2026-03-03T12:30:00Z", 500),
    ("2026-03-03T14:30:00Z", 500),
    ("2026-03-04T04:30:00Z", 500),
    // The week.
    ("2026-03-04T05:30:00Z", 200),
    ("2026-03-09T04:30:00Z", 404),
];

fn check(summary_requests: u64, points: &[UsagePoint], previous: Option<&UsageBefore>) {
    assert_eq!(summary_requests, 2);
    let told: Vec<_> = points.iter().map(|point| (point.requests, point.errors)).collect();
    assert_eq!(told, [(1, 0), (0, 0), (0, 0), (0, 0), (0, 0), (1, 1), (0, 0)]);
    assert_eq!(
        [points[0].start, points[4].start, points[5].start],
        ["2026-03-04T05:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"].map(moment)
    );
    let before = previous.expect("the period before");
    assert_eq!(before.from, moment("2026-02-25T05:00:00Z"));
    assert_eq!(before.to, moment("2026-03-03T13:00:00.001Z"));
    let summary = &before.summary;
    assert_eq!((summary.total_requests, summary.failed_requests, summary.tokens), (2, 1, 2_000));
    assert!(summary.cost.is_some(), "priced by the book");
}

#[tokio::test]
async fn a_report_compares_with_the_period_before_and_is_cut_by_the_clocks_of_its_reader() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let new = NewKey { service: "openai".to_owned(), ..new_key("Billing") };
    let key = instance.service.create_key(&ana, new).await.expect("a key");
    report(&instance, &key, &CALLS).await;
    let span = UsageQuery { timezone: Some("America/New_York".to_owned()), ..UsageQuery::default() };
    let asked = ReportQuery { span: span.clone(), step: Some(Step::Day), compare: true };
    let shown = instance.service.usage(&ana, &by_id(key.id), &asked).await.expect("a report");
    check(shown.summary.total_requests, &shown.points, shown.previous.as_ref());
    let all = OverviewQuery { report: asked.clone(), ..OverviewQuery::default() };
    let shown = instance.service.usage_overview(&ana, &all).await.expect("an overview");
    check(shown.summary.total_requests, &shown.points, shown.previous.as_ref());
    assert_eq!((shown.top_endpoints[0].requests, shown.top_endpoints[0].errors), (2, 1));
    let alone = instance.service.usage(&ana, &by_id(key.id), &span.into()).await.expect("a report");
    assert_eq!((alone.points.len(), alone.previous), (0, None));
    // Of the last day by the minute; of long ago by whole days, each counted once.
    let rolling = |timeframe: &str| ReportQuery {
        span: UsageQuery { timeframe: Some(timeframe.to_owned()), ..UsageQuery::default() },
        compare: true,
        ..ReportQuery::default()
    };
    report(&instance, &key, &[("2026-03-10T11:30:00Z", 200), ("2026-03-10T10:30:00Z", 200)]).await;
    let hour = instance.service.usage(&ana, &by_id(key.id), &rolling("hour")).await.expect("a report");
    let before = hour.previous.expect("the hour before").summary;
    assert_eq!((hour.summary.total_requests, before.total_requests), (1, 1));
    report(&instance, &key, &[("2025-03-10T11:30:00Z", 200), ("2024-12-01T00:30:00Z", 200)]).await;
    let year = instance.service.usage(&ana, &by_id(key.id), &rolling("year")).await.expect("a report");
    let before = year.previous.expect("the year before").summary;
    assert_eq!((year.summary.total_requests, before.total_requests), (9, 2));
}

#[tokio::test]
async fn an_overview_is_of_a_team_an_environment_or_for_operators_of_the_instance() {
    let instance = Instance::open().await;
    let (ana, (ben, _)) = (instance.ana().await, instance.person("ben", Plan::Free).await);
    let service = &instance.service;
    let team = NewTeam { name: "Shop".to_owned(), ..NewTeam::default() };
    let team = service.create_team(&ana, team).await.expect("a team").id;
    let new =
        |name: &str, environment, team| NewKey { environment: Some(environment), team, ..new_key(name) };
    let live = new("live", Environment::Production, Some(team));
    let live = service.create_key(&ana, live).await.expect("a key");
    let test = service.create_key(&ana, new("test", Environment::Staging, None)).await.expect("a key");
    let bens = instance.add_key(&ben, "bens").await;
    for (key, calls) in [(&live, 3), (&test, 2), (&bens, 4)] {
        report(&instance, key, &vec![("2026-03-10T11:30:00Z", 500); calls]).await;
    }
    let requests = async |caller, query: OverviewQuery| {
        service.usage_overview(caller, &query).await.map(|shown| shown.summary.total_requests)
    };
    let all = OverviewQuery::default;
    assert_eq!(requests(&ana, all()).await.ok(), Some(5));
    assert_eq!(requests(&ana, OverviewQuery { team: Some(team), ..all() }).await.ok(), Some(3));
    let staging = OverviewQuery { environment: Some(Environment::Staging), ..all() };
    assert_eq!(requests(&ana, staging).await.ok(), Some(2));
    let others = requests(&ben, OverviewQuery { team: Some(team), ..all() }).await;
    assert!(matches!(others, Err(Error::NotFound("team"))));

    let added = AddedAccount { account: new_account("op"), operator: true, plan: Plan::Free };
    service.add_account(&instance.system(), added).await.expect("added");
    let op = service
        .sign_in(crate::harness::ORIGIN, "op", crate::harness::secret("correct horse"))
        .await
        .expect("in");
    assert_eq!(requests(&op, all()).await.ok(), Some(0), "an operator is nobody's member");
    let whole = OverviewQuery {
        instance: true,
        report: ReportQuery { compare: true, ..ReportQuery::default() },
        ..all()
    };
    let shown = service.usage_overview(&op, &whole).await.expect("of the instance");
    assert_eq!((shown.summary.total_requests, shown.errors.server_errors), (9, 9));
    assert_eq!((shown.statuses[0].requests, shown.previous.expect("before").summary.total_requests), (9, 0));
    assert!(shown.top_endpoints.is_empty() && shown.top_keys.is_empty(), "nobody's names");
    assert!(shown.models.is_empty() && shown.service_tokens.is_empty(), "nobody's names");
    assert!(matches!(requests(&ana, whole.clone()).await, Err(Error::Forbidden(_))));
    let of_team = OverviewQuery { team: Some(team), ..whole };
    assert!(matches!(requests(&op, of_team).await, Err(Error::Invalid(_))));

    let chart = |by| SeriesQuery { instance: true, by, ..SeriesQuery::default() };
    let lines = service.usage_series(&op, &chart(Some(Breakdown::Environment))).await.expect("a chart");
    let lines: Vec<_> = lines.lines.iter().map(|line| line.summary.total_requests).collect();
    assert_eq!(lines.iter().sum::<u64>(), 9);
    let statuses = service.usage_series(&op, &chart(Some(Breakdown::Status))).await.expect("a chart");
    assert_eq!((statuses.kinds[0].requests, statuses.models.len()), (9, 0));
    use Breakdown as B;
    for by in [B::Key, B::Team, B::Model, B::Endpoint, B::Token] {
        let refused = service.usage_series(&op, &chart(Some(by))).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{by:?}");
    }
    let named = SeriesQuery { keys: vec![by_id(live.id)], ..chart(None) };
    assert!(matches!(service.usage_series(&op, &named).await, Err(Error::Invalid(_))));
    assert!(matches!(service.usage_series(&ben, &chart(None)).await, Err(Error::Forbidden(_))));
}
