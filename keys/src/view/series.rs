//! What doors show of usage as lines of a chart.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use keyward_store::model::Id;

use super::{ModelShare, UsageSummary};
use crate::input::Step;
use crate::prices::Money;

/// Usage over a span, cut into even stretches of time.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct UsageSeries {
    /// `hour`, `day`, `week`, `month`, `year` or `custom`.
    pub timeframe: String,
    /// How finely the span is cut.
    pub step: Step,
    /// The IANA time zone that days begin in.
    pub timezone: String,
    /// The first moment of the first point.
    pub from: Timestamp,
    /// The first moment after the last point, which is counted as far as now.
    pub to: Timestamp,
    /// All calls together.
    pub total: UsageLine,
    /// The same calls told apart, the busiest line first; at most 8.
    pub lines: Vec<UsageLine>,
    /// The busiest endpoints, of the same calls as the points, when calls are told apart by those.
    pub endpoints: Vec<EndpointUse>,
    /// The same calls by method, status or service token, the most first, when they are told apart by those; at most 8.
    pub kinds: Vec<KindUse>,
    /// The models that calls named, the one with the most tokens first.
    pub models: Vec<ModelShare>,
    /// The currency of all costs.
    pub currency: String,
    /// The period before, when it was asked for and is still kept as finely as this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousPeriod>,
}

/// One line of a chart.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct UsageLine {
    /// The key or team that it is of.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Its name.
    pub name: String,
    /// Its totals.
    pub summary: UsageSummary,
    /// Its totals of the period before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<UsageSummary>,
    /// Oldest first, those without calls included.
    pub points: Vec<UsagePoint>,
}

/// One point of a line.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
pub struct UsagePoint {
    /// Its first moment.
    pub start: Timestamp,
    /// Calls.
    pub requests: u64,
    /// Calls with a status of 400 and above.
    pub errors: u64,
    /// Median response time, ms, within 2 %; none when no call told one.
    pub p50: Option<f64>,
    /// 95th percentile of the response time, ms.
    pub p95: Option<f64>,
    /// 99th percentile of the response time, ms.
    pub p99: Option<f64>,
    /// Tokens that calls told of; in the first point of their hour where points are finer.
    pub tokens: u64,
    /// What calls cost, as far as prices are known.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

/// Calls of one method, one status or one service token.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KindUse {
    /// The service token.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// The method, the status, or the token's name (its id once it is gone); `other` for all further ones together.
    pub name: String,
    /// Calls.
    pub requests: u64,
    /// Those with a status of 400 and above.
    pub errors: u64,
    /// Percent of all calls, one decimal.
    pub percentage: f64,
    /// Calls of the period before.
    pub previous_requests: Option<u64>,
    /// Calls at each of the points of all calls together.
    pub points: Vec<u64>,
    /// Those of them with a status of 400 and above.
    pub error_points: Vec<u64>,
}

/// The period before a span: as long, and ending where the span began.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct PreviousPeriod {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after the last point, which is counted as far into it as now is into the span.
    pub to: Timestamp,
    /// All calls together; the first point belongs to the span's first.
    pub points: Vec<UsagePoint>,
}

/// What is known of one endpoint.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointUse {
    /// The endpoint.
    pub endpoint: String,
    /// Calls.
    pub requests: u64,
    /// Calls with a status of 400 and above.
    pub errors: u64,
    /// Mean response time, ms; none when no call told one.
    pub average_response_time: Option<f64>,
    /// Percent of all calls, one decimal.
    pub percentage: f64,
    /// Calls of the period before.
    pub previous_requests: Option<u64>,
}
