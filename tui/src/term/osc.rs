//! What is sent to a terminal beside the screen: the clipboard, the title, links, the bell.
//! Nothing here asks a terminal for anything.

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::sanitize::{term_safe, truncate_to_width};

/// Rings or flashes. Not to be sent more than once in a few seconds.
pub const BELL: &[u8] = b"\x07";
/// Bytes of text that may be copied: 8 KiB once encoded, which every terminal that copies at all takes.
pub const MAX_COPY: usize = 6 * 1024;
/// Columns of a title.
const MAX_TITLE: usize = 120;

/// Puts `text` into the clipboard of the person's terminal (OSC 52, write only), or nothing if it is longer than
/// [`MAX_COPY`]. The bytes hold the text: they are wiped when dropped, and must not be logged.
pub fn copy(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const BEGIN: &[u8] = b"\x1b]52;c;";
    const END: &[u8] = b"\x1b\\";
    if text.len() > MAX_COPY {
        return None;
    }
    // Encoded in place and never grown: no unwiped copy is left behind.
    let length = text.len().div_ceil(3) * 4;
    let mut bytes = Zeroizing::new(vec![0; BEGIN.len() + length + END.len()]);
    bytes[..BEGIN.len()].copy_from_slice(BEGIN);
    let written = STANDARD.encode_slice(text, &mut bytes[BEGIN.len()..]).ok()?;
    bytes[BEGIN.len() + written..].copy_from_slice(END);
    Some(bytes)
}

/// Sets the window's title (OSC 2), made safe and cut to a sensible length.
pub fn title(text: &str) -> Vec<u8> {
    format!("\x1b]2;{}\x1b\\", truncate_to_width(&term_safe(text), MAX_TITLE)).into_bytes()
}

/// `text` as a link to `url` (OSC 8) for output outside the screen; the bare text, made safe, unless the address is
/// an http one of printable ASCII.
pub fn link(url: &str, text: &str) -> String {
    let web = url.starts_with("https://") || url.starts_with("http://");
    let text = term_safe(text);
    if web && url.bytes().all(|b| (b'!'..=b'~').contains(&b)) {
        format!("\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\")
    } else {
        text.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_text_that_fits() {
        for text in ["", "a", "ab", "abc", "sk-live-0123456789"] {
            let bytes = copy(text.as_bytes()).unwrap();
            let payload = bytes.strip_prefix(b"\x1b]52;c;").unwrap().strip_suffix(b"\x1b\\").unwrap();
            assert_eq!(STANDARD.decode(payload).unwrap(), text.as_bytes());
        }
        assert!(copy(&[b'x'; MAX_COPY]).unwrap().len() <= 8 * 1024 + 16);
        assert!(copy(&[b'x'; MAX_COPY + 1]).is_none());
    }

    #[test]
    fn a_title_can_not_end_itself() {
        let bytes = title("prod\u{1b}\\\u{7}\u{9c}rm -rf");
        let text = String::from_utf8(bytes).unwrap();
        let body = text.strip_prefix("\x1b]2;").unwrap().strip_suffix("\x1b\\").unwrap();
        assert_eq!(body, "prod\u{fffd}\\\u{fffd}\u{fffd}rm -rf");
        assert!(title(&"x".repeat(10_000)).len() < 200);
    }

    #[test]
    fn links_only_to_plain_web_addresses() {
        assert!(link("https://keyward.dev/docs", "docs").contains("]8;;https://keyward.dev/docs\x1b\\docs"));
        for url in ["javascript:alert(1)", "https://a\u{1b}\\b", "https://a b", "file:///etc/passwd"] {
            assert_eq!(link(url, "docs"), "docs", "{url:?}");
        }
    }
}
