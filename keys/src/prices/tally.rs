//! Adding up what calls cost. Sums are exact, in billionths of a millionth, and rounded once, when they are told.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::civil::Date;

use keyward_store::usage::{Cell, ModelCell, ModelUse};

use super::{Money, Price, Prices, plain};
use crate::clock::utc_day;

/// A millionth of the currency's unit, as bills count.
const ONE: u128 = 1_000_000_000;
/// A millionth of that: what a token costs of the price of a million.
const MILLIONTH: u128 = ONE / 1_000_000;

/// What something costs, as far as its price is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Bill {
    /// Billionths of millionths of the currency's unit: the price of one byte is a whole number of them.
    exact: u128,
    /// Of how much of it a price was known: calls, or sums of tokens.
    known: u64,
}

impl Bill {
    pub(crate) fn add(&mut self, other: Self) {
        self.exact = self.exact.saturating_add(other.exact);
        self.known = self.known.saturating_add(other.known);
    }

    /// Takes away what was added as part of something else.
    pub(crate) fn remove(&mut self, other: Self) {
        self.exact = self.exact.saturating_sub(other.exact);
        self.known = self.known.saturating_sub(other.known);
    }

    fn count(&mut self, number: u64, rate: Option<u64>, unit: u128) {
        if let Some(rate) = rate {
            let exact = (u128::from(number) * u128::from(rate)).saturating_mul(unit);
            self.exact = self.exact.saturating_add(exact);
            self.known = self.known.saturating_add(1);
        }
    }

    /// What it is; nothing when no price was known.
    pub(crate) fn money(self) -> Option<Money> {
        (self.known > 0)
            .then(|| Money(u64::try_from(self.exact.saturating_add(ONE / 2) / ONE).unwrap_or(u64::MAX)))
    }
}

/// What was used and what it cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// By model; without a name what is told of no model by itself.
    pub(crate) models: BTreeMap<Option<Arc<str>>, (ModelCell, Bill)>,
    /// What is not a model's: prices of all calls and bytes of a service.
    rest: Bill,
}

impl Tally {
    pub(crate) fn merge(&mut self, other: &Self) {
        self.rest.add(other.rest);
        for (model, (cell, bill)) in &other.models {
            let sum = self.models.entry(model.clone()).or_default();
            sum.0.merge(cell);
            sum.1.add(*bill);
        }
    }

    /// Adds what calls and bytes cost.
    pub(crate) fn add_rest(&mut self, bill: Bill) {
        self.rest.add(bill);
    }

    /// Takes away what was added as part of a longer stretch of time.
    pub(crate) fn remove_rest(&mut self, bill: Bill) {
        self.rest.remove(bill);
    }

    /// What is no model's: calls and bytes of services.
    pub(crate) fn rest(&self) -> Bill {
        self.rest
    }

    /// All that it cost.
    pub(crate) fn bill(&self) -> Bill {
        let mut bill = self.rest;
        self.models.values().for_each(|(_, of_model)| bill.add(*of_model));
        bill
    }

    /// All tokens.
    pub(crate) fn tokens(&self) -> u64 {
        self.models.values().fold(0, |sum, (cell, _)| sum.saturating_add(tokens(cell)))
    }
}

/// A model's tokens of all kinds.
pub(crate) fn tokens(cell: &ModelCell) -> u64 {
    cell.input_tokens.saturating_add(cell.output_tokens).saturating_add(cell.cached_tokens)
}

/// Prices what one key after another used; remembers which lines are for which model, so that many days cost little.
pub(crate) struct Pricer<'a> {
    book: &'a Prices,
    lines: HashMap<(String, Option<Arc<str>>), Vec<&'a Price>>,
}

/// What calls and bytes of one service cost; empty when they have no price.
pub(crate) struct Calls<'p, 'a>(&'p [&'a Price]);

