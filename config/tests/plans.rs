//! Plans: the documented defaults, what a file changes of them, and every fault of a file.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

use keyward_config::{Config, Error, PLANS_TOML, PlanLimits, Plans, Sources};

fn load(text: Option<&str>) -> Result<Plans, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    if let Some(text) = text {
        std::fs::write(folder.path().join("plans.toml"), text).unwrap();
    }
    let overrides = vec![("data_dir".to_owned(), folder.path().to_str().unwrap().to_owned())];
    match Config::load(&Sources { overrides, ..Sources::default() }) {
        Ok(config) => Ok(config.plans),
        Err(Error::Settings(faults)) => {
            let shown = |fault: &keyward_config::Fault| {
                fault.to_string().replace(folder.path().to_str().unwrap(), "")
            };
            Err(faults.iter().map(shown).collect())
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_free_plan_is_the_specification_s() {
    let plans = load(None).unwrap();
    assert_eq!(plans.free, PlanLimits { api_keys: 5, monthly_requests: 1_000 });
    assert_eq!(load(Some(PLANS_TOML)).unwrap(), plans);
    assert_eq!(Plans::default(), plans, "the types and the document say the same");
}

#[test]
fn a_file_changes_what_it_names() {
    let defaults = load(None).unwrap();
    let plans = load(Some("[free]\napi_keys = 7\n[pro]\nmonthly_requests = 0\n")).unwrap();
    assert_eq!(plans.free, PlanLimits { api_keys: 7, ..defaults.free });
    assert_eq!(plans.pro, PlanLimits { monthly_requests: 0, ..defaults.pro });
    assert_eq!(plans.enterprise, defaults.enterprise);
}

#[test]
fn every_fault_of_a_file_is_told_with_its_place() {
    let faults = load(Some(
        "[free]\napi_keys = -1\nmonthly_request = 3\n\n[gold]\napi_keys = 1\n[pro]\napi_keys = \"9\"\n",
    ));
    let faults = faults.unwrap_err();
    assert_eq!(faults.len(), 4, "{faults:?}");
    for (fault, parts) in faults.iter().zip([
        ["plans.toml", "2", "free.api_keys", "whole number"],
        ["plans.toml", "3", "free.monthly_request`", "`free.monthly_requests`"],
        ["plans.toml", "6", "gold.api_keys", "nearest"],
        ["plans.toml", "8", "pro.api_keys", "default is 100"],
    ]) {
        assert!(parts.iter().all(|part| fault.contains(part)), "{fault}: {parts:?}");
    }
    let broken = load(Some("free = [\n")).unwrap_err();
    assert!(broken[0].contains("plans.toml") && broken[0].contains("not TOML"), "{broken:?}");
}
