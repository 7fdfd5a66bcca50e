//! The price book: the operator's own prices out of the data folder, and `keyward prices`, which shows and checks them with
//! no daemon.

use std::path::Path;

use keyward_config::DataDir;
use keyward_keys::Fault;
use keyward_keys::prices::{Money, Price, Prices};
use serde_json::{Value, json};

use crate::args::{Common, PricesCommand};
use crate::error::{Error, Result};
use crate::output;

/// A price book is not larger.
const LONGEST: u64 = 1024 * 1024;

/// The prices of an instance.
///
/// # Errors
/// The folder's file has faults; all are told.
pub fn book(folder: &DataDir) -> Result<Prices> {
    let own = folder.prices_file();
    if own.exists() { own_book(&own) } else { Ok(Prices::default()) }
}

/// Carries out one of its commands.
///
/// # Errors
/// The book has faults, or cannot be read.
pub fn prices(common: &Common, command: PricesCommand) -> Result<()> {
    match command {
        PricesCommand::Show => show(common),
        PricesCommand::Check { file } => check(common, &file),
    }
}

fn show(common: &Common) -> Result<()> {
    let book = book(&common.load()?.data_dir)?;
    if common.json {
        let prices: Vec<Value> = book.prices.iter().map(described).collect();
        let taken = book.taken.map(|day| day.to_string());
        output::json(&json!({ "currency": book.currency, "listPricesOf": taken, "prices": prices }));
        return Ok(());
    }
    let mut lines = vec![format!("Prices in {}, per million tokens", book.currency)];
    if let Some(day) = book.taken {
        lines[0] += &format!("; list prices as of {day}, your own first");
    }
    lines.extend(book.prices.iter().map(line));
    output::result(&lines.join("\n"));
    Ok(())
}

fn line(price: &Price) -> String {
    let rates = &price.rates;
    let amounts = [
        ("input", rates.input),
        ("cached", rates.cached),
        ("output", rates.output),
        ("a request", rates.request),
        ("a gigabyte", rates.gigabyte),
    ];
    let amounts = amounts.iter().filter_map(|(name, rate)| Some(format!("{name} {}", Money((*rate)?))));
    let models = if price.models.is_empty() { "all calls".to_owned() } else { price.models.join(", ") };
    let mut text = format!("{:<10} {models}: {}", price.service, amounts.collect::<Vec<_>>().join(", "));
    text.extend(price.from.map(|day| format!(", from {day}")));
    text.extend(price.until.map(|day| format!(", until {day}")));
    text.extend(price.taken.map(|day| format!("; as of {day}")));
    text
}

fn described(price: &Price) -> Value {
    let (rates, money) = (&price.rates, |rate: Option<u64>| rate.map(|rate| Money(rate).units()));
    json!({
        "service": price.service, "models": price.models, "input": money(rates.input),
        "output": money(rates.output), "cached": money(rates.cached), "request": money(rates.request),
        "gigabyte": money(rates.gigabyte), "from": price.from.map(|day| day.to_string()),
        "until": price.until.map(|day| day.to_string()), "shipped": price.shipped,
        "source": price.source, "taken": price.taken.map(|day| day.to_string()),
    })
}

fn check(common: &Common, file: &Path) -> Result<()> {
    let book = own_book(file)?;
    let own = book.prices.iter().filter(|price| !price.shipped).count();
    if common.json {
        output::json(&json!({ "ok": true, "currency": book.currency, "prices": own }));
    } else {
        let lines = if own == 1 { "1 price" } else { &format!("{own} prices") };
        output::result(&format!("the price book is fine: {lines} in {}", book.currency));
    }
    Ok(())
}

fn own_book(file: &Path) -> Result<Prices> {
    let failed = |source| Error::File { path: file.to_owned(), doing: "read", source };
    if file.metadata().map_err(failed)?.len() > LONGEST {
        return Err(failed(std::io::Error::other("it is too large")));
    }
    let text = std::fs::read_to_string(file).map_err(failed)?;
    Prices::own(&text).map_err(|faults| {
        let line = |fault: &Fault| format!("\n  {} {}", fault.field, fault.detail.trim_end());
        let lines: String = faults.iter().map(line).collect();
        Error::Usage(format!("the price book {} has faults:{lines}", file.display()))
    })
}
