//! What calls are told apart by in a report, each with its share: endpoints, methods, statuses, service tokens and models. It
//! reads no rollups: it is given their sums.

use std::cmp::Reverse;
use std::sync::Arc;

use keyward_store::model::Id;
use keyward_store::usage::{Calls, EndpointCell, Kinds, Method, ModelCell};

use crate::prices::{Bill, Tally, tokens};
use crate::service::mirror::Tables;
use crate::service::report::percent;
use crate::service::text::harmless;
use crate::view::{EndpointShare, MethodShare, ModelShare, StatusShare, TokenShare};

/// Endpoints a report names.
const TOP_ENDPOINTS: usize = 10;

/// Stands for what is told apart no further.
pub(super) const OTHER: &str = "other";

/// The first few of these endpoints, each with its share of all calls, and the rest as one.
pub(super) fn endpoints<'a>(
    busiest: impl Iterator<Item = (&'a str, &'a EndpointCell)>,
    all: u64,
    failed: u64,
) -> Vec<EndpointShare> {
    let share = |endpoint: &str, requests, errors| EndpointShare {
        endpoint: endpoint.to_owned(),
        requests,
        errors,
        percentage: percent(requests, all),
    };
    let named = busiest.take(TOP_ENDPOINTS).map(|(name, cell)| share(name, cell.requests, cell.errors));
    let mut shares: Vec<_> = named.collect();
    let told = |sum: fn(&EndpointShare) -> u64| shares.iter().map(sum).sum::<u64>();
    let (calls, errors) = (told(|share| share.requests), told(|share| share.errors));
    shares.extend((all > calls).then(|| share(OTHER, all - calls, failed.saturating_sub(errors))));
    shares
}

/// Calls by method, the most first.
pub(super) fn methods(kinds: &Kinds) -> Vec<MethodShare> {
    let all = kinds.methods().map(|(_, calls)| calls.requests).sum();
    let share = |(method, Calls { requests, errors }): (Method, Calls)| MethodShare {
        method: method_name(method).to_owned(),
        requests,
        errors,
        percentage: percent(requests, all),
    };
    let mut shares: Vec<_> = kinds.methods().map(share).collect();
    shares.sort_by_key(|share| Reverse(share.requests));
    shares
}

/// A method's word.
pub(super) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Other => OTHER,
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        Method::Head => "HEAD",
        Method::Options => "OPTIONS",
    }
}

/// A service token's name; its id once it is gone.
pub(super) fn token_name(tables: &Tables, id: Option<Id>) -> String {
    let known = id.and_then(|id| tables.tokens.get(&id)).map(|row| row.record.name.clone());
    known.unwrap_or_else(|| id.map_or_else(|| OTHER.to_owned(), |id| id.to_string()))
}

/// Calls by the service token that they were reported with, the most first; what people reported is of none.
pub(super) fn service_tokens(tables: &Tables, kinds: &Kinds) -> Vec<TokenShare> {
    let all = kinds.methods().map(|(_, calls)| calls.requests).sum();
    let share = |(id, Calls { requests, errors }): (Option<Id>, Calls)| TokenShare {
        id,
        name: token_name(tables, id),
        requests,
        errors,
        percentage: percent(requests, all),
    };
    let mut shares: Vec<_> = kinds.tokens().map(share).collect();
    shares.sort_by_key(|share| (share.id.is_none(), Reverse(share.requests)));
    shares
}

/// Calls by status.
pub(super) fn statuses(kinds: &Kinds) -> Vec<StatusShare> {
    let all = kinds.statuses().map(|(_, calls)| calls).sum();
    let share = |(status, requests): (Option<u16>, u64)| {
        Some(StatusShare { status: status?, requests, percentage: percent(requests, all) })
    };
    kinds.statuses().filter_map(share).collect()
}

/// A model's name as it can be shown.
pub(super) fn model_name(model: Option<&str>) -> String {
    model.map_or_else(|| OTHER.to_owned(), |model| harmless(model, 4 * model.len()).into())
}

/// The models of a span, the one with the most tokens first.
pub(super) fn models(tally: &Tally) -> Vec<ModelShare> {
    let all = tally.tokens();
    let share = |(model, (cell, bill)): (&Option<Arc<str>>, &(ModelCell, Bill))| ModelShare {
        model: model_name(model.as_deref()),
        requests: cell.requests,
        errors: cell.errors,
        input_tokens: cell.input_tokens,
        output_tokens: cell.output_tokens,
        cached_tokens: cell.cached_tokens,
        tokens: tokens(cell),
        percentage: percent(tokens(cell), all),
        cost: bill.money(),
    };
    let mut models: Vec<ModelShare> = tally.models.iter().map(share).collect();
    models.sort_by_key(|model| (Reverse((model.tokens, model.requests)), model.model.clone()));
    models
}
