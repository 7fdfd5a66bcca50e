//! What a person types into the search line, as a question: words to look for, and terms such as `env:production`.

use keyward_keys::input::{Hygiene, KeyQuery, KeySort};
use keyward_keys::view::KeyStatus;
use keyward_keys::{Environment, Id};

use crate::pages::keys::rows::PAGE;
use crate::pages::marks::ENVIRONMENTS;

/// The terms there are, for whoever begins to type.
pub(crate) const TERMS: &str = "env: tag: status: team: service: unused:>30d is:idle";

/// How the list is narrowed and sorted, besides the search line.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Choice {
    pub(crate) sort: KeySort,
    pub(crate) environment: Option<Environment>,
    pub(crate) status: Option<KeyStatus>,
    pub(crate) hygiene: Option<Hygiene>,
    /// The keys in the bin.
    pub(crate) bin: bool,
}

const SORTS: [(KeySort, &str); 7] = [
    (KeySort::Newest, "newest first"),
    (KeySort::Name, "by name"),
    (KeySort::Service, "by service"),
    (KeySort::Environment, "by environment"),
    (KeySort::LastUsed, "last used first"),
    (KeySort::Usage, "most calls this month first"),
    (KeySort::NextRotation, "soonest rotation first"),
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
        match self.sort {
            KeySort::Newest if self.bin => "deleted last first",
            sort => SORTS.iter().find(|(known, _)| *known == sort).map_or("", |(_, name)| name),
        }
    }

    /// The next environment, or all.
    pub(crate) fn next_environment(&mut self) {
        self.environment = next(&ENVIRONMENTS, self.environment);
    }

    /// The next status, or all.
    pub(crate) fn next_status(&mut self) {
        self.status = next(&STATUSES, self.status);
    }

    /// The next of these ways to stand out, or all keys.
    pub(crate) fn next_hygiene(&mut self, ways: &[Hygiene]) {
        self.hygiene = next(ways, self.hygiene);
    }

    /// Some keys are left out.
    pub(crate) fn narrows(self) -> bool {
        self.environment.is_some() || self.status.is_some() || self.hygiene.is_some()
    }

    /// All keys, in the same order.
    pub(crate) fn widened(self) -> Self {
        Self { sort: self.sort, bin: self.bin, ..Self::default() }
    }

    /// The question for a page (from 0) of what is chosen here and typed there. Teams are known by their names.
    pub(crate) fn query(self, text: &str, teams: &[(Id, String)], page: usize) -> KeyQuery {
        let mut query = KeyQuery {
            page: u32::try_from(page + 1).unwrap_or(u32::MAX),
            limit: PAGE as u32,
            status: self.status,
            environment: self.environment,
            hygiene: self.hygiene,
            bin: self.bin,
            sort: self.sort,
            ..KeyQuery::default()
        };
        let words: Vec<&str> =
            text.split_whitespace().filter(|word| !term(&mut query, word, teams)).collect();
        query.search = (!words.is_empty()).then(|| words.join(" "));
        query.fuzzy = query.search.is_some().then_some(true);
        query
    }
}

/// Takes a term into the question; false for a word.
fn term(query: &mut KeyQuery, word: &str, teams: &[(Id, String)]) -> bool {
    let Some((term, name)) = word.split_once(':').filter(|(_, name)| !name.is_empty()) else { return false };
    match term {
        "env" | "environment" => set(&mut query.environment, keyward_keys::input::environment(name)),
        "status" if name == "frozen" => set(&mut query.frozen, Some(true)),
        "status" => set(&mut query.status, keyward_keys::input::word(name)),
        "tag" => set(&mut query.tag, Some(name.to_owned())),
        "service" => set(&mut query.service, Some(name.to_owned())),
        "team" => set(&mut query.team, team(name, teams)),
        "unused" => set(&mut query.unused, days(name)),
        "is" => set(&mut query.hygiene, keyward_keys::input::hygiene(name)),
        _ => false,
    }
}

fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    let known = value.is_some();
    if known {
        *field = value;
    }
    known
}

/// The team whose name is this, or begins so; in a name, `-` may stand for a space.
fn team(name: &str, teams: &[(Id, String)]) -> Option<Id> {
    let plain = |name: &str| name.to_lowercase().replace(' ', "-");
    let name = plain(name);
    let known = || teams.iter().map(|(id, known)| (*id, plain(known)));
    let whole = known().find(|(_, known)| *known == name);
    whole.or_else(|| known().find(|(_, known)| known.starts_with(&name))).map(|(id, _)| id)
}

/// `>30d`, `30d`, `2w` or `30`: days.
fn days(text: &str) -> Option<u32> {
    let text = text.trim_start_matches(['>', '=']);
    let (number, unit) = match text.strip_suffix('w') {
        Some(weeks) => (weeks, 7),
        None => (text.strip_suffix('d').unwrap_or(text), 1),
    };
    number.parse::<u32>().ok()?.checked_mul(unit)
}

fn next<T: Copy + PartialEq>(all: &[T], now: Option<T>) -> Option<T> {
    match now {
        None => all.first().copied(),
        Some(now) => all.iter().position(|one| *one == now).and_then(|at| all.get(at + 1)).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_narrow_and_words_are_looked_for() {
        let query = Choice::default().query("stripe env:prod tag:llm live status:active", &[], 2);
        assert_eq!(query.search.as_deref(), Some("stripe live"));
        assert_eq!(query.environment, Some(Environment::Production));
        assert_eq!(query.status, Some(KeyStatus::Active));
        assert_eq!(query.tag.as_deref(), Some("llm"));
        assert_eq!((query.page, query.limit, query.fuzzy), (3, PAGE as u32, Some(true)));
        for word in ["env:mars", "team:nobody", "unused:long", "is:dirty", "status:", "https://x"] {
            assert_eq!(Choice::default().query(word, &[], 0).search.as_deref(), Some(word));
        }
    }

    #[test]
    fn a_term_narrows_as_it_says() {
        let (ops, payments) = (Id::from_bytes([1; 12]), Id::from_bytes([2; 12]));
        let teams = [(ops, "Ops EU".to_owned()), (payments, "Ops".to_owned())];
        let query = |text| Choice::default().query(text, &teams, 0);
        assert_eq!(query("team:ops").team, Some(payments), "the whole name comes first");
        assert_eq!(query("team:ops-e").team, Some(ops));
        for (text, days) in [(">30d", 30), ("30d", 30), ("2w", 14), (">=7", 7)] {
            let typed = format!("unused:{text}");
            assert_eq!(Choice::default().query(&typed, &teams, 0).unused, Some(days), "{text}");
        }
        assert_eq!(query("is:overdue").hygiene, Some(Hygiene::Overdue));
        assert_eq!(query("is:shared-value").hygiene, Some(Hygiene::SharedValue));
        assert_eq!(query("status:frozen").frozen, Some(true));
        assert_eq!(query("service:stripe").service.as_deref(), Some("stripe"));
        assert!(query("team:ops is:idle unused:4d").search.is_none());
    }

    #[test]
    fn choices_go_round() {
        let mut choice = Choice::default();
        (0..4).for_each(|_| choice.next_environment());
        (0..SORTS.len()).for_each(|_| choice.next_sort());
        (0..3).for_each(|_| choice.next_hygiene(&[Hygiene::Idle, Hygiene::NoLimit]));
        assert!(choice == Choice::default());
    }
}
