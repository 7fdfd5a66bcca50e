//! `keyward verify`: asks for a check of the audit chain and says what was found, also in a file that does not open any
//! more; and prints its checkpoints.

use std::path::Path;

use keyward_config::Config;
use keyward_keys::{AuditRun, inspect_audit};
use serde::Deserialize;
use serde_json::Value;

use crate::admin::{self, Request, Verified};
use crate::args::{Common, Verify};
use crate::error::{Error, Result, chain};
use crate::folder::Folder;
use crate::{backup, output, secrets};

/// A file of checkpoints is not larger.
const LONGEST: u64 = 1024 * 1024;

/// Verifies the audit chain of the data folder, through the daemon when one runs.
///
/// # Errors
/// There is no database, the chain does not hold, or the database does not open.
pub async fn verify(common: &Common, how: Verify) -> Result<()> {
    let checkpoint = how.checkpoint.as_deref().map(read).transpose()?;
    if let Some(file) = &how.file {
        return backup::verify(common, file, checkpoint.as_deref()).await;
    }
    let config = common.load()?;
    let database = config.store.url.file(&config.data_dir);
    if !database.exists() {
        return Err(Error::NoDatabase(database));
    }
    if how.checkpoints {
        return checkpoints(common, &config).await;
    }
    let request = Request::Verify { checkpoint: checkpoint.clone() };
    let (verified, unopened) = match admin::ask(&config, request, None).await {
        Ok(answer) => (Verified::deserialize(&answer).map_err(|error| Error::Admin(error.into()))?, None),
        Err(Error::Open(error)) if error.is_damage() => {
            (inspect(&config, checkpoint.as_deref()).await?, Some(error))
        }
        Err(error) => return Err(error),
    };
    if common.json {
        output::json(&verified);
    }
    let Verified { records, checkpoints, fault, beyond } = verified;
    if let Some(fault) = fault {
        return Err(Error::AuditBroken { fault: fault.text, rest: rest(records, &beyond) });
    }
    if !common.json {
        output::result(&format!("the audit chain is whole: {records} records, {checkpoints} checkpoints"));
    }
    unopened.map_or(Ok(()), |error| Err(error.into()))
}

/// Looks into a file that does not open, without changing it.
async fn inspect(config: &Config, checkpoint: Option<&str>) -> Result<Verified> {
    let folder = Folder::make(config)?;
    let key = secrets::master_key(config, &folder)?;
    match inspect_audit(folder.database().to_owned(), key, checkpoint).await {
        Ok(summary) => Ok(summary.into()),
        Err(error) if error.is_damage() => Err(Error::AuditUnreadable(chain(&error))),
        Err(error) => Err(error.into()),
    }
}

/// What of the chain holds although a record does not, in words.
fn rest(records: u64, beyond: &[AuditRun]) -> String {
    let runs = beyond.iter().map(|run| (run.from, run.to));
    let runs = (records > 0).then_some((1, records)).into_iter().chain(runs);
    let runs: Vec<_> = runs.map(|(from, to)| format!("{from} to {to}")).collect();
    if runs.is_empty() {
        return "no record can be read".to_owned();
    }
    format!("these can be read, and each run of them is whole: {}", runs.join(", "))
}

fn read(path: &Path) -> Result<String> {
    let failed = |source| Error::File { path: path.to_owned(), doing: "read", source };
    let size = path.metadata().map_err(failed)?.len();
    if size > LONGEST {
        return Err(failed(std::io::Error::other("it is too large for a file of checkpoints")));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// Every page; as JSON one document, otherwise the notes as they are, for a file that `--checkpoint` takes.
async fn checkpoints(common: &Common, config: &Config) -> Result<()> {
    let mut all = Vec::new();
    let mut verifier = Value::Null;
    for page in 1.. {
        let mut answer = admin::ask(config, Request::Checkpoints { page }, None).await?;
        let Value::Array(rows) = answer["checkpoints"].take() else { break };
        all.extend(rows);
        verifier = answer["verifier"].take();
        if answer["pagination"]["pages"].as_u64().is_none_or(|pages| u64::from(page) >= pages) {
            break;
        }
    }
    if common.json {
        output::json(&serde_json::json!({ "checkpoints": all, "verifier": verifier }));
    } else {
        let notes: Vec<&str> = all.iter().filter_map(|row| row["note"].as_str()).collect();
        output::result(notes.join("\n").trim_end());
    }
    Ok(())
}
