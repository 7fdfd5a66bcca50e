//! Broken paths, queries and methods.

use std::collections::BTreeSet;

use serde_json::Value;

use super::described::{Operation, kinds};
use super::world::{NOTHING, World};
use crate::harness::Reply;

/// Ids that name nothing, as they stand in a path.
const IDS: [&str; 8] =
    [NOTHING, "ak_prod_none", "-1", "a%00b", "%1b%5b2J", "%F0%9F%94%91", "%2e%2e%2f%2e%2e", "%ff%fe"];
/// Text that a query might hold.
const TEXTS: [&str; 6] = ["%00", "%1b%5b2J", "%ff", "%E2%80%AE", "%27%22%3b--", "%25s%25n"];

async fn send(world: &World, operation: &Operation<'_>, path: &str) -> Reply {
    let request = world.server.request(&operation.method, path).bearer_auth(world.owner());
    let request = match world.body(operation) {
        Some(body) => request.json(&body),
        None => request,
    };
    if operation.goes_on() {
        world.server.send_for_head(request).await
    } else {
        world.server.send(request).await
    }
}

#[tokio::test]
async fn ids_that_name_nothing_are_not_found() {
    let world = World::new().await;
    let before = world.seen_by_owner().await;
    let long = "a".repeat(5_000);
    for operation in world.document.operations() {
        let Some((start, _)) = operation.path.split_once('{') else { continue };
        for id in IDS.iter().copied().chain([long.as_str()]) {
            let filled: String = operation.path[start.len()..]
                .split('/')
                .map(|part| if part.starts_with('{') { id } else { part })
                .collect::<Vec<_>>()
                .join("/");
            let reply = send(&world, &operation, &format!("{start}{filled}")).await;
            operation.check(id, &reply);
            let refused = [400, 403, 404, 422].contains(&reply.status);
            assert!(refused, "{} {}: {id}: {}", operation.method, operation.path, reply.body);
        }
    }
    assert_eq!(world.seen_by_owner().await, before);
}

fn broken(schema: &Value) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    let kinds = kinds(schema);
    if kinds.iter().any(|kind| kind == "integer") {
        values.extend(["-1", "x", "1.5", "1e3", "99999999999999999999", "0x10"].map(str::to_owned));
        values.push((schema["maximum"].as_u64().unwrap() + 1).to_string());
        values.extend(
            schema["minimum"].as_u64().filter(|least| *least > 0).map(|least| (least - 1).to_string()),
        );
    }
    if kinds.iter().any(|kind| kind == "boolean") || schema.get("enum").is_some() {
        values.push("perhaps".to_owned());
    }
    values.extend(schema["maxLength"].as_u64().map(|most| "x".repeat(most as usize + 1)));
    values
}

#[tokio::test]
async fn queries_are_read_strictly() {
    let world = World::new().await;
    let before = world.seen_by_owner().await;
    for operation in world.document.operations() {
        let path = world.path(operation.path);
        for (name, schema) in operation.parameters("query") {
            for value in broken(schema) {
                let reply = send(&world, &operation, &format!("{path}?{name}={value}")).await;
                operation.check(&format!("{name}={value:.40}"), &reply);
                assert_eq!(reply.status, 422, "{path}?{name}={value:.40}: {}", reply.body);
                assert_eq!(reply.pointers(), [format!("/{name}")], "{path}?{name}={value:.40}");
            }
            for text in TEXTS.iter().copied().chain(["x".repeat(10_000).as_str()]) {
                let reply = send(&world, &operation, &format!("{path}?{name}={text}")).await;
                operation.check(&format!("{name}={text:.40}"), &reply);
            }
            let twice = send(&world, &operation, &format!("{path}?{name}=1&{name}=1")).await;
            operation.check(&format!("{name} twice"), &twice);
            assert_eq!(twice.status, 400, "{path}: {name} twice");
        }
        if operation.parameters("query").iter().any(|(name, _)| *name == "page") {
            let past = send(&world, &operation, &format!("{path}?page=1000000&limit=100")).await;
            operation.check("past the end", &past);
            let empty = past.body.as_object().unwrap().values().find_map(Value::as_array).map(Vec::is_empty);
            // Some lists are not for the owner of a key.
            let whole = past.status == 403 || (past.status, empty) == (200, Some(true));
            assert!(whole, "{path} past the end: {}", past.body);
        }
        for name in ["token", "passphrase", "apiKey"] {
            let reply = send(&world, &operation, &format!("{path}?{name}=hunter2")).await;
            reply.is_problem(400, "secret_in_query");
        }
    }
    assert_eq!(world.seen_by_owner().await, before);
}

/// `Allow` tells which methods are mounted, so this finds those that nobody described.
#[tokio::test]
async fn a_path_has_the_methods_that_are_described_and_no_other() {
    let world = World::new().await;
    for path in world.document.0["paths"].as_object().unwrap().keys() {
        let operations = world.document.operations();
        let mut described: BTreeSet<_> =
            operations.iter().filter(|one| one.path == path).map(|one| one.method.as_str()).collect();
        if described.contains("GET") {
            described.insert("HEAD");
        }
        let reply = world.server.send(world.server.request("PROPFIND", &world.path(path))).await;
        reply.is_problem(405, "method_not_allowed");
        let allowed: BTreeSet<_> = reply.header("allow").split(',').map(str::trim).collect();
        assert_eq!(allowed, described, "{path}");
    }
}

#[tokio::test]
async fn a_tag_that_is_known_saves_the_answer() {
    let world = World::new().await;
    let mut tried = 0;
    for operation in world.document.operations() {
        if operation.said["responses"].get("304").is_none() {
            continue;
        }
        let path = world.path(operation.path);
        for (_, token) in &world.callers {
            let ask = || world.server.request("GET", &path).bearer_auth(token);
            let first = world.server.send(ask()).await;
            if first.status != 200 {
                continue;
            }
            let again = world.server.send(ask().header("if-none-match", first.header("etag"))).await;
            operation.check("a known tag", &again);
            assert_eq!((again.status, again.header("etag")), (304, first.header("etag")), "{path}");
            let other = world.server.send(ask().header("if-none-match", "\"other\"")).await;
            assert_eq!(other.status, 200, "{path}");
            tried += 1;
        }
    }
    assert!(tried > 1, "few routes were tried: {tried}");
}
