//! Calls by method, by status and by service token, counted exactly, and about how many clients there were. They stand in
//! the rows of the endpoints, clients in those of days and months alone. Whatever calls tell of, it stays small.

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

    /// The kinds that a call is of.
    pub(super) fn of(event: &Stored) -> impl Iterator<Item = Self> {
        let told = [Self::Method(event.method), Self::status(event.status)];
        told.into_iter().chain(event.reporter.token.map(|token| Self::Token(Some(token))))
    }
}

/// How many calls there were of each method, of each status and by each service token, and of how many clients.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kinds {
    /// By the method's code.
    methods: [u64; METHODS],
    /// By rising status.
    statuses: Vec<(u16, u64)>,
    /// By rising id.
    tokens: Vec<(Id, u64)>,
    /// By further tokens.
    other_tokens: u64,
    clients: Clients,
}

impl Kinds {
    /// The methods that were called, with the number of calls, in the order of [`Method`].
    pub fn methods(&self) -> impl Iterator<Item = (Method, u64)> {
        let counted = (0u8..).zip(self.methods).filter(|(_, calls)| *calls > 0);
        counted.filter_map(|(code, calls)| Some((Method::from_code(code)?, calls)))
    }

    /// The statuses that were answered, with the number of calls, rising; none for all those beyond the ones that are told
    /// apart.
    pub fn statuses(&self) -> impl Iterator<Item = (Option<u16>, u64)> {
        self.statuses.iter().map(|(status, calls)| (Some(*status).filter(|one| *one != OTHER_STATUS), *calls))
    }

    /// The service tokens that reported calls, with their number, rising by id; none for all those beyond the ones that are
    /// told apart. Calls that people reported are of no token.
    pub fn tokens(&self) -> impl Iterator<Item = (Option<Id>, u64)> {
        let others = (self.other_tokens > 0).then_some((None, self.other_tokens));
        self.tokens.iter().map(|(token, calls)| (Some(*token), *calls)).chain(others)
    }

    /// All of these.
    pub(super) fn each(&self) -> impl Iterator<Item = (Kind, u64)> {
        let methods = self.methods().map(|(method, calls)| (Kind::Method(method), calls));
        let statuses = self.statuses().map(|(status, calls)| (Kind::Status(status), calls));
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
        self.methods.iter_mut().zip(other.methods).for_each(|(sum, more)| *sum = sum.saturating_add(more));
        other.statuses.iter().for_each(|(status, calls)| self.count_status(*status, *calls));
        other.tokens.iter().for_each(|(token, calls)| self.count_token(*token, *calls));
        self.other_tokens = self.other_tokens.saturating_add(other.other_tokens);
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
        let calls = &mut self.methods[method as usize % METHODS];
        *calls = calls.saturating_add(1);
        self.count_status(status, 1);
        token.into_iter().for_each(|token| self.count_token(token, 1));
        client.into_iter().for_each(|client| self.clients.add(client));
    }

    fn count_token(&mut self, token: Id, calls: u64) {
        let sum = match self.tokens.binary_search_by_key(&token, |entry| entry.0) {
            Ok(place) => &mut self.tokens[place].1,
            Err(_) if self.tokens.len() >= MOST_TOKENS => &mut self.other_tokens,
            Err(place) => return self.tokens.insert(place, (token, calls)),
        };
        *sum = sum.saturating_add(calls);
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
        put_varint(out, self.methods.iter().filter(|calls| **calls > 0).count() as u64);
        for (code, calls) in (0u64..).zip(self.methods).filter(|(_, calls)| *calls > 0) {
            put_varint(out, code);
            put_varint(out, calls);
        }
        put_varint(out, self.statuses.len() as u64);
        for (status, calls) in &self.statuses {
            put_varint(out, u64::from(*status));
            put_varint(out, *calls);
        }
        put_varint(out, self.tokens.len() as u64);
        for (token, calls) in &self.tokens {
            out.extend_from_slice(token.as_bytes());
            put_varint(out, *calls);
        }
        put_varint(out, self.other_tokens);
    }

    /// Adds what is encoded.
    pub(super) fn add_encoded(&mut self, input: &mut Input<'_>) -> Read<()> {
        Self::each_encoded(input, |kind, calls| match kind {
            Kind::Method(method) => {
                let sum = &mut self.methods[method as usize % METHODS];
                *sum = sum.saturating_add(calls);
            }
            Kind::Status(status) => self.count_status(status.unwrap_or(OTHER_STATUS), calls),
            Kind::Token(Some(token)) => self.count_token(token, calls),
            Kind::Token(None) => self.other_tokens = self.other_tokens.saturating_add(calls),
        })?;
        self.clients.add_encoded(input)
    }

    /// Shows what is encoded, up to the clients.
    #[inline]
    pub(super) fn each_encoded(input: &mut Input<'_>, mut visit: impl FnMut(Kind, u64)) -> Read<()> {
        for _ in 0..input.count()? {
            let code = u8::try_from(input.varint()?).map_err(|_| Malformed)?;
            let method = Method::from_code(code).ok_or(Malformed)?;
            visit(Kind::Method(method), input.varint()?);
        }
        for _ in 0..input.count()? {
            let status = u16::try_from(input.varint()?).map_err(|_| Malformed)?;
            visit(Kind::status(status), input.varint()?);
        }
        for _ in 0..input.count()? {
            let token = Id::from_bytes(input.array()?);
            visit(Kind::Token(Some(token)), input.varint()?);
        }
        let others = input.varint()?;
        if others > 0 {
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
            prop_assert_eq!(whole.methods().map(|(_, calls)| calls).sum::<u64>(), calls);
            prop_assert_eq!(whole.statuses().map(|(_, calls)| calls).sum::<u64>(), calls);
            prop_assert_eq!(whole.each().map(|(_, calls)| calls).sum::<u64>(), kinds_of(&parts.concat()));
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
        (0..200).for_each(|number| kinds.count_token(Id::from_bytes([number; 12]), 3));
        assert_eq!((kinds.tokens().count(), kinds.tokens().last()), (MOST_TOKENS + 1, Some((None, 3 * 136))));
        let (mut out, mut twice) = (Vec::new(), kinds.clone());
        kinds.encode(&mut out);
        assert_eq!(twice.add_encoded(&mut Input(&out)), Ok(()));
        assert_eq!(twice, merged([&kinds, &kinds]));
        assert_eq!(twice.tokens().map(|(_, calls)| calls).sum::<u64>(), 2 * 3 * 200);
    }
}
