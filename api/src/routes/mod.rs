//! The routes: one file for each resource, and here what they share. A handler parses, makes one call of the core
//! and shapes the answer.

mod access;
mod alert_rules;
mod alerts;
mod audit;
mod auth;
mod billing;
mod bin;
mod budgets;
mod docs;
mod document;
mod email;
mod fetch;
mod health;
mod keys;
mod metrics;
mod notifications;
mod profile;
mod rotation;
mod second_factor;
mod support;
mod teams;
mod tokens;
mod transfer;
mod unlock;
mod usage;
mod users;
mod versions;
mod webhooks;

use axum::Router;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::HttpDoor;
use crate::problem::Problem;
use crate::signed::Stranger;
use crate::terminal;

/// Every route, with the answers to requests that fit none.
pub(crate) fn all(door: &HttpDoor) -> Router<HttpDoor> {
    let most = usize::try_from(door.settings.api.body_limit_bytes.get()).unwrap_or(usize::MAX);
    let routes: Router<HttpDoor> = described(most).into();
    routes.merge(terminal::pages(door)).fallback(no_route).method_not_allowed_fallback(no_method)
}

/// The routes with their descriptions: mounting one is describing it.
fn described(most: usize) -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .merge(auth::routes())
        .merge(email::routes())
        .merge(second_factor::routes())
        .merge(users::routes())
        .merge(keys::routes(most))
        .merge(bin::routes())
        .merge(versions::routes(most))
        .merge(rotation::routes())
        .merge(access::routes())
        .merge(fetch::routes())
        .merge(transfer::routes(most))
        .merge(usage::routes())
        .merge(profile::routes())
        .merge(notifications::routes())
        .merge(alert_rules::routes())
        .merge(alerts::routes())
        .merge(webhooks::routes())
        .merge(support::routes())
        .merge(teams::routes())
        .merge(tokens::routes())
        .merge(unlock::routes())
        .merge(billing::routes())
        .merge(budgets::routes())
        .merge(audit::routes())
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(document::routes())
        .merge(docs::routes())
}

async fn no_route(_: Stranger) -> Problem {
    Problem::of_status(StatusCode::NOT_FOUND)
}

async fn no_method(_: Stranger) -> Problem {
    Problem::of_status(StatusCode::METHOD_NOT_ALLOWED)
}

/// Items of a page when nothing is said.
const PAGE_SIZE: u32 = 20;

/// What answers that carry nothing else say.
#[derive(Serialize, ToSchema)]
struct Message {
    message: &'static str,
}
