//! Any text at all as a `.env` file: `cargo +nightly fuzz run dotenv` in `keys/`. Nothing may panic, every line is told
//! of at most once, and what is read must be read again as it was when it is written.
#![no_main]

use keyward_keys::dotenv::{parse, write};
use libfuzzer_sys::fuzz_target;
use secrecy::ExposeSecret;

fuzz_target!(|text: &str| {
    let read: Vec<_> = parse(text).collect();
    assert!(read.is_sorted_by(|a, b| a.line < b.line));
    let mut written = String::new();
    let values: Vec<_> = read.iter().filter_map(|one| Some((&one.name, one.value.as_ref().ok()?))).collect();
    values.iter().for_each(|(name, value)| write(&mut written, name, value.expose_secret()));
    let again: Vec<_> = parse(&written).collect();
    assert_eq!(again.len(), values.len());
    for (again, (name, value)) in again.iter().zip(values) {
        assert!(again.name == *name);
        assert!(again.value.as_ref().is_ok_and(|again| again.expose_secret() == value.expose_secret()));
    }
});
