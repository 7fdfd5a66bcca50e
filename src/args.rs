//! The command line: names, flags and their help. Only commands that work are here; what they do is elsewhere.

mod alerts;
mod prices;
mod recipe;
mod user;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use keyward_config::{Config, Environment, Sources};
use keyward_keys::input::{self, TransferFormat};

use crate::error::Result;

pub use alerts::{Alerts, Backtest};
pub use prices::PricesCommand;
pub use recipe::{RecipeCheck, RecipeCommand};
pub use user::{User, UserAdd};

/// Keeps a team's API keys: sealed, rotated, metered live, shared by role. One daemon, reached by ssh.
#[derive(Parser, Debug)]
#[command(name = "keyward", version, propagate_version = true)]
#[command(after_help = "Without a command the daemon is started, as with `keyward serve`.\n\
    Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 forbidden, 5 conflict, 6 second factor needed,\n\
    75 try later, 130 cancelled.\n\
    keyward run ends as its command does; 126 when that cannot be run, 127 when there is no such program.")]
pub struct Args {
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What every command takes.
#[derive(clap::Args, Debug)]
pub struct Common {
    /// The folder with the database and the keys [default: ./keyward-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The settings file, instead of keyward.toml in the data folder
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Sets one setting, as in --set ssh.listen=0.0.0.0:2222; may be repeated
    #[arg(long, global = true, value_name = "NAME=VALUE", value_parser = setting)]
    pub set: Vec<(String, String)>,
    /// Writes results as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Starts the daemon
    Serve(Serve),
    /// Starts a throw-away instance with sample teams, keys and live traffic, and opens its dashboard
    Demo,
    /// Opens the dashboard in this terminal, on the daemon of this machine
    Console(Console),
    /// Runs a command with keys in its environment, fetched with a service token
    Run(Run),
    /// Manages the service tokens of an account
    #[command(subcommand)]
    Token(Token),
    /// Brings keys in: all that are new, or none
    Import(Import),
    /// Prints keys with their values
    Export(Export),
    /// Manages accounts
    #[command(subcommand)]
    User(User),
    /// Tries the watching of usage on the past
    #[command(subcommand)]
    Alerts(Alerts),
    /// Shows or checks the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Shows the recipes that keys are rotated by, and checks new ones
    #[command(subcommand)]
    Recipe(RecipeCommand),
    /// Shows what calls are priced at, and checks prices of one's own
    #[command(subcommand)]
    Prices(PricesCommand),
    /// Verifies the audit chain, and names the first record that does not follow; or the whole of a backup
    Verify(Verify),
    /// Writes everything into one new file, while the daemon goes on, and reads it back
    Backup(Backup),
    /// Makes a backup the database of a data folder that has none
    Restore(Restore),
    /// Prints a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// `serve`.
#[derive(clap::Args, Debug, Default)]
pub struct Serve {
    /// Writes {"pid", "ssh", "api"} to this file once both doors accept
    #[arg(long, value_name = "PATH")]
    pub ready_file: Option<PathBuf>,
}

/// `run`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "The service token comes from KEYWARD_TOKEN, from the file that KEYWARD_TOKEN_FILE names, or from a \
    prompt;\nthe server's address from KEYWARD_URL [default: http://127.0.0.1:8080].\n\
    A key's variable is its name in upper case, with _ for whatever is no letter or digit.\n\
    If one key cannot be fetched, nothing is started. The exit status is the command's."
)]
pub struct Run {
    /// The environment to fetch from; without --key, all in it that the token was granted
    #[arg(long, visible_alias = "environment", value_name = "ENV", value_parser = environment)]
    pub env: Option<keyward_keys::Environment>,
    /// A key, by name or id, and the variable for it; may be repeated
    #[arg(long = "key", value_name = "NAME[=VARIABLE]")]
    pub keys: Vec<String>,
    /// Reads the token from the first line of standard input
    #[arg(long)]
    pub token_stdin: bool,
    /// Restarts the command when a key has a new version
    #[arg(long)]
    pub watch: bool,
    /// Seconds between looks, on average, when the server tells nothing of itself
    #[arg(long, value_name = "SECONDS", requires = "watch", default_value_t = 15,
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub every: u64,
    /// Sends the command this signal instead of restarting it, as in --signal HUP
    #[arg(long, value_name = "NAME", requires = "watch")]
    pub signal: Option<String>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// `verify`.
#[derive(clap::Args, Debug, Default)]
#[command(
    after_help = "A backup is read with the master key of the data folder, or where the settings say it is: neither a \
    database\nnor a daemon is needed."
)]
pub struct Verify {
    /// A backup to read, every row of it, instead of the data folder's database
    pub file: Option<PathBuf>,
    /// Also compares with the signed checkpoints in this file, which was kept elsewhere
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// Prints the signed checkpoints that are kept, newest first, instead
    #[arg(long, conflicts_with_all = ["checkpoint", "file"])]
    pub checkpoints: bool,
}

