//! The query string.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::fields::Fields;
use crate::HttpDoor;
use crate::problem::Problem;

/// The names of a query string.
pub(crate) struct Search(pub(crate) Fields);

impl FromRequestParts<HttpDoor> for Search {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &HttpDoor) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|_| Problem::malformed("the query string cannot be read"))?;
        // Bytes that are no UTF-8 come out of the parser as this character, which nobody searches for.
        if pairs.iter().any(|(name, value)| [name, value].iter().any(|text| text.contains('\u{FFFD}'))) {
            return Err(Problem::malformed("the query string is not UTF-8"));
        }
        Fields::of_query(pairs).map(Self)
    }
}
