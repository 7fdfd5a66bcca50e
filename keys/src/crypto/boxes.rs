//! Sealing to a public key: HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256) and HKDF-SHA512, used for
//! its exported secret alone, which becomes the key of A256CBC-HS512. The exporter gives both halves of that key
//! in one call.

use hpke::aead::ExportOnlyAead;
use hpke::kdf::HkdfSha512;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable, setup_receiver, setup_sender};
use zeroize::Zeroizing;

use super::context::Context;
use super::envelope::{Envelope, MAX_PLAINTEXT, assemble, box_head};
use super::error::{Error, Result};
use super::random::random_array;
use super::secret::{ContentKey, PrivateKey, PublicKey, SecretBytes};
use super::{aead, bucket};

type Suite = X25519HkdfSha256;

const INFO: &[u8] = b"keyward1 box";
const EXPORT: &[u8] = b"keyward1 hpke export";

/// Seals `plain` so that only the private half of `to`, in the same context, opens it. Needs no secret.
pub fn seal_to(to: &PublicKey, context: &Context, plain: &[u8]) -> Result<Vec<u8>> {
    if plain.len() > MAX_PLAINTEXT {
        return Err(Error::TooLong);
    }
    let to = <Suite as Kem>::PublicKey::from_bytes(&to.0).map_err(|_| Error::Refused)?;
    let (encapsulated, sender) =
        setup_sender::<ExportOnlyAead, HkdfSha512, Suite>(&OpModeS::Base, &to, &info(context))
            .map_err(|_| Error::Refused)?;
    let mut exported = Zeroizing::new([0; ContentKey::LEN]);
    sender.export(EXPORT, exported.as_mut_slice()).map_err(|_| Error::Refused)?;
    let key = ContentKey::from_kdf(exported);

    let head = box_head(&encapsulated.to_bytes().into());
    let iv = random_array()?;
    let (ciphertext, tag) = aead::seal(&key, &iv, &[&head, context.as_bytes()], &bucket::fill(plain)?)?;
    Ok(assemble(head, &iv, &ciphertext, &tag))
}

/// Opens a box.
pub fn open_box(private: &PrivateKey, context: &Context, envelope: &[u8]) -> Result<SecretBytes> {
    open_with_content_key(&content_key_of(private, context, envelope)?, context, envelope)
}

/// The key inside a box, so that later openings of the same box skip the public-key work.
pub fn content_key_of(private: &PrivateKey, context: &Context, envelope: &[u8]) -> Result<ContentKey> {
    let Envelope::Box { encapsulated, .. } = Envelope::parse(envelope)? else { return Err(Error::Refused) };
    let private = <Suite as Kem>::PrivateKey::from_bytes(private.expose()).map_err(|_| Error::Refused)?;
    let encapsulated = <Suite as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| Error::Refused)?;
    let receiver = setup_receiver::<ExportOnlyAead, HkdfSha512, Suite>(
        &OpModeR::Base,
        &private,
        &encapsulated,
        &info(context),
    )
    .map_err(|_| Error::Refused)?;
    let mut exported = Zeroizing::new([0; ContentKey::LEN]);
    receiver.export(EXPORT, exported.as_mut_slice()).map_err(|_| Error::Refused)?;
    Ok(ContentKey::from_kdf(exported))
}

/// Opens a box with the key that [`content_key_of`] found in it.
pub fn open_with_content_key(key: &ContentKey, context: &Context, envelope: &[u8]) -> Result<SecretBytes> {
    let Envelope::Box { head, sealed, .. } = Envelope::parse(envelope)? else { return Err(Error::Refused) };
    let filled = aead::open(key, sealed.iv, &[head, context.as_bytes()], sealed.ciphertext, sealed.tag)?;
    bucket::strip(&filled)
}

