//! What is wrong with a recipe, or with what it is given, is told before anybody is asked.

use super::*;

#[test]
fn every_fault_of_a_recipe_is_told_at_once() {
    let text = r#"
        title = 7
        mode = "triple"
        base_url = "https://10.0.0.1/"
        colour = "red"
        credential = "A key."
        reference = "https://example.com"
        written = "yesterday"
        [params.a]
        about = "A."
        default = "{b}"
        [params.b]
        about = "B."
        default = "{a}"
        [create]
        path = "/keys/{credential}/{nobody}"
        query = { api_key = "x" }
        json = { name = "{name}" }
        [probe]
        method = "BREW"
        path = "probe"
        auth = { bearer = "{value}", basic = "{value}" }
        [list]
        path = "/keys?all=1"
        [[errors]]
        status = 99
        class = "bad"
        [[errors]]
        class = "quota"
        wait_seconds = 60
        [[errors]]
        at = "/code"
        is = "1"
        has = "1"
        class = "auth"
    "#;
    let faults = Recipe::parse("x", text, &[]).unwrap_err();
    let told: Vec<String> = faults.iter().map(|fault| format!("{} {}", fault.field, fault.detail)).collect();
    let told = told.join("\n");
    for part in [
        "title is not a text",
        "mode is not one of dual, single, expiring",
        "written is no day",
        "colour is known to nobody",
        "params.a.default is a loop",
        "params.b.default is a loop",
        "create.path puts the secret {credential} into the address",
        "create.path uses {nobody}",
        "create.query.api_key is called like a secret",
        "create.value is missing",
        "probe.method is not one of",
        "probe.path does not begin with /",
        "is one of bearer, basic",
        "list.path is more than a path",
        "list.items is missing",
        "list.id is missing",
        "errors.0.status is no HTTP status",
        "errors.0.class is not one of",
        "errors.1.status is no HTTP status",
        "errors.1.wait_seconds goes with class transient",
        "errors.2.at goes with is",
    ] {
        assert!(told.contains(part), "{part} is not among:\n{told}");
    }
    let private = Recipe::parse("x", "base_url = \"https://10.0.0.1/\"", &[]).unwrap_err();
    assert!(
        private.iter().any(|fault| fault.field == "base_url" && fault.detail.contains("a private address")),
        "{private:?}"
    );
    let broken = Recipe::parse("x", "a = 1\nb = \n", &[]).unwrap_err();
    assert!(broken[0].detail.starts_with("line 2"), "{broken:?}");
}

#[test]
fn parameters_are_checked() {
    let recipe = Recipe::parse("cloudflare", Recipe::shipped("cloudflare").unwrap(), &[]).unwrap();
    let given = [("policies", "{"), ("acount", "x")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let faults = recipe.check_params(&given.into_iter().collect());
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["account", "policies", "acount"]);
}
