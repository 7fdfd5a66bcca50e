//! Holds the arrows between the crates, as ARCHITECTURE.md draws them, and the crates that are banned. A change here
//! is a decision: its reason goes into ARCHITECTURE.md first.

use std::collections::BTreeSet;
use std::path::Path;

use toml::{Table, Value};

/// Each crate's folder, its package, and the packages it may know.
const MAY_KNOW: [(&str, &str, &[&str]); 6] = [
    (".", "keyward", &["keyward-api", "keyward-tui", "keyward-keys", "keyward-store", "keyward-config"]),
    ("api", "keyward-api", &["keyward-keys", "keyward-config"]),
    ("tui", "keyward-tui", &["keyward-keys", "keyward-config"]),
    ("keys", "keyward-keys", &["keyward-store"]),
    ("store", "keyward-store", &[]),
    ("config", "keyward-config", &[]),
];

fn read(path: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn names(value: Option<&Value>) -> BTreeSet<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// The packages that a manifest depends on in any way: to run, test or build, on any platform, under any name.
fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (key, value) in manifest {
        let Value::Table(table) = value else { continue };
        if key.ends_with("dependencies") {
            let package = |(name, spec): (&String, &Value)| {
                spec.get("package").and_then(Value::as_str).unwrap_or(name).to_owned()
            };
            found.extend(table.iter().map(package));
        } else if key == "target" {
            found.extend(table.values().filter_map(Value::as_table).flat_map(dependencies));
        }
    }
    found
}

#[test]
fn arrows_point_down() {
    let mut wrong = Vec::new();
    for (folder, package, may_know) in MAY_KNOW {
        let manifest = read(&format!("{folder}/Cargo.toml"));
        assert_eq!(
            manifest["package"]["name"].as_str(),
            Some(package),
            "the package in {folder}/ has another name"
        );
        let known = dependencies(&manifest);
        let ours = known.iter().filter(|name| MAY_KNOW.iter().any(|(_, package, _)| package == name));
        wrong.extend(
            ours.filter(|name| !may_know.contains(&name.as_str())).map(|name| format!("{package} -> {name}")),
        );
    }
    assert!(wrong.is_empty(), "arrows that ARCHITECTURE.md does not draw: {}", wrong.join(", "));
}

#[test]
fn the_house_has_six_crates() {
    let workspace = read("Cargo.toml")["workspace"].clone();
    let folders: BTreeSet<String> = MAY_KNOW.iter().map(|(folder, ..)| (*folder).to_owned()).collect();
    assert_eq!(names(workspace.get("members")), folders);
    assert_eq!(
        names(workspace.get("default-members")),
        folders,
        "a plain `cargo test` must test every crate"
    );
    let aliases = workspace["dependencies"].as_table().into_iter().flatten();
    for (alias, spec) in aliases {
        assert!(spec.get("package").is_none(), "{alias} hides a package's name from this test");
    }
}

#[test]
fn no_banned_crate_is_locked() {
    let locked = read("Cargo.lock");
    let packages = locked["package"].as_array().into_iter().flatten();
    let locked: BTreeSet<&str> = packages.filter_map(|package| package["name"].as_str()).collect();
    let deny = read("deny.toml");
    let banned = deny["bans"]["deny"].as_array().into_iter().flatten();
    let banned: Vec<&str> = banned.filter_map(|entry| entry["crate"].as_str()).collect();
    assert!(!banned.is_empty(), "deny.toml bans nothing any more");
    let found: Vec<_> = banned.into_iter().filter(|name| locked.contains(name)).collect();
    assert!(found.is_empty(), "Cargo.lock holds banned crates: {}", found.join(", "));
}