fn info(context: &Context) -> Vec<u8> {
    [INFO, context.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use hpke::aead::ExportOnlyAead;
    use hpke::kdf::HkdfSha512;
    use hpke::{Deserializable, Kem, OpModeR, setup_receiver};

    use super::{Suite, content_key_of, open_box, open_with_content_key, seal_to};
    use crate::crypto::{Context, Error, PrivateKey, PublicKey};

    /// The official test vector of RFC 9180 for base mode, `kem_id` 32, `kdf_id` 3, `aead_id` 65535.
    #[test]
    fn rfc_9180_for_this_suite() {
        let bytes = |text| hex::decode(text).unwrap();
        let private = bytes("7596739457c72bbd6758c7021cfcb4d2fcd677d1232896b8f00da223c5519c36");
        let public = bytes("9a83674c1bc12909fd59635ba1445592b82a7c01d4dad3ffc8f3975e76c43732");
        let encapsulated = bytes("444fbbf83d64fef654dfb2a17997d82ca37cd8aeb8094371da33afb95e0c5b0e");
        let own: [u8; 32] = private.as_slice().try_into().unwrap();
        assert_eq!(PrivateKey::from_array(&own).public().0.as_slice(), public);

        let receiver = setup_receiver::<ExportOnlyAead, HkdfSha512, Suite>(
            &OpModeR::Base,
            &<Suite as Kem>::PrivateKey::from_bytes(&private).unwrap(),
            &<Suite as Kem>::EncappedKey::from_bytes(&encapsulated).unwrap(),
            &bytes("4f6465206f6e2061204772656369616e2055726e"),
        )
        .unwrap();
        for (context, expected) in [
            ("", "de6f58a2f01bbdf050d262c11cccb40313c454ebd438614b73a77b9a29d003e3"),
            ("00", "b226100bc74552085b115aa2078fe5063a453c32f59ee096893fd7cbeeeb3ce7"),
            ("54657374436f6e74657874", "cf6fd26feb7a558cf682dd0fb9852120036763024338b0b2622e44296b828cfb"),
        ] {
            let mut exported = [0; 32];
            receiver.export(&bytes(context), &mut exported).unwrap();
            assert_eq!(exported.as_slice(), bytes(expected), "{context}");
        }
    }

    #[test]
    fn a_content_key_opens_its_own_box_alone() {
        let private = PrivateKey::generate().unwrap();
        let context = Context::of(&[b"test"]).unwrap();
        let one = seal_to(&private.public(), &context, b"value").unwrap();
        let two = seal_to(&private.public(), &context, b"value").unwrap();
        assert_ne!(one, two);
        let key = content_key_of(&private, &context, &one).unwrap();
        assert_eq!(open_with_content_key(&key, &context, &one).unwrap().expose(), b"value");
        assert_eq!(open_with_content_key(&key, &context, &two).unwrap_err(), Error::Refused);
    }

    #[test]
    fn public_keys_that_give_no_secret_are_refused() {
        let context = Context::of(&[b"test"]).unwrap();
        assert_eq!(seal_to(&PublicKey([0; 32]), &context, b"value").unwrap_err(), Error::Refused);
        let private = PrivateKey::generate().unwrap();
        let mut sealed = seal_to(&private.public(), &context, b"value").unwrap();
        sealed[4..36].fill(0);
        assert_eq!(open_box(&private, &context, &sealed).unwrap_err(), Error::Refused);
    }

    #[test]
    fn values_of_every_bucket_come_back() {
        let private = PrivateKey::generate().unwrap();
        let context = Context::of(&[b"test"]).unwrap();
        for length in [0, 1, 60, 61, 4092, 4093, 65_536, super::MAX_PLAINTEXT] {
            let value = vec![7; length];
            let sealed = seal_to(&private.public(), &context, &value).unwrap();
            assert_eq!(open_box(&private, &context, &sealed).unwrap().expose(), value);
        }
        let too_long = vec![7; super::MAX_PLAINTEXT + 1];
        assert_eq!(seal_to(&private.public(), &context, &too_long).unwrap_err(), Error::TooLong);
    }
}
