//! `Link` for lists (RFC 8288): the neighbours of a page, with every other name of the query kept.

use axum::Json;
use axum::http::header::{self, HeaderMap, HeaderValue};
use keyward_keys::view::Pagination;

/// A page of `path`, with links to its neighbours.
pub(crate) fn linked<T>(path: &str, raw: Option<&str>, at: Pagination, page: T) -> (HeaderMap, Json<T>) {
    let links = pages(path, raw.unwrap_or_default(), &at);
    (HeaderMap::from_iter([(header::LINK, links)]), Json(page))
}

/// Links to the first, previous, next and last page of `path`. A URI's query holds no `<`, `>` or quote, so it can
/// be repeated as it came.
fn pages(path: &str, query: &str, at: &Pagination) -> HeaderValue {
    let kept: String = query
        .split('&')
        .filter(|pair| !pair.is_empty() && *pair != "page" && !pair.starts_with("page="))
        .map(|pair| format!("&{pair}"))
        .collect();
    let link = |page: u64, relation: &str| format!("<{path}?page={page}{kept}>; rel=\"{relation}\"");
    let (page, last) = (u64::from(at.page), at.pages.max(1));
    let mut links = vec![link(1, "first")];
    if page > 1 {
        links.push(link((page - 1).min(last), "prev"));
    }
    if page < last {
        links.push(link(page + 1, "next"));
    }
    links.push(link(last, "last"));
    HeaderValue::try_from(links.join(", ")).unwrap_or(HeaderValue::from_static(""))
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
