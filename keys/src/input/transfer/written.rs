//! Keys in JSON as an export writes them, or as somebody wrote them by hand after it. Each is read by itself, so that
//! one that is wrong does not hide the others; no fault repeats what stands there.

use jiff::Timestamp;
use secrecy::SecretString;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{ImportDefaults, ImportPlace, ImportedKey, MOST_IMPORTED, SeedKey, TransferFormat};
use crate::error::{Error, Fault, Result};
use crate::input::NewKey;
use crate::prices::{AMOUNT, Money};
use crate::{Custody, Environment};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
    #[serde(rename = "format")]
    _format: Option<IgnoredAny>,
    #[serde(rename = "leftOut")]
    _left_out: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Written {
    name: Option<String>,
    service: Option<String>,
    environment: Option<Environment>,
    description: Option<String>,
    tags: Option<Vec<String>>,
    monthly_limit: Option<u64>,
    refuse_over_limit: Option<bool>,
    /// In units.
    monthly_budget: Option<f64>,
    refuse_over_budget: Option<bool>,
    rotation_interval: Option<u32>,
    expires_at: Option<Timestamp>,
    custody: Option<Custody>,
    #[serde(deserialize_with = "secret")]
    api_key: Option<SecretString>,
    blob: Option<String>,
    #[serde(deserialize_with = "secret")]
    passphrase: Option<SecretString>,
    #[serde(deserialize_with = "secret")]
    system_key: Option<SecretString>,
}

fn secret<'de, D: Deserializer<'de>>(reader: D) -> std::result::Result<Option<SecretString>, D::Error> {
    Option::<String>::deserialize(reader).map(|text| text.map(SecretString::from))
}

/// Reads `{keys: […]}`: of plain keys, or of blobs. What opens blobs that do not say it themselves is `opens`.
pub(crate) fn import_json(
    text: &str,
    format: TransferFormat,
    all: &ImportDefaults,
    opens: Option<&SeedKey>,
) -> Result<Vec<ImportedKey>> {
    let document: Document<'_> = serde_json::from_str(text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Error::invalid("", format!("this is not what an export writes, {{\"keys\": […]}}: {place}"))
    })?;
    let items = document.keys.into_iter().take(MOST_IMPORTED + 1).enumerate();
    Ok(items
        .map(|(index, item)| {
            let at = ImportPlace::Index(index);
            match serde_json::from_str(item.get()) {
                Ok(written) if format == TransferFormat::Seed => sealed(written, at, all, opens),
                Ok(written) => plain(written, at, all),
                Err(error) => unreadable(&error, at),
            }
        })
        .collect())
}

fn plain(mut written: Written, at: ImportPlace, all: &ImportDefaults) -> ImportedKey {
    let mut faults = Vec::new();
    let value = needed(&mut faults, "apiKey", written.api_key.take());
    let passphrase = written.passphrase.take().or_else(|| all.passphrase.clone());
    let key = NewKey { value, passphrase, ..record(&mut faults, written, all) };
    ImportedKey { at, key, blob: None, faults }
}

fn sealed(
    mut written: Written,
    at: ImportPlace,
    all: &ImportDefaults,
    opens: Option<&SeedKey>,
) -> ImportedKey {
    let mut faults = Vec::new();
    let text = needed(&mut faults, "blob", written.blob.take());
    let own = SeedKey::of(written.system_key.take(), written.passphrase.take());
    let opens = own.or_else(|| opens.cloned());
    if opens.is_none() {
        needed::<String>(&mut faults, "passphrase", None);
    }
    ImportedKey::sealed(at, record(&mut faults, written, all), text, opens, faults)
}

/// All of a key but its value and what opens it.
fn record(faults: &mut Vec<Fault>, written: Written, all: &ImportDefaults) -> NewKey {
    NewKey {
        name: needed(faults, "name", written.name),
        service: needed(faults, "service", written.service.or_else(|| all.service.clone())),
        description: written.description.unwrap_or_default(),
        environment: written.environment.or(all.environment),
        monthly_limit: written.monthly_limit,
        refuse_over_limit: written.refuse_over_limit.unwrap_or_default(),
        monthly_budget: written.monthly_budget.and_then(|units| budget(faults, units)),
        refuse_over_budget: written.refuse_over_budget.unwrap_or_default(),
        tags: written.tags.unwrap_or_default(),
        custody: written.custody.or(all.custody),
        team: all.team,
        expires_at: written.expires_at,
        rotation_interval: written.rotation_interval,
        ..NewKey::default()
    }
}

