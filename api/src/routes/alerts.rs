//! `/api/alerts`: what holds for the caller's keys that should not, and what people do about it.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::Timestamp;
use keyward_keys::alert_condition_names;
use keyward_keys::input::{AlertAction, AlertQuery, AlertRespond, AlertSnooze, AlertTrial};
use keyward_keys::view::{AlertConditionView, AlertHistory, AlertPage, AlertTrialView, AlertView};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PAGE_SIZE;
use crate::HttpDoor;
use crate::input::{IdPath, Object, OptionalObject, Search, TIME};
use crate::link::linked;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(backtest))
        .routes(routes!(conditions))
        .routes(routes!(one))
        .routes(routes!(history))
        .routes(routes!(acknowledge))
        .routes(routes!(snooze))
        .routes(routes!(resolve))
        .routes(routes!(respond))
}

/// The alerts of the caller's keys.
#[utoipa::path(get, path = "/api/alerts", tag = "alerts", params(AlertQuery), responses(
    (status = 200, description = "A page: those that want somebody first, then the newest", body = AlertPage),
))]
async fn list(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    RawQuery(raw): RawQuery,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let query = AlertQuery {
        page: search.number("page").unwrap_or(1),
        limit: search.number("limit").unwrap_or(PAGE_SIZE),
        state: search.choice("state", "firing, acknowledged, snoozed, resolved"),
        api_key_id: search.text("apiKeyId"),
        open: search.flag("open"),
        mine: search.flag("mine"),
        resolved_after: search.parsed::<Timestamp>("resolvedAfter", TIME),
    };
    search.finish_with(query.faults())?;
    let page = door.service.alerts(&caller, &query).await?;
    Ok(linked("/api/alerts", raw.as_deref(), page.pagination, &page))
}

/// One alert.
#[utoipa::path(get, path = "/api/alerts/{id}", tag = "alerts", responses(
    (status = 200, description = "The alert", body = AlertView),
))]
async fn one(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<AlertView>, Problem> {
    Ok(Json(door.service.alert(&caller, id).await?))
}

/// One alert with what became of it, how its value went, and how its key is now.
#[utoipa::path(get, path = "/api/alerts/{id}/history", tag = "alerts", responses(
    (status = 200, description = "All there is to know of it", body = AlertHistory),
))]
async fn history(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<AlertHistory>, Problem> {
    Ok(Json(door.service.alert_history(&caller, id).await?))
}

/// What rules can look at.
#[derive(Serialize, ToSchema)]
struct AlertConditions {
    conditions: Vec<AlertConditionView>,
}

/// What rules can look at, with the bounds of their thresholds.
#[utoipa::path(get, path = "/api/alerts/conditions", tag = "alerts", responses(
    (status = 200, description = "All conditions", body = AlertConditions),
))]
async fn conditions(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
) -> Result<Json<AlertConditions>, Problem> {
    Ok(Json(AlertConditions { conditions: door.service.alert_conditions(&caller)? }))
}

/// Says that the caller looks after it.
#[utoipa::path(post, path = "/api/alerts/{id}/acknowledge", tag = "alerts", responses(
    (status = 200, description = "The alert", body = AlertView),
))]
async fn acknowledge(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<AlertView>, Problem> {
    Ok(Json(door.service.acknowledge_alert(&caller, id).await?))
}

/// Puts it off: until then nobody hears of it.
#[utoipa::path(post, path = "/api/alerts/{id}/snooze", tag = "alerts", request_body = Option<AlertSnooze>, responses(
    (status = 200, description = "The alert", body = AlertView),
))]
async fn snooze(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
    OptionalObject(mut body): OptionalObject,
) -> Result<Json<AlertView>, Problem> {
    let snooze = AlertSnooze {
        until: body.parsed("until", "must be a time such as 2027-01-15T10:30:00Z"),
        minutes: body.number("minutes"),
    };
    body.finish()?;
    Ok(Json(door.service.snooze_alert(&caller, id, &snooze).await?))
}

/// Settles it; it comes again once its condition has been over in between.
#[utoipa::path(post, path = "/api/alerts/{id}/resolve", tag = "alerts", responses(
    (status = 200, description = "The alert", body = AlertView),
))]
async fn resolve(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<AlertView>, Problem> {
    Ok(Json(door.service.resolve_alert(&caller, id).await?))
}

/// Does something about the alert's key, or takes the last of that back.
#[utoipa::path(post, path = "/api/alerts/{id}/respond", tag = "alerts", request_body = AlertRespond, responses(
    (status = 200, description = "The alert, with what was done", body = AlertHistory),
))]
async fn respond(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
    Object(mut body): Object,
) -> Result<Json<AlertHistory>, Problem> {
    let action = body.required_choice("action", "freeze, narrow, limit, rotate, undo");
    let (limit, networks) = (body.number("limit"), super::tokens::networks(&mut body));
    let respond = AlertRespond { action: action.unwrap_or(AlertAction::Undo), limit, networks };
    // Without an action nothing else can be judged.
    body.finish_with(action.map(|_| respond.faults()).unwrap_or_default())?;
    Ok(Json(door.service.respond_to_alert(&caller, id, &respond).await?))
}

/// Tries a rule on the past month before it is made: of a key, of a team's keys, or of the caller's own.
#[utoipa::path(post, path = "/api/alerts/backtest", tag = "alerts", request_body = AlertTrial, responses(
    (status = 200, description = "When it would have fired", body = AlertTrialView),
    (status = 404, description = "There is no such key or team"),
))]
async fn backtest(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<Json<AlertTrialView>, Problem> {
    let (api_key_id, team) = (body.text("apiKeyId"), body.parsed("team", "must be a team's id"));
    let condition = body.required_choice("condition", &alert_condition_names());
    let (threshold, recovery, window) =
        (body.number("threshold"), body.number("recovery"), body.number("window"));
    let trial = AlertTrial { api_key_id, team, condition, threshold, recovery, window };
    body.finish_with(trial.faults())?;
    Ok(Json(door.service.try_alert_rule(&caller, &trial).await?))
}
