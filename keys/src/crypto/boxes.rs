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
