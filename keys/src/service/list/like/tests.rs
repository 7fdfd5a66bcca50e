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

/// Scores titles by the matcher alone.
fn plainly(
    text: &str,
    titles: &[String],
    score: impl Fn(&Pattern, &mut Matcher, Utf32Str<'_>) -> Option<u32>,
) -> Vec<(Reverse<u32>, Id)> {
    let pattern = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let (mut matcher, mut buffer) = (Matcher::new(Config::DEFAULT), Vec::new());
    let scored = titles.iter().enumerate().filter_map(|(number, title)| {
        let score = score(&pattern, &mut matcher, Utf32Str::new(title, &mut buffer))?;
        Some((Reverse(score), id(number)))
    });
    scored.collect()
}

fn best_fit(pattern: &Pattern, matcher: &mut Matcher, title: Utf32Str<'_>) -> Option<u32> {
    pattern.score(title, matcher)
}

fn first_fit(pattern: &Pattern, matcher: &mut Matcher, title: Utf32Str<'_>) -> Option<u32> {
    let words = pattern.atoms.iter().map(|word| {
        matcher.config.normalize = folds(word.needle_text());
        matcher.fuzzy_match_greedy(title, word.needle_text()).map(u32::from)
    });
    words.sum()
}

/// The same by way of letters and their order, by the first fit if there are more than a few.
fn like(text: &str, titles: &[String], few: usize) -> Vec<(Reverse<u32>, Id)> {
    let like = Like::new(text);
    let letters = |title: &str| Letters::of(title.as_bytes()).may_hold(like.letters());
    let titles = titles.iter().enumerate().filter(|(_, title)| letters(title));
    like.score_more_than(few, titles.map(|(number, title)| (title, id(number)))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn what_is_found_is_what_the_matcher_alone_finds(
        titles in prop::collection::vec("[abkAzß019éöøσжК²€漢かк각\\u{212a}\\u{3000}\\u{301}👍\\-/\n ]{0,9}", 0..40),
        text in "[abKzßÉöøжк²€漢か019o\\-\\\\ ]{1,4}",
    ) {
        let titles: Vec<String> = titles.iter().map(|title| title.to_lowercase()).collect();
        prop_assert_eq!(like(&text, &titles, FEW), plainly(&text, &titles, best_fit));
        if !text.trim().is_empty() {
            let scored = like(&text, &titles, 0);
            prop_assert_eq!(scored, plainly(&text, &titles, first_fit));
        }
    }
}

#[test]
fn among_very_many_each_is_found_all_the_same_and_nearer_letters_come_first() {
    let mut titles: Vec<String> = (0..=FEW).map(|number| format!("w orker {number} k\nopenai")).collect();
    titles.push("wrk\nopenai".to_owned());
    let mut found = like("wrk open", &titles, FEW);
    assert_eq!(found.len(), titles.len());
    found.sort_unstable();
    assert_eq!(found[0].1, id(titles.len() - 1));
    assert_eq!(like("wrk zq", &titles, FEW), []);
}
