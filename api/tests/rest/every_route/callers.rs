//! Who asks.

use reqwest::RequestBuilder;

use super::described::Operation;
use super::world::World;
use crate::harness::Reply;

/// Tokens that prove nothing: not ours, of no algorithm, and an app's with a wrong checksum.
const FORGED: [&str; 4] = [
    "x",
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJrZXl3YXJkIiwic3ViIjoiMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwIiwiZXhwIjo5OTk5OTk5OTk5fQ.",
    "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJrZXl3YXJkIiwiZXhwIjo5OTk5OTk5OTk5fQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "kw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA000000",
];

fn request(world: &World, operation: &Operation<'_>) -> RequestBuilder {
    let request = world.server.request(&operation.method, &world.path(operation.path));
    match world.body(operation) {
        Some(body) => request.json(&body),
        None => request,
    }
}

/// What comes back; of an answer that goes on, its head alone.
async fn send(world: &World, operation: &Operation<'_>, request: RequestBuilder) -> Reply {
    if operation.goes_on() {
        world.server.send_for_head(request).await
    } else {
        world.server.send(request).await
    }
}

#[tokio::test]
async fn who_proves_nothing_gets_nowhere() {
    let world = World::new().await;
    let before = world.seen_by_owner().await;
    for operation in world.document.operations() {
        let mut replies = vec![("nobody", send(&world, &operation, request(&world, &operation)).await)];
        for token in FORGED {
            let request = request(&world, &operation).bearer_auth(token);
            replies.push((token, send(&world, &operation, request).await));
        }
        for (who, reply) in replies {
            operation.check(who, &reply);
            if !operation.open() {
                assert_eq!(
                    reply.status, 401,
                    "{} {}: {who}: {}",
                    operation.method, operation.path, reply.body
                );
            }
        }
    }
    assert_eq!(world.seen_by_owner().await, before);
}

/// Each caller does each thing in a world of its own, because some end what others need.
#[tokio::test]
async fn everybody_gets_an_answer_that_is_described() {
    let count = World::new().await.document.operations().len();
    for index in 0..count {
        let world = World::new().await;
        let operations = world.document.operations();
        let operation = &operations[index];
        for (who, token) in &world.callers {
            let reply = send(&world, operation, request(&world, operation).bearer_auth(token)).await;
            operation.check(who, &reply);
            let is_named = world.path(operation.path) != operation.path && !operation.open();
            if *who == "stranger" && is_named {
                let hidden = [403, 404, 422].contains(&reply.status);
                assert!(hidden, "{} {}: a stranger: {}", operation.method, operation.path, reply.body);
            }
        }
    }
}
