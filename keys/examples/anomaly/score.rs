//! The score of the Numenta Anomaly Benchmark (v1.1): what detections are worth, and the one threshold for all series that
//! serves a profile best. Its rules: a window is worth most at its beginning, a false alarm costs by its distance from the
//! window before it, and the first 15 % of a series, at most 750 rows, do not count.

use std::collections::HashMap;

/// What a profile weighs.
#[derive(Clone, Copy)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    pub(crate) false_alarm: f64,
    pub(crate) missed: f64,
}

pub(crate) const PROFILES: [Profile; 3] = [
    Profile { name: "standard", false_alarm: 0.11, missed: 1.0 },
    Profile { name: "reward_low_FP", false_alarm: 0.22, missed: 1.0 },
    Profile { name: "reward_low_FN", false_alarm: 0.11, missed: 2.0 },
];

/// A series that was judged: the score of each row, and the first and last row of each labelled window.
pub(crate) struct Judged {
    pub(crate) name: String,
    pub(crate) scores: Vec<f64>,
    pub(crate) windows: Vec<(usize, usize)>,
}

/// One row that counts.
pub(crate) struct Row {
    score: f64,
    worth: f64,
    window: Option<(usize, usize)>,
}

/// The worth of a place relative to its window: 1 at the left edge, 0 at the right one, below beyond.
fn falloff(position: f64) -> f64 {
    if position > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * position).exp()) - 1.0 }
}

/// The rows that count of one series. `number` tells its windows from those of others.
pub(crate) fn rows(number: usize, judged: &Judged) -> Vec<Row> {
    let probation = (judged.scores.len() * 15 / 100).min(750);
    let mut last = None;
    let mut rows = Vec::new();
    for (i, score) in judged.scores.iter().enumerate() {
        let inside = judged.windows.iter().position(|(from, to)| (*from..=*to).contains(&i));
        let worth = match (inside.map(|w| judged.windows[w]), last) {
            (Some((from, to)), _) => falloff(-((to - i + 1) as f64) / (to - from + 1) as f64) / falloff(-1.0),
            (None, Some((from, to))) => falloff((i - to) as f64 / (to - from) as f64),
            (None, None) => -1.0,
        };
        if let Some(w) = inside.filter(|w| i == judged.windows[*w].1) {
            last = Some(judged.windows[w]);
        }
        if i >= probation {
            rows.push(Row { score: *score, worth, window: inside.map(|w| (number, w)) });
        }
    }
    rows
}

/// The best score of a profile, from 0 (never fires) to 100 (perfect), and its threshold.
pub(crate) fn best(rows: &mut [Row], profile: Profile) -> (f64, f64) {
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    let windows =
        rows.iter().filter_map(|row| row.window).collect::<std::collections::HashSet<_>>().len() as f64;
    let nothing = -profile.missed * windows;
    let (mut value, mut best, mut threshold) = (nothing, nothing, 1.1);
    let mut hits = HashMap::new();
    for (i, row) in rows.iter().enumerate() {
        match row.window {
            None => value += row.worth * profile.false_alarm,
            Some(window) => {
                let hit = hits.entry(window).or_insert(-profile.missed);
                value += (row.worth - *hit).max(0.0);
                *hit = hit.max(row.worth);
            }
        }
        let whole = rows.get(i + 1).is_none_or(|next| next.score < row.score);
        if whole && value > best {
            (best, threshold) = (value, row.score);
        }
    }
    (100.0 * (best - nothing) / (windows - nothing), threshold)
}

/// Windows found and false alarms at a threshold.
pub(crate) fn found(rows: &[Row], threshold: f64) -> (usize, usize) {
    let fired = rows.iter().filter(|row| row.score >= threshold);
    let (hits, false_alarms): (Vec<_>, Vec<_>) = fired.partition(|row| row.window.is_some());
    let hits: std::collections::HashSet<_> = hits.into_iter().map(|row| row.window).collect();
    (hits.len(), false_alarms.len())
}
