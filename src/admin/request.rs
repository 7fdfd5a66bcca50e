//! What may be asked on the admin socket, and the one service call that carries each out. Secrets travel apart from
//! the request, in a frame of their own.

use keyward_keys::input::{AddedAccount, NewAccount, TokenWords};
use keyward_keys::{Caller, Door, Error, Plan, Service};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::relay::ConsoleRequest;

/// What may be asked.
#[derive(Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Request {
    /// Make an account; its password travels as the secret.
    UserAdd {
        /// The e-mail address.
        email: String,
        /// The person's name.
        name: String,
        /// May manage the instance.
        operator: bool,
        /// An OpenSSH public key line.
        ssh_key: Option<String>,
    },
    /// Make a service token for an account; a passphrase travels as the secret.
    TokenAdd {
        /// Whose; the operator's when none is named and there is only one.
        login: Option<String>,
        /// What it is to be.
        words: TokenWords,
    },
    /// List an account's service tokens.
    TokenLs {
        /// As for [`Request::TokenAdd`].
        login: Option<String>,
    },
    /// Revoke one of an account's service tokens.
    TokenRm {
        /// As for [`Request::TokenAdd`].
        login: Option<String>,
        /// Its name or id.
        token: String,
    },
    /// Verify the audit chain.
    Verify,
    /// Open a dashboard; only a running daemon can.
    Console(ConsoleRequest),
}

/// Carries out a request that has one answer.
pub(super) async fn carry_out(
    service: &Service,
    request: Request,
    secret: Option<SecretString>,
) -> Result<serde_json::Value, Error> {
    match request {
        Request::UserAdd { email, name, operator, ssh_key } => {
            let password = secret.ok_or_else(|| Error::invalid("password", "is missing"))?;
            let account = NewAccount { name, email, password, code: None, ssh_key };
            let plan = if operator { Plan::Enterprise } else { Plan::Free };
            let system = service.system_caller("user add", Door::Local);
            let user = service.add_account(&system, AddedAccount { account, operator, plan }).await?;
            json(&user)
        }
        Request::TokenAdd { login, words } => {
            let caller = account(service, login.as_deref())?;
            let (view, token) = service.create_token_in_words(&caller, words, secret).await?;
            let mut answer = json(&view)?;
            answer["token"] = token.expose_secret().into();
            Ok(answer)
        }
        Request::TokenLs { login } => {
            let tokens = service.tokens(&account(service, login.as_deref())?).await?;
            Ok(serde_json::json!({ "tokens": json(&tokens)? }))
        }
        Request::TokenRm { login, token } => {
            let caller = account(service, login.as_deref())?;
            let token = service.token_named(&caller, &token).await?;
            service.revoke_token(&caller, token.id).await?;
            json(&token)
        }
        Request::Verify => {
            let summary = service.verify_audit(&service.system_caller("verify", Door::Local)).await?;
            match summary.broken_at {
                None => Ok(serde_json::json!({ "records": summary.records })),
                Some(number) => Err(Error::Internal(Box::new(Broken(number)))),
            }
        }
        Request::Console(_) => Err(Error::Conflict("a dashboard needs a running daemon".to_owned())),
    }
}

/// The account that a command on this machine acts for.
pub(super) fn account(service: &Service, login: Option<&str>) -> Result<Caller, Error> {
    let system = service.system_caller("command", Door::Local);
    match login {
        Some(login) => service.account_caller(&system, login),
        None => service.only_operator(&system),
    }
}

fn json(view: &impl Serialize) -> Result<serde_json::Value, Error> {
    serde_json::to_value(view).map_err(|error| Error::Internal(Box::new(error)))
}

/// The audit chain does not hold.
#[derive(Debug, thiserror::Error)]
#[error(
    "audit record {0} does not follow from the one before it: it was altered, or one before it is missing"
)]
struct Broken(u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_survives_the_wire_and_holds_no_password() {
        let request =
            Request::UserAdd { email: "a@b.c".into(), name: "A".into(), operator: true, ssh_key: None };
        let text = serde_json::to_string(&request).unwrap();
        assert!(!text.contains("password"), "{text}");
        assert!(matches!(serde_json::from_str(&text), Ok(Request::UserAdd { operator: true, .. })));
    }
}
