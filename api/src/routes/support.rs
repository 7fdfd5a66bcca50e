//! `/api/support`: questions to the operators, and their answers.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use keyward_keys::input::{NewTicket, TicketQuery};
use keyward_keys::view::{TicketPage, TicketView};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PAGE_SIZE;
use crate::HttpDoor;
use crate::input::{IdPath, Object, Search};
use crate::link::linked;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(routes!(list, open))
        .routes(routes!(one))
        .routes(routes!(answer))
        .routes(routes!(close))
}

/// The caller's questions; an operator's are everybody's.
#[utoipa::path(get, path = "/api/support", tag = "support", params(TicketQuery), responses(
    (status = 200, description = "A page, the last touched first", body = TicketPage),
))]
async fn list(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    RawQuery(raw): RawQuery,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let query = TicketQuery {
        page: search.number("page").unwrap_or(1),
        limit: search.number("limit").unwrap_or(PAGE_SIZE),
        status: search.choice("status", "open, closed"),
        own: search.flag("own").unwrap_or_default(),
    };
    search.finish_with(query.faults())?;
    let page = door.service.tickets(&caller, &query).await?;
    Ok(linked("/api/support", raw.as_deref(), page.pagination, &page))
}

/// Opens a question to the operators.
#[utoipa::path(post, path = "/api/support", tag = "support", request_body = NewTicket, responses(
    (status = 201, description = "The question", body = TicketView),
))]
async fn open(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<impl IntoResponse, Problem> {
    let new = NewTicket { subject: body.required_text("subject"), text: body.required_text("text") };
    body.finish_with(new.faults())?;
    let ticket = door.service.open_ticket(&caller, &new).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/support/{}", ticket.id))], Json(ticket)))
}

/// One question with all that was said.
#[utoipa::path(get, path = "/api/support/{id}", tag = "support", responses(
    (status = 200, description = "The question", body = TicketView),
))]
async fn one(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<TicketView>, Problem> {
    Ok(Json(door.service.ticket(&caller, id).await?))
}

/// What is said.
#[derive(ToSchema)]
struct Said {
    #[schema(min_length = 1, max_length = 5000)]
    text: String,
}

/// Says something more; a closed question is open again.
#[utoipa::path(post, path = "/api/support/{id}/messages", tag = "support", request_body = Said, responses(
    (status = 200, description = "The question", body = TicketView),
))]
async fn answer(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
    Object(mut body): Object,
) -> Result<Json<TicketView>, Problem> {
    let said = Said { text: body.required_text("text") };
    body.finish()?;
    Ok(Json(door.service.answer_ticket(&caller, id, &said.text).await?))
}

/// Settles a question.
#[utoipa::path(post, path = "/api/support/{id}/close", tag = "support", responses(
    (status = 200, description = "The question", body = TicketView),
))]
async fn close(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<TicketView>, Problem> {
    Ok(Json(door.service.close_ticket(&caller, id).await?))
}
