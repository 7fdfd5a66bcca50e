//! The decoder's table of sequences, and what must hold for every input there is.

use proptest::prelude::*;

use super::*;

fn decode(bytes: &[u8]) -> Vec<Input> {
    decode_chunks([bytes])
}

fn decode_chunks<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Input> {
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    for chunk in chunks {
        decoder.feed(chunk, &mut |input| events.push(input));
    }
    decoder.timeout(&mut |input| events.push(input));
    events
}

fn key(code: KeyCode) -> Input {
    Input::Key(Key::plain(code))
}

fn modified(code: KeyCode, mods: &str) -> Input {
    let mods = Mods { ctrl: mods.contains('C'), alt: mods.contains('A'), shift: mods.contains('S') };
    Input::Key(Key { code, mods })
}

fn mouse(kind: MouseKind, column: u16, row: u16) -> Input {
    Input::Mouse(Mouse { kind, column, row, mods: Mods::NONE })
}

fn paste(text: &str) -> Input {
    Input::Paste(Paste { text: text.to_owned().into(), truncated: false })
}

fn is_key(input: &Input) -> bool {
    matches!(input, Input::Key(_))
}

/// Sequences and the one event each stands for.
fn known() -> Vec<(&'static [u8], Input)> {
    use KeyCode::{
        Backspace, Char, Delete, Down, End, Enter, Esc, F, Home, Insert, PageDown, PageUp, Right, Tab, Up,
    };
    use MouseKind::{Drag, Press, Release, ScrollDown, ScrollUp};
    vec![
        (b"a", key(Char('a'))),
        (b"A", key(Char('A'))),
        ("é".as_bytes(), key(Char('é'))),
        ("鍵".as_bytes(), key(Char('鍵'))),
        ("🔑".as_bytes(), key(Char('🔑'))),
        (b"\r", key(Enter)),
        (b"\n", key(Enter)),
        (b"\t", key(Tab)),
        (b"\x7f", key(Backspace)),
        (b"\x08", key(Backspace)),
        (b"\x1b", key(Esc)),
        (b"\x03", modified(Char('c'), "C")),
        (b"\x1a", modified(Char('z'), "C")),
        (b"\x00", modified(Char(' '), "C")),
        (b"\x1c", modified(Char('\\'), "C")),
        (b"\x1f", modified(Char('_'), "C")),
        (b"\x1bx", modified(Char('x'), "A")),
        ("\x1bé".as_bytes(), modified(Char('é'), "A")),
        (b"\x1b\x7f", modified(Backspace, "A")),
        (b"\x1b\r", modified(Enter, "A")),
        (b"\x1b\x01", modified(Char('a'), "CA")),
        (b"\x1b[", modified(Char('['), "A")),
        (b"\x1bO", modified(Char('O'), "A")),
        (b"\x1b]", modified(Char(']'), "A")),
        (b"\x1bP", modified(Char('P'), "A")),
        (b"\x1b_", modified(Char('_'), "A")),
        (b"\x1b[A", key(Up)),
        (b"\x1bOA", key(Up)),
        (b"\x1b[H", key(Home)),
        (b"\x1bOF", key(End)),
        (b"\x1b[1~", key(Home)),
        (b"\x1b[8~", key(End)),
        (b"\x1b[2~", key(Insert)),
        (b"\x1b[3~", key(Delete)),
        (b"\x1b[5~", key(PageUp)),
        (b"\x1b[6~", key(PageDown)),
        (b"\x1b[Z", modified(Tab, "S")),
        (b"\x1b[1;5C", modified(Right, "C")),
        (b"\x1b[1;4B", modified(Down, "AS")),
        (b"\x1b[3;5~", modified(Delete, "C")),
        (b"\x1b[a", modified(Up, "S")),
        (b"\x1bOP", key(F(1))),
        (b"\x1bO5P", modified(F(1), "C")),
        (b"\x1b[P", key(F(1))),
        (b"\x1b[1;2R", modified(F(3), "S")),
        (b"\x1b[11~", key(F(1))),
        (b"\x1b[15~", key(F(5))),
        (b"\x1b[17~", key(F(6))),
        (b"\x1b[21~", key(F(10))),
        (b"\x1b[24~", key(F(12))),
        (b"\x1b[25~", key(F(13))),
        (b"\x1b[29~", key(F(16))),
        (b"\x1b[34~", key(F(20))),
        (b"\x1b[[A", key(F(1))),
        (b"\x1b[[E", key(F(5))),
        (b"\x1bOM", key(Enter)),
        (b"\x1bOj", key(Char('*'))),
        (b"\x1bOy", key(Char('9'))),
        (b"\x1b[27u", key(Esc)),
        (b"\x1b[27;1:2u", key(Esc)),
        (b"\x1b[97;5u", modified(Char('a'), "C")),
        (b"\x1b[97;6u", modified(Char('A'), "C")),
        (b"\x1b[49:33;4u", modified(Char('!'), "A")),
        (b"\x1b[97;133u", modified(Char('a'), "C")),
        (b"\x1b[13;2u", modified(Enter, "S")),
        (b"\x1b[57399u", key(Char('0'))),
        (b"\x1b[57415u", key(Char('='))),
        (b"\x1b[57414u", key(Enter)),
        (b"\x1b[57420u", key(Down)),
        (b"\x1b[57376u", key(F(13))),
        (b"\x1b[27;5;13~", modified(Enter, "C")),
        (b"\x1b[27;6;99~", modified(Char('C'), "C")),
        (b"\x1b[I", Input::Focus(true)),
        (b"\x1b[O", Input::Focus(false)),
        (b"\x1b[<0;1;1M", mouse(Press(Button::Left), 0, 0)),
        (b"\x1b[<2;500;200m", mouse(Release(Button::Right), 499, 199)),
        (b"\x1b[<33;3;4M", mouse(Drag(Button::Middle), 2, 3)),
        (b"\x1b[<64;3;4M", mouse(ScrollUp, 2, 3)),
        (b"\x1b[<65;3;4M", mouse(ScrollDown, 2, 3)),
        (b"\x1b[200~a\r\nb\rc\td\x1b[31m\x07\x1b[201~", paste("a\nb\nc\td[31m")),
        (b"\x1b[200~\x1b[20\x1b[201~", paste("[20")),
        (b"\x1b[200~\xff\xfe\x1b[201~", paste("\u{fffd}\u{fffd}")),
        (b"\x1b[200~\xe9\x8d\x1b[201~", paste("\u{fffd}")),
        (b"\x1b[200~q\x03\x18:delete\x1b[201~", paste("q:delete")),
        (b"\x1b[200~\x1b[201~", paste("")),
        (b"\x1b[?62;22;52c", Input::Reply(Reply::Attributes(vec![62, 22, 52]))),
        (b"\x1b[?6c", Input::Reply(Reply::Attributes(vec![6]))),
        (b"\x1bP>|tmux 3.4\x1b\\", Input::Reply(Reply::Version("tmux 3.4".into()))),
        (b"\x1bP>|a\x07\xc3\xa9b\x1b\\", Input::Reply(Reply::Version("ab".into()))),
        (b"\x1b[?1u", Input::Reply(Reply::KittyFlags(1))),
        (b"\x1b[?2026;2$y", Input::Reply(Reply::Mode { mode: 2026, value: 2 })),
        (b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\", Input::Reply(Reply::Background([0x1e, 0x1e, 0x2e]))),
        (b"\x1b]11;rgb:ff/8/0\x07", Input::Reply(Reply::Background([255, 136, 0]))),
        (b"\x1b]11;rgba:ffff/ffff/ffff/0000\x07", Input::Reply(Reply::Background([255, 255, 255]))),
    ]
}

/// Sequences that stand for nothing.
const UNKNOWN: &[&[u8]] = &[
    b"\x1b[=1;2d",
    b"\x1b[=1;2$y",
    b"\x1b[>0;276;0c",
    b"\x1b[?997;1n",
    b"\x1b[0n",
    b"\x1b[24;80R",
    b"\x1b[8;24;80t",
    b"\x1b[97;1:3u",
    b"\x1b[113;9u",
    b"\x1b[57358u",
    b"\x1b[3u",
    b"\x1b[1114112u",
    b"\x1b[99999999999999999999999~",
    b"\x1b[201~",
    b"\x1b[<35;3;4M",
    b"\x1b[<0;0;0M",
    b"\x1b[<128;1;1M",
    b"\x1b[<0;99999999;1M",
    b"\x1b[Mqqq",
    b"\x1b[[Z",
    b"\x1b[1;2\rq",
    b"\x1b[\xc3\xa9q",
    b"\x1b[1;2\x18",
    b"\x1b[1;2\x1a",
    b"\x1b[1$$q",
    b"\x1b[1?2h",
    b"\x1b[?2026;2 $y",
    b"\x1b[?2026$2y",
    b"\x1bOz",
    b"\x1bO\x18",
    b"\x1bP1$r0m\x1b\\",
    b"\x1bP0+r\x1b\\",
    b"\x1b_Gi=1;OK\x1b\\",
    b"\x1b^delete all y\x1b\\",
    b"\x1bXquit\rq\x1b\\",
    b"\x1b]52;c;eQ==\x07",
    b"\x1b]11;rgb:zz/00/00\x07",
    b"\x1b]4;1;rgb:00/00/00\x1b\\",
    b"\x1b]10;?\x1bq",
    b"\x1bPyes\x18",
    b"\x80\x9b\xc0\xc1\xf5\xff",
    b"\xc2\x9b",
    b"\xed\xa0\x80",
    b"\xe9\x8d\x18\x18",
];

#[test]
fn known_sequences_are_one_event_each() {
    for (bytes, event) in known() {
        assert_eq!(decode(bytes), [event], "{:?}", bytes.escape_ascii().to_string());
    }
}

#[test]
fn unknown_sequences_are_consumed_without_a_trace() {
    for bytes in UNKNOWN.iter().filter(|bytes| !bytes.starts_with(b"\xe9")) {
        let shown = bytes.escape_ascii().to_string();
        assert_eq!(decode(bytes), [], "{shown}");
        assert_eq!(decode(&[bytes, b"z".as_slice()].concat()), [key(KeyCode::Char('z'))], "{shown}, then z");
    }
}

#[test]
fn a_broken_character_does_not_eat_the_next_key() {
    assert_eq!(decode(b"\xe9\x8dq"), [key(KeyCode::Char('q'))]);
    assert_eq!(decode(b"\xf0\x9f\xf0\x9f\x94\x91"), [key(KeyCode::Char('🔑'))]);
    assert_eq!(decode(b"\xe9\x1b[A"), [key(KeyCode::Up)]);
}

#[test]
fn escape_aborts_and_begins_anew() {
    assert_eq!(decode(b"\x1b[1;2\x1b[A"), [key(KeyCode::Up)]);
    assert_eq!(decode(b"\x1bO\x1b[A"), [key(KeyCode::Up)]);
    assert_eq!(decode(b"\x1b]11;\x1b[A"), [key(KeyCode::Up)]);
    assert_eq!(decode(b"\x1b]11;\x1b"), [key(KeyCode::Esc)], "Escape frees who is stuck in a string");
    assert_eq!(decode(b"\x1b\x1b"), [key(KeyCode::Esc), key(KeyCode::Esc)]);
    assert_eq!(decode(b"\x1b\x1b[A"), [key(KeyCode::Esc), key(KeyCode::Up)]);
}

#[test]
fn limits_hold() {
    let params = |n: usize| [b"\x1b[".to_vec(), b"1;".repeat(n - 1), b"1A".to_vec()].concat();
    assert_eq!(decode(&params(16)), [key(KeyCode::Up)]);
    assert_eq!(decode(&params(17)), []);
    let digits = |n: usize| [b"\x1b[".to_vec(), b"0".repeat(n), b"A".to_vec()].concat();
    assert_eq!(decode(&digits(64)), [key(KeyCode::Up)]);
    assert_eq!(decode(&digits(65)), []);
    let version = |n: usize| [b"\x1bP>|".to_vec(), b"v".repeat(n), b"\x1b\\".to_vec()].concat();
    assert_eq!(decode(&version(4094)), [Input::Reply(Reply::Version("v".repeat(256)))]);
    assert_eq!(decode(&version(4095)), []);
}

#[test]
fn a_paste_is_cut_at_its_limit_and_says_so() {
    for (len, truncated) in [(paste::MAX_PASTE, false), (paste::MAX_PASTE + 1, true)] {
        let events = decode(&[b"\x1b[200~".to_vec(), b"x".repeat(len), b"\x1b[201~q".to_vec()].concat());
        let [Input::Paste(paste), last] = events.as_slice() else { panic!("{} events", events.len()) };
        assert_eq!((paste.text.len(), paste.truncated), (paste::MAX_PASTE, truncated));
        assert_eq!(*last, key(KeyCode::Char('q')));
    }
}

#[test]
fn endless_sequences_use_no_memory_and_yield_nothing() {
    let introducers: [&[u8]; 7] =
        [b"\x1b[200~", b"\x1b]11;", b"\x1bP>|", b"\x1b_", b"\x1b[", b"\x1bO1", b"\x1b[200~\x1b[20"];
    let filler = b"1".repeat(64 * 1024);
    for introducer in introducers {
        let mut decoder = Decoder::default();
        let mut out = |input| panic!("{input:?}");
        decoder.feed(introducer, &mut out);
        for _ in 0..64 {
            decoder.feed(&filler, &mut out);
        }
        assert!(!decoder.pending());
        assert!(decoder.paste.capacity() <= paste::MAX_PASTE);
        assert!(decoder.string.capacity() <= 2 * MAX_STRING);
    }
}

#[test]
fn waits_only_where_a_key_may_stand_alone() {
    let pending = |bytes: &[u8]| {
        let mut decoder = Decoder::default();
        decoder.feed(bytes, &mut |_| {});
        decoder.pending()
    };
    for alone in [b"\x1b".as_slice(), b"\x1b[", b"\x1bO", b"\x1b]", b"\x1bP", b"\x1b]11;\x1b"] {
        assert!(pending(alone), "{alone:?}");
    }
    for not in [b"".as_slice(), b"a", b"\x1b[1", b"\x1b[200~", b"\x1b[200~\x1b", b"\x1b]1", b"\xe9"] {
        assert!(!pending(not), "{not:?}");
    }
}

#[test]
fn a_paste_does_not_print_itself() {
    let shown = format!("{:?}", decode(b"\x1b[200~sk-live-secret\x1b[201~"));
    assert!(!shown.contains("secret") && shown.contains("14"), "{shown}");
}

/// Input as an attacker or a bad line would make it: known and unknown sequences, cut short, with noise between.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let pool: Vec<Vec<u8>> = known()
        .iter()
        .map(|(bytes, _)| bytes.to_vec())
        .chain(UNKNOWN.iter().map(|bytes| bytes.to_vec()))
        .collect();
    let whole = prop::sample::select(pool.clone());
    let cut = (prop::sample::select(pool), any::<prop::sample::Index>()).prop_map(|(mut bytes, at)| {
        bytes.truncate(at.index(bytes.len() + 1));
        bytes
    });
    let noise = prop::collection::vec(any::<u8>(), 0..8);
    let likely = prop::collection::vec(
        prop::sample::select(b"\x1b[]OP_;:?<>=0129~uMAmy\\\x07\x18\xc3\xa9".to_vec()),
        0..12,
    );
    prop::collection::vec(prop_oneof![whole, cut, noise, likely], 0..12).prop_map(|parts| parts.concat())
}

