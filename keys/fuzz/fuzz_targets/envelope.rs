//! Feeds arbitrary bytes to the envelope's parser and to every opener: `cargo +nightly fuzz run envelope` in
//! `keys/`. Nothing may panic, and nothing that was not sealed may open.

#![no_main]

use std::sync::LazyLock;

use keyward_keys::crypto::{Context, Envelope, MasterKey, SystemKeys, content_key_of, open_box, seed_text};
use libfuzzer_sys::fuzz_target;

static SYSTEM: LazyLock<SystemKeys> = LazyLock::new(|| {
    MasterKey::parse(&[7; 32]).and_then(|master| master.system_keys()).expect("fixed bytes")
});
static CONTEXT: LazyLock<Context> = LazyLock::new(|| Context::of(&[b"fuzz"]).expect("a short field"));

fuzz_target!(|bytes: &[u8]| {
    let parsed = Envelope::parse(bytes);
    assert_eq!(matches!(parsed, Ok(Envelope::Passphrase { .. })), seed_text(bytes).is_ok());
    if !matches!(parsed, Ok(Envelope::Box { .. })) {
        assert!(content_key_of(SYSTEM.private(), &CONTEXT, bytes).is_err());
    }
    assert!(open_box(SYSTEM.private(), &CONTEXT, bytes).is_err());
});
