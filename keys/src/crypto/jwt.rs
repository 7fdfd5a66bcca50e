//! Access tokens of people: JSON Web Tokens (RFC 7519, profile of RFC 9068) signed with Ed25519. A good signature
//! says who signed in, not that the session still stands: whoever calls this looks the session up.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use keyward_store::model::Id;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::{Error, Result};
use super::jwt_provider;

/// The longest token in bytes that is looked at.
const MAX_LENGTH: usize = 4096;
/// How far clocks may differ, in seconds.
const LEEWAY: i64 = 5;
/// The media type of access tokens (RFC 9068), so that no other kind of token passes for one.
const TYPE: &str = "at+jwt";
const AUDIENCE: &str = "keyward";

/// What an access token says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claims {
    /// The account.
    pub sub: Id,
    /// The session.
    pub sid: Id,
    /// When it was issued, seconds since the Unix epoch.
    pub iat: i64,
    /// When it ends, seconds since the Unix epoch.
    pub exp: i64,
}

/// The claims as they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    iss: String,
    aud: String,
    sub: Id,
    sid: Id,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Signs and checks access tokens.
pub struct JwtKeys {
    issuer: String,
    header: Header,
    /// The first part of every token made here.
    encoded_header: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl JwtKeys {
    /// From the 32-byte secret of an Ed25519 pair (RFC 8032) and the name of the instance, which tokens carry as
    /// issuer.
    pub fn new(seed: &[u8; 32], issuer: &str) -> Result<Self> {
        jwt_provider::install();
        let public = SigningKey::from_bytes(seed).verifying_key();
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(thumbprint(public.as_bytes()));
        let encoded_header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).map_err(|_| Error::Refused)?);

        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // These would ask the system's clock; `verify` compares with the time it is given.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Self {
            issuer: issuer.to_owned(),
            header,
            encoded_header,
            encoding: EncodingKey::from_ed_der(seed),
            decoding: DecodingKey::from_ed_der(public.as_bytes()),
            validation,
        })
    }

    /// Signs a token.
    pub fn sign(&self, claims: &Claims) -> Result<SecretString> {
        let written = Written {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: claims.sub,
            sid: claims.sid,
            iat: claims.iat,
            nbf: claims.iat,
            exp: claims.exp,
        };
        jsonwebtoken::encode(&self.header, &written, &self.encoding)
            .map(SecretString::from)
            .map_err(|_| Error::Refused)
    }

    /// Checks a token at `now_ms` (ms since the Unix epoch); [`Error::Refused`] whatever is wrong with it.
    pub fn verify(&self, token: &str, now_ms: i64) -> Result<Claims> {
        // Every good token was signed here, so its header is the one written here, to the letter. That one
        // comparison settles the algorithm, the type, the key, and every header that would bring its own key.
        let header = token.split('.').next();
        if token.len() > MAX_LENGTH || header != Some(self.encoded_header.as_str()) {
            return Err(Error::Refused);
        }
        let claims = jsonwebtoken::decode::<Written>(token, &self.decoding, &self.validation)
            .map_err(|_| Error::Refused)?
            .claims;
        let now = now_ms.div_euclid(1000);
        if now < claims.nbf.saturating_sub(LEEWAY) || now >= claims.exp.saturating_add(LEEWAY) {
            return Err(Error::Refused);
        }
        Ok(Claims { sub: claims.sub, sid: claims.sid, iat: claims.iat, exp: claims.exp })
    }
}

/// The key's thumbprint (RFC 7638, RFC 8037): its name in tokens.
fn thumbprint(public: &[u8; 32]) -> String {
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public));
    URL_SAFE_NO_PAD.encode(Sha256::digest(jwk))
}
