//! Sealers for measuring: one with the real one's cost (AES-256-CBC and HMAC-SHA-512), and one that only copies.

use std::sync::Arc;

use aes::{Aes256Dec, Aes256Enc};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use hmac::{Hmac, Mac};
use keyward_store::{ChainHasher, Error, PageSealer, Result, SealerFor};
use sha2::Sha512;

struct Aes {
    encrypt: Aes256Enc,
    decrypt: Aes256Dec,
    mac: Hmac<Sha512>,
}

pub(crate) fn aes() -> SealerFor {
    Box::new(|_| {
        let sealer = Aes {
            encrypt: Aes256Enc::new_from_slice(&[1; 32]).unwrap(),
            decrypt: Aes256Dec::new_from_slice(&[1; 32]).unwrap(),
            mac: Hmac::new_from_slice(&[2; 32]).unwrap(),
        };
        Ok(Arc::new(sealer) as Arc<dyn PageSealer>)
    })
}

impl Aes {
    fn tag(&self, number: u64, body: &[u8]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(&number.to_be_bytes());
        mac.update(body);
        mac.finalize().into_bytes()[..32].try_into().unwrap()
    }
}

impl PageSealer for Aes {
    fn overhead(&self) -> usize {
        48
    }

    fn seal(&self, number: u64, plain: &[u8], out: &mut [u8]) -> Result<()> {
        let (body, tag) = out.split_at_mut(16 + plain.len());
        getrandom::fill(&mut body[..16]).unwrap();
        let (iv, cipher) = body.split_at_mut(16);
        cbc::Encryptor::inner_iv_slice_init(&self.encrypt, iv)
            .unwrap()
            .encrypt_padded_b2b::<NoPadding>(plain, cipher)
            .unwrap();
        tag.copy_from_slice(&self.tag(number, body));
        Ok(())
    }

    fn check(&self, number: u64, sealed: &[u8]) -> Result<()> {
        let (body, tag) = sealed.split_at(sealed.len() - 32);
        if tag == self.tag(number, body) { Ok(()) } else { Err(Error::Sealed) }
    }

    fn decrypt(&self, _: u64, sealed: &[u8], plain: &mut [u8]) -> Result<()> {
        let body = &sealed[..sealed.len() - 32];
        cbc::Decryptor::inner_iv_slice_init(&self.decrypt, &body[..16])
            .unwrap()
            .decrypt_padded_b2b::<NoPadding>(&body[16..], plain)
            .unwrap();
        Ok(())
    }
}

struct Clear;

pub(crate) fn clear() -> SealerFor {
    Box::new(|_| Ok(Arc::new(Clear) as Arc<dyn PageSealer>))
}

impl PageSealer for Clear {
    fn overhead(&self) -> usize {
        0
    }

    fn seal(&self, _: u64, plain: &[u8], out: &mut [u8]) -> Result<()> {
        out.copy_from_slice(plain);
        Ok(())
    }

    fn check(&self, _: u64, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn decrypt(&self, _: u64, sealed: &[u8], plain: &mut [u8]) -> Result<()> {
        plain.copy_from_slice(sealed);
        Ok(())
    }
}

pub(crate) struct NoChain;

impl ChainHasher for NoChain {
    fn link(&self, previous: &[u8; 32], _: u64, _: &[u8]) -> [u8; 32] {
        *previous
    }
}
