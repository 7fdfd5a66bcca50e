//! Made-up numbers that look like the real thing: how many calls, how long they take, how many fail. For the demo
//! alone; nothing here is secret or needs to be.

use std::f64::consts::TAU;

use jiff::Timestamp;
use keyward_keys::input::TrackEvent;

use super::sample::Sample;

/// How many things happen in a while in which `mean` happen on average (Poisson).
pub(super) fn count(mean: f64) -> u32 {
    if mean > 30.0 {
        // The normal curve is as good, and does not take `mean` steps.
        return (mean + mean.sqrt() * normal()).round().max(0.0) as u32;
    }
    let (limit, mut product, mut count) = ((-mean).exp(), fastrand::f64(), 0);
    while product > limit {
        product *= fastrand::f64();
        count += 1;
    }
    count
}

/// The standard normal distribution (Box and Muller).
fn normal() -> f64 {
    (-2.0 * (1.0 - fastrand::f64()).ln()).sqrt() * (TAU * fastrand::f64()).cos()
}

/// One call of this key. `trouble` is the share of calls that fail beyond the usual.
pub(super) fn event(sample: &Sample, at: Option<Timestamp>, trouble: f64) -> TrackEvent {
    // The first endpoints of a list are the busiest.
    let place = (fastrand::f64().powi(2) * sample.endpoints.len() as f64) as usize;
    let (method, endpoint) = sample.endpoints[place.min(sample.endpoints.len() - 1)];
    let failed = fastrand::f64() < sample.errors + trouble;
    let status = match (failed, fastrand::u8(..10)) {
        (false, _) if method == "POST" && fastrand::u8(..4) == 0 => 201,
        (false, _) => 200,
        (true, 0..4) => 429,
        (true, 4..6) => 400,
        (true, 6..8) => 500,
        (true, _) => 503,
    };
    let slow = if status >= 500 { 3.0 } else { 1.0 };
    let model = (fastrand::f64().powi(2) * sample.models.len() as f64) as usize;
    let tokens = || (300.0 * (0.8 * normal()).exp()) as u32;
    let asked = sample.models.get(model).map(|model| {
        let (sent, answered) = (3 * tokens(), tokens());
        format!(r#"{{"model":"{model}","usage":{{"input_tokens":{sent},"output_tokens":{answered}}}}}"#)
    });
    TrackEvent {
        metadata: asked,
        endpoint: Some(endpoint.to_owned()),
        method: Some(method.to_owned()),
        status_code: Some(status),
        response_time: Some((sample.median_ms * slow * (0.45 * normal()).exp()).clamp(0.5, 60_000.0)),
        request_size: Some(fastrand::u32(200..4_000)),
        response_size: Some(fastrand::u32(300..20_000)),
        timestamp: at,
        ..TrackEvent::default()
    }
}

/// How busy an hour of the day (UTC) is; 1 on average.
pub(super) fn hour_share(hour: f64) -> f64 {
    1.0 + 0.65 * (TAU * (hour - 9.0) / 24.0).sin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_keep_their_mean() {
        for mean in [0.05, 4.0, 200.0] {
            let total: u64 = (0..20_000).map(|_| u64::from(count(mean))).sum();
            let seen = total as f64 / 20_000.0;
            assert!((seen / mean - 1.0).abs() < 0.15, "{mean}: {seen}");
        }
        assert_eq!(count(0.0), 0);
    }

    #[test]
    fn a_day_is_a_day() {
        let mean = (0..24).map(|hour| hour_share(hour.into())).sum::<f64>() / 24.0;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
    }
}
