//! Figures and times as people read them. Pure; the moment is an argument.

use keyward_keys::prices::Money;

/// The unit of so many: `endpoints`, of one `endpoint`.
pub(crate) fn unit(n: u64, unit: &str) -> &str {
    match (n, unit) {
        (1, "calls/min") => "call/min",
        // The others (`ms`, `min`, `%`, `money`) are as they are.
        (1, "calls" | "days" | "endpoints" | "networks" | "uses") => unit.trim_end_matches('s'),
        _ => unit,
    }
}

/// `12,402 calls`, `1 call`.
pub(crate) fn calls(n: u64) -> String {
    format!("{} {}", count(n), unit(n, "calls"))
}

/// `12,402`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// At most five characters: `980`, `12.4k`, `1.2M`, `318M`.
pub(crate) fn short(n: u64) -> String {
    const UNITS: [(u64, &str); 5] = [
        (1_000_000_000_000_000, "P"),
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1_000, "k"),
    ];
    for (unit, name) in UNITS {
        if n >= unit {
            let (whole, tenth) = (n / unit, n % unit / (unit / 10));
            return if whole >= 100 { format!("{whole}{name}") } else { format!("{whole}.{tenth}{name}") };
        }
    }
    n.to_string()
}

/// As [`short`], without a tenth that is none: `10k`.
pub(crate) fn brief(n: u64) -> String {
    short(n).replace(".0", "")
}

/// An amount of money in few columns: `0.0123`, `12.40`, `1840`.
pub(crate) fn money(amount: Money) -> String {
    let units = amount.units();
    match amount.0 {
        0 => "0.00".to_owned(),
        1..100 => "<0.0001".to_owned(),
        100..1_000_000 => format!("{units:.4}"),
        1_000_000..1_000_000_000 => format!("{units:.2}"),
        _ => brief(units as u64),
    }
}

/// Calls a second: `0`, `0.2`, `12.4`, `318`.
pub(crate) fn rate(calls: u64, seconds: u64) -> String {
    let seconds = seconds.max(1);
    if calls >= 100 * seconds {
        return short(calls / seconds);
    }
    let tenths = (calls * 10 + seconds / 2) / seconds;
    match (tenths / 10, tenths % 10) {
        (0, 0) => "0".to_owned(),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

/// A response time: `0.4 ms`, `84 ms`, `1.2 s`.
pub(crate) fn millis(ms: f64) -> String {
    if ms >= 1_000.0 {
        format!("{:.1} s", ms / 1_000.0)
    } else if ms >= 10.0 || ms == 0.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{ms:.1} ms")
    }
}

/// A share of a whole: `0 %`, `0.4 %`, `71 %`.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 || part == 0 {
        return "0 %".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    if share < 0.1 {
        "<0.1 %".to_owned()
    } else if share < 10.0 {
        format!("{share:.1} %")
    } else {
        format!("{share:.0} %")
    }
}

