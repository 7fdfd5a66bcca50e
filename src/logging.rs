//! The log: always to standard error, for people on a terminal and as JSON elsewhere. It names people and keys by id
//! alone; libraries that would say more are kept quiet here.

use std::io::{self, IsTerminal};

use keyward_config::{Log, LogFormat};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Libraries that print names, keys or headers at debug.
const TALKATIVE: [&str; 6] = ["russh", "hyper", "hyper_util", "h2", "tower", "tower_http"];

/// Starts logging as the settings say. A second call, as a test may make, changes nothing.
pub fn init(log: &Log) {
    let human = match log.format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let lines = if human {
        lines.with_ansi(io::stderr().is_terminal()).with_target(false).boxed()
    } else {
        lines.json().flatten_event(true).with_span_list(false).boxed()
    };
    // Fails when a subscriber is set already, which is as good.
    let _ = tracing_subscriber::registry().with(lines.with_filter(targets(log))).try_init();
}

fn targets(log: &Log) -> Targets {
    let level: LevelFilter = log.level.as_str().parse().unwrap_or(LevelFilter::INFO);
    let capped = TALKATIVE.map(|target| (target, level.min(LevelFilter::INFO)));
    // The scheduler tells of each of its own steps at info.
    let scheduler = [("tokio_cron_scheduler", level.min(LevelFilter::WARN))];
    Targets::new().with_default(level).with_targets(capped).with_targets(scheduler)
}

#[cfg(test)]
mod tests {
    use keyward_config::LogLevel;
    use tracing::Level;

    use super::*;

    #[test]
    fn talkative_libraries_stay_at_info() {
        let chosen = |level| targets(&Log { level, format: LogFormat::Json });
        assert!(chosen(LogLevel::Trace).would_enable("keyward_keys", &Level::TRACE));
        assert!(!chosen(LogLevel::Trace).would_enable("russh::server", &Level::DEBUG));
        assert!(chosen(LogLevel::Trace).would_enable("hyper::proto", &Level::INFO));
        assert!(!chosen(LogLevel::Error).would_enable("hyper::proto", &Level::INFO));
    }
}
