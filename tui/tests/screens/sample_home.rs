//! What Home is told of the sample keys.

use keyward_keys::StoreHealth;
use keyward_keys::view::{
    Attention, AttentionKey, AttentionKind, ErrorClasses, HomeView, InstanceCare, KeyShare, KeyStatus,
    KeyView, LiveView, UsageOverview, UsageSummary,
};

use super::{costs, id, live};

/// What wants attention, by the same rules as the core's.
pub(crate) fn home(keys: &[KeyView], now_ms: i64) -> HomeView {
    let lives: Vec<LiveView> = keys.iter().map(|key| live(key, now_ms)).collect();
    let sum = |of: fn(&LiveView) -> &Vec<u32>| -> Vec<u32> {
        (0..120).map(|at| lives.iter().map(|live| of(live)[at]).sum()).collect()
    };
    let share = |key: &KeyView| key.monthly_limit.map(|limit| key.current_month_usage * 100 / limit.max(1));
    let due = |key: &KeyView| key.next_rotation.map(|at| at.as_millisecond() - now_ms);
    type Wants<'a> = &'a dyn Fn(&KeyView) -> bool;
    let kinds: [(AttentionKind, Wants<'_>); 6] = [
        (AttentionKind::RotationStopped, &|key| key.name == "openai-chat"),
        (AttentionKind::RotationWaiting, &|key| key.name == "anthropic-agents"),
        (AttentionKind::OverLimit, &|key| share(key).is_some_and(|share| share > 100)),
        (AttentionKind::RotationOverdue, &|key| due(key).is_some_and(|due| due < 0)),
        (AttentionKind::NearLimit, &|key| share(key).is_some_and(|share| (80..=100).contains(&share))),
        (AttentionKind::Idle, &|key| key.status == KeyStatus::Active && key.last_used.is_none()),
    ];
    let attention = kinds.into_iter().filter_map(|(kind, wants)| {
        let found: Vec<_> = keys.iter().filter(|key| wants(key)).collect();
        let first = found.iter().take(3).map(|key| AttentionKey {
            alert: None,
            budget: None,
            id: key.id,
            name: key.name.clone(),
            environment: key.environment,
            month: live(key, now_ms).month,
            next_rotation: key.next_rotation,
            expires_at: key.expires_at,
        });
        (!found.is_empty()).then(|| Attention { kind, count: found.len() as u64, first: first.collect() })
    });
    HomeView {
        keys: keys.len() as u64,
        currency: "USD".to_owned(),
        attention: attention.collect(),
        team_budgets: costs::budgets(keys).into_iter().filter(|one| one.id == id(301)).collect(),
        ends_at: now_ms / 1_000,
        requests: sum(|live| &live.requests),
        errors: sum(|live| &live.errors),
        instance: Some(InstanceCare { store: StoreHealth::Connected, room: 200 << 30 }),
    }
}

/// The last day of all keys.
pub(crate) fn day(keys: &[KeyView]) -> UsageOverview {
    let calls = |key: &KeyView| key.current_month_usage / 22;
    let total: u64 = keys.iter().map(calls).sum();
    let mut top: Vec<_> = keys.iter().filter(|key| calls(key) > 0).collect();
    top.sort_by_key(|key| std::cmp::Reverse(calls(key)));
    let share = |key: &&KeyView| KeyShare {
        id: key.id,
        key_id: key.key_id.clone(),
        name: key.name.clone(),
        requests: calls(key),
        cost: None,
        percentage: (calls(key) * 1_000 / total.max(1)) as f64 / 10.0,
    };
    UsageOverview {
        timeframe: "day".to_owned(),
        summary: UsageSummary {
            total_requests: total,
            failed_requests: total / 250,
            successful_requests: total - total / 250,
            ..UsageSummary::default()
        },
        daily_breakdown: Vec::new(),
        top_endpoints: Vec::new(),
        methods: Vec::new(),
        statuses: Vec::new(),
        service_tokens: Vec::new(),
        unique_clients: 0,
        models: Vec::new(),
        currency: "USD".to_owned(),
        top_keys: top.iter().take(10).map(share).collect(),
        errors: ErrorClasses::default(),
        points: Vec::new(),
        previous: None,
    }
}
