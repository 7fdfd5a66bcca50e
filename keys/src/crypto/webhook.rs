//! The secrets that the steps of a key's rotation are signed with where they are sent to a webhook: made of the instance's
//! pepper, the key's id and how often it was replaced, so that it is the same at each start and none is stored.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac;
use keyward_store::model::Id;
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::master::Pepper;

/// The text of the one of this number: `whsec_` and base64 of 32 bytes (Standard Webhooks 1.0.0).
pub fn webhook_secret(pepper: &Pepper, api_key: Id, number: u32) -> SecretString {
    let mut mac = pepper.mac();
    mac.update(b"keyward1 webhook");
    mac.update(api_key.as_bytes());
    if number > 0 {
        mac.update(&number.to_be_bytes());
    }
    let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(mac.finalize().into_bytes()[..32].to_vec());
    let encoded = Zeroizing::new(STANDARD.encode(&*bytes));
    SecretString::from(format!("whsec_{}", &*encoded))
}