/// A CSI of any form that no key has: a private prefix, an intermediate, or too many parameters.
fn strange_csi() -> impl Strategy<Value = String> {
    let last = "[@-Z\\\\-~]";
    let forms = [
        format!("\x1b\\[[<=>?][0-9:;]{{0,20}}[ -/]?{last}"),
        format!("\x1b\\[[0-9:;]{{0,20}}[ -/]{{1,3}}{last}"),
        format!("\x1b\\[(1;){{16,40}}{last}"),
        format!("\x1b\\[[0-9:;<=>? -/]{{65,200}}{last}"),
    ];
    prop::strategy::Union::new(forms.map(|form| prop::string::string_regex(&form).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn chunks_do_not_matter(bytes in hostile(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let mut chunks = Vec::new();
        let mut start = 0;
        for cut in cuts {
            chunks.push(&bytes[start..cut]);
            start = cut;
        }
        chunks.push(&bytes[start..]);
        prop_assert_eq!(decode_chunks(chunks), decode(&bytes));
        prop_assert_eq!(decode_chunks(bytes.chunks(1)), decode(&bytes));
    }

    #[test]
    fn strange_sequences_are_never_keys(sequence in strange_csi()) {
        let events = decode(format!("{sequence}z").as_bytes());
        prop_assert_eq!(events.iter().filter(|event| is_key(event)).count(), 1, "{:?}", events);
        prop_assert_eq!(events.last(), Some(&key(KeyCode::Char('z'))));
    }

    #[test]
    fn strings_are_never_keys(
        introducer in "[\\]PX^_]",
        body in prop::collection::vec(any::<u8>().prop_filter("ends it", |b| ![CAN, SUB, ESC, 7].contains(b)), 0..200),
    ) {
        let bytes = [b"\x1b", introducer.as_bytes(), &body, b"\x1b\\z"].concat();
        let events = decode(&bytes);
        prop_assert_eq!(events.iter().filter(|event| is_key(event)).count(), 1, "{:?}", events);
    }

    #[test]
    fn a_paste_is_one_event_whatever_is_in_it(body in hostile()) {
        prop_assume!(!body.windows(6).any(|window| window == b"\x1b[201~"));
        // A body may end as the closing sequence begins; then the two run together, as in the terminal.
        prop_assume!(!(1..6).any(|n| body.ends_with(&b"\x1b[201~"[..n])));
        let events = decode(&[b"\x1b[200~", body.as_slice(), b"\x1b[201~"].concat());
        prop_assert_eq!(events.len(), 1);
        let Input::Paste(paste) = &events[0] else { panic!("{events:?}") };
        prop_assert!(paste.text.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
    }
}
