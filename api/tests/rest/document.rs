//! The document as a document: whole, plain to programs, and the only way to a route.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::Server;

/// Every place of a document, with its JSON pointer.
fn walk<'a>(value: &'a Value, pointer: &str, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(pointer, value);
    match value {
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| walk(item, &format!("{pointer}/{index}"), visit));
        }
        Value::Object(fields) => {
            let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
            fields.iter().for_each(|(name, item)| walk(item, &format!("{pointer}/{}", escaped(name)), visit));
        }
        _ => {}
    }
}

/// The lines of every source file below a folder of this workspace.
fn lines_below(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            lines.extend(lines_below(path.to_str().unwrap()));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            lines.extend(text.lines().map(|line| (path.clone(), line.trim().to_owned())));
        }
    }
    lines
}

#[tokio::test]
async fn it_is_whole() {
    let server = Server::start().await;
    let reply = server.send(server.request("GET", "/openapi.json")).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    let document = reply.body;
    assert_eq!(document["openapi"], "3.1.0");

    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let at = format!("{method} {path}");
            assert!(names.insert(operation["operationId"].as_str().unwrap()), "{at} has another's name");
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{at} needs one tag");
            assert!(
                operation["summary"].as_str().is_some_and(|text| text.ends_with('.')),
                "{at}: say what it does"
            );
            let good =
                operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2'));
            let stated: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
            let distinct: BTreeSet<_> =
                stated.iter().map(|one| (one["in"].as_str(), one["name"].as_str())).collect();
            assert_eq!(distinct.len(), stated.len(), "{at} names a parameter twice");
            assert!(good || method == "get", "{at} has no good answer");
        }
    }
    let mut integers = 0;
    walk(&document, "", &mut |pointer, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(&reference[1..]).is_some(), "{pointer} refers to nothing: {reference}");
        }
        let kind = &value["type"];
        if kind == "integer" || kind.as_array().is_some_and(|kinds| kinds.contains(&"integer".into())) {
            integers += 1;
            assert!(value["maximum"].is_u64(), "{pointer} has no maximum");
        }
    });
    assert!(integers > 20, "the walk found few integers: {integers}");
}

#[test]
fn no_route_is_mounted_past_it() {
    let past = [".route(", ".route_service(", ".nest(", ".nest_service(", ".fallback_service("];
    for (path, line) in lines_below("src/routes") {
        let mounted = past.iter().any(|way| line.contains(way));
        assert!(!mounted, "{}: use routes!, which describes what it mounts: {line}", path.display());
    }
}

/// Schemas are kept under the names of their types: two of one name would become one without a word.
#[test]
fn every_schema_has_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for folder in ["src", "../keys/src", "../store/src"] {
        let (mut described, mut name) = (false, None);
        for (path, line) in lines_below(folder) {
            described |= line.starts_with("#[derive(") && line.contains("ToSchema");
            if let Some((_, rest)) = line.split_once("schema(as = ") {
                name = rest.split([',', ')']).next().map(str::to_owned);
            }
            let words: Vec<_> = line.split([' ', '<', '(', ';', '{']).collect();
            let Some(at) = words.iter().position(|word| matches!(*word, "struct" | "enum")) else { continue };
            let name = name.take().unwrap_or_else(|| words[at + 1].to_owned());
            if std::mem::take(&mut described) {
                assert!(names.insert(name.clone()), "{}: another schema is called {name}", path.display());
            }
        }
    }
    assert!(names.contains("Problem") && names.contains("KeyView") && names.contains("Scope"), "{names:?}");
}
