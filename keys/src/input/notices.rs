//! What doors hand in about notifications and questions to the operators.

use utoipa::{IntoParams, ToSchema};

use crate::view::TicketStatus;

/// Which notifications to list.
#[derive(Clone, Copy, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct NotificationQuery {
    /// From 1.
    #[param(required = false, minimum = 1, default = 1)]
    pub page: u32,
    /// 1 to 100.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: u32,
    /// Only those that are not read.
    #[param(required = false)]
    pub unread: bool,
}

/// A new question to the operators.
#[derive(Clone, Debug, ToSchema)]
pub struct NewTicket {
    /// What it is about, 1 to 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    pub subject: String,
    /// 1 to 5,000 characters, in several lines if need be.
    #[schema(min_length = 1, max_length = 5000)]
    pub text: String,
}

/// Which questions to list.
#[derive(Clone, Copy, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct TicketQuery {
    /// From 1.
    #[param(required = false, minimum = 1, default = 1)]
    pub page: u32,
    /// 1 to 100.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    pub limit: u32,
    /// Only those that stand so.
    #[param(inline)]
    pub status: Option<TicketStatus>,
    /// Only the caller's own, also for operators.
    #[param(required = false)]
    pub own: bool,
}
