//! What doors show of usage over a span of days.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::Id;

use super::{ModelShare, MonthOutlook, UsagePoint};
use crate::prices::Money;

/// Usage of one key over a span of days.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageReport {
    /// The key's `ak_…` id.
    pub key_id: String,
    /// `day`, `week`, `month`, `year` or `custom`.
    pub timeframe: String,
    /// Totals.
    pub summary: UsageSummary,
    /// A row a day, oldest first, days without calls included.
    pub daily_breakdown: Vec<UsageDay>,
    /// The busiest endpoints, and `other` for all further ones together.
    pub top_endpoints: Vec<EndpointShare>,
    /// Calls by method, the most first: of the same calls as the totals.
    pub methods: Vec<MethodShare>,
    /// Calls by status, rising: of the same calls as the totals.
    pub statuses: Vec<StatusShare>,
    /// Calls by the service token that they were reported with, the most first: of the same calls as the totals.
    pub service_tokens: Vec<TokenShare>,
    /// How many addresses calls were reported from; of more than 64 an estimate, some 3 % off. Of the
    /// whole days (UTC) that the span touches.
    pub unique_clients: u64,
    /// The models that calls named, the one with the most tokens first.
    pub models: Vec<ModelShare>,
    /// The currency of all costs.
    pub currency: String,
    /// Failed calls by class.
    pub errors: ErrorClasses,
    /// The same calls by the step that was asked for, oldest first, those stretches without calls included; of the last hour or
    /// day whole stretches alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<UsagePoint>,
    /// The period before, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<UsageBefore>,
    /// This month so far and where it leads, against limit and budget, whatever the span.
    pub month: MonthOutlook,
}

/// Usage of many keys together over a span of days: of all that a person may see, of a team's, or of the instance's. Of
/// those no endpoints, keys, models or service tokens are told, for their names are nobody else's.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageOverview {
    /// `day`, `week`, `month`, `year` or `custom`.
    pub timeframe: String,
    /// Totals.
    pub summary: UsageSummary,
    /// A row a day, oldest first, days without calls included.
    pub daily_breakdown: Vec<UsageDay>,
    /// The busiest endpoints, and `other` for all further ones together.
    pub top_endpoints: Vec<EndpointShare>,
    /// Calls by method, the most first: of the same calls as the totals.
    pub methods: Vec<MethodShare>,
    /// Calls by status, rising: of the same calls as the totals.
    pub statuses: Vec<StatusShare>,
    /// Calls by the service token that they were reported with, the most first: of the same calls as the totals.
    pub service_tokens: Vec<TokenShare>,
    /// How many addresses calls were reported from; of more than 64 an estimate, some 3 % off. Of the
    /// whole days (UTC) that the span touches.
    pub unique_clients: u64,
    /// The busiest keys.
    pub top_keys: Vec<KeyShare>,
    /// The models that calls named, the one with the most tokens first.
    pub models: Vec<ModelShare>,
    /// The currency of all costs.
    pub currency: String,
    /// Failed calls by class.
    pub errors: ErrorClasses,
    /// The same calls by the step that was asked for, oldest first, those stretches without calls included; of the last hour or
    /// day whole stretches alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<UsagePoint>,
    /// The period before, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<UsageBefore>,
}

/// Totals of the period before a span: as long, and ending where the span began.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct UsageBefore {
    /// Its first moment.
    pub from: Timestamp,
    /// The moment up to which it is counted: as far into it as now is into the span.
    pub to: Timestamp,
    /// Its totals.
    pub summary: UsageSummary,
}

/// One key's share of a span.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyShare {
    /// The key.
    #[serde(rename = "_id")]
    pub id: Id,
    /// Its `ak_…` id.
    pub key_id: String,
    /// Its name.
    pub name: String,
    /// Calls.
    pub requests: u64,
    /// Percent of all calls, one decimal.
    pub percentage: f64,
    /// What its calls cost, as far as prices are known.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

/// Totals of a span.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageSummary {
    /// Calls.
    pub total_requests: u64,
    /// Calls with a status below 400.
    pub successful_requests: u64,
    /// Calls with a status of 400 and above.
    pub failed_requests: u64,
    /// Percent of calls that succeeded, one decimal; 100 when there were none.
    pub success_rate: f64,
    /// Mean response time, ms.
    pub average_response_time: f64,
    /// Median response time, ms, within 2 %.
    pub p50: f64,
    /// 95th percentile of the response time, ms, within 2 %.
    pub p95: f64,
    /// 99th percentile of the response time, ms, within 2 %.
    pub p99: f64,
    /// Sizes of the requests together, bytes, as far as calls told them.
    pub request_bytes: u64,
    /// Sizes of the responses together, bytes, as far as calls told them.
    pub response_bytes: u64,
    /// Tokens that calls told of in their metadata, of all kinds; by whole hours.
    pub tokens: u64,
    /// What calls cost, in the report's currency, as far as prices are known; by whole hours.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

/// One day of a report.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsageDay {
    /// `2024-01-15`, in the report's time zone.
    pub date: String,
    /// Calls.
    pub requests: u64,
    /// Calls with a status of 400 and above.
    pub errors: u64,
    /// Mean response time, ms.
    pub avg_response_time: f64,
}

/// One endpoint's share of a span.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct EndpointShare {
    /// The endpoint.
    pub endpoint: String,
    /// Calls.
    pub requests: u64,
    /// Calls with a status of 400 and above. Not in JSON, where the specification says what such a share has; charts by endpoint
    /// (`kinds`) have it there.
    #[serde(skip)]
    pub errors: u64,
    /// Percent of all calls, one decimal.
    pub percentage: f64,
}

/// One method's share of a span.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct MethodShare {
    /// `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD` or `OPTIONS`; `other` for all others, and where none was told.
    pub method: String,
    /// Calls.
    pub requests: u64,
    /// Calls with a status of 400 and above.
    pub errors: u64,
    /// Percent of all calls, one decimal.
    pub percentage: f64,
}

/// One status's share of a span.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct StatusShare {
    /// The HTTP status.
    pub status: u16,
    /// Calls.
    pub requests: u64,
    /// Percent of all calls, one decimal.
    pub percentage: f64,
}

/// One service token's share of a span.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct TokenShare {
    /// The token; none for all beyond those that are told apart.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Its name; its id once it is gone, `other` for all beyond those that are told apart.
    pub name: String,
    /// Calls.
    pub requests: u64,
    /// Calls with a status of 400 and above.
    pub errors: u64,
    /// Percent of all calls, one decimal.
    pub percentage: f64,
}

/// Failed calls by class.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorClasses {
    /// Status 400 to 499.
    pub client_errors: u64,
    /// Status 500 and above.
    pub server_errors: u64,
}
