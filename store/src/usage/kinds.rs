//! Calls by method, by status and by service token, counted exactly with those that failed, and about how many clients there
//! were. They stand in the rows of the endpoints, clients in those of days and months alone. Whatever calls tell of, it stays
//! small.

use super::clients::Clients;
use super::codec::{Input, Malformed, Read, put_varint};
use super::event::{Method, Reporter, Stored};
use crate::model::Id;

/// The most statuses that are told apart in one row: as many as there can be, of those that HTTP knows.
const MOST_STATUSES: usize = 512;
/// Stands for those beyond.
const OTHER_STATUS: u16 = 0;
/// The most service tokens that are told apart in one row.
const MOST_TOKENS: usize = 64;
const METHODS: usize = 8;
/// What is encoded begins with this and the number of methods; an earlier version knew no errors, and began with the number.
const WITH_ERRORS: u64 = 0x10;

/// How many calls there were.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Calls {
    /// All of them.
    pub requests: u64,
    /// Those with a status of 400 and above, as far as they were counted: earlier versions did not.
    pub errors: u64,
}

impl Calls {
    /// One call.
    pub(super) fn of(status: u16) -> Self {
        Self { requests: 1, errors: u64::from(status >= 400) }
    }

    /// Adds further calls.
    pub fn merge(&mut self, more: Self) {
        self.requests = self.requests.saturating_add(more.requests);
        self.errors = self.errors.saturating_add(more.errors);
    }

    /// Takes away calls that were added before.
    pub fn remove(&mut self, calls: Self) {
        self.requests = self.requests.saturating_sub(calls.requests);
        self.errors = self.errors.saturating_sub(calls.errors);
    }
}

/// One of the kinds that calls are counted by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Of a method.
    Method(Method),
    /// Of a status; none for all those beyond the ones that are told apart.
    Status(Option<u16>),
    /// Reported with a service token; none for all those beyond the ones that are told apart.
    Token(Option<Id>),
}

impl Kind {
    pub(super) fn status(status: u16) -> Self {
        Self::Status(Some(status).filter(|one| *one != OTHER_STATUS))
    }

    /// Calls that were answered with a status, or with one of those beyond the ones that are told apart.
    pub(super) fn answered(status: Option<u16>, requests: u64) -> Calls {
        Calls { requests, errors: if status >= Some(400) { requests } else { 0 } }
    }

    /// The kinds that a call is of.
    pub(super) fn of(event: &Stored) -> impl Iterator<Item = Self> {
        let told = [Self::Method(event.method), Self::status(event.status)];
        told.into_iter().chain(event.reporter.token.map(|token| Self::Token(Some(token))))
    }
}

/// Is shown calls by kind, mostly many of one kind after one another.
pub trait KindVisitor {
    /// Whether calls of a kind are wanted: then those that are shown next are of it.
    fn wants(&mut self, kind: Kind) -> bool;

    /// Calls that a cell counts, by its start.
    fn calls(&mut self, start_ms: i64, calls: Calls);
}

/// How many calls there were of each method, of each status and by each service token, and of how many clients.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kinds {
    /// By the method's code.
    methods: [Calls; METHODS],
    /// By rising status.
    statuses: Vec<(u16, u64)>,
    /// By rising id.
    tokens: Vec<(Id, Calls)>,
    /// By further tokens.
    other_tokens: Calls,
    clients: Clients,
}

impl Kinds {
    /// The methods that were called, with the number of calls, in the order of [`Method`].
    pub fn methods(&self) -> impl Iterator<Item = (Method, Calls)> {
        let counted = (0u8..).zip(self.methods).filter(|(_, calls)| calls.requests > 0);
        counted.filter_map(|(code, calls)| Some((Method::from_code(code)?, calls)))
    }

    /// The statuses that were answered, with the number of calls, rising; none for all those beyond the ones that are told
    /// apart.
    pub fn statuses(&self) -> impl Iterator<Item = (Option<u16>, u64)> {
        self.statuses.iter().map(|(status, calls)| (Some(*status).filter(|one| *one != OTHER_STATUS), *calls))
    }

