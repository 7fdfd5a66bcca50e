//! Who asks. A handler that takes [`Signed`] is reached by proven callers alone, one that takes [`Stranger`] by
//! anybody; both count the request against its limit before the handler, and so any password, is looked at.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::header::{self, HeaderMap};
use axum::http::request::Parts;
use keyward_keys::service::Once;
use keyward_keys::{Caller, Error, Origin};
use secrecy::SecretString;

use crate::HttpDoor;
use crate::edge::Visit;
use crate::problem::Problem;

/// A caller who sent a good bearer token.
pub(crate) struct Signed(pub(crate) Caller);

impl FromRequestParts<HttpDoor> for Signed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &HttpDoor) -> Result<Self, Problem> {
        let visit = visit(parts)?;
        let proven = match bearer(&parts.headers) {
            Some(bearer) => door.service.sign_in_with_bearer(visit.origin, bearer),
            None => Err(Error::Unauthenticated),
        };
        match proven {
            Ok(caller) => {
                visit.count(door.limits.caller(caller.identity(), visit.address()))?;
                let caller = match unlock(&parts.headers) {
                    Some(token) => {
                        let caller = caller.with_unlock(token);
                        door.service.let_others_in(&caller).await;
                        caller
                    }
                    None => caller,
                };
                Ok(Self(match parts.extensions.get::<Once>() {
                    Some(once) => caller.with_once(once.clone()),
                    None => caller,
                }))
            }
            Err(Error::Unauthenticated) => {
                visit.count(door.limits.stranger(visit.address()))?;
                Err(Error::Unauthenticated.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Somebody who has proved nothing yet.
pub(crate) struct Stranger(pub(crate) Origin);

impl FromRequestParts<HttpDoor> for Stranger {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &HttpDoor) -> Result<Self, Problem> {
        let visit = visit(parts)?;
        visit.count(door.limits.stranger(visit.address()))?;
        Ok(Self(visit.origin))
    }
}

/// A caller who is about to say a passphrase: it counts like a sign-in too, for it is as good to guess at.
pub(crate) struct Unlocking(pub(crate) Caller);

impl FromRequestParts<HttpDoor> for Unlocking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &HttpDoor) -> Result<Self, Problem> {
        let Signed(caller) = Signed::from_request_parts(parts, door).await?;
        Stranger::from_request_parts(parts, door).await?;
        Ok(Self(caller))
    }
}

/// Where a request came from.
pub(crate) fn origin(extensions: &Extensions) -> Option<Origin> {
    extensions.get::<Arc<Visit>>().map(|visit| visit.origin)
}

pub(crate) fn visit(parts: &Parts) -> Result<&Visit, Problem> {
    // `edge` has put it there for every route.
    parts.extensions.get::<Arc<Visit>>().map(AsRef::as_ref).ok_or_else(Problem::of_panic)
}

/// The unlock token, when one is sent along.
fn unlock(headers: &HeaderMap) -> Option<SecretString> {
    headers.get("x-unlock")?.to_str().ok().map(|token| SecretString::from(token.trim()))
}

/// The token of `Authorization: Bearer` (RFC 6750; the scheme's case does not matter).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_token_counts() {
        let read = |value: &str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            bearer(&headers).map(ToOwned::to_owned)
        };
        assert_eq!(read("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(read("bearer  abc").as_deref(), Some("abc"));
        for wrong in ["Basic abc", "Bearer", "Bearer ", "abc", ""] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
