//! Headers that every answer carries, errors included. They are those of the specification's middleware, narrowed to
//! what an API needs: nothing may be loaded, framed, sniffed or kept. The few routes that serve a page say what it may load.

use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};

static HEADERS: [(HeaderName, HeaderValue); 16] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("origin-agent-cluster"), HeaderValue::from_static("?1")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        // Browsers heed it over TLS alone (RFC 6797, section 8.1); the specification's middleware sends it always.
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=31536000; includeSubDomains; preload"),
    ),
    (header::VARY, HeaderValue::from_static("authorization")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_DNS_PREFETCH_CONTROL, HeaderValue::from_static("off")),
    (HeaderName::from_static("x-download-options"), HeaderValue::from_static("noopen")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    (header::X_XSS_PROTECTION, HeaderValue::from_static("0")),
];

/// Adds them; `Vary` joins what is there, a route's own policy stays, the others replace what is there.
pub(crate) fn add(headers: &mut HeaderMap) {
    headers.reserve(HEADERS.len() + 4);
    for (name, value) in &HEADERS {
        if *name == header::VARY {
            headers.append(name, value.clone());
        } else if *name != header::CONTENT_SECURITY_POLICY || !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_s_own_headers_stay_join_or_give_way() {
        let own = [
            (header::CONTENT_SECURITY_POLICY, "img-src 'self'"),
            (header::CACHE_CONTROL, "public"),
            (header::VARY, "accept"),
            (header::LINK, "<a>"),
            (header::LINK, "<b>"),
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in own {
            headers.append(name, HeaderValue::from_static(value));
        }
        add(&mut headers);
        let of = |name| headers.get_all(name).iter().collect::<Vec<_>>();
        assert_eq!(of(header::CONTENT_SECURITY_POLICY), ["img-src 'self'"]);
        assert_eq!(of(header::CACHE_CONTROL), ["no-store"]);
        assert_eq!(of(header::VARY), ["accept", "authorization"]);
        assert_eq!(of(header::LINK), ["<a>", "<b>"]);
        assert_eq!(headers.keys_len(), HEADERS.len() + 1);
    }
}
