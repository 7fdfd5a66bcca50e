//! The price book: what calls cost at list prices, or at those that the operator wrote down. Costs are worked out when
//! somebody asks, from totals, so a change of the book changes the past too. It knows no key and no store; money is in
//! millionths of the currency's unit.

mod money;
mod parse;
mod tally;

use jiff::civil::Date;

pub use money::{AMOUNT, Money, NoAmount};
pub(crate) use tally::{Bill, Pricer, Tally, tokens};

/// The list prices in the program, as TOML.
pub const SHIPPED: &str = include_str!("prices.toml");

/// What a price is, each in millionths of the currency's unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rates {
    /// For a million tokens sent.
    pub input: Option<u64>,
    /// For a million tokens answered.
    pub output: Option<u64>,
    /// For a million tokens sent that came from a cache; as input when none.
    pub cached: Option<u64>,
    /// For a request.
    pub request: Option<u64>,
    /// For 10^9 bytes, sent and received.
    pub gigabyte: Option<u64>,
}

/// One line of the book.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Price {
    /// The service, as it was written.
    pub service: String,
    /// Names of models, or their beginnings with `*` at the end; all calls of the service when none.
    pub models: Vec<String>,
    /// What it costs.
    pub rates: Rates,
    /// The first day on which it holds.
    pub from: Option<Date>,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// The page that it was taken from.
    pub source: Option<String>,
    /// When it was taken from there.
    pub taken: Option<Date>,
    /// It is in the program, not the operator's own.
    pub shipped: bool,
}

/// All prices, in one currency; the operator's own before those in the program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prices {
    /// ISO 4217.
    pub currency: String,
    /// When the list prices in the program were taken; none when they are not used.
    pub taken: Option<Date>,
    /// Every line.
    pub prices: Vec<Price>,
}

impl Default for Prices {
    /// Those in the program.
    fn default() -> Self {
        let none = Self { currency: String::new(), taken: None, prices: Vec::new() };
        Self::shipped().unwrap_or(none)
    }
}

impl Price {
    /// How closely it names this model of this service; nothing when it does not.
    fn fits(&self, service: &str, model: Option<&str>) -> Option<usize> {
        if plain(&self.service) != service {
            return None;
        }
        let closeness = |pattern: &String| match pattern.strip_suffix('*') {
            Some(beginning) => model?.starts_with(beginning).then_some(1 + beginning.len()),
            None => (model? == pattern).then_some(usize::MAX),
        };
        if self.models.is_empty() { Some(0) } else { self.models.iter().filter_map(closeness).max() }
    }

    fn holds(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

/// Services are the same however they are spelled: `OpenAI`, `open-ai`.
fn plain(service: &str) -> String {
    service.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