/// A share of a limit, rounded down: `0 %`, `71 %`, at most `999 %`.
pub(crate) fn whole_percent(part: u64, whole: u64) -> String {
    let share = (u128::from(part) * 100).checked_div(u128::from(whole)).unwrap_or(100);
    format!("{} %", share.min(999))
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Ages are told in these steps, so that a label at rest seldom changes: how long it takes, and what it is called.
const STEPS: [(i64, i64, &str); 14] = [
    (0, SECOND, "now"),
    (MINUTE, MINUTE, "min"),
    (2 * MINUTE, MINUTE, "min"),
    (3 * MINUTE, MINUTE, "min"),
    (5 * MINUTE, MINUTE, "min"),
    (10 * MINUTE, MINUTE, "min"),
    (15 * MINUTE, MINUTE, "min"),
    (20 * MINUTE, MINUTE, "min"),
    (30 * MINUTE, MINUTE, "min"),
    (45 * MINUTE, MINUTE, "min"),
    (HOUR, HOUR, "h"),
    (DAY, DAY, "d"),
    (60 * DAY, 30 * DAY, "mo"),
    (730 * DAY, 365 * DAY, "y"),
];

fn step(age: i64) -> (i64, i64, &'static str) {
    STEPS.into_iter().rev().find(|step| age >= step.0).unwrap_or(STEPS[0])
}

/// How long ago: `now` within a minute, `5 min`, `3 h`, `12 d`.
pub(crate) fn age(now_ms: i64, then_ms: i64) -> String {
    let age = (now_ms - then_ms).max(0);
    let (from, unit, name) = step(age);
    match name {
        "now" => name.to_owned(),
        "min" => format!("{} {name}", from / unit),
        _ => format!("{} {name}", age / unit),
    }
}

/// As [`age`], in a sentence: `just now`, `5 min ago`.
pub(crate) fn ago(now_ms: i64, then_ms: i64) -> String {
    match age(now_ms, then_ms).as_str() {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

/// When [`age`] will read differently.
pub(crate) fn age_changes_at(now_ms: i64, then_ms: i64) -> i64 {
    let age = (now_ms - then_ms).max(0);
    let (_, unit, name) = step(age);
    let next_step = STEPS.into_iter().map(|step| step.0).find(|from| *from > age).unwrap_or(i64::MAX);
    let next_unit = if matches!(name, "now" | "min") { i64::MAX } else { (age / unit + 1) * unit };
    then_ms.min(now_ms).saturating_add(next_step.min(next_unit))
}

/// How long something goes on, ms, in its largest unit: `6 d`, `3 h`, `12 min`; `over` when past.
pub(crate) fn span(ms: i64) -> String {
    match ms {
        ms if ms <= 0 => "over".to_owned(),
        ms if ms >= DAY => format!("{} d", ms / DAY),
        ms if ms >= HOUR => format!("{} h", ms / HOUR),
        ms => format!("{} min", (ms / MINUTE).max(1)),
    }
}

/// How long until, to the nearest day from one day on: `in 3 h`, `in 12 d`; `5 h overdue`, `3 d overdue` when past.
pub(crate) fn due(now_ms: i64, at_ms: i64) -> String {
    match at_ms - now_ms {
        past if past < 0 => format!("{} overdue", span(-past)),
        ahead if ahead >= DAY => format!("in {}", span(ahead + DAY / 2)),
        ahead => format!("in {}", span(ahead.max(1))),
    }
}

/// A time span as settings write it, as it is told: `1 d 12 h` of `1d 12h`.
pub(crate) fn told_span(text: &str) -> String {
    let told = |part: &str| {
        let number = part.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        match &part[number.len()..] {
            "m" => format!("{number} min"),
            unit => format!("{number} {unit}"),
        }
    };
    text.split(' ').map(told).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_people_write_them() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1_000, 1_234_567].map(count)[..]);
        assert_eq!(
            ["999", "1.0k", "12.4k", "318M", "18446P"],
            [999, 1_000, 12_449, 318_000_000, u64::MAX].map(short)[..]
        );
        assert_eq!(
            ["0", "0.2", "12.4", "318"],
            [(0, 5), (1, 5), (62, 5), (1_590, 5)].map(|(n, s)| rate(n, s))[..]
        );
        assert_eq!(["0 ms", "0.4 ms", "84 ms", "1.2 s"], [0.0, 0.4, 84.2, 1_230.0].map(millis)[..]);
        assert_eq!(percent(1, 10_000), "<0.1 %");
        assert_eq!(percent(4, 1_000), "0.4 %");
        assert_eq!(percent(71, 100), "71 %");
    }

    #[test]
    fn ages_change_exactly_when_they_say() {
        let mut now = 0;
        for _ in 0..200 {
            let next = age_changes_at(now, 0);
            assert_eq!(age(next - 1, 0), age(now, 0));
            assert_ne!(age(next, 0), age(now, 0), "at {next}");
            now = next;
        }
        assert_eq!(ago(30_000, 0), "just now");
        assert_eq!(ago(7 * MINUTE, 0), "5 min ago");
        assert_eq!(age(-5, 0), "now");
        assert_eq!(
            ["over", "1 min", "59 min", "3 h", "6 d"],
            [0, 5, HOUR - 1, 3 * HOUR, 6 * DAY].map(span)[..]
        );
        assert_eq!(
            ["in 12 d", "in 90 d", "in 23 h", "in 1 min", "5 h overdue", "1 d overdue"],
            [12 * DAY + 5, 90 * DAY - 5, 23 * HOUR + 5, 0, -5 * HOUR, -2 * DAY + 5].map(|at| due(0, at))[..]
        );
        assert_eq!(
            ["1 d", "1 d 12 h", "30 min 5 s", "250 ms", "0 s"],
            ["1d", "1d 12h", "30m 5s", "250ms", "0s"].map(told_span)[..]
        );
    }
}
