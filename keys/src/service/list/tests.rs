use proptest::prelude::*;

use super::least;

proptest! {
    /// Whatever comes, in whatever order, those kept are the first of all when sorted, and all are counted.
    #[test]
    fn the_least_are_what_sorting_everything_puts_first(
        all in prop::collection::vec(0u16..3000, 0..4000),
        most in prop_oneof![1usize..30, 1usize..3000],
    ) {
        let (mut kept, total) = least(all.iter().copied(), most);
        kept.sort_unstable();
        let mut sorted = all.clone();
        sorted.sort_unstable();
        sorted.truncate(most);
        prop_assert_eq!(kept, sorted);
        prop_assert_eq!(total, all.len() as u64);
    }
}
