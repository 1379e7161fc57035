//! Verification of access tokens: from the `Authorization` header to a [`User`], or to the reason of the refusal.

use jwt_compact::{UntrustedToken, ValidationError};
use pii::identity::Identity;
use serde::Deserialize;
use uuid::Uuid;

use super::User;
use super::keys::{Key, KeySet};
use crate::error::{Code, Error, abort};
use crate::time::Millis;

/// Longer tokens are refused unread; Supabase's are about 1 KB.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Longest name that is masked, in bytes; longer ones are no names.
const MAX_NAME_BYTES: usize = 128;

/// Difference between the issuer's clock and ours that is allowed, in seconds.
const CLOCK_LEEWAY: i64 = 10;

/// Requirements on a token besides its signature.
#[derive(Debug)]
pub struct Expected<'a> {
    /// Required `iss`: `{SUPABASE_URL}/auth/v1`.
    pub issuer: &'a str,
    /// The legacy secret as a key, where the project still signs with it.
    pub legacy: Option<&'a Key>,
}

/// A verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The user of the token.
    pub user: User,
    /// Expiry with the leeway, in milliseconds since 1970.
    pub expires_at: Millis,
}

/// Supabase's audience and role of a signed-in user.
const AUTHENTICATED: &str = "authenticated";

#[derive(Clone, Deserialize)]
struct AccessClaims {
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    aud: Option<Audience>,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    user_metadata: Option<serde_json::Value>,
    #[serde(default)]
    app_metadata: Option<serde_json::Value>,
}

impl AccessClaims {
    /// True for an admin of the project. Users cannot write their `app_metadata`.
    fn is_admin(&self) -> bool {
        let role = self.app_metadata.as_ref().and_then(|metadata| metadata.get("role"));
        role.and_then(serde_json::Value::as_str) == Some("admin")
    }

    /// Claims about the person. Users write their own `user_metadata`, so a value that is no name is ignored.
    fn identity(&self) -> Identity {
        let metadata = |field: &str| self.user_metadata.as_ref()?.get(field)?.as_str();
        // A single word is too often an ordinary one: a user called Will does not want every "will" masked.
        let is_name =
            |name: &&str| name.len() <= MAX_NAME_BYTES && (name.trim().contains(' ') || !name.is_ascii());
        let name = ["full_name", "name"].into_iter().filter_map(metadata).find(is_name);
        let some = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        Identity { email: some(&self.email), phone: some(&self.phone), name: name.map(str::to_owned) }
    }
}

/// RFC 7519, section 4.1.3: one string or an array of strings.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn holds(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Many(many) => many.iter().any(|one| one == wanted),
        }
    }
}

/// Reads the token of an `Authorization` header.
///
/// # Errors
/// `missing_token` when there is none, `invalid_token` when the scheme is another or it is too long.
pub fn bearer(header: Option<&str>) -> Result<&str, Error> {
    let value = header.map(str::trim).filter(|value| !value.is_empty()).ok_or_else(|| {
        abort(Code::MissingToken, "Send the user's Supabase access token as 'Authorization: Bearer <token>'.")
    })?;
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => return Err(abort(Code::InvalidToken, "The Authorization header must be 'Bearer <token>'.")),
    };
    if token.len() > MAX_TOKEN_BYTES {
        return Err(invalid());
    }
    Ok(token)
}

/// Id of the published key that a token names, empty when it names none; `None` for a token of an algorithm whose keys are never
/// published.
///
/// # Errors
/// `invalid_token` when it is no JWT.
pub fn key_id(token: &str) -> Result<Option<String>, Error> {
    let untrusted = parse(token)?;
    let id = untrusted.header().key_id.clone().unwrap_or_default();
    Ok(is_published(untrusted.algorithm()).then_some(id))
}