fn budget(faults: &mut Vec<Fault>, units: f64) -> Option<Money> {
    let amount = Money::set(units).ok();
    if amount.is_none() {
        faults.push(Fault { field: "monthlyBudget".into(), detail: AMOUNT.into() });
    }
    amount
}

fn needed<T: Default>(faults: &mut Vec<Fault>, field: &str, value: Option<T>) -> T {
    value.unwrap_or_else(|| {
        faults.push(Fault { field: field.into(), detail: "is missing".into() });
        T::default()
    })
}

/// The reader's own words may repeat a value, so only the place is told.
fn unreadable(error: &serde_json::Error, at: ImportPlace) -> ImportedKey {
    let place = format!("line {}, column {} of it", error.line(), error.column());
    let detail = format!("has a field that is unknown, given twice or of another kind: {place}");
    ImportedKey {
        at,
        key: NewKey::default(),
        blob: None,
        faults: vec![Fault { field: String::new(), detail }],
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(text: &str, format: TransferFormat, opens: Option<&SeedKey>) -> Result<Vec<ImportedKey>> {
        import_json(text, format, &ImportDefaults::default(), opens)
    }

    fn faults(key: &ImportedKey) -> Vec<&str> {
        key.faults.iter().map(|fault| fault.field.as_str()).collect()
    }

    #[test]
    fn each_key_is_read_by_itself_and_no_fault_repeats_a_value() {
        let text = r#"{"format":"json","leftOut":[],"keys":[
            {"name":"a","service":"s","environment":"staging","apiKey":"v1","tags":["t"],"monthlyLimit":9},
            {"name":"b"},{"name":"c","service":"s","apiKey":"v3","monthlyLimit":"hunter2"},7,
            {"name":"d","service":"s","apiKey":"v4","apiKey":"v5"},{"name":"e","service":"s","api_key":"v6"},
            {"name":"f","service":"s","apiKey":"v7","monthlyBudget":49.9,"refuseOverBudget":true},
            {"name":"g","service":"s","apiKey":"v8","monthlyBudget":0}]}"#;
        let keys = read(text, TransferFormat::Json, None).unwrap();
        let told: Vec<_> = keys.iter().map(faults).collect();
        let unreadable = vec![""];
        assert_eq!(told[..2], [vec![], vec!["apiKey", "service"]]);
        assert!(told[2..6].iter().all(|faults| *faults == unreadable), "{told:?}");
        assert_eq!(told[6..], [vec![], vec!["monthlyBudget"]]);
        let budget = &keys[6].key;
        assert_eq!((budget.monthly_budget, budget.refuse_over_budget), (Some(Money(49_900_000)), true));
        let first = &keys[0].key;
        assert_eq!((first.value.expose_secret(), first.environment), ("v1", Some(Environment::Staging)));
        assert_eq!((first.tags.concat(), first.monthly_limit), ("t".to_owned(), Some(9)));
        assert!(keys.iter().flat_map(|key| &key.faults).all(|fault| !fault.detail.contains("hunter2")));
        for broken in ["", "[]", r#"{"keys":7}"#, r#"{"keys":[],"hunter2":1}"#, r#"{"format":"json"}"#] {
            match read(broken, TransferFormat::Json, None) {
                Err(Error::Invalid(faults)) => assert!(!faults[0].detail.contains("hunter2"), "{faults:?}"),
                _ => panic!("{broken} was read"),
            }
        }
    }

    #[test]
    fn a_blob_brings_what_opens_it_or_has_that_of_all() {
        let text = r#"{"keys":[{"name":"a","service":"s","blob":"x","passphrase":"p"},
            {"name":"b","service":"s","blob":"x","systemKey":"k"},{"name":"c","service":"s","blob":"x"}]}"#;
        let keys = read(text, TransferFormat::Seed, None).unwrap();
        assert_eq!(keys.iter().map(faults).collect::<Vec<_>>(), [vec![], vec![], vec!["passphrase"]]);
        assert!(keys[0].key.passphrase.is_some() && keys[1].key.passphrase.is_none());
        let keys = read(text, TransferFormat::Seed, Some(&SeedKey::System("k".into()))).unwrap();
        assert!(faults(&keys[2]).is_empty());
        assert!(matches!(&keys[0].blob, Some(blob) if matches!(blob.key, SeedKey::Passphrase(_))));
    }
}
