use proptest::prelude::*;

use super::*;

fn id(number: usize) -> Id {
    Id::from_bytes([
        0,
        0,
        0,
        0,
        (number >> 24) as u8,
        (number >> 16) as u8,
        (number >> 8) as u8,
        number as u8,
        0,
        0,
        0,
        0,
    ])
}

/// What is like the text among these titles, by the matcher alone.
fn plainly(text: &str, titles: &[String]) -> Vec<(Reverse<u32>, Id)> {
    let pattern = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let (mut matcher, mut buffer) = (Matcher::new(Config::DEFAULT), Vec::new());
    let scored = titles.iter().enumerate().filter_map(|(number, title)| {
        let score = pattern.score(Utf32Str::new(title, &mut buffer), &mut matcher)?;
        Some((Reverse(score), id(number)))
    });
    scored.collect()
}

/// The same by way of letters and their order.
fn like(text: &str, titles: &[String]) -> Vec<(Reverse<u32>, Id)> {
    let like = Like::new(text);
    let letters = |title: &str| Letters::of(title.as_bytes()).may_hold(like.letters());
    let titles = titles.iter().enumerate().filter(|(_, title)| letters(title));
    like.score(titles.map(|(number, title)| (title, id(number)))).collect()
}

proptest! {
    #[test]
    fn what_is_left_out_early_would_not_have_matched(
        titles in prop::collection::vec("[abkAzß019éöK\\u{212a}\\-\n ]{0,9}", 0..40),
        text in "[abKzßÉ019o\\-\\\\ ]{1,4}",
    ) {
        let titles: Vec<String> = titles.iter().map(|title| title.to_lowercase()).collect();
        prop_assert_eq!(like(&text, &titles), plainly(&text, &titles));
    }
}

#[test]
fn among_very_many_each_is_found_all_the_same_and_nearer_letters_come_first() {
    let mut titles: Vec<String> = (0..=FEW).map(|number| format!("w orker {number} k\nopenai")).collect();
    titles.push("wrk\nopenai".to_owned());
    let mut found = like("wrk open", &titles);
    assert_eq!(found.len(), titles.len());
    found.sort_unstable();
    assert_eq!(found[0].1, id(titles.len() - 1));
    assert_eq!(like("wrk zq", &titles), []);
}
