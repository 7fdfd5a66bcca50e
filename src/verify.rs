//! `keyward verify`: asks for a check of the audit chain and says what was found; and prints its checkpoints.

use std::path::Path;

use keyward_config::Config;
use serde::Deserialize;
use serde_json::Value;

use crate::admin::{self, Request, Verified};
use crate::args::{Common, Verify};
use crate::error::{Error, Result};
use crate::output;

/// A file of checkpoints is not larger.
const LONGEST: u64 = 1024 * 1024;

/// Verifies the audit chain of the data folder, through the daemon when one runs.
///
/// # Errors
/// There is no database, the chain does not hold, or it could not be read.
pub async fn verify(common: &Common, how: Verify) -> Result<()> {
    let config = common.load()?;
    let database = config.store.url.file(&config.data_dir);
    if !database.exists() {
        return Err(Error::NoDatabase(database));
    }
    if how.checkpoints {
        return checkpoints(common, &config).await;
    }
    let checkpoint = how.checkpoint.as_deref().map(read).transpose()?;
    let answer = admin::ask(&config, Request::Verify { checkpoint }, None).await?;
    let verified = Verified::deserialize(&answer).map_err(|error| Error::Admin(error.into()))?;
    if common.json {
        output::json(&answer);
    }
    match verified.fault {
        Some(fault) => Err(Error::AuditBroken(fault.text)),
        None if common.json => Ok(()),
        None => {
            let Verified { records, checkpoints, .. } = verified;
            output::result(&format!(
                "the audit chain is whole: {records} records, {checkpoints} checkpoints"
            ));
            Ok(())
        }
    }
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
