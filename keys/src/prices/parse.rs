//! Reading a price book, with every fault told at once.

use super::{Price, Prices, Rates, SHIPPED, plain};
use crate::error::Fault;
use crate::reader::Reader;

/// Lines of a book at most, and names of models in one.
const MOST_PRICES: usize = 2_000;
const MOST_MODELS: usize = 100;

impl Prices {
    /// The prices in the program.
    ///
    /// # Errors
    /// None: a test reads them.
    pub fn shipped() -> Result<Self, Vec<Fault>> {
        let mut shipped = read(SHIPPED)?;
        shipped.prices.iter_mut().for_each(|price| price.shipped = true);
        Ok(shipped)
    }

    /// The operator's own book, before the prices in the program: those are left out when they are in another currency.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn own(text: &str) -> Result<Self, Vec<Fault>> {
        let (mut own, shipped) = (read(text)?, Self::shipped()?);
        own.taken = None;
        if own.currency.is_empty() || own.currency == shipped.currency {
            own.currency = shipped.currency;
            own.taken = shipped.taken;
            own.prices.extend(shipped.prices);
        }
        Ok(own)
    }
}

fn read(text: &str) -> Result<Prices, Vec<Fault>> {
    let table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].lines().count().max(1));
        let line = line.map_or(String::new(), |line| format!(" in line {line}"));
        vec![Fault { field: "the file".to_owned(), detail: format!("is no TOML{line}: {}", error.message()) }]
    })?;
    let mut reader = Reader::new(table);
    let faults = reader.told();
    let currency = reader.text("currency").unwrap_or_default();
    let code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
    if !currency.is_empty() && !code {
        reader.fault("currency", "is no code of three capital letters, such as USD or EUR");
    }
    let taken = reader.day("taken");
    let lines = reader.list("price");
    if lines.len() > MOST_PRICES {
        reader.fault("price", format!("has {} lines; {MOST_PRICES} is the most", lines.len()));
    }
    let mut prices: Vec<Price> = Vec::new();
    for line in lines {
        let Some(price) = price(line, &prices) else { continue };
        prices.push(price);
    }
    reader.finish();
    let faults = faults.take();
    if faults.is_empty() { Ok(Prices { currency, taken, prices }) } else { Err(faults) }
}

fn price(mut line: Reader, before: &[Price]) -> Option<Price> {
    let service = line.needed("service");
    if service.as_ref().is_some_and(|service| plain(service).is_empty()) {
        line.fault("service", "is empty; give the name that keys have as their service");
    }
    let named = line.texts("model");
    let models = named.clone().unwrap_or_default();
    let wrong = |model: &String| model.is_empty() || model.trim_end_matches('*').len() + 1 < model.len();
    if models.iter().any(|model| wrong(model) || model[..model.len() - 1].contains('*')) {
        line.fault("model", "is a name, or the beginning of names with one * at its end");
    }
    if named.is_some_and(|named| named.is_empty()) || models.len() > MOST_MODELS {
        line.fault(
            "model",
            format!("has 1 to {MOST_MODELS} names; leave it out for all calls of the service"),
        );
    }
    let rates = Rates {
        input: line.money("input"),
        output: line.money("output"),
        cached: line.money("cached"),
        request: line.money("request"),
        gigabyte: line.money("gigabyte"),
    };
    if rates == Rates::default() {
        line.fault("input", "is missing: give one at least of input, output, cached, request, gigabyte");
    }
    if rates.gigabyte.is_some() && !models.is_empty() {
        line.fault("gigabyte", "does not go with a model: bytes are counted for all calls of a key together");
    }
    let (from, until) = (line.day("from"), line.day("until"));
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        line.fault("until", "is before from");
    }
    let (source, taken, shipped) = (line.text("source"), line.day("taken"), false);
    let price =
        Price { service: service.unwrap_or_default(), models, rates, from, until, source, taken, shipped };
    if let Some(at) = before.iter().position(|other| clash(other, &price)) {
        line.fault(
            "from",
            format!("overlaps with price.{at}, which names the same: end one before the other begins"),
        );
    }
    line.finish();
    Some(price)
}

/// Whether two lines give a price for the same calls of the same day.
fn clash(a: &Price, b: &Price) -> bool {
    let same = if a.models.is_empty() {
        b.models.is_empty()
    } else {
        a.models.iter().any(|model| b.models.contains(model))
    };
    let ends = |first: &Price, second: &Price| {
        first.until.zip(second.from).is_some_and(|(until, from)| until < from)
    };
    same && plain(&a.service) == plain(&b.service) && !ends(a, b) && !ends(b, a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prices_in_the_program_are_fine() {
        let shipped = Prices::shipped().unwrap();
        assert_eq!(shipped.currency, "USD");
        assert!(shipped.taken.is_some() && shipped.prices.len() > 10);
        for price in &shipped.prices {
            let named = price.source.as_ref().is_some_and(|source| source.starts_with("https://"));
            assert!(named && price.taken.is_some(), "{price:?} says where it is from, and when");
        }
    }

    #[test]
    fn all_faults_are_told_at_once_with_the_nearest_name() {
        let text = r#"
            currency = "Dollars"
            curency = "USD"
            [[price]]
            service = "openai"
            model = "gpt*x"
            inputs = 1
            output = -1
            [[price]]
            service = "a"
            model = "m"
            gigabyte = 2
            from = 2026-02-01
            until = 2026-01-01
            [[price]]
            service = "A"
            input = 1
            until = 2026-01-31
            [[price]]
            service = "a"
            input = 1
            from = 2026-01-31
            [[price]]
            service = "a"
            from = "2026-01-31"
        "#;
        let faults = Prices::own(text).unwrap_err();
        let told: Vec<String> =
            faults.iter().map(|fault| format!("{} {}", fault.field, fault.detail)).collect();
        let told = told.join("\n");
        for part in [
            "currency is no code",
            "curency is known to nobody; take it out, or write currency if that is meant",
            "price.0.model is a name",
            "price.0.output is not an amount",
            "price.0.inputs is known to nobody; take it out, or write input if that is meant",
            "price.1.gigabyte does not go with a model",
            "price.1.until is before from",
            "price.3.from overlaps with price.2",
            "price.4.input is missing",
            "price.4.from is not a day",
        ] {
            assert!(told.contains(part), "{part} in\n{told}");
        }
        let broken = Prices::own("currency = \"EUR\"\n[[price]\n").unwrap_err();
        assert!(broken[0].detail.contains("line 2"), "{broken:?}");
    }

    #[test]
    fn another_currency_stands_alone() {
        let own = Prices::own("currency = \"EUR\"\n[[price]]\nservice = \"x\"\nrequest = 0.5").unwrap();
        assert_eq!((own.currency.as_str(), own.prices.len(), own.taken), ("EUR", 1, None));
        let own = Prices::own("[[price]]\nservice = \"x\"\nrequest = 0.5").unwrap();
        assert!(own.prices.len() > 10 && own.currency == "USD" && !own.prices[0].shipped);
    }
}
