//! `/api/notifications`: what the caller was told, and what of it they have seen.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use keyward_keys::input::NotificationQuery;
use keyward_keys::view::{NotificationPage, NotificationView};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Message, PAGE_SIZE};
use crate::HttpDoor;
use crate::input::{IdPath, Search};
use crate::link::linked;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(routes!(list))
        .routes(routes!(read_all))
        .routes(routes!(read))
        .routes(routes!(remove))
}

/// The caller's notifications.
#[utoipa::path(get, path = "/api/notifications", tag = "notifications", params(NotificationQuery), responses(
    (status = 200, description = "A page, newest first", body = NotificationPage),
))]
async fn list(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    RawQuery(raw): RawQuery,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let query = NotificationQuery {
        page: search.number("page").unwrap_or(1),
        limit: search.number("limit").unwrap_or(PAGE_SIZE),
        unread: search.flag("unread").unwrap_or_default(),
    };
    search.finish_with(query.faults())?;
    let page = door.service.notifications(&caller, &query).await?;
    Ok(linked("/api/notifications", raw.as_deref(), page.pagination, &page))
}

/// Notes that the caller has seen one.
#[utoipa::path(put, path = "/api/notifications/{id}/read", tag = "notifications", responses(
    (status = 200, description = "It is read", body = NotificationView),
))]
async fn read(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<NotificationView>, Problem> {
    Ok(Json(door.service.read_notification(&caller, id).await?))
}

#[derive(Serialize, ToSchema)]
struct AllRead {
    message: &'static str,
    /// How many had not been read.
    read: u64,
}

/// Notes that the caller has seen all of them.
#[utoipa::path(put, path = "/api/notifications/read-all", tag = "notifications", responses(
    (status = 200, description = "All are read", body = AllRead),
))]
async fn read_all(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<AllRead>, Problem> {
    let read = door.service.read_all_notifications(&caller).await?;
    Ok(Json(AllRead { message: "All notifications read", read }))
}

/// Removes one.
#[utoipa::path(delete, path = "/api/notifications/{id}", tag = "notifications", responses(
    (status = 200, description = "It is gone", body = Message),
))]
async fn remove(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.delete_notification(&caller, id).await?;
    Ok(Json(Message { message: "Notification removed" }))
}
