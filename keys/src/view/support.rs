//! What doors show of questions to the operators.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::Id;

use crate::view::Pagination;

/// Where a question stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TicketStatus {
    /// Somebody has to say something.
    Open,
    /// It is settled.
    Closed,
}

/// A question to the operators.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketView {
    /// The row's id.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Who asks.
    pub user: Id,
    /// What it is about.
    pub subject: String,
    /// Where it stands.
    pub status: TicketStatus,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When something was last said.
    pub updated_at: Timestamp,
    /// What was said, oldest first; not part of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<TicketMessageView>>,
}

/// One message of a question.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketMessageView {
    /// Who says it.
    pub author: Id,
    /// Said by an operator.
    pub operator: bool,
    /// The text.
    pub text: String,
    /// When.
    pub created_at: Timestamp,
}

/// One page of questions.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct TicketPage {
    /// The last touched first.
    pub tickets: Vec<TicketView>,
    /// Where this page is among all.
    pub pagination: Pagination,
}
