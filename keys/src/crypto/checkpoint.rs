//! Signed checkpoints of the audit chain, in the form of a C2SP checkpoint (<https://c2sp.org/tlog-checkpoint>): a
//! signed note (<https://c2sp.org/signed-note>) of three lines, origin, size and head. The head is the hash of the
//! chain's last record, not the root of a Merkle tree; the form is kept so that tools for signed notes read it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer, SigningKey};
use sha2::{Digest, Sha256};

use super::error::{Error, Result};

/// Ed25519, in a note's key id and in a verifier.
const ED25519: u8 = 1;

/// What a checkpoint says: how many records, and the hash of the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Records from the first on.
    pub size: u64,
    /// The last one's hash.
    pub hash: [u8; 32],
}

/// Signs and opens checkpoints. The origin names the key, so that those of another instance are told apart.
pub struct CheckpointKey {
    signing: SigningKey,
    origin: String,
    id: [u8; 4],
}

impl CheckpointKey {
    /// From the 32-byte secret of an Ed25519 pair (RFC 8032).
    pub fn new(seed: &[u8; 32]) -> Self {
        let signing = SigningKey::from_bytes(seed);
        let public = signing.verifying_key();
        let origin = format!("keyward/audit/{}", hex::encode(&Sha256::digest(public.as_bytes())[..8]));
        let hash = Sha256::new()
            .chain_update(&origin)
            .chain_update([b'\n', ED25519])
            .chain_update(public)
            .finalize();
        let id = [hash[0], hash[1], hash[2], hash[3]];
        Self { signing, origin, id }
    }

    /// The public half as tools for signed notes take it: name, key id, key.
    pub fn verifier(&self) -> String {
        let key = [&[ED25519], self.signing.verifying_key().as_bytes().as_slice()].concat();
        format!("{}+{}+{}", self.origin, hex::encode(self.id), STANDARD.encode(key))
    }

    /// The signed note.
    pub fn sign(&self, head: &Head) -> String {
        let text = format!("{}\n{}\n{}\n", self.origin, head.size, STANDARD.encode(head.hash));
        let signature = self.signing.sign(text.as_bytes()).to_bytes();
        let signature = STANDARD.encode([self.id.as_slice(), &signature].concat());
        format!("{text}\n\u{2014} {} {signature}\n", self.origin)
    }

    /// What a note says, when this key signed it; [`Error::Refused`] whatever is wrong with it.
    pub fn open(&self, note: &str) -> Result<Head> {
        let (text, signatures) = note.split_once("\n\n").ok_or(Error::Refused)?;
        let text = format!("{text}\n");
        let signed = signatures.lines().any(|line| self.signed(&text, line).is_some());
        let mut lines = text.lines();
        let (origin, size, hash, more) = (lines.next(), lines.next(), lines.next(), lines.next());
        let head = size.zip(hash).and_then(|(size, hash)| {
            let number: u64 = size.parse().ok().filter(|number: &u64| number.to_string() == size)?;
            Some(Head { size: number, hash: STANDARD.decode(hash).ok()?.try_into().ok()? })
        });
        head.filter(|_| signed && origin == Some(&self.origin) && more.is_none()).ok_or(Error::Refused)
    }

    fn signed(&self, text: &str, line: &str) -> Option<()> {
        let (origin, signature) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = STANDARD.decode(signature).ok()?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        let signature = Signature::from_slice(signature).ok()?;
        let ours = origin == self.origin && *id == self.id;
        (ours && self.signing.verifying_key().verify_strict(text.as_bytes(), &signature).is_ok())
            .then_some(())
    }
}

impl fmt::Debug for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CheckpointKey({})", self.origin)
    }
}

/// The notes of a text that holds one or several, one after another.
pub fn notes(text: &str) -> Vec<String> {
    let mut notes = vec![String::new()];
    let mut signed = false;
    for line in text.lines() {
        let signature = line.starts_with('\u{2014}');
        if signed && !signature {
            notes.push(String::new());
        }
        signed = signature;
        if let Some(note) = notes.last_mut().filter(|note| !(note.is_empty() && line.is_empty())) {
            note.push_str(line);
            note.push('\n');
        }
    }
    notes.retain(|note| !note.is_empty());
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { size: 256, hash: [0x5a; 32] };

    /// Made with Python's hashlib and OpenSSL.
    #[test]
    fn a_checkpoint_is_the_one_that_another_implementation_makes() {
        let key = CheckpointKey::new(&[7; 32]);
        let note = "\
            keyward/audit/fe812c12f3ab4ce6\n\
            256\n\
            WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=\n\
            \n\
            \u{2014} keyward/audit/fe812c12f3ab4ce6 \
            G/K5mV6cC/Xwaxb4MVLBj6sDRweSnqrH9LhDWseUoOpaOwBzm4tMcZnmOVPuyRuRo7sESUmznRuZHTPGZJL7H1XcJgI=\n";
        assert_eq!(key.sign(&HEAD), note);
        assert_eq!(
            key.verifier(),
            "keyward/audit/fe812c12f3ab4ce6+1bf2b999+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs"
        );
    }

    #[test]
    fn only_this_key_s_own_unaltered_notes_open() {
        let key = CheckpointKey::new(&[7; 32]);
        let note = key.sign(&HEAD);
        assert_eq!(key.open(&note), Ok(HEAD));
        assert_eq!(key.open(note.trim_end()), Ok(HEAD));
        assert_eq!(CheckpointKey::new(&[8; 32]).open(&note), Err(Error::Refused));
        for (was, is) in [
            ("256", "257"),
            ("\n256", "\n0256"),
            ("Wlo=", "WlA="),
            ("audit/f", "audit/e"),
            ("\n\n", "\nx\n\n"),
        ] {
            assert_eq!(key.open(&note.replacen(was, is, 1)), Err(Error::Refused), "{was} {is}");
        }
        for text in ["", "\n\n", "a\n\nb", "\u{2014} a b"] {
            assert_eq!(key.open(text), Err(Error::Refused));
        }
    }

    #[test]
    fn several_notes_are_told_apart() {
        let key = CheckpointKey::new(&[7; 32]);
        let one = key.sign(&HEAD);
        let two = key.sign(&Head { size: 300, ..HEAD });
        assert_eq!(notes(&format!("{one}\n{two}")), [one.clone(), two.clone()]);
        assert_eq!(notes(&format!("{one}{two}\n\n")), [one, two]);
        assert!(notes("\n\n").is_empty());
    }
}
