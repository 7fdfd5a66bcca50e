//! AWS Signature Version 4, as its public reference describes it, for requests whose body is at hand. It signs what it is
//! given and sends nothing.

use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{AUTHORIZATION, HOST, HeaderName, HeaderValue};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::client::Call;
use super::error::{CallError, CallResult, Class};

/// Puts `X-Amz-Date` and `Authorization` into a call that is otherwise complete. `key` is
/// `access key id:secret access key`.
pub(super) fn sign(
    call: &mut Call,
    key: &SecretString,
    region: &str,
    service: &str,
    now_ms: i64,
) -> CallResult<()> {
    let (id, secret) = key.expose_secret().split_once(':').ok_or_else(|| {
        CallError::new(Class::Auth, "the credential is not written as ACCESS_KEY_ID:SECRET_ACCESS_KEY")
    })?;
    let wrong = |_| CallError::config("the request cannot be signed");
    let now =
        Timestamp::from_millisecond(now_ms).map_err(|_| CallError::config("the clock is out of its mind"))?;
    let at = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &at[..8];
    let host = HeaderValue::try_from(call.target.authority()).map_err(wrong)?;
    call.headers.insert(HOST, host);
    call.headers.insert(HeaderName::from_static("x-amz-date"), HeaderValue::try_from(&at).map_err(wrong)?);
    let (canonical, names) = canonical_request(call);
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
    let mut signing = hmac(format!("AWS4{secret}").as_bytes(), day.as_bytes());
    for part in [region, service, "aws4_request"] {
        signing = hmac(&signing, part.as_bytes());
    }
    let signature = hex::encode(hmac(&signing, to_sign.as_bytes()));
    let text =
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
    let mut value = HeaderValue::try_from(text).map_err(wrong)?;
    value.set_sensitive(true);
    call.headers.insert(AUTHORIZATION, value);
    Ok(())
}

/// The request in the form that is hashed, and the names of the headers in it.
fn canonical_request(call: &Call) -> (String, String) {
    let target = call.target.path_and_query();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut pairs: Vec<(&str, &str)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers: Vec<(String, String)> = Vec::new();
    for name in call.headers.keys() {
        let values = call.headers.get_all(name).iter();
        let values: Vec<String> = values.map(|value| squeezed(value.to_str().unwrap_or_default())).collect();
        headers.push((name.as_str().to_owned(), values.join(",")));
    }
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let names = names.join(";");
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let body = hex::encode(Sha256::digest(&call.body));
    (format!("{}\n{path}\n{}\n{lines}\n{names}\n{body}", call.method, query.join("&")), names)
}

/// Without spaces around it, and with one for each run of them.
fn squeezed(text: &str) -> String {
    text.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use hyper::Method;
    use hyper::header::HeaderMap;

    use super::*;
    use crate::outbound::Target;

    /// Key, time, region and service of the published test suite (aws-sig-v4-test-suite).
    fn signature(method: Method, url: &str, headers: &[(&'static str, &str)], body: &str) -> String {
        let target = Target::parse(url, &[]).unwrap();
        let mut call = Call { method, target, headers: HeaderMap::new(), body: body.into() };
        for (name, value) in headers {
            call.headers.append(*name, value.parse().unwrap());
        }
        let key = SecretString::from("AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let now = "2015-08-30T12:36:00Z".parse::<Timestamp>().unwrap().as_millisecond();
        sign(&mut call, &key, "us-east-1", "service", now).unwrap();
        let text = call.headers[AUTHORIZATION].to_str().unwrap().to_owned();
        assert!(text.starts_with(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        ));
        text.rsplit_once("Signature=").unwrap().1.to_owned()
    }

    #[test]
    fn the_published_vectors_come_out() {
        let form = ("content-type", "application/x-www-form-urlencoded");
        for (name, made, expected) in [
            (
                "get-vanilla",
                signature(Method::GET, "https://example.amazonaws.com/", &[], ""),
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "get-vanilla-query-order-key-case",
                signature(Method::GET, "https://example.amazonaws.com/?Param2=value2&Param1=value1", &[], ""),
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                "get-header-value-trim",
                signature(
                    Method::GET,
                    "https://example.amazonaws.com/",
                    &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
                    "",
                ),
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
            (
                "post-vanilla",
                signature(Method::POST, "https://example.amazonaws.com/", &[], ""),
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "post-x-www-form-urlencoded",
                signature(Method::POST, "https://example.amazonaws.com/", &[form], "Param1=value1"),
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            assert_eq!(made, expected, "{name}");
        }
    }

    #[test]
    fn a_key_without_its_secret_is_refused() {
        let target = Target::parse("https://example.amazonaws.com/", &[]).unwrap();
        let mut call = Call { method: Method::GET, target, headers: HeaderMap::new(), body: Vec::new() };
        let error = sign(&mut call, &SecretString::from("AKIDEXAMPLE"), "r", "s", 0).unwrap_err();
        assert_eq!(error.class, Class::Auth);
    }
}
