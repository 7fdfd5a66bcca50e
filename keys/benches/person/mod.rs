//! The person whose keys are measured. It measures nothing.

use keyward_keys::input::{AddedAccount, NewAccount};
use keyward_keys::{Caller, Door, Origin, Plan, Service};
use secrecy::SecretString;

/// Where they come from.
pub(crate) const ORIGIN: Origin = Origin { door: Door::Rest, address: None, request: None };
const PASSWORD: &str = "correct horse";

/// Makes their account in a new store, and signs them in.
pub(crate) async fn enrol(service: &Service) -> Caller {
    let account = NewAccount {
        name: "Bench".to_owned(),
        email: "bench@example.com".to_owned(),
        password: SecretString::from(PASSWORD),
        code: None,
        ssh_key: None,
    };
    let added = AddedAccount { account, operator: false, plan: Plan::Enterprise };
    service.add_account(&service.system_caller("bench", Door::Local), added).await.expect("added");
    sign_in(service).await
}

/// Signs them in.
pub(crate) async fn sign_in(service: &Service) -> Caller {
    service.sign_in(ORIGIN, "bench", SecretString::from(PASSWORD)).await.expect("in")
}
