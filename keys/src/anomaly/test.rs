//! What the detector promises: it reads no future, forgets nothing over a restart, stays small, takes any input, and tells
//! what people would tell.

use proptest::prelude::*;

use super::*;

const TEN_MINUTES: i64 = 600;
/// Monday, 2 March 2026.
const MONDAY: i64 = 1_772_409_600;

/// Numbers from 0 to 1 that look random and are the same each time.
fn noise(i: u64) -> f64 {
    let mut x = i.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn run(detector: &mut Detector, readings: &[(i64, f64)]) -> Vec<Verdict> {
    readings.iter().map(|(at, value)| detector.observe(*at, *value)).collect()
}

fn judged(values: impl IntoIterator<Item = f64>) -> Vec<Verdict> {
    let mut detector = Detector::default();
    values.into_iter().zip(0..).map(|(value, i)| detector.observe(MONDAY + i * TEN_MINUTES, value)).collect()
}

/// Where anomalies begin, after a week in which nearly all is new.
fn beginnings(verdicts: &[Verdict]) -> Vec<usize> {
    (1008..verdicts.len()).filter(|i| verdicts[*i].begins).collect()
}

/// Traffic of a week: busy by day, less at the weekend, with some noise.
fn usual_traffic(i: u64) -> f64 {
    let hour = i / 6 % 24;
    let day = i / 144 % 7;
    let busy = if (8..18).contains(&hour) { 400.0 } else { 20.0 };
    busy * if day >= 5 { 0.3 } else { 1.0 } + 10.0 * noise(i)
}

/// Readings with spikes, shifts, repeated and late timestamps, and now and then what is no number or is enormous.
fn readings() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let value = prop_oneof![
        20 => (0.0..100.0).boxed(),
        2 => (-1e6..1e6).boxed(),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, -f64::MAX, f64::MIN_POSITIVE, -0.0]).boxed(),
    ];
    let step = prop_oneof![20 => Just(TEN_MINUTES), 2 => -100_000..100_000_i64, 1 => Just(0)];
    let block = (value.clone(), 1..80_usize, prop::collection::vec((step, value, 0.0..1.0_f64), 80));
    prop::collection::vec(block, 1..6).prop_map(|blocks| {
        let mut at = MONDAY;
        let mut all = Vec::new();
        for (level, length, rows) in blocks {
            for (step, value, share) in rows.into_iter().take(length) {
                at += step;
                all.push((at, level + value * share));
            }
        }
        all
    })
}

proptest! {
    #[test]
    fn a_prefix_is_judged_as_in_the_whole_also_over_a_restart(all in readings(), cut in 0.0..1.0_f64) {
        let whole = run(&mut Detector::default(), &all);
        let cut = (all.len() as f64 * cut) as usize;
        let mut first = Detector::default();
        let mut parts = run(&mut first, &all[..cut]);
        prop_assert_eq!(&parts[..], &whole[..cut]);
        let stored = postcard::to_stdvec(&first).unwrap();
        let mut again: Detector = postcard::from_bytes(&stored).unwrap();
        prop_assert_eq!(&again, &first);
        parts.extend(run(&mut again, &all[cut..]));
        prop_assert_eq!(parts, whole);
    }

    #[test]
    fn any_input_gets_a_score_and_no_more_memory(all in prop::collection::vec((any::<i64>(), any::<f64>()), 0..400)) {
        let mut detector = Detector::default();
        for verdict in run(&mut detector, &all) {
            prop_assert!((0.0..=1.0).contains(&verdict.score));
            prop_assert_eq!(verdict.begins, verdict.score >= ALARM);
            prop_assert_eq!(verdict.begins, !verdict.reasons.is_empty());
        }
        prop_assert!(detector.size() <= 4096, "{} bytes", detector.size());
    }

    #[test]
    fn what_is_no_number_leaves_no_trace(all in readings(), every in 1..9_usize) {
        let clean: Vec<_> = all.into_iter().filter(|(_, value)| value.is_finite()).collect();
        let holes = clean.iter().enumerate().flat_map(|(i, reading)| {
            let hole = (i % every == 0).then_some((reading.0, [f64::NAN, f64::INFINITY][i % 2]));
            hole.into_iter().chain([*reading])
        });
        let holes: Vec<_> = holes.collect();
        let with: Vec<_> = run(&mut Detector::default(), &holes).into_iter().zip(holes).collect();
        prop_assert!(with.iter().all(|(verdict, (_, value))| value.is_finite() || verdict.score == 0.0));
        let kept: Vec<_> = with.into_iter().filter(|(_, (_, value))| value.is_finite()).map(|(verdict, _)| verdict).collect();
        prop_assert_eq!(kept, run(&mut Detector::default(), &clean));
    }
}

