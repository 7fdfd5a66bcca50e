//! What may be asked on the admin socket, and the one service call that carries each out. Secrets travel apart from
//! the request, in a frame of their own.

use keyward_keys::input::{AddedAccount, NewAccount};
use keyward_keys::{Door, Error, Plan, Service};
use secrecy::SecretString;
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
            serde_json::to_value(user).map_err(|error| Error::Internal(Box::new(error)))
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
