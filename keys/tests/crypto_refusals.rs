//! What must not open does not: flipped bits, truncation, other records, versions, holders, kinds and suites, each
//! with the same error.

#![expect(clippy::unwrap_used, reason = "a test ends where its preparation fails")]

use keyward_keys::crypto::{
    ContentKey, Context, Envelope, Error, Iterations, MasterKey, Pepper, PrivateKey, SecretBytes,
    ServiceTokenSecret, TokenKeys, lock_to_public, lock_to_system, lock_to_token, lock_with_passphrase,
    open_box, open_version, open_warm, seal_version, unlock_with_passphrase, unlock_with_private,
    unlock_with_system, unlock_with_token, unwrap, version_content_key, warm_version, wrap,
};
use keyward_store::PageSealer;
use keyward_store::model::{Holder, Id, LockTarget};
use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};

const KEY: Id = Id::from_bytes([1; 12]);
const OTHER: Id = Id::from_bytes([2; 12]);
const TOKEN: Id = Id::from_bytes([3; 12]);

fn pepper() -> Pepper {
    MasterKey::parse(&[9; 32]).unwrap().pepper().unwrap()
}

fn token_keys() -> TokenKeys {
    let made = ServiceTokenSecret::generate(&pepper()).unwrap();
    let secret = ServiceTokenSecret::parse(made.text.expose_secret()).unwrap();
    assert_eq!(secret.verifier(&pepper()).unwrap(), made.verifier);
    let keys = secret.keys().unwrap();
    assert_eq!(keys.private().public(), made.public_key);
    keys
}

/// Every single flipped bit, every shorter and one longer form is refused.
fn only_the_whole_opens<T>(sealed: &[u8], open: impl Fn(&[u8]) -> Result<T, Error>) {
    assert!(open(sealed).is_ok());
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&flipped).err(), Some(Error::Refused), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert_eq!(open(&sealed[..length]).err(), Some(Error::Refused), "{length} bytes");
    }
    let longer = [sealed, &[0; 16]].concat();
    assert_eq!(open(&longer).err(), Some(Error::Refused));
}

#[test]
fn a_version_opens_whole_and_in_its_place_alone() {
    let private = PrivateKey::generate().unwrap();
    let public = private.public();
    let sealed = seal_version(&public, KEY, 1, b"sk-value").unwrap();
    only_the_whole_opens(&sealed, |bytes| open_version(&private, &public, KEY, 1, bytes));

    let another = PrivateKey::generate().unwrap();
    for refused in [
        open_version(&private, &public, OTHER, 1, &sealed),
        open_version(&private, &public, KEY, 2, &sealed),
        open_version(&private, &another.public(), KEY, 1, &sealed),
        open_version(&another, &public, KEY, 1, &sealed),
        open_version(&another, &another.public(), KEY, 1, &sealed),
    ] {
        assert_eq!(refused.unwrap_err(), Error::Refused);
    }
}

#[test]
fn a_warm_version_opens_for_its_token_alone() {
    let keys = token_keys();
    let private = PrivateKey::generate().unwrap();
    let public = private.public();
    let sealed = seal_version(&public, KEY, 1, b"sk-value").unwrap();
    let content: ContentKey = version_content_key(&private, &public, KEY, 1, &sealed).unwrap();
    let warm = warm_version(&keys, TOKEN, KEY, 1, &content).unwrap();
    only_the_whole_opens(&warm, |bytes| open_warm(&keys, TOKEN, KEY, 1, bytes));
    for refused in [
        open_warm(&token_keys(), TOKEN, KEY, 1, &warm),
        open_warm(&keys, OTHER, KEY, 1, &warm),
        open_warm(&keys, TOKEN, OTHER, 1, &warm),
        open_warm(&keys, TOKEN, KEY, 2, &warm),
    ] {
        assert_eq!(refused.unwrap_err(), Error::Refused);
    }
}

