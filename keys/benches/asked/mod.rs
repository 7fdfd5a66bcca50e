//! How long questions take, and how fast the machine is that they are asked on. It knows no service.

use std::hint::black_box;
use std::time::Instant;

use keyward_keys::crypto::{Claims, JwtKeys, PasswordCost, Passwords, random_id};
use secrecy::{ExposeSecret, SecretString};

/// How often each question is asked.
const ASKED: usize = 100;

/// What tells the machine's speed in this run, at about the length of a question: compare the lines above with these, and not
/// with another machine's.
pub(crate) async fn machine() {
    let passwords = Passwords::new(PasswordCost::default()).expect("a cost");
    let password = SecretString::from("correct horse");
    ask("the machine: a password hashed (argon2id, 64 MiB, 3 passes)", async || {
        black_box(passwords.hash(&password).expect("hashed"));
    })
    .await;
    let keys = JwtKeys::new(&[7; 32], "here").expect("keys");
    let id = random_id().expect("an id");
    let token = keys.sign(&Claims { sub: id, sid: id, iat: 1_000, exp: 4_600 }).expect("signed");
    ask("the machine: a thousand signatures checked (EdDSA)", async || {
        for _ in 0..1_000 {
            black_box(keys.verify(token.expose_secret(), 2_000_000).expect("good"));
        }
    })
    .await;
}

/// Asks a question many times, and prints the first, the median and the 99th of a hundred.
pub(crate) async fn ask(what: &str, mut question: impl AsyncFnMut()) {
    let mut took = Vec::with_capacity(ASKED);
    for _ in 0..ASKED {
        let began = Instant::now();
        question().await;
        took.push(began.elapsed());
    }
    let first = took[0];
    took.sort_unstable();
    let (median, p99) = (took[ASKED / 2], took[ASKED - 2]);
    println!("{what:65} first {first:>9.2?}  median {median:>9.2?}  p99 {p99:>9.2?}");
}