    /// The service tokens that reported calls, with their number, rising by id; none for all those beyond the ones that are
    /// told apart. Calls that people reported are of no token.
    pub fn tokens(&self) -> impl Iterator<Item = (Option<Id>, Calls)> {
        let others = (self.other_tokens.requests > 0).then_some((None, self.other_tokens));
        self.tokens.iter().map(|(token, calls)| (Some(*token), *calls)).chain(others)
    }

    /// All of these.
    pub(super) fn each(&self) -> impl Iterator<Item = (Kind, Calls)> {
        let methods = self.methods().map(|(method, calls)| (Kind::Method(method), calls));
        let answered = |(status, calls)| (Kind::Status(status), Kind::answered(status, calls));
        let statuses = self.statuses().map(answered);
        methods.chain(statuses).chain(self.tokens().map(|(token, calls)| (Kind::Token(token), calls)))
    }

    /// About how many clients reported calls.
    pub fn clients(&self) -> u64 {
        self.clients.count()
    }

    /// Adds further calls.
    pub fn merge(&mut self, other: &Self) {
        self.merge_calls(other);
        self.merge_clients(other);
    }

    /// Adds further calls, and not whose they were.
    pub(super) fn merge_calls(&mut self, other: &Self) {
        self.methods.iter_mut().zip(other.methods).for_each(|(sum, more)| sum.merge(more));
        other.statuses.iter().for_each(|(status, calls)| self.count_status(*status, *calls));
        other.tokens.iter().for_each(|(token, calls)| self.count_token(*token, *calls));
        self.other_tokens.merge(other.other_tokens);
    }

    /// Adds the clients of further calls.
    pub(super) fn merge_clients(&mut self, other: &Self) {
        self.clients.merge(&other.clients);
    }

    pub(super) fn add_client(&mut self, event: &Stored) {
        event.reporter.client.into_iter().for_each(|client| self.clients.add(client));
    }

    pub(super) fn add(&mut self, event: &Stored) {
        self.count(event.method, event.status, event.reporter);
    }

    /// Adds one call.
    pub(super) fn count(&mut self, method: Method, status: u16, Reporter { token, client }: Reporter) {
        let call = Calls::of(status);
        self.methods[method as usize % METHODS].merge(call);
        self.count_status(status, 1);
        token.into_iter().for_each(|token| self.count_token(token, call));
        client.into_iter().for_each(|client| self.clients.add(client));
    }

    fn count_token(&mut self, token: Id, calls: Calls) {
        let sum = match self.tokens.binary_search_by_key(&token, |entry| entry.0) {
            Ok(place) => &mut self.tokens[place].1,
            Err(_) if self.tokens.len() >= MOST_TOKENS => &mut self.other_tokens,
            Err(place) => return self.tokens.insert(place, (token, calls)),
        };
        sum.merge(calls);
    }

