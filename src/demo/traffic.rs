//! The demo's present: calls that come in now, some keys busier than others, with bursts and bad minutes. Reported
//! like any app's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keyward_keys::Service;
use keyward_keys::input::ReportedEvent;

use super::apps::Apps;
use super::numbers::{count, event};
use super::sample::SampleKey;

/// How often calls are reported.
const BEAT: Duration = Duration::from_millis(200);
/// Calls a second now, for each call a second of the history: a demo is watched for minutes, not for a day. More would
/// make a wall of today in every chart of the week.
const HASTE: f64 = 15.0;

/// A time in which one key is busier, or fails more.
struct Spell {
    key: usize,
    until: Instant,
    rate: f64,
    trouble: f64,
}

/// Reports calls until it is aborted.
pub(super) async fn flow(service: Service, keys: Vec<SampleKey>, apps: Arc<Apps>) {
    let mut spells: Vec<Spell> = Vec::new();
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let now = Instant::now();
        spells.retain(|spell| spell.until > now);
        if spells.len() < 3 && fastrand::u8(..40) == 0 {
            spells.push(spell(keys.len(), now));
        }
        let events =
            keys.iter().enumerate().filter(|(_, key)| key.sample.in_use()).flat_map(|(index, key)| {
                let of_this = spells.iter().filter(|spell| spell.key == index);
                let (rate, trouble) = of_this.fold((1.0, 0.0), |(rate, trouble), spell: &Spell| {
                    (rate * spell.rate, f64::max(trouble, spell.trouble))
                });
                let mean = key.sample.per_day / 86_400.0 * HASTE * rate * BEAT.as_secs_f64();
                let named = key.id.to_string();
                let call =
                    move |_| ReportedEvent { key: named.clone(), event: event(key.sample, None, trouble) };
                (0..count(mean)).map(call)
            });
        for (app, events) in apps.share(events.collect()) {
            if let Err(error) = service.track_many(app, events, false).await {
                tracing::warn!(error = crate::error::chain(&error), "sample calls were not taken");
            }
        }
    }
}

fn spell(keys: usize, now: Instant) -> Spell {
    let troubled = fastrand::u8(..4) == 0;
    Spell {
        key: fastrand::usize(..keys.max(1)),
        until: now + Duration::from_secs(fastrand::u64(6..25)),
        rate: if troubled { 1.0 } else { 2.0 + 5.0 * fastrand::f64() },
        trouble: if troubled { 0.1 + 0.3 * fastrand::f64() } else { 0.0 },
    }
}
