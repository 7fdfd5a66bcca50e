//! The flags of `keyward alerts`; what it does is `crate::backtest`'s.

use std::path::PathBuf;

use clap::Subcommand;

/// `alerts`.
#[derive(Subcommand, Debug)]
pub enum Alerts {
    /// Runs the anomaly detector over a series of the past; needs no daemon and no data folder
    Backtest(Backtest),
}

/// `alerts backtest`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "The first line names the columns; others than timestamp and value are left aside. A timestamp is read as the\n\
    clock on the wall: 2026-03-01 09:30:00, 2026-03-01T09:30:00Z, or seconds since 1970. A value that is empty or NaN\n\
    is no reading and scores 0. A row is judged by itself and those before it, in the order of the file.\n\
    A score of 0.5 or more says that an anomaly begins there; the rows that belong to it score 0. --json tells the reasons."
)]
pub struct Backtest {
    /// The file, with the columns timestamp and value; - is standard input
    #[arg(long, value_name = "FILE")]
    pub csv: PathBuf,
}
