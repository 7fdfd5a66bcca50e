//! `keyward run`: starts a command with keys in its environment, fetched with a service token. No fetch, no start.
//!
//! Without `--watch` this process becomes the command, so its pid, signals and exit status are the command's own. With
//! it, this process stays, passes signals and the exit status on, and looks for new versions: now and then, and when the
//! server says that a key has changed.

mod child;
mod client;
mod hints;
mod names;
mod watch;

use std::collections::HashMap;

use keyward_keys::{Environment, Id};
use secrecy::SecretString;

use crate::args::Run;
use crate::error::{Error, Result};
use crate::{output, password};
use client::{Client, Fetched};

/// The variables that hold the token or its file. The command gets neither.
const TOKEN: &str = "KEYWARD_TOKEN";
const TOKEN_FILE: &str = "KEYWARD_TOKEN_FILE";
const URL: &str = "KEYWARD_URL";

/// Where a daemon with default settings is, from its own machine.
const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// The variables for the command, and which version of which key they hold.
struct Values {
    variables: Vec<(String, SecretString)>,
    versions: HashMap<Id, u32>,
}

/// What to fetch, and how variables are called.
struct Plan {
    client: Client,
    environment: Option<Environment>,
    keys: Vec<names::Wanted>,
}

/// Runs the command. Without `--watch` it returns only when the command did not start.
///
/// # Errors
/// Something could not be fetched, two keys have one variable, or the command does not start.
pub async fn run(run: Run) -> Result<u8> {
    if run.env.is_none() && run.keys.is_empty() {
        return Err(Error::Usage("name what to fetch: --env production, or --key NAME".to_owned()));
    }
    let signal = run.signal.as_deref().map(child::signal_named).transpose()?;
    let process = keyward_config::Environment::from_process()?;
    let variable = |name| process.get(name).filter(|value| !value.is_empty());
    let token = token(variable(TOKEN), variable(TOKEN_FILE), run.token_stdin)?;
    let client = Client::new(variable(URL).unwrap_or(DEFAULT_URL), token)?;
    let keys = run.keys.iter().map(|text| names::wanted(text)).collect::<Result<_>>()?;
    let plan = Plan { client, environment: run.env, keys };
    let values = plan.fetch().await?;
    let command = child::Command::new(run.command);
    if run.watch {
        watch::run(plan, command, values, watch::Settings { every: run.every, signal }).await
    } else {
        Err(command.become_it(&values))
    }
}

impl Plan {
    /// Everything, or an error that names all that is missing.
    async fn fetch(&self) -> Result<Values> {
        let fetched = self.client.fetch(self.environment, &self.keys, &HashMap::new()).await?;
        self.values(fetched)
    }

    fn values(&self, fetched: Vec<client::Answer>) -> Result<Values> {
        let mut refused = Vec::new();
        let (mut values, mut exit) = (Vec::with_capacity(fetched.len()), None);
        for (place, answer) in fetched.into_iter().enumerate() {
            match answer {
                Ok(key) => values.push((self.keys.get(place), key)),
                // Nobody asked for this one by name, and its owner has switched it off.
                Err(no) if self.keys.is_empty() && no.code == "key_inactive" => {
                    let name = no.name.as_deref().unwrap_or("a key");
                    output::talk(&format!("keyward: {name} is not active and is left out"));
                }
                Err(no) => {
                    exit.get_or_insert(no.exit());
                    let wanted = self.keys.get(place).map(|wanted| wanted.name.as_str());
                    let name = wanted.or(no.name.as_deref()).unwrap_or("a key");
                    refused.push(format!("{name}: {}", no.detail));
                }
            }
        }
        match exit {
            Some(exit) => Err(Error::Daemon { exit: exit.code(), text: refused.join("; ") }),
            None if values.is_empty() => Err(Error::NothingToRunWith),
            None => variables(values),
        }
    }
}

fn variables(fetched: Vec<(Option<&names::Wanted>, Fetched)>) -> Result<Values> {
    let mut holders: HashMap<String, String> = HashMap::new();
    let mut values = Values { variables: Vec::new(), versions: HashMap::new() };
    for (wanted, key) in fetched {
        let variable = names::variable(&key.name, wanted)?;
        if let Some(other) = holders.insert(variable.clone(), key.name.clone()) {
            let text = format!(
                "the keys {other:?} and {:?} would both be {variable}; choose with --key NAME=VARIABLE",
                key.name
            );
            return Err(Error::Variables(text));
        }
        values.versions.insert(key.id, key.version);
        values.variables.extend(key.value.map(|value| (variable, value)));
    }
    Ok(values)
}

/// The token: from its variable, its file, the first line of standard input, or a person at a terminal.
fn token(token: Option<&str>, file: Option<&str>, stdin: bool) -> Result<SecretString> {
    match (token, file, stdin) {
        (Some(_), Some(_), _) | (Some(_), _, true) | (_, Some(_), true) => Err(Error::Usage(format!(
            "the token comes from two places; set {TOKEN} or {TOKEN_FILE}, not both"
        ))),
        (Some(token), None, false) => Ok(SecretString::from(token.trim())),
        (None, Some(path), false) => {
            let text = std::fs::read_to_string(path).map_err(|source| Error::File {
                path: path.into(),
                doing: "read",
                source,
            })?;
            Ok(SecretString::from(text.trim()))
        }
        (None, None, true) => password::line_from_stdin(),
        (None, None, false) => password::ask_once("Service token: ").map_err(|error| match error {
            Error::NoTerminal(_) => {
                Error::Usage(format!("there is no token: set {TOKEN} or {TOKEN_FILE}, or give --token-stdin"))
            }
            error => error,
        }),
    }
}
