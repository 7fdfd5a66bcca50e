//! What may be asked on the admin socket, and the one service call that carries each out. Secrets travel apart from
//! the request, in a frame of their own.

use keyward_keys::input::{
    AddedAccount, CheckpointQuery, ExportWords, ImportWords, InstanceInvitation, NewAccount, TokenWords,
    UserChange, UserQuery,
};
use keyward_keys::view::OneTimeCode;
use keyward_keys::{AuditRun, AuditSummary, Caller, Door, Error, Plan, Service};
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
    /// List accounts.
    UserLs {
        /// A substring of name, e-mail address or login.
        search: Option<String>,
    },
    /// Make a code that lets somebody join.
    UserInvite {
        /// Only for whoever has this e-mail address.
        email: Option<String>,
        /// Whoever joins may manage the instance.
        operator: bool,
    },
    /// List the invitations to make an account that are open.
    UserInvitations,
    /// Withdraw one of them.
    UserUninvite {
        /// Its id.
        id: String,
    },
    /// Delete an account, for good.
    UserRm {
        /// Whose: a login or an e-mail address.
        login: String,
    },
    /// Make a code that sets a new password.
    UserReset {
        /// Whose: a login or an e-mail address.
        login: String,
    },
    /// Switch an account off or on.
    UserSwitch {
        /// Whose: a login or an e-mail address.
        login: String,
        /// Off.
        disabled: bool,
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
    /// Bring in an account's keys; their text travels as the secret, with what opens them in its first line.
    Import {
        /// As for [`Request::TokenAdd`].
        login: Option<String>,
        /// What to do with them.
        words: ImportWords,
    },
    /// Send out an account's keys; what opens them travels as the secret.
    Export {
        /// As for [`Request::TokenAdd`].
        login: Option<String>,
        /// Which, and how.
        words: ExportWords,
    },
    /// Verify the audit chain.
    Verify {
        /// Signed checkpoints that were kept elsewhere.
        checkpoint: Option<String>,
    },
    /// A page of the signed checkpoints of the audit chain.
    Checkpoints {
        /// From 1.
        page: u32,
    },
    /// Fill the file that is handed over with a backup.
    Backup,
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
        Request::UserLs { search } => all_users(service, search).await,
        Request::UserInvite { email, operator } => {
            let system = service.system_caller("user invite", Door::Local);
            Ok(code(&service.invite_to_instance(&system, InstanceInvitation { email, operator }).await?))
        }
        Request::UserInvitations => {
            let system = service.system_caller("user invitations", Door::Local);
            Ok(serde_json::json!({ "invitations": json(&service.instance_invitations(&system).await?)? }))
        }
        Request::UserUninvite { id } => {
            let system = service.system_caller("user uninvite", Door::Local);
            let invitation = id.parse().map_err(|_| Error::NotFound("invitation"))?;
            service.withdraw_instance_invitation(&system, invitation).await?;
            Ok(serde_json::json!({ "_id": id }))
        }
        Request::UserRm { login } => {
            let system = service.system_caller("user rm", Door::Local);
            let account = service.user_named(&system, &login)?;
            let user = service.user(&system, account).await?;
            service.delete_account(&system, account).await?;
            json(&user)
        }
        Request::UserReset { login } => {
            let system = service.system_caller("user reset", Door::Local);
            let account = service.user_named(&system, &login)?;
            Ok(code(&service.make_reset_code(&system, account).await?))
        }
        Request::UserSwitch { login, disabled } => {
            let system = service.system_caller("user switch", Door::Local);
            let account = service.user_named(&system, &login)?;
            let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
            json(&service.change_user(&system, account, change).await?)
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
        Request::Import { login, words } => {
            let caller = account(service, login.as_deref())?;
            json(&service.import_in_words(&caller, words, &secret.unwrap_or_default()).await?)
        }
        Request::Export { login, words } => {
            let caller = account(service, login.as_deref())?;
            let exported = service.export_in_words(&caller, words, secret).await?;
            let text = exported.text.expose_secret();
            Ok(
                serde_json::json!({ "text": text, "count": exported.count, "leftOut": json(&exported.left_out)? }),
            )
        }
        Request::Verify { checkpoint } => {
            let system = service.system_caller("verify", Door::Local);
            let summary = service.verify_audit(&system, checkpoint.as_deref()).await?;
            json(&Verified::from(summary))
        }
        Request::Checkpoints { page } => {
            let system = service.system_caller("verify", Door::Local);
            json(&service.audit_checkpoints(&system, CheckpointQuery { page, limit: CHECKPOINTS }).await?)
        }
        // Both are more than one answer.
        Request::Backup | Request::Console(_) => {
            Err(Error::Conflict("this needs a running daemon".to_owned()))
        }
    }
}

/// Every account, page by page.
async fn all_users(service: &Service, search: Option<String>) -> Result<serde_json::Value, Error> {
    let system = service.system_caller("user ls", Door::Local);
    let mut query = UserQuery { page: 1, limit: 100, search };
    let mut users = Vec::new();
    loop {
        let page = service.users(&system, &query).await?;
        users.extend(page.users);
        if u64::from(query.page) >= page.pagination.pages {
            return Ok(serde_json::json!({ "users": json(&users)? }));
        }
        query.page += 1;
    }
}

fn code(made: &OneTimeCode) -> serde_json::Value {
    serde_json::json!({ "code": made.code.expose_secret(), "expiresAt": made.expires_at.to_string() })
}

/// The account that a command on this machine acts for.
pub(super) fn account(service: &Service, login: Option<&str>) -> Result<Caller, Error> {
    let system = service.system_caller("command", Door::Local);
    match login {
        Some(login) => service.account_caller(&system, login),
        None => service.only_operator(&system),
    }
}

pub(super) fn json(view: &impl Serialize) -> Result<serde_json::Value, Error> {
    serde_json::to_value(view).map_err(|error| Error::Internal(Box::new(error)))
}

/// Checkpoints in one answer.
const CHECKPOINTS: u32 = 100;

/// What a check of the audit chain found.
#[derive(Serialize, Deserialize)]
pub struct Verified {
    /// Records that follow from each other, from the first on.
    pub records: u64,
    /// Checkpoints that were compared.
    pub checkpoints: u64,
    /// The first thing that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Records after that which can be read and follow from each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beyond: Vec<AuditRun>,
}

impl From<AuditSummary> for Verified {
    fn from(summary: AuditSummary) -> Self {
        let AuditSummary { records, checkpoints, fault, beyond } = summary;
        let fault = fault.map(|fault| Fault { record: fault.record(), text: fault.to_string() });
        Self { records, checkpoints, fault, beyond }
    }
}

/// What is wrong with the audit chain.
#[derive(Serialize, Deserialize)]
pub struct Fault {
    /// The first bad record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<u64>,
    /// What is wrong with it.
    pub text: String,
}

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
