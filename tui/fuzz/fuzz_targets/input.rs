//! Any bytes at all into the input decoder: it must not panic, the chunks must not matter, and what comes out must be
//! smaller than what went in.
#![no_main]

use keyward_tui::term::input::{Decoder, Input};
use libfuzzer_sys::fuzz_target;

fn decode<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Input> {
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    for chunk in chunks {
        decoder.feed(chunk, &mut |input| events.push(input));
    }
    decoder.timeout(&mut |input| events.push(input));
    events
}

fuzz_target!(|bytes: &[u8]| {
    let whole = decode(std::iter::once(bytes));
    assert!(whole.len() <= bytes.len());
    // The first byte chooses where the input is cut.
    let cut = usize::from(bytes.first().copied().unwrap_or(1)).max(1);
    assert!(decode(bytes.chunks(cut)) == whole);
    for event in whole {
        if let Input::Paste(paste) = event {
            assert!(paste.text.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
        }
    }
});