    fn count_status(&mut self, status: u16, calls: u64) {
        let place = self.statuses.binary_search_by_key(&status, |entry| entry.0);
        let others = self.statuses.first().is_some_and(|(first, _)| *first == OTHER_STATUS);
        let named = self.statuses.len() - usize::from(others);
        match place {
            Ok(place) => {
                let sum = &mut self.statuses[place].1;
                *sum = sum.saturating_add(calls);
            }
            // One place is kept for what stands for the rest.
            Err(_) if status != OTHER_STATUS && named + 1 >= MOST_STATUSES => {
                self.count_status(OTHER_STATUS, calls);
            }
            Err(place) => self.statuses.insert(place, (status, calls)),
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        self.encode_calls(out);
        self.clients.encode(out);
    }

    /// Without clients.
    pub(super) fn encode_calls(&self, out: &mut Vec<u8>) {
        let put = |out: &mut Vec<u8>, calls: &Calls| {
            put_varint(out, calls.requests);
            put_varint(out, calls.errors);
        };
        put_varint(out, WITH_ERRORS | self.methods().count() as u64);
        for (method, calls) in self.methods() {
            put_varint(out, method as u64);
            put(out, &calls);
        }
        put_varint(out, self.statuses.len() as u64);
        for (status, calls) in &self.statuses {
            put_varint(out, u64::from(*status));
            put_varint(out, *calls);
        }
        put_varint(out, self.tokens.len() as u64);
        for (token, calls) in &self.tokens {
            out.extend_from_slice(token.as_bytes());
            put(out, calls);
        }
        put(out, &self.other_tokens);
    }

    /// As an earlier version wrote it.
    #[cfg(test)]
    pub(super) fn encode_without_errors(&self, out: &mut Vec<u8>) {
        put_varint(out, self.methods().count() as u64);
        for (method, calls) in self.methods() {
            put_varint(out, method as u64);
            put_varint(out, calls.requests);
        }
        put_varint(out, self.statuses.len() as u64);
        for (status, calls) in &self.statuses {
            put_varint(out, u64::from(*status));
            put_varint(out, *calls);
        }
        put_varint(out, self.tokens.len() as u64);
        for (token, calls) in &self.tokens {
            out.extend_from_slice(token.as_bytes());
            put_varint(out, calls.requests);
        }
        put_varint(out, self.other_tokens.requests);
        self.clients.encode(out);
    }

    /// Adds what is encoded.
    pub(super) fn add_encoded(&mut self, input: &mut Input<'_>) -> Read<()> {
        Self::each_encoded(input, |kind, calls| match kind {
            Kind::Method(method) => self.methods[method as usize % METHODS].merge(calls),
            Kind::Status(status) => self.count_status(status.unwrap_or(OTHER_STATUS), calls.requests),
            Kind::Token(Some(token)) => self.count_token(token, calls),
            Kind::Token(None) => self.other_tokens.merge(calls),
        })?;
        self.clients.add_encoded(input)
    }

    /// Shows what is encoded, up to the clients.
    #[inline]
    pub(super) fn each_encoded(input: &mut Input<'_>, mut visit: impl FnMut(Kind, Calls)) -> Read<()> {
        let form = input.varint()?;
        let counted = |input: &mut Input<'_>| {
            let requests = input.varint()?;
            Ok(Calls { requests, errors: if form & WITH_ERRORS > 0 { input.varint()? } else { 0 } })
        };
        for _ in 0..form & !WITH_ERRORS {
            let code = u8::try_from(input.varint()?).map_err(|_| Malformed)?;
            let method = Method::from_code(code).ok_or(Malformed)?;
            visit(Kind::Method(method), counted(input)?);
        }
        for _ in 0..input.count()? {
            let status = u16::try_from(input.varint()?).map_err(|_| Malformed)?;
            let kind = Kind::status(status);
            let Kind::Status(told) = kind else { continue };
            visit(kind, Kind::answered(told, input.varint()?));
        }
        for _ in 0..input.count()? {
            let token = Id::from_bytes(input.array()?);
            visit(Kind::Token(Some(token)), counted(input)?);
        }
        let others = counted(input)?;
        if others.requests > 0 {
            visit(Kind::Token(None), others);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::usage::samples::stored;

    fn of(events: &[Stored]) -> Kinds {
        let mut kinds = Kinds::default();
        events.iter().for_each(|event| kinds.add(event));
        kinds
    }

    fn kinds_of(events: &[Stored]) -> u64 {
        events.iter().map(|event| Kind::of(event).count() as u64).sum()
    }

    fn merged(parts: [&Kinds; 2]) -> Kinds {
        let mut sum = Kinds::default();
        parts.into_iter().for_each(|part| sum.merge(part));
        sum
    }

    proptest! {
        #[test]
        fn counts_come_back_and_add_up(
            parts in prop::array::uniform3(prop::collection::vec(stored(true), 0..40)),
        ) {
            let [a, b, c] = parts.each_ref().map(|events| of(events));
            let whole = of(&parts.concat());
            prop_assert_eq!(&merged([&merged([&a, &b]), &c]), &whole);
            prop_assert_eq!(&merged([&a, &merged([&b, &c])]), &whole);
            let calls = parts.concat().len() as u64;
            let failed = parts.concat().iter().filter(|event| event.status >= 400).count() as u64;
            let sum = |told: &mut dyn Iterator<Item = Calls>| {
                told.fold(Calls::default(), |mut sum, more| {
                    sum.merge(more);
                    sum
                })
            };
            prop_assert_eq!(sum(&mut whole.methods().map(|(_, calls)| calls)), Calls { requests: calls, errors: failed });
            let by_tokens = parts.concat().into_iter().filter(|event| event.reporter.token.is_some());
            let by_tokens = sum(&mut by_tokens.map(|event| Calls::of(event.status)));
            prop_assert_eq!(sum(&mut whole.tokens().map(|(_, calls)| calls)), by_tokens);
            prop_assert_eq!(whole.statuses().map(|(_, calls)| calls).sum::<u64>(), calls);
            prop_assert_eq!(whole.each().map(|(_, calls)| calls.requests).sum::<u64>(), kinds_of(&parts.concat()));
            let mut out = Vec::new();
            whole.encode(&mut out);
            let mut shown = Vec::new();
            Kinds::each_encoded(&mut Input(&out), |kind, calls| shown.push((kind, calls))).unwrap();
            prop_assert_eq!(shown, whole.each().collect::<Vec<_>>());
            let mut read = Kinds::default();
            let mut input = Input(&out);
            prop_assert_eq!(read.add_encoded(&mut input), Ok(()));
            prop_assert_eq!((read, input.0.len()), (whole, 0));
        }

        #[test]
        fn what_an_earlier_version_wrote_is_read_without_errors(
            events in prop::collection::vec(stored(true), 0..40),
        ) {
            let whole = of(&events);
            let mut expected = whole.clone();
            let told = expected.methods.iter_mut().chain(expected.tokens.iter_mut().map(|(_, calls)| calls));
            told.for_each(|calls| calls.errors = 0);
            let mut out = Vec::new();
            whole.encode_without_errors(&mut out);
            let mut read = Kinds::default();
            let mut input = Input(&out);
            prop_assert_eq!(read.add_encoded(&mut input), Ok(()));
            prop_assert_eq!((read, input.0.len()), (expected, 0));
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Kinds::default().add_encoded(&mut Input(&bytes));
        }
    }

    #[test]
    fn any_number_of_statuses_and_tokens_takes_no_more_room_and_none_is_lost() {
        let mut kinds = Kinds::default();
        (1..=u16::MAX).for_each(|status| kinds.count_status(status, 2));
        assert_eq!(kinds.statuses.len(), MOST_STATUSES);
        assert_eq!(kinds.statuses().map(|(_, calls)| calls).sum::<u64>(), 2 * u64::from(u16::MAX));
        assert_eq!(kinds.statuses().next().map(|(status, _)| status), Some(None));
        let three = Calls { requests: 3, errors: 1 };
        (0..200).for_each(|number| kinds.count_token(Id::from_bytes([number; 12]), three));
        let rest = Calls { requests: 3 * 136, errors: 136 };
        assert_eq!((kinds.tokens().count(), kinds.tokens().last()), (MOST_TOKENS + 1, Some((None, rest))));
        let (mut out, mut twice) = (Vec::new(), kinds.clone());
        kinds.encode(&mut out);
        assert_eq!(twice.add_encoded(&mut Input(&out)), Ok(()));
        assert_eq!(twice, merged([&kinds, &kinds]));
        assert_eq!(twice.tokens().map(|(_, calls)| calls.requests).sum::<u64>(), 2 * 3 * 200);
    }
}