#[test]
fn a_key_takes_at_most_four_kilobytes_however_much_is_seen() {
    let mut detector = Detector::default();
    for i in 0..60_000 {
        // Wild enough that every place is taken.
        let value = (noise(i) * 20.0).exp() * if i / 500 % 2 == 0 { 1.0 } else { -1.0 };
        detector.observe(MONDAY + i as i64 * 1800, value);
        assert!(detector.size() <= 4096, "{} bytes", detector.size());
    }
    let stored = postcard::to_stdvec(&detector).unwrap();
    assert!(stored.len() <= 4096, "{} bytes stored", stored.len());
    let mut again: Detector = postcard::from_bytes(&stored).unwrap();
    for i in 0..5_000 {
        again.observe(MONDAY + i * 1800, noise(i as u64).powi(9) * 1e9);
    }
    assert!(again.size() <= 4096, "{} bytes after a restart", again.size());
}

#[test]
fn all_that_is_watched_of_a_key_takes_four_kilobytes_and_goes_on_over_a_restart() {
    let reading = |i: u64| {
        let calls = (noise(i) * 20.0).exp();
        Reading { calls, errors: calls * noise(i + 1), timed: calls, response_ms: calls * noise(i + 2) * 1e4 }
    };
    let (mut whole, mut parts) = (Watch::default(), Watch::default());
    for i in 0..20_000 {
        let at = MONDAY + i as i64 * 1800;
        assert_eq!(whole.observe(at, &reading(i)), parts.observe(at, &reading(i)));
        if i % 997 == 0 {
            let stored = postcard::to_stdvec(&parts).unwrap();
            assert!(stored.len() <= 4096, "{} bytes stored", stored.len());
            parts = postcard::from_bytes(&stored).unwrap();
        }
        assert!(parts.size() <= 4096, "{} bytes", parts.size());
    }
}

#[test]
fn only_a_rise_of_errors_and_response_times_is_told_and_of_few_calls_nothing() {
    let usual =
        |i: u64| Reading { calls: 100.0, errors: noise(i) * 3.0, timed: 100.0, response_ms: 2e4 + noise(i) };
    let began = |odd: Reading| {
        let mut watch = Watch::default();
        for i in 0..600 {
            watch.observe(MONDAY + i * TEN_MINUTES, &usual(i as u64));
        }
        watch.observe(MONDAY + 600 * TEN_MINUTES, &odd)
    };
    let many = began(Reading { errors: 40.0, ..usual(1) });
    assert!(many.begins && many.score > 0.6, "{many:?}");
    assert_eq!(
        many.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["40 % of the calls failed where 0 to 3 % was usual"]
    );
    assert_eq!([914.0, 14_548.0, 250_000.0].map(|ms| Millis(ms).to_string()), ["914 ms", "14.5 s", "250 s"]);
    let slow = began(Reading { response_ms: 9e4, ..usual(1) });
    assert_eq!(
        slow.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["a response time of 900 ms where 200 to 200 ms was usual"]
    );
    assert!(!began(Reading { response_ms: 2e3, errors: 0.0, ..usual(1) }).begins, "better is no news");
    let few = Reading { calls: 95.0, errors: 2.0, timed: 3.0, response_ms: 9e4 };
    assert!(!began(few).begins, "three response times say nothing");
}

#[test]
fn unit_and_offset_do_not_matter() {
    let values = |i: u64| noise(i) * 5.0 + if (1200..1220).contains(&i) { 9.0 } else { 0.0 };
    let plain = judged((0..2000).map(values));
    let other = judged((0..2000).map(|i| values(i) * 4096.0 - 8192.0));
    assert_eq!(beginnings(&plain), beginnings(&other));
    assert_eq!(beginnings(&plain).first(), Some(&1200));
}

