//! The secret that the steps of a key's rotation are signed with where they are sent to a webhook: made of the instance's
//! pepper and the key's id, so that it is the same at each start and nothing is stored.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;
use keyward_store::model::Id;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::master::Pepper;

/// Its text: `whsec_` and base64 of 32 bytes (Standard Webhooks 1.0.0).
pub fn webhook_secret(pepper: &Pepper, api_key: Id) -> SecretString {
    let mut mac = pepper.mac();
    mac.update(b"keyward1 webhook");
    mac.update(api_key.as_bytes());
    let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(mac.finalize().into_bytes()[..32].to_vec());
    let encoded = Zeroizing::new(STANDARD.encode(&*bytes));
    SecretString::from(format!("whsec_{}", &*encoded))
}