/// `backup`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "The file is sealed as the database is, and opens with the same master key, which is not in it.\n\
    Usage that was acknowledged before is in it. Nothing has this name before the backup is whole."
)]
pub struct Backup {
    /// The file to make; it must not be there
    pub file: PathBuf,
}

/// `restore`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "The data folder has the master key and no database, and no daemon runs on it. Sessions are ended; \
    service\ntokens, members and values are as they were, whatever was done since."
)]
pub struct Restore {
    /// The backup
    pub file: PathBuf,
}

/// `console`.
#[derive(clap::Args, Debug)]
pub struct Console {
    /// Whose dashboard; the operator's when there is only one
    #[arg(long = "as", value_name = "LOGIN")]
    pub login: Option<String>,
}

/// `token`.
#[derive(Subcommand, Debug)]
pub enum Token {
    /// Makes a service token for an app, and prints it this once
    Add(TokenAdd),
    /// Lists service tokens, with their uses
    Ls {
        /// Whose; the operator's when there is only one
        #[arg(long = "as", value_name = "LOGIN")]
        login: Option<String>,
    },
    /// Revokes a service token: its next use fails
    Rm {
        /// Its name or id
        token: String,
        /// Whose; the operator's when there is only one
        #[arg(long = "as", value_name = "LOGIN")]
        login: Option<String>,
    },
}

/// `token add`.
#[derive(clap::Args, Debug)]
pub struct TokenAdd {
    /// What it is called
    #[arg(long)]
    pub name: String,
    /// A key it may use, by name or id; may be repeated
    #[arg(long = "key", value_name = "KEY")]
    pub keys: Vec<String>,
    /// All keys of this environment, also later ones; with --key, tells keys of one name apart
    #[arg(long, visible_alias = "environment", value_name = "ENV", value_parser = environment)]
    pub env: Option<keyward_keys::Environment>,
    /// The team whose environment it is; the account's own keys' when none
    #[arg(long)]
    pub team: Option<String>,
    /// What it may do; fetch when none; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    pub scopes: Vec<keyward_keys::Scope>,
    /// No good after this: 30d, 12h, a day or a moment
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<String>,
    /// Good from this network alone; may be repeated
    #[arg(long = "network", value_name = "NET")]
    pub networks: Vec<String>,
    /// How often it may be used in all
    #[arg(long, value_name = "N")]
    pub max_uses: Option<u64>,
    /// Reads the passphrase of private keys among them from the first line of standard input
    #[arg(long)]
    pub passphrase_stdin: bool,
    /// Whose; the operator's when there is only one
    #[arg(long = "as", value_name = "LOGIN")]
    pub login: Option<String>,
}

