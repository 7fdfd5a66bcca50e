//! `keyward prices`.

use std::path::PathBuf;

use clap::Subcommand;

/// `prices`.
#[derive(Subcommand, Debug)]
pub enum PricesCommand {
    /// Prints the prices in force: those of prices.toml in the data folder, then the list prices of the program
    Show,
    /// Names every fault of a price book
    Check {
        /// The book, a TOML file; drop it into DATA_DIR/prices.toml when it is fine, and restart
        file: PathBuf,
    },
}