impl Calls<'_, '_> {
    /// What the calls of a cell cost.
    pub(crate) fn bill(&self, start_ms: i64, cell: &Cell) -> Bill {
        let mut bill = Bill::default();
        if self.0.is_empty() {
            return bill;
        }
        let day = utc_day(start_ms);
        if let Some(line) = self.0.iter().find(|line| line.holds(day)) {
            bill.count(cell.requests, line.rates.request, ONE);
            if let Some(rate) = line.rates.gigabyte {
                let bytes = u128::from(cell.request_bytes) + u128::from(cell.response_bytes);
                bill.add(Bill { exact: bytes.saturating_mul(u128::from(rate)), known: 1 });
            }
            // So that what is left without any call is without a price too.
            bill.known = bill.known.min(1) * cell.requests;
        }
        bill
    }
}

impl<'a> Pricer<'a> {
    pub(crate) fn new(book: &'a Prices) -> Self {
        Self { book, lines: HashMap::new() }
    }

    /// Adds what a key of this service used. A line that names no model is for all calls of a key, so its price of a
    /// request counts by the cells, and that of tokens for models that have no line of their own.
    pub(crate) fn count(
        &mut self,
        service: &str,
        uses: &[ModelUse],
        cells: &[(i64, Cell)],
        into: &mut Tally,
    ) {
        for used in uses {
            let bill = self.bill(service, used);
            let sum = into.models.entry(used.model.clone()).or_default();
            sum.0.merge(&used.cell);
            sum.1.add(bill);
        }
        let calls = self.calls(service);
        cells.iter().for_each(|(start_ms, cell)| into.rest.add(calls.bill(*start_ms, cell)));
    }

    /// What a model's calls cost.
    pub(crate) fn bill(&mut self, service: &str, used: &ModelUse) -> Bill {
        let ModelCell { told, .. } = used.cell;
        let mut bill = Bill::default();
        bill.count(told.cost, (told.requests > 0).then_some(1), ONE);
        let day = utc_day(used.start_ms);
        let Some(line) = self.line(service, used.model.as_ref(), day) else { return bill };
        let rates = line.rates;
        bill.count(used.cell.input_tokens.saturating_sub(told.input_tokens), rates.input, MILLIONTH);
        bill.count(used.cell.output_tokens.saturating_sub(told.output_tokens), rates.output, MILLIONTH);
        let cached = used.cell.cached_tokens.saturating_sub(told.cached_tokens);
        bill.count(cached, rates.cached.or(rates.input), MILLIONTH);
        if !line.models.is_empty() {
            bill.count(used.cell.requests.saturating_sub(told.requests), rates.request, ONE);
        }
        bill
    }

    /// The prices of a service's calls and bytes, whatever their model.
    pub(crate) fn calls(&mut self, service: &str) -> Calls<'_, 'a> {
        let lines = self.lines(service, None);
        let some = lines.iter().any(|line| line.rates.request.or(line.rates.gigabyte).is_some());
        Calls(if some { lines } else { &[] })
    }