#[test]
fn a_shift_is_one_anomaly_and_then_the_new_level_is_usual() {
    let verdicts = judged((0..3000).map(|i| noise(i) * 10.0 + if i < 1500 { 50.0 } else { 90.0 }));
    assert_eq!(beginnings(&verdicts), [1500]);
}

#[test]
fn what_goes_on_as_it_was_is_no_anomaly() {
    assert_eq!(beginnings(&judged((0..5000).map(|_| 7.0))), [0_usize; 0]);
    assert_eq!(beginnings(&judged((0..5000).map(|i| (i as f64 * 0.02).sin()))), [0_usize; 0]);
    // The first weekend is one; later ones are not.
    let began = beginnings(&judged((0..144 * 70).map(usual_traffic)));
    assert!(began.iter().all(|i| *i < 144 * 14), "{began:?}");
}

#[test]
fn a_slow_fall_is_seen_although_no_step_is_large() {
    let level = |i: u64| 90.0 - 60.0 * (i.saturating_sub(1500) as f64 / 120.0).min(1.0);
    let began = beginnings(&judged((0..1700).map(|i| level(i) + 4.0 * noise(i))));
    assert!(began.iter().any(|i| (1500..1620).contains(i)), "{began:?}");
}

#[test]
fn an_hour_at_which_it_is_unusual_is_named() {
    // Three o'clock on the fifth Tuesday.
    let odd = 144 * 29 + 3 * 6;
    let traffic = |i: u64| if (odd..odd + 6).contains(&i) { 184.0 } else { usual_traffic(i) };
    let verdicts = judged((0..odd + 144).map(traffic));
    let verdict = &verdicts[odd as usize];
    assert!(verdict.begins);
    assert_eq!(verdict.reasons[0].to_string(), "7.4x the usual Tuesday 03:00");
    assert!(verdicts[odd as usize + 1..].iter().all(|verdict| !verdict.begins), "said once");
}

#[test]
fn what_is_under_the_grain_is_not_worth_a_word() {
    let calls = |i: u64| if i == 1100 { 8.0 } else { (noise(i) * 2.5).floor() };
    let began = |grain: f64| {
        let mut detector = Detector::new(grain);
        let all: Vec<_> = (0..1200).map(|i| (MONDAY + i as i64 * TEN_MINUTES, calls(i))).collect();
        beginnings(&run(&mut detector, &all))
    };
    assert_eq!(began(0.0), [1100]);
    assert_eq!(began(50.0), [0_usize; 0]);
}

#[test]
fn reasons_are_in_plain_words() {
    let words = |reason: Reason| reason.to_string();
    let times = |value, usual| words(Reason::Times { value, usual, hour: None });
    assert_eq!(times(740.0, 100.0), "7.4x the usual");
    assert_eq!(times(3.0, 100.0), "3 % of the usual");
    assert_eq!(times(5.0, 0.0), "5 instead of the usual 0");
    assert_eq!(times(60.0, -9.93e-9), "60 instead of the usual 0");
    assert_eq!(times(-5.0, 20.25), "-5 instead of the usual 20.2");
    let range = |of| words(Reason::Range { of, value: 1234.5, range: (-0.25, 99.96) });
    assert_eq!(range(1), "1234 where -0.25 to 100 was usual");
    assert_eq!(range(30), "1234 on average of the last 30, where -0.25 to 100 was usual");
    assert_eq!(words(Reason::Jump { from: 0.0, to: 2.5e12 }), "a jump from 0 to 2.50e12");
}

#[test]
fn one_wild_reading_blinds_it_to_nothing_less_wild() {
    for wild in [1e4, 1e12, -f64::MAX] {
        let values = (0..3_000).map(|i| match i {
            1_500 => wild,
            2_500 => 4_000.0,
            _ => usual_traffic(i),
        });
        let begins = beginnings(&judged(values));
        assert!(begins.contains(&1_500) && begins.contains(&2_500), "{wild}: {begins:?}");
    }
}

#[test]
fn a_shift_however_far_is_one_anomaly() {
    for far in [5.0, 100.0, 1e6] {
        let values =
            (0..3_000).map(|i| if i < 1_500 { 5.0 * noise(i) } else { far * (5.0 + 0.5 * noise(i)) });
        assert_eq!(beginnings(&judged(values)), [1_500], "{far} times as much");
    }
}