/// `import`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "A key that is there with another value refuses the whole, unless --skip-conflicts is given.\n\
    Nothing in a .env text is expanded: a $ is a $. A NAME= without a value is passed over."
)]
pub struct Import {
    /// The file to read; standard input when none
    pub file: Option<PathBuf>,
    /// Whose keys they become, and what comes with them
    #[command(flatten)]
    pub with: Transfer,
    /// The service of keys that name none; env when none, for a .env text
    #[arg(long)]
    pub service: Option<String>,
    /// Who can open those that do not say so: private, sealed or automation
    #[arg(long, value_name = "WHO", value_parser = custody)]
    pub custody: Option<keyward_keys::Custody>,
    /// Only says what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Leaves keys as they are that are there with another value
    #[arg(long)]
    pub skip_conflicts: bool,
}

/// `export`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Each key is recorded in the audit before anything is printed. What cannot be opened here is \
    named on standard error."
)]
pub struct Export {
    /// Whose keys, and what comes with them
    #[command(flatten)]
    pub with: Transfer,
    /// Only keys with this tag
    #[arg(long)]
    pub tag: Option<String>,
}

/// What `import` and `export` have in common.
#[derive(clap::Args, Debug)]
pub struct Transfer {
    /// The form: env, json, or seed, which is encrypted blobs in JSON [default: env]
    #[arg(long, value_name = "FORM", value_parser = format)]
    pub format: Option<TransferFormat>,
    /// The environment: of imported keys that name none, or the only one to export
    #[arg(long, visible_alias = "environment", value_name = "ENV", value_parser = environment)]
    pub env: Option<keyward_keys::Environment>,
    /// The team, by name or id
    #[arg(long)]
    pub team: Option<String>,
    /// Reads the passphrase of private keys, or of blobs, from the first line of standard input
    #[arg(long)]
    pub passphrase_stdin: bool,
    /// Reads the system key of blobs from the first line of standard input
    #[arg(long, conflicts_with = "passphrase_stdin")]
    pub system_key_stdin: bool,
    /// Whose; the operator's when there is only one
    #[arg(long = "as", value_name = "LOGIN")]
    pub login: Option<String>,
}

/// `config`.
#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Reads all settings and names every fault
    Check,
    /// Prints the settings in force, each with where it came from
    Show,
}

impl Args {
    /// Whether another program is started, which inherits what this process gives up.
    pub fn starts_another(&self) -> bool {
        matches!(self.command, Some(Command::Run(_)))
    }
}

impl Common {
    /// All settings, with these flags over them.
    ///
    /// # Errors
    /// Every fault of every layer.
    pub fn load(&self) -> Result<Config> {
        let mut overrides = self.set.clone();
        if let Some(folder) = &self.data_dir {
            overrides.push(("data_dir".to_owned(), folder.to_string_lossy().into_owned()));
        }
        let environment = Environment::from_process()?;
        Ok(Config::load(&Sources { environment, config_file: self.config.clone(), overrides })?)
    }
}

fn environment(text: &str) -> std::result::Result<keyward_keys::Environment, &'static str> {
    input::environment(text).ok_or("it is production, staging or development")
}

fn scope(text: &str) -> std::result::Result<keyward_keys::Scope, &'static str> {
    input::word(text).ok_or("it is fetch or track")
}

fn format(text: &str) -> std::result::Result<TransferFormat, &'static str> {
    input::word(text).ok_or("it is env, json or seed")
}

fn custody(text: &str) -> std::result::Result<keyward_keys::Custody, &'static str> {
    input::word(text).ok_or("it is private, sealed or automation")
}

fn setting(text: &str) -> std::result::Result<(String, String), &'static str> {
    let (name, value) =
        text.split_once('=').ok_or("write it as NAME=VALUE, as in ssh.listen=127.0.0.1:2222")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn flags_stand_before_or_after_the_command() {
        for line in [["keyward", "--json", "verify"], ["keyward", "verify", "--json"]] {
            assert!(Args::try_parse_from(line).unwrap().common.json);
        }
        let set = Args::try_parse_from(["keyward", "serve", "--set", "log.level=warn"]).unwrap().common.set;
        assert_eq!(set, [("log.level".to_owned(), "warn".to_owned())]);
        assert!(Args::try_parse_from(["keyward", "--set", "log.level"]).is_err());
    }
}
