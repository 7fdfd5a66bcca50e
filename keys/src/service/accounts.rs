//! Accounts: joining, being added, seeing oneself. Signing in is `authn`'s.

use secrecy::{ExposeSecret, SecretString};

use keyward_store::Row;
use keyward_store::model::{
    Account, Environment, Id, Invitation, Member, Plan, Preferences, Purpose, Role, Security, Space,
    SpaceKind, SshKey,
};

use crate::caller::{Caller, Identity, Origin};
use crate::clock::timestamp;
use crate::crypto::{self, JoinCode};
use crate::error::{Error, Fault, Result};
use crate::input::{AddedAccount, NewAccount};
use crate::plans::Plans;
use crate::policy::Permission;
use crate::rotation::schedule::quiet_text;
use crate::service::access::{Target, authorise};
use crate::service::change::Draft;
use crate::service::codes::is_good;
use crate::service::mirror::Tables;
use crate::service::ssh_keys::PublicKeyLine;
use crate::service::text::Faults;
use crate::service::{Registration, Service, email_proof, hours, invitations};
use crate::view::{PreferencesView, UserView};

/// Names that mean something else in `ssh NAME@host`.
const RESERVED_LOGINS: [&str; 2] = ["join", "keyward"];

/// How long the first operator's code is good.
const OPERATOR_CODE_MS: i64 = 24 * 3_600_000;

/// An account that passed every check, its password hashed.
struct Checked {
    account: Account,
    ssh_key: Option<PublicKeyLine>,
}

impl Service {
    /// Makes an account for the person who asks, where registration allows it, and signs them in. With a team's code
    /// they are a member of it too.
    pub async fn register(&self, origin: Origin, new: NewAccount) -> Result<(Caller, UserView)> {
        let invitation = self.invitation_for(new.code.as_ref())?;
        let only_for = invitation.as_ref().and_then(|row| row.record.email.as_deref());
        if only_for.is_some_and(|email| email != new.email.trim().to_lowercase()) {
            return Err(Error::Registration("this code is for another e-mail address; ask for a new one"));
        }
        let operator =
            invitation.as_ref().is_some_and(|row| row.record.purpose == Purpose::Join { operator: true });
        let checked = self.check_account(new, operator, default_plan(operator)).await?;
        let system = Caller { origin, ..self.system_caller("register", origin.door) };
        let proof = if self.0.outbound.verifies_addresses() { Some(JoinCode::generate()?) } else { None };
        let code = invitation.map(|row| row.record.code);
        let view = self.store_account(&system, checked, code, proof.as_ref()).await?;
        if let Some(proof) = proof {
            self.mail_code_aside(view.id, &view.email, proof);
        }
        let caller = Caller { identity: Identity::Account(view.id), ..system };
        Ok((caller, view))
    }

    /// Adds an account for somebody else.
    pub async fn add_account(&self, caller: &Caller, added: AddedAccount) -> Result<UserView> {
        authorise(&self.mirror().read(), caller, Permission::AccountCreate, Target::Instance, None)?;
        let checked = self.check_account(added.account, added.operator, added.plan).await?;
        self.store_account(caller, checked, None, None).await
    }

    /// Whether this code lets somebody join now.
    pub fn invitation_known(&self, code: &SecretString) -> bool {
        self.joining(code).is_some()
    }

    /// A one-time code with which the first person joins as operator; none when there is an operator. Each call
    /// makes a new one and voids those before.
    pub async fn operator_code(&self, caller: &Caller) -> Result<Option<SecretString>> {
        let code = JoinCode::generate()?;
        let (hash, purpose) = (code.hash(), Purpose::Join { operator: true });
        let made = self
            .change(caller, Permission::InstanceRun, Target::Instance, |tables, draft| {
                draft.detail = "operator code".to_owned();
                for old in tables.invitations.values().filter(|old| old.record.purpose == purpose) {
                    draft.batch.remove(old);
                }
                if tables.accounts.values().any(|account| account.record.operator) {
                    return Ok(false);
                }
                let expires_ms = draft.now_ms + OPERATOR_CODE_MS;
                draft.batch.create(&Invitation {
                    code: hash,
                    purpose,
                    email: None,
                    created_by: None,
                    created_ms: draft.now_ms,
                    expires_ms,
                })?;
                Ok(true)
            })
            .await?;
        Ok(made.then(|| code.text()))
    }