/// Verifies signature, times, issuer, audience and role.
///
/// # Errors
/// One code for each reason, all of them 401.
pub fn verify(token: &str, expected: &Expected<'_>, keys: &KeySet, now: Millis) -> Result<Verified, Error> {
    let untrusted = parse(token)?;
    let key = choose_key(&untrusted, expected, keys)?;
    let signed = key.verify::<AccessClaims>(&untrusted).map_err(|error| match error {
        ValidationError::AlgorithmMismatch { .. } => {
            abort(Code::UnsupportedAlgorithm, "The token's algorithm is not that of its key.")
        }
        _ => invalid(),
    })?;
    let claims = signed.claims();
    let not_before = claims.not_before.map(|at| at.timestamp());
    let expires_at = check_times(claims.expiration.map(|at| at.timestamp()), not_before, now)?;
    let id = check_claims(&claims.custom, expected.issuer)?;
    let (identity, is_admin) = (claims.custom.identity(), claims.custom.is_admin());
    let user = User { id, token: token.to_owned(), identity, is_admin };
    Ok(Verified { user, expires_at })
}

/// Returns whether keys of an algorithm are published; an HMAC secret never is.
fn is_published(algorithm: &str) -> bool {
    matches!(algorithm, "ES256" | "RS256" | "EdDSA")
}

fn parse(token: &str) -> Result<UntrustedToken<'_>, Error> {
    UntrustedToken::new(token).map_err(|_| invalid())
}

fn invalid() -> Error {
    abort(Code::InvalidToken, "The token is not a JWT that this project signed. Sign in again.")
}

/// Chooses a published key by `kid`, and the secret for tokens that name no published key. The algorithm is the key's own, so a
/// public key can never be taken for an HMAC secret.
fn choose_key<'a>(
    token: &UntrustedToken<'_>,
    expected: &Expected<'a>,
    keys: &'a KeySet,
) -> Result<&'a Key, Error> {
    let id = token.header().key_id.as_deref().unwrap_or_default();
    if let Some(key) = keys.find(id) {
        return Ok(key);
    }
    match expected.legacy {
        Some(key) if token.algorithm() == key.algorithm() => Ok(key),
        _ if !is_published(token.algorithm()) => {
            Err(abort(Code::UnsupportedAlgorithm, "The token must be signed with ES256, RS256 or EdDSA."))
        }
        _ => Err(abort(Code::UnknownKey, "No key of this project has the token's 'kid'. Sign in again.")),
    }
}

/// Checks the times of a token, in seconds since 1970, and returns its expiry with the leeway.
fn check_times(expires: Option<i64>, not_before: Option<i64>, now: Millis) -> Result<Millis, Error> {
    let seconds = i64::try_from(now / 1000).unwrap_or(i64::MAX);
    let expires = expires.ok_or_else(|| abort(Code::InvalidToken, "The token has no expiry ('exp')."))?;
    let until = expires.saturating_add(CLOCK_LEEWAY);
    if until <= seconds {
        return Err(abort(Code::TokenExpired, "The token has expired. Refresh it or sign in again."));
    }
    if not_before.is_some_and(|from| from.saturating_sub(CLOCK_LEEWAY) > seconds) {
        return Err(abort(Code::TokenExpired, "The token is not valid yet ('nbf')."));
    }
    Ok(Millis::try_from(until).unwrap_or(0).saturating_mul(1000))
}

/// Checks the role first: an API key has neither our issuer nor our audience, and `not_a_user` explains that best.
fn check_claims(claims: &AccessClaims, issuer: &str) -> Result<Uuid, Error> {
    if matches!(claims.role.as_deref(), Some("anon" | "service_role")) {
        return Err(abort(Code::NotAUser, "This is an API key. Send the access token of a signed-in user."));
    }
    if claims.iss.as_deref() != Some(issuer) {
        return Err(abort(Code::WrongIssuer, "The token was issued by another project."));
    }
    if !claims.aud.as_ref().is_some_and(|audience| audience.holds(AUTHENTICATED)) {
        return Err(abort(Code::WrongAudience, "The token's audience must be 'authenticated'."));
    }
    if claims.role.as_deref() != Some(AUTHENTICATED) {
        return Err(abort(Code::NotAUser, "The token's role must be 'authenticated'."));
    }
    claims
        .sub
        .as_deref()
        .and_then(|sub| Uuid::try_parse(sub).ok())
        .ok_or_else(|| abort(Code::NotAUser, "The token's subject ('sub') must be a user's id."))
}

#[cfg(test)]
pub(super) mod tests;
