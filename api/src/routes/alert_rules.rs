//! `/api/alerts/rules`: what is looked at every minute.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use keyward_keys::input::{AlertRulePatch, AlertRuleQuery, NewAlertRule};
use keyward_keys::view::{AlertRulePage, AlertRuleView};
use keyward_keys::{Id, alert_condition_names};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Message, PAGE_SIZE};
use crate::HttpDoor;
use crate::input::{Fields, IdPath, Object, Search};
use crate::link::linked;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(routes!(list, make)).routes(routes!(one, replace, change, remove))
}

/// The rules of the caller's places.
#[utoipa::path(get, path = "/api/alerts/rules", tag = "alerts", params(AlertRuleQuery), responses(
    (status = 200, description = "A page, by name", body = AlertRulePage),
))]
async fn list(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    RawQuery(raw): RawQuery,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let query = AlertRuleQuery {
        page: search.number("page").unwrap_or(1),
        limit: search.number("limit").unwrap_or(PAGE_SIZE),
    };
    search.finish_with(query.faults())?;
    let page = door.service.alert_rules(&caller, &query).await?;
    Ok(linked("/api/alerts/rules", raw.as_deref(), page.pagination, &page))
}

/// Makes a rule: for one key, for the keys of a team, or for the caller's own.
#[utoipa::path(post, path = "/api/alerts/rules", tag = "alerts", request_body = NewAlertRule, responses(
    (status = 201, description = "The rule", body = AlertRuleView),
    (status = 404, description = "There is no such team"),
))]
async fn make(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<impl IntoResponse, Problem> {
    let new = NewAlertRule {
        name: body.required_text("name"),
        condition: body.required_choice("condition", &alert_condition_names()),
        api_key_id: body.text("apiKeyId"),
        team: body.parsed::<Id>("team", "must be a team's id"),
        threshold: body.number("threshold"),
        recovery: body.number("recovery"),
        window: body.number("window"),
        enabled: body.flag("enabled"),
    };
    body.finish_with(new.faults())?;
    let rule = door.service.create_alert_rule(&caller, &new).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/alerts/rules/{}", rule.id))], Json(rule)))
}

/// One rule.
#[utoipa::path(get, path = "/api/alerts/rules/{id}", tag = "alerts", responses(
    (status = 200, description = "The rule", body = AlertRuleView),
))]
async fn one(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<AlertRuleView>, Problem> {
    Ok(Json(door.service.alert_rule(&caller, id).await?))
}

/// Changes what is named of a rule.
#[utoipa::path(put, path = "/api/alerts/rules/{id}", tag = "alerts", request_body = AlertRulePatch, responses(
    (status = 200, description = "The rule", body = AlertRuleView),
))]
async fn replace(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
    Object(body): Object,
) -> Result<Json<AlertRuleView>, Problem> {
    Ok(Json(door.service.update_alert_rule(&caller, id, &patch(body)?).await?))
}

/// Changes what is named of a rule.
#[utoipa::path(patch, path = "/api/alerts/rules/{id}", tag = "alerts", request_body = AlertRulePatch, responses(
    (status = 200, description = "The rule", body = AlertRuleView),
))]
async fn change(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
    Object(body): Object,
) -> Result<Json<AlertRuleView>, Problem> {
    Ok(Json(door.service.update_alert_rule(&caller, id, &patch(body)?).await?))
}

/// Removes a rule, and ends what it raised.
#[utoipa::path(delete, path = "/api/alerts/rules/{id}", tag = "alerts", responses(
    (status = 200, description = "It is gone", body = Message),
))]
async fn remove(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.delete_alert_rule(&caller, id).await?;
    Ok(Json(Message { message: "Rule removed" }))
}

fn patch(mut body: Fields) -> Result<AlertRulePatch, Problem> {
    let patch = AlertRulePatch {
        name: body.text("name"),
        condition: body.choice("condition", &alert_condition_names()),
        threshold: body.number("threshold"),
        recovery: body.clearable("recovery", Fields::number),
        window: body.number("window"),
        enabled: body.flag("enabled"),
    };
    body.finish_with(patch.faults())?;
    Ok(patch)
}
