//! `commands.toml` in the data folder: the programs that rotation may run, which only the operator of the machine can
//! name. Read when one is needed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Table;

use crate::outbound::Outbound;
use crate::outbound::error::{CallError, CallResult};

/// A program, as the file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Program {
    /// Where it is; absolute.
    pub(super) path: PathBuf,
    /// What it is given; no secret is among it.
    #[serde(default)]
    pub(super) arguments: Vec<String>,
    /// How long it may take.
    #[serde(default = "timeout")]
    pub(super) timeout_seconds: u32,
}

fn timeout() -> u32 {
    60
}

/// A command that can be chosen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandEntry {
    /// Its name.
    pub name: String,
    /// What is wrong with it; none when it can be run.
    pub fault: Option<String>,
}

impl Outbound {
    /// All commands of the operator's file, by name; none without a file.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or may be written by others than its owner.
    pub async fn commands(&self) -> CallResult<Vec<CommandEntry>> {
        let entry = |(name, value): (String, toml::Value)| {
            let fault = program(&name, value).err().map(|error| error.detail);
            CommandEntry { name, fault }
        };
        Ok(self.command_table().await?.into_iter().map(entry).collect())
    }

    pub(super) async fn command(&self, name: &str) -> CallResult<Program> {
        let value = self.command_table().await?.remove(name);
        let value = value.ok_or_else(|| {
            CallError::config(format!("there is no command {name}; the operator names it in commands.toml"))
        })?;
        program(name, value)
    }

    async fn command_table(&self) -> CallResult<Table> {
        let Some(file) = self.command_file() else { return Ok(Table::new()) };
        let read = tokio::task::spawn_blocking(move || read(&file)).await;
        read.unwrap_or_else(|_| Err(CallError::transient("the daemon stops")))
    }
}

fn read(file: &Path) -> CallResult<Table> {
    let wrong = |what: &str| CallError::config(format!("commands.toml {what}"));
    let metadata = match file.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Table::new()),
        Err(_) => return Err(wrong("cannot be read")),
    };
    // Whoever can write it has the daemon run what they like.
    if metadata.mode() & 0o022 != 0 {
        return Err(wrong("may be written by others than its owner; chmod go-w it"));
    }
    let text = std::fs::read_to_string(file).map_err(|_| wrong("cannot be read"))?;
    text.parse().map_err(|error: toml::de::Error| wrong(&format!("is no TOML: {}", error.message())))
}

fn program(name: &str, value: toml::Value) -> CallResult<Program> {
    let wrong = |what: String| CallError::config(format!("the command {name} in commands.toml {what}"));
    let program: Program =
        value.try_into().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    if !program.path.is_absolute() {
        return Err(wrong("has a path that does not begin with /".to_owned()));
    }
    if !(1..=600).contains(&program.timeout_seconds) {
        return Err(wrong("has a timeout_seconds that is not between 1 and 600".to_owned()));
    }
    Ok(program)
}
