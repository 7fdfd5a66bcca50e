//! `Link` for lists (RFC 8288): the neighbours of a page, with every other name of the query kept.

use std::fmt::Write;

use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use keyward_keys::view::Pagination;
use serde::Serialize;

/// Roughly what an item of a page takes, in bytes: a body that grows as it is written is copied and wiped each time.
const ITEM: u64 = 1024;

/// A page of `path`, with links to its neighbours.
pub(crate) fn linked<T: Serialize>(path: &str, raw: Option<&str>, at: Pagination, page: &T) -> Response {
    let links = pages(path, raw.unwrap_or_default(), &at);
    let mut body = Vec::with_capacity((u64::from(at.limit).min(at.total) * ITEM) as usize);
    match serde_json::to_writer(&mut body, page) {
        Ok(()) => {
            let json = HeaderValue::from_static("application/json");
            ([(header::LINK, links), (header::CONTENT_TYPE, json)], body).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Links to the first, previous, next and last page of `path`. A URI's query holds no `<`, `>` or quote, so it can
/// be repeated as it came.
fn pages(path: &str, query: &str, at: &Pagination) -> HeaderValue {
    let kept =
        || query.split('&').filter(|pair| !pair.is_empty() && *pair != "page" && !pair.starts_with("page="));
    let mut links = String::with_capacity(4 * (path.len() + query.len() + 40));
    let mut link = |page: u64, relation: &str| {
        let comma = if links.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(links, "{comma}<{path}?page={page}");
        for pair in kept() {
            links.extend(["&", pair]);
        }
        links.extend([">; rel=\"", relation, "\""]);
    };
    let (page, last) = (u64::from(at.page), at.pages.max(1));
    link(1, "first");
    if page > 1 {
        link((page - 1).min(last), "prev");
    }
    if page < last {
        link(page + 1, "next");
    }
    link(last, "last");
    HeaderValue::try_from(links).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(page: u32, pages: u64) -> Pagination {
        Pagination { page, limit: 20, total: pages * 20, pages }
    }

    #[test]
    fn neighbours_keep_the_filters() {
        assert_eq!(
            pages("/api/keys", "search=a%20b&page=2&limit=20", &at(2, 3)),
            "</api/keys?page=1&search=a%20b&limit=20>; rel=\"first\", \
             </api/keys?page=1&search=a%20b&limit=20>; rel=\"prev\", \
             </api/keys?page=3&search=a%20b&limit=20>; rel=\"next\", \
             </api/keys?page=3&search=a%20b&limit=20>; rel=\"last\""
        );
    }

    #[test]
    fn the_ends_have_one_neighbour_and_past_the_end_leads_back() {
        let text = |page, last| pages("/k", "", &at(page, last)).to_str().unwrap().to_owned();
        assert_eq!(text(1, 1), "</k?page=1>; rel=\"first\", </k?page=1>; rel=\"last\"");
        assert_eq!(text(1, 0), text(1, 1));
        assert!(!text(1, 2).contains("prev") && text(1, 2).contains("</k?page=2>; rel=\"next\""));
        assert!(text(9, 2).contains("</k?page=2>; rel=\"prev\"") && !text(9, 2).contains("next"));
    }
}
