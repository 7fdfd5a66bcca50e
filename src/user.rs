//! `keyward user`: accounts, through the running daemon or on the data folder when none runs.

use crate::admin::{self, Request};
use crate::args::{Common, User, UserAdd};
use crate::error::{Error, Result};
use crate::{output, password};

/// Carries out one of its commands and prints what came of it.
///
/// # Errors
/// The password or the key file cannot be read, or the core refuses.
pub async fn user(common: &Common, command: User) -> Result<()> {
    let request = match command {
        User::Add(new) => return add(common, new).await,
        User::Ls { search } => Request::UserLs { search },
        User::Invite { email, operator } => Request::UserInvite { email, operator },
        User::Invitations => Request::UserInvitations,
        User::Uninvite { id } => Request::UserUninvite { id },
        User::Rm { login, yes: true } => Request::UserRm { login },
        User::Rm { login, yes: false } => {
            let text =
                format!("this deletes {login} for good, with their own keys; say that it is meant: --yes");
            return Err(Error::Usage(text));
        }
        User::Reset { login } => Request::UserReset { login },
        User::Disable { login } => Request::UserSwitch { login, disabled: true },
        User::Enable { login } => Request::UserSwitch { login, disabled: false },
    };
    let answer = admin::ask(&common.load()?, request, None).await?;
    if common.json {
        output::json(&answer);
        return Ok(());
    }
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    if let Some(users) = answer["users"].as_array() {
        for user in users {
            let operator = if user["operator"] == true { "  (operator)" } else { "" };
            let off = if user["disabledAt"].is_null() { "" } else { "  (off)" };
            output::result(&format!("{}  {}{operator}{off}", text(&user["login"]), text(&user["email"])));
        }
    } else if let Some(invitations) = answer["invitations"].as_array() {
        for invitation in invitations {
            let whom = invitation["email"].as_str().unwrap_or("anybody");
            let operator = if invitation["operator"] == true { "  (operator)" } else { "" };
            let (id, until) = (text(&invitation["_id"]), output::moment(&invitation["expiresAt"]));
            output::result(&format!("{id}  {whom}{operator}  until {until}"));
        }
    } else if answer["_id"].is_string() {
        output::result(&text(&answer["_id"]));
    } else if answer["code"].is_string() {
        output::result(&text(&answer["code"]));
    } else {
        output::result(&text(&answer["login"]));
    }
    Ok(())
}

async fn add(common: &Common, add: UserAdd) -> Result<()> {
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
