use jiff::Timestamp;
use keyward_keys::input::{
    Breakdown, CostQuery, CostsBy, KeyPatch, NewKey, ReportQuery, SeriesQuery, TrackEvent, UsageQuery,
};
use keyward_keys::prices::Money;
use keyward_keys::table::Table;
use keyward_keys::{Caller, Id};

use crate::harness::{Instance, NOON, by_id, new_key};

const DAY_MS: i64 = 24 * 3_600_000;

/// A call of some days ago, with what it says of itself.
fn call(days_ago: i64, metadata: &str) -> TrackEvent {
    TrackEvent {
        timestamp: Timestamp::from_millisecond(NOON - days_ago * DAY_MS).ok(),
        metadata: Some(metadata.to_owned()),
        ..TrackEvent::default()
    }
}

async fn report(instance: &Instance, ana: &Caller, key: Id, days_ago: i64, metadata: &str) {
    instance.service.track(ana, &by_id(key), call(days_ago, metadata)).await.expect("tracked");
}

fn year() -> UsageQuery {
    UsageQuery { timeframe: Some("year".to_owned()), ..UsageQuery::default() }
}

const OPENAI: &str = r#"{"model":"gpt-4o","usage":{"prompt_tokens":1000000,"completion_tokens":100000,"prompt_tokens_details":{"cached_tokens":400000}}}"#;

#[tokio::test]
async fn tokens_and_costs_are_told_of_each_model() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await;
    report(&instance, &ana, key.id, 0, OPENAI).await;
    report(&instance, &ana, key.id, 1, r#"{"model":"own-model","tokens":150}"#).await;
    report(&instance, &ana, key.id, 1, r#"{"model":"own-model","tokens":5,"cost":0.25}"#).await;
    report(&instance, &ana, key.id, 2, r#"{"region":"eu"}"#).await;
    report(&instance, &ana, key.id, 2, r#"{"model":"a\u202eb"}"#).await;
    for query in [UsageQuery::default(), year()] {
        let told =
            instance.service.usage(&ana, &by_id(key.id), &query.clone().into()).await.expect("a report");
        let [big, own, odd] = told.models.as_slice() else { panic!("three models: {:?}", told.models) };
        assert_eq!((big.model.as_str(), big.requests, big.input_tokens), ("gpt-4o", 1, 600_000));
        assert_eq!((big.cached_tokens, big.output_tokens, big.tokens), (400_000, 100_000, 1_100_000));
        // 0.6 x 2.50 + 0.4 x 1.25 + 0.1 x 10.00.
        assert_eq!(big.cost, Some(Money(3_000_000)));
        assert_eq!((own.model.as_str(), own.requests, own.tokens), ("own-model", 2, 155));
        assert_eq!(own.cost, Some(Money(250_000)), "what the call told");
        assert_eq!((odd.model.as_str(), odd.cost), ("a\u{fffd}b", None));
        assert_eq!((told.summary.tokens, told.summary.cost), (1_100_155, Some(Money(3_250_000))));
        assert_eq!(told.currency, "USD");
        let all = instance.service.usage_overview(&ana, &query.clone().into()).await.expect("an overview");
        assert_eq!((&all.models, all.summary.cost), (&told.models, told.summary.cost));
        assert_eq!(all.top_keys[0].cost, told.summary.cost);
        let series = SeriesQuery { span: query, by: Some(Breakdown::Model), ..SeriesQuery::default() };
        let series = instance.service.usage_series(&ana, &series).await.expect("lines");
        let lines: Vec<_> =
            series.lines.iter().map(|line| (line.name.as_str(), line.summary.tokens)).collect();
        assert_eq!(lines[..2], [("gpt-4o", 1_100_000), ("own-model", 155)]);
        assert_eq!(series.total.points.iter().map(|point| point.tokens).sum::<u64>(), 1_100_155);
        assert_eq!(series.total.summary.cost, told.summary.cost);
    }
}

#[tokio::test]
async fn costs_are_told_apart_and_add_up() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let tagged = NewKey { tags: vec!["shop".to_owned(), "live".to_owned()], ..new_key("Shop") };
    let shop = instance.service.create_key(&ana, tagged).await.expect("a key").id;
    let quiet = instance.add_key(&ana, "Other").await.id;
    report(&instance, &ana, shop, 0, OPENAI).await;
    report(&instance, &ana, shop, 25, OPENAI).await;
    report(&instance, &ana, quiet, 0, r#"{"model":"gpt-4o-mini","tokens":1000000}"#).await;
    let costs = async |by| {
        let query = CostQuery { span: year(), by: Some(by), key: None };
        let report = instance.service.costs(&ana, &query).await.expect("costs");
        assert_eq!((report.requests, report.cost), (3, Some(Money(6_150_000))), "{by:?}");
        let lines = report.lines.iter();
        lines.map(|line| (line.name.clone(), line.cost.map_or(0, |cost| cost.0))).collect::<Vec<_>>()
    };
    let line = |name: &str, micros: u64| (name.to_owned(), micros);
    assert_eq!(costs(CostsBy::Key).await, [line("Shop", 6_000_000), line("Other", 150_000)]);
    assert_eq!(costs(CostsBy::Model).await, [line("gpt-4o", 6_000_000), line("gpt-4o-mini", 150_000)]);
    assert_eq!(costs(CostsBy::Month).await, [line("2026-02", 3_000_000), line("2026-03", 3_150_000)]);
    assert_eq!(costs(CostsBy::Team).await, [line("own keys", 6_150_000)]);
    assert_eq!(costs(CostsBy::Service).await, [line("OpenAI", 6_150_000)]);
    let tags = [line("live", 6_000_000), line("shop", 6_000_000), line("untagged", 150_000)];
    assert_eq!(costs(CostsBy::Tag).await, tags);

    let one = CostQuery { span: year(), by: Some(CostsBy::Model), key: Some(by_id(quiet)) };
    let one = instance.service.costs(&ana, &one).await.expect("costs");
    assert_eq!(
        Table::from(&one).csv(),
        "name,requests,tokens,cost,currency\ngpt-4o-mini,1,1000000,0.15,USD\n"
    );
    let stranger = instance.person("eve", keyward_keys::Plan::Free).await.0;
    let hers = CostQuery { key: Some(by_id(quiet)), ..CostQuery::default() };
    assert!(instance.service.costs(&stranger, &hers).await.is_err());
    let billing = instance.service.billing(&ana).await.expect("billing").costs;
    assert_eq!(billing.cost, Some(Money(3_150_000)));
    assert_eq!((billing.keys[0].name.as_str(), billing.models[0].name.as_str()), ("Shop", "gpt-4o"));
    assert!(billing.forecast > billing.cost);
}

#[tokio::test]
async fn history_follows_the_book_and_a_keys_service() {
    let instance = Instance::open().await;
    let ana = instance.ana().await;
    let key = instance.add_key(&ana, "Billing").await.id;
    report(&instance, &ana, key, 3, OPENAI).await;
    let cost = async || {
        let report = instance.service.usage(&ana, &by_id(key), &ReportQuery::default()).await;
        report.expect("a report").summary.cost
    };
    assert_eq!(cost().await, Some(Money(3_000_000)));
    let patch = KeyPatch { service: Some("Nobody".to_owned()), ..KeyPatch::default() };
    instance.service.update_key(&ana, &by_id(key), patch, None).await.expect("changed");
    assert_eq!(cost().await, None, "nobody's prices are known");
}