    /// The caller's own account.
    pub async fn me(&self, caller: &Caller) -> Result<UserView> {
        let tables = self.mirror().read();
        let account = caller.person()?;
        authorise(&tables, caller, Permission::AccountRead, Target::Account(account), None)?;
        let row = tables.accounts.get(&account).ok_or(Error::Unauthenticated)?;
        Ok(user_view(&tables, &row.record, &self.0.settings.plans))
    }

    /// The row of a code that lets somebody make an account. A team's does too, unless only operators let people in.
    fn joining(&self, code: &SecretString) -> Option<Row<Invitation>> {
        self.invitation(code).filter(|row| match row.record.purpose {
            Purpose::Join { .. } => true,
            Purpose::Team { .. } => self.0.settings.registration != Registration::Closed,
            Purpose::Reset { .. } => false,
        })
    }

    fn invitation_for(&self, code: Option<&SecretString>) -> Result<Option<Row<Invitation>>> {
        if let Some(code) = code.filter(|code| !code.expose_secret().trim().is_empty()) {
            let found = self.joining(code);
            return found
                .map(Some)
                .ok_or(Error::Registration("this code is wrong, used or too old; ask for a new one"));
        }
        match self.0.settings.registration {
            Registration::Open => Ok(None),
            Registration::Invite => {
                Err(Error::Registration("joining needs an invitation's code; ask an operator for one"))
            }
            Registration::Closed => {
                Err(Error::Registration("registration is closed; ask an operator for an account"))
            }
        }
    }

    async fn check_account(&self, new: NewAccount, operator: bool, plan: Plan) -> Result<Checked> {
        let mut faults = Faults::default();
        let (name, email, ssh_key) = read(&mut faults, &new);
        faults.check()?;
        let password = self.hash_password(new.password).await?;
        let account = Account {
            id: crypto::random_id()?,
            name,
            login: String::new(),
            email,
            password,
            operator,
            personal_space: crypto::random_id()?,
            plan,
            security: Security::default(),
            time_zone: None,
            preferences: Preferences::default(),
            public_key: None,
            created_ms: self.now_ms(),
            disabled_ms: None,
        };
        Ok(Checked { account, ssh_key })
    }

    async fn store_account(
        &self,
        caller: &Caller,
        checked: Checked,
        invitation: Option<[u8; 32]>,
        proof: Option<&JoinCode>,
    ) -> Result<UserView> {
        let Checked { account, ssh_key } = checked;
        let ssh_key_id = crypto::random_id()?;
        self.change(caller, Permission::AccountCreate, Target::Instance, |tables, draft| {
            if tables.account_by_email.contains_key(&account.email) {
                return Err(Error::Conflict(
                    "there is an account with this e-mail; sign in with it".to_owned(),
                ));
            }
            let account = Account { login: free_login(tables, &account.email), ..account.clone() };
            create_account(draft, &account)?;
            let kept = match &invitation {
                Some(code) => use_up(tables, draft, code, &account, proof.is_some())?,
                None => None,
            };
            if let Some(proof) = proof {
                email_proof::ask(tables, draft, &account, proof, kept)?;
            }
            if let Some(key) = &ssh_key {
                if tables.ssh_key_by_fingerprint.contains_key(&key.fingerprint) {
                    return Err(Error::Conflict("this SSH key belongs to another account".to_owned()));
                }
                draft.batch.create(&SshKey {
                    id: ssh_key_id,
                    account: account.id,
                    name: key.comment.clone().unwrap_or_else(|| "first key".to_owned()),
                    fingerprint: key.fingerprint,
                    line: key.line.clone(),
                    created_ms: draft.now_ms,
                    last_used_ms: None,
                })?;
            }
            let view = user_view(tables, &account, &self.0.settings.plans);
            Ok(UserView { email_verified: proof.is_none(), ..view })
        })
        .await
    }
}

impl NewAccount {
    /// Every fault that shows without a look at anything else.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults::default();
        read(&mut faults, self);
        faults.into_vec()
    }
}

/// A new account's name, e-mail address and SSH key, as they are kept.
fn read(faults: &mut Faults, new: &NewAccount) -> (String, String, Option<PublicKeyLine>) {
    let name = faults.line("name", &new.name, 1, 100);
    let email = check_email(faults, "email", &new.email);
    check_password(faults, "password", &new.password);
    let ssh_key = new.ssh_key.as_deref().and_then(|line| match PublicKeyLine::parse(line) {
        Ok(key) => Some(key),
        Err(why) => {
            faults.add("sshKey", why);
            None
        }
    });
    (name, email, ssh_key)
}

