//! The table: what was measured, and the aim beside it. Each row is printed as soon as it is known.

use std::io::Write;
use std::time::Duration;

use crate::Result;

/// Prints rows.
pub(crate) struct Report {
    rows: usize,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self { rows: 0 }
    }

    /// No row was printed yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// A figure that has an aim.
    pub(crate) fn row(&mut self, what: &str, measured: &str, aim: &str) -> Result<()> {
        self.rows += 1;
        self.line(&format!("{what:<42} {measured:<44} at most {aim}"))
    }

    /// A figure that has none.
    pub(crate) fn aside(&mut self, what: &str, measured: &str) -> Result<()> {
        self.line(&format!("  {what:<40} {measured}"))
    }

    /// Plain text.
    pub(crate) fn line(&mut self, text: &str) -> Result<()> {
        Ok(writeln!(std::io::stdout().lock(), "{}", text.trim_end())?)
    }
}

/// Median, 99th percentile and maximum.
pub(crate) fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| {
        let rank = (times.len() * share).div_ceil(100).saturating_sub(1);
        times.get(rank).copied().unwrap_or_default()
    };
    format!("p50 {}, p99 {}, max {}", ms(at(50)), ms(at(99)), ms(at(100)))
}

/// In milliseconds.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// Of the last minute, five and fifteen.
pub(crate) fn load_average() -> Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}