#[test]
fn a_lock_opens_whole_and_for_its_holder_alone() {
    let (private, own) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let target = LockTarget::Space(KEY, 1);
    let sealed = lock_to_public(&private, target, Holder::Account(TOKEN), &own.public()).unwrap();
    let open = |bytes: &[u8]| unlock_with_private(bytes, target, Holder::Account(TOKEN), &own);
    only_the_whole_opens(&sealed, open);
    assert!(open(&sealed).unwrap().matches(&private.public()));

    let places = [
        (LockTarget::Space(KEY, 2), Holder::Account(TOKEN)),
        (LockTarget::Space(OTHER, 1), Holder::Account(TOKEN)),
        (LockTarget::ApiKey(KEY), Holder::Account(TOKEN)),
        (LockTarget::Account(KEY), Holder::Account(TOKEN)),
        (target, Holder::Account(OTHER)),
        (target, Holder::Space(TOKEN)),
        (target, Holder::Token(TOKEN)),
        (target, Holder::System),
    ];
    for (target, holder) in places {
        assert_eq!(unlock_with_private(&sealed, target, holder, &own).unwrap_err(), Error::Refused);
    }
    let stranger = PrivateKey::generate().unwrap();
    assert!(unlock_with_private(&sealed, target, Holder::Account(TOKEN), &stranger).is_err());
}

#[test]
fn each_kind_of_lock_opens_with_its_own_key() {
    let private = PrivateKey::generate().unwrap();
    let target = LockTarget::ApiKey(KEY);
    let keys = token_keys();
    let to_token = lock_to_token(&private, target, TOKEN, &keys.private().public()).unwrap();
    assert!(unlock_with_token(&to_token, target, TOKEN, &keys).unwrap().matches(&private.public()));
    assert_eq!(unlock_with_token(&to_token, target, TOKEN, &token_keys()).unwrap_err(), Error::Refused);

    let system = MasterKey::parse(&[9; 32]).unwrap().system_keys().unwrap();
    let other = MasterKey::parse(&[8; 32]).unwrap().system_keys().unwrap();
    let to_system = lock_to_system(&private, target, &system).unwrap();
    assert!(unlock_with_system(&to_system, target, &system).unwrap().matches(&private.public()));
    assert_eq!(unlock_with_system(&to_system, target, &other).unwrap_err(), Error::Refused);
    assert_eq!(unlock_with_system(&to_token, target, &system).unwrap_err(), Error::Refused);

    let (right, wrong) = (SecretString::from("right horse"), SecretString::from("wrong horse"));
    let locked = lock_with_passphrase(&private, target, TOKEN, &right, Iterations::SPECIFICATION).unwrap();
    assert!(unlock_with_passphrase(&locked, target, TOKEN, &right).unwrap().matches(&private.public()));
    assert_eq!(unlock_with_passphrase(&locked, target, TOKEN, &wrong).unwrap_err(), Error::Refused);
    assert_eq!(unlock_with_passphrase(&locked, target, OTHER, &right).unwrap_err(), Error::Refused);
    assert_eq!(unlock_with_passphrase(&to_token, target, TOKEN, &right).unwrap_err(), Error::Refused);
    assert_eq!(unlock_with_token(&locked, target, TOKEN, &keys).unwrap_err(), Error::Refused);
}

#[test]
fn what_is_not_a_private_key_is_no_lock() {
    let own = PrivateKey::generate().unwrap();
    assert_eq!(PrivateKey::from_secret(&SecretBytes::new(vec![1; 31])).unwrap_err(), Error::Refused);
    let context = Context::of(&[b"test"]).unwrap();
    let keys = token_keys();
    let wrapped = wrap(keys.wrap(), &context, b"value").unwrap();
    assert_eq!(open_box(&own, &context, &wrapped).unwrap_err(), Error::Refused);
    assert_eq!(unwrap(token_keys().wrap(), &context, &wrapped).unwrap_err(), Error::Refused);
}

