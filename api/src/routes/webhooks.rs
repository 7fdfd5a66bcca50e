//! `/api/webhooks`: where notifications are sent besides, and what became of each.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use keyward_keys::input::{DeliveryQuery, NewWebhook, TimingPatch, WebhookPatch};
use keyward_keys::outbound::MessageFormat;
use keyward_keys::view::{DeliveryPage, DeliveryView, WebhookView};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::rotation::WebhookSecret;
use super::{Message, PAGE_SIZE};
use crate::HttpDoor;
use crate::input::{Fields, IdPath, Object, PartPath, Search};
use crate::link::linked;
use crate::listing::listed;
use crate::problem::Problem;
use crate::signed::Signed;

pub(super) fn routes() -> OpenApiRouter<HttpDoor> {
    OpenApiRouter::default()
        .routes(listed(routes!(list)))
        .routes(routes!(create))
        .routes(listed(routes!(show)))
        .routes(routes!(update, remove))
        .routes(routes!(deliveries))
        .routes(routes!(redeliver))
        .routes(routes!(test))
        .routes(routes!(replace_secret))
}

/// Kinds of notifications, as an error names them.
const EVENTS: &str = "the types of notifications, such as key_deleted";

#[derive(Serialize, ToSchema)]
struct Webhooks {
    webhooks: Vec<WebhookView>,
}

/// The caller's webhooks, and those of teams in which they manage them.
#[utoipa::path(get, path = "/api/webhooks", tag = "webhooks", responses(
    (status = 200, description = "The webhooks, oldest first", body = Webhooks),
    (status = 304, description = "It is as it was"),
))]
async fn list(State(door): State<HttpDoor>, Signed(caller): Signed) -> Result<Json<Webhooks>, Problem> {
    Ok(Json(Webhooks { webhooks: door.service.webhooks(&caller).await? }))
}

/// A new webhook; `secret` is shown this once.
#[derive(Serialize, ToSchema)]
struct MadeWebhook {
    secret: String,
    #[serde(flatten)]
    view: WebhookView,
}

/// Makes a webhook. Messages are signed by Standard Webhooks with its secret: `type`, `timestamp`, and `data` with `message`,
/// `apiKeyId` and, where it tells of an alert, `alertId`.
#[utoipa::path(post, path = "/api/webhooks", tag = "webhooks", request_body = NewWebhook, responses(
    (status = 201, description = "The webhook; its secret is shown this once", body = MadeWebhook),
    (status = 404, description = "There is no such team"),
))]
async fn create(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    Object(mut body): Object,
) -> Result<impl IntoResponse, Problem> {
    let new = NewWebhook {
        name: body.required_text("name"),
        url: body.required_secret("url"),
        events: body.choices("events", EVENTS),
        format: body.choice("format", MessageFormat::NAMES),
        team: body.parsed("team", "must be an id: 24 hexadecimal digits"),
        timing: timing(&mut body),
    };
    body.finish_with(door.service.new_webhook_faults(&new))?;
    let (view, secret) = door.service.create_webhook(&caller, new).await?;
    let location = format!("/api/webhooks/{}", view.id);
    let made = MadeWebhook { secret: secret.expose_secret().to_owned(), view };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(made)))
}

/// One webhook.
#[utoipa::path(get, path = "/api/webhooks/{id}", tag = "webhooks", responses(
    (status = 200, description = "The webhook", body = WebhookView),
    (status = 304, description = "It is as it was"),
))]
async fn show(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<WebhookView>, Problem> {
    Ok(Json(door.service.webhook(&caller, id).await?))
}

/// Changes a webhook; its secret stays.
#[utoipa::path(method(put, patch), path = "/api/webhooks/{id}", tag = "webhooks", request_body = WebhookPatch, responses(
    (status = 200, description = "The webhook as it is now", body = WebhookView),
))]
async fn update(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
    Object(mut body): Object,
) -> Result<Json<WebhookView>, Problem> {
    // Whoever puts back what they got sends these along; they are Keyward's to set.
    for field in ["_id", "format", "team", "createdAt"] {
        body.skip(field);
    }
    let patch = WebhookPatch {
        name: body.text("name"),
        url: body.secret("url"),
        events: body.choices("events", EVENTS),
        disabled: body.flag("disabled"),
        timing: timing(&mut body),
    };
    body.finish_with(door.service.webhook_patch_faults(&caller, id, &patch))?;
    Ok(Json(door.service.update_webhook(&caller, id, patch).await?))
}

fn timing(body: &mut Fields) -> TimingPatch {
    let read = |fields: &mut Fields| TimingPatch {
        quiet_hours: fields.clearable("quietHours", Fields::text),
        digest: fields.clearable("digest", Fields::text),
        timezone: fields.clearable("timezone", Fields::text),
        urgent_at_once: fields.flag("urgentAtOnce"),
    };
    body.object("timing", read).unwrap_or_default()
}

/// Removes a webhook, with what was to be sent to it.
#[utoipa::path(delete, path = "/api/webhooks/{id}", tag = "webhooks", responses(
    (status = 200, description = "It is removed", body = Message),
))]
async fn remove(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Json<Message>, Problem> {
    door.service.delete_webhook(&caller, id).await?;
    Ok(Json(Message { message: "Webhook removed" }))
}

/// What was sent to a webhook, and is to be.
#[utoipa::path(get, path = "/api/webhooks/{id}/deliveries", tag = "webhooks", params(DeliveryQuery), responses(
    (status = 200, description = "A page, newest first", body = DeliveryPage),
))]
async fn deliveries(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
    RawQuery(raw): RawQuery,
    Search(mut search): Search,
) -> Result<Response, Problem> {
    let query = DeliveryQuery {
        page: search.number("page").unwrap_or(1),
        limit: search.number("limit").unwrap_or(PAGE_SIZE),
    };
    search.finish_with(query.faults())?;
    let page = door.service.webhook_deliveries(&caller, id, &query).await?;
    Ok(linked(&format!("/api/webhooks/{id}/deliveries"), raw.as_deref(), page.pagination, &page))
}

/// Sends a message once more, now, under the same id.
#[utoipa::path(post, path = "/api/webhooks/{id}/deliveries/{deliveryId}/redeliver", tag = "webhooks", responses(
    (status = 202, description = "It is on its way", body = DeliveryView),
))]
async fn redeliver(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    PartPath(id, delivery): PartPath,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(door.service.redeliver(&caller, id, delivery).await?)))
}

/// Sends a message that says nothing but that it can be.
#[utoipa::path(post, path = "/api/webhooks/{id}/test", tag = "webhooks", responses(
    (status = 202, description = "It is on its way", body = DeliveryView),
))]
async fn test(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(door.service.test_webhook(&caller, id).await?)))
}

/// Makes another secret for a webhook of the format `standard`; for a day messages are signed with the one before, too.
#[utoipa::path(post, path = "/api/webhooks/{id}/secret", tag = "webhooks", responses(
    (status = 200, description = "The new secret, shown this once", body = WebhookSecret),
))]
async fn replace_secret(
    State(door): State<HttpDoor>,
    Signed(caller): Signed,
    IdPath(id): IdPath,
) -> Result<Response, Problem> {
    let secret = door.service.replace_webhook_secret(&caller, id).await?;
    Ok(Json(WebhookSecret { secret: secret.expose_secret() }).into_response())
}
