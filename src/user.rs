//! `keyward user add`: makes an account, through the running daemon or on the data folder when none runs.

use crate::admin::{self, Request};
use crate::args::{Common, UserAdd};
use crate::error::{Error, Result};
use crate::{output, password};

/// Makes the account and prints its id.
///
/// # Errors
/// The password or the key file cannot be read, or the core refuses the account.
pub async fn add(common: &Common, add: UserAdd) -> Result<()> {
    let config = common.load()?;
    let ssh_key = match add.ssh_key {
        Some(path) => Some(
            std::fs::read_to_string(&path)
                .map_err(|source| Error::File { path, doing: "read", source })?
                .trim()
                .to_owned(),
        ),
        None => None,
    };
    let password = if add.password_stdin { password::from_stdin()? } else { password::ask()? };
    let request = Request::UserAdd { email: add.email, name: add.name, operator: add.operator, ssh_key };
    let user = admin::ask(&config, request, Some(password)).await?;
    if common.json {
        output::json(&user);
    } else {
        output::result(user["id"].as_str().unwrap_or_default());
    }
    Ok(())
}