fn default_plan(operator: bool) -> Plan {
    if operator { Plan::Enterprise } else { Plan::Free }
}

/// Uses up the code that an account is made with. A team's makes its person a member too, or is kept, and answered, until they
/// have proved the address that it is for.
fn use_up(
    tables: &Tables,
    draft: &mut Draft,
    code: &[u8; 32],
    account: &Account,
    proves: bool,
) -> Result<Option<[u8; 32]>> {
    let row = tables.invitations.get(code).filter(|row| is_good(tables, &row.record, draft.now_ms));
    let row = row.ok_or(Error::Registration("this code was used meanwhile; ask for a new one"))?;
    if proves && row.record.email.is_some() && matches!(row.record.purpose, Purpose::Team { .. }) {
        draft.batch.require(row);
        return Ok(Some(*code));
    }
    if invitations::accept(tables, draft, row, account)?.is_none() {
        draft.batch.remove(row);
    }
    Ok(None)
}

fn create_account(draft: &mut Draft, account: &Account) -> Result<()> {
    draft.did(account.id, account.personal_space, String::new());
    draft.batch.create(account)?;
    draft.batch.create(&Space {
        id: account.personal_space,
        kind: SpaceKind::Personal,
        name: account.name.clone(),
        created_ms: draft.now_ms,
        key: None,
        environments: Environment::ALL.to_vec(),
    })?;
    draft.batch.create(&Member {
        space: account.personal_space,
        account: account.id,
        role: Role::Owner,
        joined_ms: draft.now_ms,
        generation: 0,
    })?;
    Ok(())
}

/// An e-mail address in lower case, as far as its form goes.
pub(crate) fn check_email(faults: &mut Faults, field: &str, email: &str) -> String {
    let email = faults.line(field, email, 1, 254).to_lowercase();
    let whole = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !email.contains(char::is_whitespace)
    });
    // Of another length, it has its fault already.
    if !whole && (1..=254).contains(&email.chars().count()) {
        faults.add(field, "is not an e-mail address; write it as name@example.com");
    }
    email
}

/// 8 characters suffice, as the contract promises; more is better.
pub(crate) fn check_password(faults: &mut Faults, field: &str, password: &SecretString) {
    let password = password.expose_secret();
    if password.chars().count() < 8 {
        faults.add(field, "needs at least 8 characters");
    } else if password.len() > 1024 {
        faults.add(field, "is longer than 1024 bytes");
    }
}

/// The e-mail's local part, made a unique login name.
fn free_login(tables: &Tables, email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let mut base: String = local
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        .take(32)
        .collect();
    if base.is_empty() {
        base = "user".to_owned();
    }
    let taken = |name: &str| RESERVED_LOGINS.contains(&name) || tables.account_by_login.contains_key(name);
    if !taken(&base) {
        return base;
    }
    (2u32..).map(|number| format!("{base}{number}")).find(|name| !taken(name)).unwrap_or(base)
}

/// What a person sees of an account.
pub(crate) fn user_view(tables: &Tables, account: &Account, plans: &Plans) -> UserView {
    UserView {
        id: account.id,
        name: account.name.clone(),
        email: account.email.clone(),
        email_verified: email_proof::is_proved(tables, account),
        login: account.login.clone(),
        operator: account.operator,
        subscription: plans.subscription(account.plan),
        time_zone: account.time_zone.clone().unwrap_or_else(|| "UTC".to_owned()),
        preferences: PreferencesView {
            theme: account.preferences.theme.clone(),
            notifications: account.preferences.notifications,
            muted: account.preferences.muted.clone(),
            share_viewing: tables.sharing.contains_key(&account.id),
            quiet_hours: hours::quiet_of(tables, account.id).map(quiet_text),
        },
        theme: account.preferences.theme.clone(),
        unlock_passphrase: account.public_key.is_some(),
        notifications: account.preferences.notifications,
        two_factor_enabled: account.security.second_factor.as_ref().is_some_and(|factor| factor.enabled),
        last_login: account.security.last_login_ms.map(timestamp),
        created_at: timestamp(account.created_ms),
    }
}

/// The personal space of an account.
pub(crate) fn personal_space(tables: &Tables, account: Id) -> Result<Id> {
    tables.accounts.get(&account).map(|row| row.record.personal_space).ok_or(Error::Unauthenticated)
}
