//! Any bytes at all as a body of many events: `cargo +nightly fuzz run bulk` in `api/`. What must hold stands beside the
//! readers, where a test holds it too.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| keyward_api::fuzz::bulk(bytes));