#[test]
fn unknown_versions_suites_kinds_and_flags_are_refused() {
    let private = PrivateKey::generate().unwrap();
    let sealed = seal_version(&private.public(), KEY, 1, b"sk-value").unwrap();
    assert!(matches!(Envelope::parse(&sealed), Ok(Envelope::Box { .. })));
    for (place, good) in [1, 1, 4, 1].into_iter().enumerate() {
        for byte in (0..=255).filter(|byte| *byte != good) {
            let mut changed = sealed.clone();
            changed[place] = byte;
            assert_eq!(
                open_version(&private, &private.public(), KEY, 1, &changed).unwrap_err(),
                Error::Refused
            );
        }
    }
}

#[test]
fn pages_open_whole_and_in_their_place_alone() {
    let master = MasterKey::parse(&[9; 32]).unwrap();
    let sealer = master.page_sealer([1; 16]).unwrap();
    let plain: Vec<u8> = (0..64).collect();
    let mut sealed = vec![0; plain.len() + sealer.overhead()];
    sealer.seal(7, &plain, &mut sealed).unwrap();
    let mut again = sealed.clone();
    sealer.seal(7, &plain, &mut again).unwrap();
    assert_ne!(sealed, again, "each writing has its own vector");

    let open = |sealer: &dyn PageSealer, number, bytes: &[u8]| {
        let mut out = vec![0; bytes.len().saturating_sub(sealer.overhead())];
        sealer.open(number, bytes, &mut out).map(|()| out)
    };
    assert_eq!(open(&sealer, 7, &sealed).unwrap(), plain);
    for bit in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(open(&sealer, 7, &flipped), Err(keyward_store::Error::Sealed)), "bit {bit}");
    }
    assert!(matches!(open(&sealer, 8, &sealed), Err(keyward_store::Error::Sealed)));
    let other_file = master.page_sealer([2; 16]).unwrap();
    assert!(matches!(open(&other_file, 7, &sealed), Err(keyward_store::Error::Sealed)));
    let other_key = MasterKey::parse(&[8; 32]).unwrap().page_sealer([1; 16]).unwrap();
    assert!(matches!(open(&other_key, 7, &sealed), Err(keyward_store::Error::Sealed)));
    assert!(sealer.seal(7, &plain[..63], &mut sealed[..111]).is_err(), "pages are whole blocks");
    assert!(sealer.open(7, &sealed, &mut [0; 48]).is_err());
}

proptest! {
    /// The same as the fuzz target does, on the stable toolchain: no bytes make the parser panic, and what it
    /// accepts begins like an envelope.
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Envelope::parse(&bytes).is_err() || bytes.starts_with(&[1, 1]));
    }

    #[test]
    fn bytes_that_begin_well_do_not_make_it_panic(
        kind in 2_u8..5,
        body in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let bytes = [&[1, 1, kind, 1], body.as_slice()].concat();
        if let Ok(Envelope::Wrap { sealed, .. } | Envelope::Box { sealed, .. }) = Envelope::parse(&bytes) {
            prop_assert!(!sealed.ciphertext.is_empty() && sealed.ciphertext.len() % 16 == 0);
        }
    }

    #[test]
    fn pages_of_any_content_come_back(number: u64, blocks in 0_usize..20, seed: u8) {
        let sealer = MasterKey::parse(&[9; 32]).unwrap().page_sealer([1; 16]).unwrap();
        let plain: Vec<u8> = (0..blocks * 16).map(|i| seed.wrapping_add(i as u8)).collect();
        let mut sealed = vec![0; plain.len() + sealer.overhead()];
        sealer.seal(number, &plain, &mut sealed).unwrap();
        let mut opened = vec![0; plain.len()];
        sealer.open(number, &sealed, &mut opened).unwrap();
        prop_assert_eq!(opened, plain);
    }
}