    fn line(&mut self, service: &str, model: Option<&Arc<str>>, day: Date) -> Option<&'a Price> {
        self.lines(service, model).iter().find(|line| line.holds(day)).copied()
    }

    /// The lines for a model: the operator's own that name it before those in the program, and the closest first; then
    /// those for all calls of the service.
    fn lines(&mut self, service: &str, model: Option<&Arc<str>>) -> &[&'a Price] {
        let book = self.book;
        self.lines.entry((service.to_owned(), model.cloned())).or_insert_with(|| {
            let service = plain(service);
            let fitting =
                |price: &'a Price| Some((price.fits(&service, model.map(|model| &**model))?, price));
            let mut lines: Vec<(usize, &Price)> = book.prices.iter().filter_map(fitting).collect();
            lines.sort_by_key(|(closeness, price)| (*closeness == 0, price.shipped, Reverse(*closeness)));
            lines.into_iter().map(|(_, price)| price).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn book() -> Prices {
        let text = r#"
            [[price]]
            service = "Open AI"
            model = "big"
            input = 2
            output = 10
            until = 2026-01-01
            [[price]]
            service = "openai"
            model = ["big", "big-*"]
            input = 1
            cached = 0.5
            request = 0.001
            from = 2026-01-02
            [[price]]
            service = "openai"
            input = 100
            request = 0.01
            gigabyte = 0.09
        "#;
        Prices::own(text).unwrap()
    }

    fn used(model: Option<&str>, day: i64, input: u64, output: u64, cached: u64) -> ModelUse {
        let cell = ModelCell {
            requests: 2,
            input_tokens: input,
            output_tokens: output,
            cached_tokens: cached,
            ..ModelCell::default()
        };
        // 2026-01-01 is day 20,454.
        ModelUse { start_ms: (20_454 + day) * DAY_MS, model: model.map(Arc::from), cell }
    }

    fn cost(used: &ModelUse) -> Option<u64> {
        Pricer::new(&book()).bill("OpenAI", used).money().map(|money| money.0)
    }

    #[test]
    fn the_closest_line_of_the_day_is_the_price() {
        assert_eq!(cost(&used(Some("big"), 0, 1_000, 100, 10)), Some(2_000 + 1_000 + 20));
        assert_eq!(cost(&used(Some("big"), 1, 1_000, 100, 10)), Some(1_000 + 5 + 2_000));
        assert_eq!(cost(&used(Some("big-2026"), 1, 1_000, 0, 0)), Some(1_000 + 2_000));
        assert_eq!(cost(&used(Some("other"), 1, 1_000, 5, 0)), Some(100_000), "the service's own");
        assert_eq!(cost(&used(None, 1, 1_000, 0, 0)), Some(100_000));
        assert_eq!(Pricer::new(&book()).bill("Stripe", &used(Some("big"), 0, 1, 1, 1)).money(), None);
        // A line of the program for a model is closer than the operator's own for all of the service.
        assert_eq!(cost(&used(Some("gpt-4o"), 1, 1_000, 0, 0)), Some(2_500));
    }

    #[test]
    fn what_calls_told_they_cost_is_not_priced_again() {
        let mut told = used(Some("big"), 0, 1_000, 0, 0);
        told.cell.told =
            keyward_store::usage::Told { requests: 1, input_tokens: 400, cost: 7, ..Default::default() };
        assert_eq!(cost(&told), Some(7 + 1_200));
        told.model = Some(Arc::from("free"));
        assert_eq!(Pricer::new(&book()).bill("Stripe", &told).money(), Some(Money(7)));
    }

    #[test]
    fn calls_and_bytes_of_a_service_count_once() {
        let cell =
            Cell { requests: 3, request_bytes: 500_000_000, response_bytes: 500_000_000, ..Cell::default() };
        let mut tally = Tally::default();
        let book = book();
        let mut pricer = Pricer::new(&book);
        pricer.count("openai", &[used(Some("big"), 1, 1_000, 0, 0)], &[(20_455 * DAY_MS, cell)], &mut tally);
        assert_eq!(tally.bill().money(), Some(Money(1_000 + 2_000 + 30_000 + 90_000)));
        assert_eq!(tally.tokens(), 1_000);
    }

    #[test]
    fn small_amounts_add_up_before_they_are_rounded() {
        let mut sum = Bill::default();
        for _ in 0..1_000 {
            sum.count(1, Some(100_000), MILLIONTH);
        }
        assert_eq!(sum.money(), Some(Money(100)));
        let mut huge = Bill::default();
        huge.count(u64::MAX, Some(u64::MAX), ONE);
        assert_eq!(huge.money(), Some(Money(u64::MAX)));
        let (book, mut hours) = (book(), Bill::default());
        let mut pricer = Pricer::new(&book);
        let calls = pricer.calls("openai");
        let of = |bytes| Cell { request_bytes: bytes, ..Cell::default() };
        (0..24).for_each(|hour| hours.add(calls.bill(20_455 * DAY_MS + hour * 3_600_000, &of(7))));
        assert_eq!(hours, calls.bill(20_455 * DAY_MS, &of(24 * 7)), "a day is the sum of its hours");
    }
}
