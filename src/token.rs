//! `keyward token`: an account's service tokens, through the running daemon or on the data folder when none runs.

use keyward_keys::input::TokenWords;
use serde_json::Value;

use crate::admin::{self, Request};
use crate::args::{Common, Token, TokenAdd};
use crate::error::Result;
use crate::{output, password};

/// Makes, lists or revokes.
///
/// # Errors
/// A passphrase cannot be read, or the core refuses.
pub async fn token(common: &Common, token: Token) -> Result<()> {
    let config = common.load()?;
    match token {
        Token::Add(add) => {
            let secret = if add.passphrase_stdin { Some(password::line_from_stdin()?) } else { None };
            let made = admin::ask(&config, request(add), secret).await?;
            if common.json {
                output::json(&made);
            } else {
                output::result(text(&made, "token"));
                output::talk("Keep it now: it is not shown again.");
            }
        }
        Token::Ls { login } => {
            let listed = admin::ask(&config, Request::TokenLs { login }, None).await?;
            if common.json {
                output::json(&listed);
            } else {
                for token in listed["tokens"].as_array().into_iter().flatten() {
                    output::result(&line(token));
                }
            }
        }
        Token::Rm { token, login } => {
            let revoked = admin::ask(&config, Request::TokenRm { login, token }, None).await?;
            if common.json {
                output::json(&revoked);
            } else {
                output::talk(&format!("{} is revoked.", text(&revoked, "name")));
            }
        }
    }
    Ok(())
}

fn request(add: TokenAdd) -> Request {
    let words = TokenWords {
        name: add.name,
        keys: add.keys,
        environment: add.env,
        team: add.team,
        scopes: add.scopes,
        expires: add.expires,
        networks: add.networks,
        max_uses: add.max_uses,
    };
    Request::TokenAdd { login: add.login, words }
}

/// One token: its id, name, uses, and when it was last seen.
fn line(token: &Value) -> String {
    let seen =
        if token["lastSeen"].is_null() { "never".to_owned() } else { output::moment(&token["lastSeen"]) };
    let uses = if token["uses"] == 1 { "use" } else { "uses" };
    format!("{}  {}  {} {uses}  last seen {seen}", text(token, "_id"), text(token, "name"), token["uses"])
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
