//! What a person types into the search line, as a question: words to look for, and terms such as `env:production`.

use keyward_keys::Environment;
use keyward_keys::input::{KeyQuery, KeySort};
use keyward_keys::view::KeyStatus;

use crate::pages::keys::rows::PAGE;
use crate::pages::marks::ENVIRONMENTS;

/// How the list is narrowed and sorted, besides the search line.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Choice {
    pub(crate) sort: KeySort,
    pub(crate) environment: Option<Environment>,
    pub(crate) status: Option<KeyStatus>,
}

const SORTS: [(KeySort, &str); 5] = [
    (KeySort::Newest, "newest first"),
    (KeySort::Name, "by name"),
    (KeySort::Service, "by service"),
    (KeySort::LastUsed, "last used first"),
    (KeySort::Usage, "most calls this month first"),
];
const STATUSES: [KeyStatus; 3] = [KeyStatus::Active, KeyStatus::Inactive, KeyStatus::Expired];

impl Choice {
    /// The next order.
    pub(crate) fn next_sort(&mut self) {
        let at = SORTS.iter().position(|(sort, _)| *sort == self.sort).unwrap_or(0);
        self.sort = SORTS[(at + 1) % SORTS.len()].0;
    }

    /// The order in words.
    pub(crate) fn sort_name(self) -> &'static str {
        SORTS.iter().find(|(sort, _)| *sort == self.sort).map_or("", |(_, name)| name)
    }

    /// The next environment, or all.
    pub(crate) fn next_environment(&mut self) {
        self.environment = next(&ENVIRONMENTS, self.environment);
    }

    /// The next status, or all.
    pub(crate) fn next_status(&mut self) {
        self.status = next(&STATUSES, self.status);
    }

    /// The question for a page (from 0) of what is chosen here and typed there.
    pub(crate) fn query(self, text: &str, page: usize) -> KeyQuery {
        let mut query = KeyQuery {
            page: u32::try_from(page + 1).unwrap_or(u32::MAX),
            limit: PAGE as u32,
            status: self.status,
            environment: self.environment,
            sort: self.sort,
            ..KeyQuery::default()
        };
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            match word.split_once(':') {
                Some(("env", name)) if environment(name).is_some() => query.environment = environment(name),
                Some(("status", name)) if status(name).is_some() => query.status = status(name),
                Some(("tag", name)) if !name.is_empty() => query.tag = Some(name.to_owned()),
                _ => words.push(word),
            }
        }
        query.search = (!words.is_empty()).then(|| words.join(" "));
        query.fuzzy = query.search.is_some().then_some(true);
        query
    }
}

fn next<T: Copy + PartialEq>(all: &[T], now: Option<T>) -> Option<T> {
    match now {
        None => all.first().copied(),
        Some(now) => all.iter().position(|one| *one == now).and_then(|at| all.get(at + 1)).copied(),
    }
}

fn environment(name: &str) -> Option<Environment> {
    match name {
        "production" | "prod" => Some(Environment::Production),
        "staging" | "stag" => Some(Environment::Staging),
        "development" | "dev" => Some(Environment::Development),
        _ => None,
    }
}

fn status(name: &str) -> Option<KeyStatus> {
    match name {
        "active" => Some(KeyStatus::Active),
        "inactive" => Some(KeyStatus::Inactive),
        "expired" => Some(KeyStatus::Expired),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_narrow_and_words_are_looked_for() {
        let query = Choice::default().query("stripe env:prod tag:llm live status:active", 2);
        assert_eq!(query.search.as_deref(), Some("stripe live"));
        assert_eq!(query.environment, Some(Environment::Production));
        assert_eq!(query.status, Some(KeyStatus::Active));
        assert_eq!(query.tag.as_deref(), Some("llm"));
        assert_eq!((query.page, query.limit, query.fuzzy), (3, PAGE as u32, Some(true)));
        assert_eq!(Choice::default().query("env:mars", 0).search.as_deref(), Some("env:mars"));
    }

    #[test]
    fn choices_go_round() {
        let mut choice = Choice::default();
        (0..4).for_each(|_| choice.next_environment());
        (0..5).for_each(|_| choice.next_sort());
        assert!(choice == Choice::default());
    }
}
