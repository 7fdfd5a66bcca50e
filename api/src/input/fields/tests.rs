//! Bodies, well made and not.

use super::*;
use keyward_keys::Environment;

fn faults(fields: Fields) -> Vec<(String, String)> {
    fields.into_faults().into_iter().map(|fault| (fault.field, fault.detail)).collect()
}

#[test]
fn every_fault_is_told_at_once() {
    let mut fields = Fields::parse(
        br#"{"name":5,"tags":["a",1],"monthlyLimit":-1,"environment":"moon","surprise":true,"a/b":1}"#,
    )
    .unwrap_or_else(|_| panic!("it is an object"));
    fields.required_text("name");
    fields.required_text("service");
    fields.texts("tags");
    fields.number::<u64>("monthlyLimit");
    fields.choice::<Environment>("environment", "development, staging, production");
    let fields: Vec<_> = faults(fields).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["name", "service", "tags/1", "monthlyLimit", "environment", "a~1b", "surprise"]);
}

#[test]
fn numbers_must_be_whole_and_fit() {
    for (json, expected) in [
        ("7", Some(7)),
        ("0", Some(0)),
        ("65535", Some(65_535)),
        ("65536", None),
        ("-1", None),
        ("1.5", None),
        ("1e30", None),
        ("18446744073709551616", None),
        ("\"7\"", None),
    ] {
        let json = format!("{{\"n\":{json}}}");
        let mut fields = Fields::parse(json.as_bytes()).ok().unwrap();
        assert_eq!(fields.number::<u16>("n"), expected, "{json}");
        assert_eq!(fields.into_faults().is_empty(), expected.is_some());
    }
}

#[test]
fn null_is_not_given_except_where_it_clears() {
    let mut fields = Fields::parse(br#"{"a":null,"b":null,"c":4}"#).ok().unwrap();
    assert_eq!(fields.text("a"), None);
    assert_eq!(fields.clearable("b", Fields::number::<u64>), Some(None));
    assert_eq!(fields.clearable("c", Fields::number::<u64>), Some(Some(4)));
    assert_eq!(fields.clearable("d", Fields::number::<u64>), None);
    assert!(fields.into_faults().is_empty());
}

#[test]
fn query_strings_are_text_and_may_hold_more() {
    let pairs = |pairs: &[(&str, &str)]| {
        Fields::of_query(pairs.iter().map(|(a, b)| (a.to_string(), b.to_string())).collect())
    };
    let mut fields = pairs(&[("page", "2"), ("limit", "x"), ("search", ""), ("_", "1")]).ok().unwrap();
    assert_eq!(fields.number::<u32>("page"), Some(2));
    assert_eq!(fields.number::<u32>("limit"), None);
    assert_eq!(fields.text("search"), None);
    assert_eq!(faults(fields).len(), 1);
    assert!(pairs(&[("page", "2"), ("page", "3")]).is_err());
}

#[test]
fn a_flood_of_faults_is_cut_short() {
    let json = format!("{{{}}}", (0..5_000).map(|n| format!("\"x{n}\":1")).collect::<Vec<_>>().join(","));
    assert_eq!(Fields::parse(json.as_bytes()).ok().unwrap().into_faults().len(), FAULTS);
}
