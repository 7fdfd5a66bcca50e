//! `/api/budgets`: where the budgets of one's places stand, and those of tags, which are set and ended here. A key's and a
//! team's are set with the key and the team.

use axum::Json;
use axum::extract::State;
use keyward_keys::input::NewBudget;
use keyward_keys::view::{BudgetList, BudgetView};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Message;
use crate::HttpDoor;
use crate::input::{IdPath, Object};
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

const ID: &str = "must be an id: 24 hexadecimal digits";

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default().routes(listed(routes!(list))).routes(routes!(set)).routes(routes!(end))
}

/// Where the budgets of the caller's keys, teams and tags stand this month, and where the month leads.
#[utoipa::path(get, path = "/api/budgets", tag = "billing", responses(
    (status = 200, description = "The budgets, those that have come furthest first", body = BudgetList),
    (status = 304, description = "It is as it was"),
))]
async fn list(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<BudgetList>, Problem> {
    Ok(Json(door.service.budgets(&caller).await?))
}

/// Sets what a month of all keys with a tag may cost, of a team or of the caller's own, in place of what was set before.
#[utoipa::path(post, path = "/api/budgets", tag = "billing", request_body = NewBudget, responses(
    (status = 200, description = "The budget and where it stands", body = BudgetView),
    (status = 404, description = "There is no such team"),
    (status = 409, description = "As many tags of this place have a budget as can have one"),
))]
async fn set(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<Json<BudgetView>, Problem> {
    let new = NewBudget {
        tag: body.required_text("tag"),
        team: body.parsed("team", ID),
        monthly_budget: body.money("monthlyBudget"),
    };
    body.finish_with(new.faults())?;
    Ok(Json(door.service.set_tag_budget(&caller, &new).await?))
}

/// Ends the budget of a tag. A key's and a team's end with `"monthlyBudget": null` of the key or the team.
#[utoipa::path(delete, path = "/api/budgets/{id}", tag = "billing", responses(
    (status = 200, description = "It is ended", body = Message),
))]
async fn end(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.end_tag_budget(&caller, id).await?;
    Ok(Json(Message { message: "Budget ended" }))
}
