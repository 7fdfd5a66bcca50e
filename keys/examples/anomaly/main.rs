//! Scores the anomaly detector by the rules of the Numenta Anomaly Benchmark, and measures what a reading costs:
//! `cargo run --release -p keyward-keys --example anomaly -- FOLDER`. FOLDER holds `windows.json` (the benchmark's
//! `combined_windows.json`, or part of it) and the series under `data/`, as they come from the benchmark.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

mod score;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use jiff::civil::DateTime;
use keyward_keys::anomaly::Detector;
use score::{Judged, PROFILES, best, found, rows};

/// A window as the file of labels has it: when it begins and when it ends.
type Window = (String, String);

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder with windows.json and data/")?;
    let folder = Path::new(&folder);
    let labels: BTreeMap<String, Vec<Window>> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("windows.json"))?)?;
    let mut all = Vec::new();
    let (mut readings, mut seconds, mut largest) = (0, 0.0, 0);
    for (name, windows) in labels {
        let series = read(&folder.join("data").join(&name))?;
        let windows = windows
            .iter()
            .map(|(from, to)| Ok((row(&series, from)?, row(&series, to)?)))
            .collect::<Result<_, Box<dyn Error>>>()?;
        let mut detector = Detector::default();
        let began = Instant::now();
        let scores: Vec<f64> = series.iter().map(|(at, value)| detector.observe(*at, *value).score).collect();
        seconds += began.elapsed().as_secs_f64();
        readings += scores.len();
        largest = largest.max(detector.size());
        all.push(Judged { name, scores, windows });
    }
    let mut every: Vec<_> = all.iter().enumerate().flat_map(|(i, judged)| rows(i, judged)).collect();
    let thresholds = PROFILES.map(|profile| {
        let (score, threshold) = best(&mut every, profile);
        println!("{:14} {score:6.2}   threshold {threshold:.6}", profile.name);
        threshold
    });
    println!("{:.3} µs a reading, at most {largest} bytes a series", 1e6 * seconds / readings as f64);
    for judged in &all {
        let (hits, false_alarms) = found(&rows(0, judged), thresholds[0]);
        println!("{:60} windows {hits}/{}  false alarms {false_alarms}", judged.name, judged.windows.len());
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<(i64, f64)>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let line = |line: &str| {
        let (at, value) = line.split_once(',').ok_or("a line is no timestamp and value")?;
        Ok((seconds(at)?, value.trim().parse()?))
    };
    text.lines().skip(1).map(line).collect()
}

fn seconds(text: &str) -> Result<i64, Box<dyn Error>> {
    Ok(text.trim().parse::<DateTime>()?.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp().as_second())
}

fn row(series: &[(i64, f64)], at: &str) -> Result<usize, Box<dyn Error>> {
    let at = seconds(at)?;
    Ok(series.iter().position(|(time, _)| *time == at).ok_or("a window begins or ends at no row")?)
}
