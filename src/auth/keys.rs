//! Keys that may sign access tokens: the project's published key set, and the legacy shared secret.

use std::borrow::Cow;

use jwt_compact::alg::{Ed25519, Es256, Hs256, Hs256Key, Rsa, RsaPublicKey, StrongAlg, StrongKey};
use jwt_compact::jwk::JsonWebKey;
use jwt_compact::{Algorithm, AlgorithmExt as _, Token, UntrustedToken, ValidationError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::time::Millis;

/// Milliseconds after which a key set is fetched again: Supabase's own edge caches it this long
/// (<https://supabase.com/docs/guides/auth/signing-keys>).
pub const KEYS_LIVE_FOR: Millis = 10 * 60 * 1000;

/// Milliseconds between two fetches for unknown key ids, so that forged tokens cannot make us hammer Auth.
pub const REFETCH_AFTER: Millis = 1000;

type Ed25519Key = <Ed25519 as Algorithm>::VerifyingKey;
type Es256Key = <Es256 as Algorithm>::VerifyingKey;

/// A verifying key with its only algorithm: a token never chooses.
#[derive(Debug)]
pub enum Key {
    /// ECDSA on P-256.
    Es256(Box<Es256Key>),
    /// RSA PKCS#1 v1.5 with SHA-256, of 2,048 bits or more (RFC 7518, section 3.3).
    Rs256(Box<StrongKey<RsaPublicKey>>),
    /// EdDSA on Curve25519 (Ed25519).
    EdDsa(Box<Ed25519Key>),
    /// HMAC with the project's legacy secret.
    Hs256(Hs256Key),
}

impl Key {
    /// The legacy secret as a key.
    #[must_use]
    pub fn from_secret(secret: &str) -> Self {
        Self::Hs256(Hs256Key::new(secret))
    }

    /// A key of a JWKS; `None` for kinds that sign no access tokens here.
    fn from_jwk(jwk: &JsonWebKey<'_>) -> Option<Self> {
        match jwk {
            JsonWebKey::EllipticCurve { .. } => Es256Key::try_from(jwk).ok().map(Box::new).map(Self::Es256),
            JsonWebKey::Rsa { .. } => {
                let key = RsaPublicKey::try_from(jwk).ok()?;
                let strong = StrongKey::try_from(key).ok()?;
                Some(Self::Rs256(Box::new(strong)))
            }
            JsonWebKey::KeyPair { .. } => Ed25519Key::try_from(jwk).ok().map(Box::new).map(Self::EdDsa),
            _ => None,
        }
    }

    /// `alg` in the headers of tokens of this key.
    #[must_use]
    pub fn algorithm(&self) -> Cow<'static, str> {
        match self {
            Self::Es256(_) => Es256.name(),
            Self::Rs256(_) => Cow::Borrowed("RS256"),
            Self::EdDsa(_) => Ed25519.name(),
            Self::Hs256(_) => Hs256.name(),
        }
    }

    /// Verifies a token, and reads its claims.
    ///
    /// # Errors
    /// Another algorithm, a wrong signature, or claims that are no `T`.
    pub fn verify<T: DeserializeOwned>(
        &self,
        token: &UntrustedToken<'_>,
    ) -> Result<Token<T>, ValidationError> {
        match self {
            Self::Es256(key) => Es256.validator(key.as_ref()).validate(token),
            Self::Rs256(key) => StrongAlg(Rsa::rs256()).validator(key.as_ref()).validate(token),
            Self::EdDsa(key) => Ed25519.validator(key.as_ref()).validate(token),
            Self::Hs256(key) => Hs256.validator(key).validate(token),
        }
    }
}

/// The project's keys.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<(String, Key)>,
    fetched_at: Option<Millis>,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct KeyId {
    kid: Option<String>,
}

impl KeySet {
    /// Parses a JWKS (RFC 7517) fetched at `now`. Keys of unknown kinds are left out, as the RFC asks.
    ///
    /// # Errors
    /// `serde_json::Error` for a document that is no JWKS.
    pub fn parse(document: &str, now: Millis) -> Result<Self, serde_json::Error> {
        let jwks: Jwks = serde_json::from_str(document)?;
        let key = |value: serde_json::Value| {
            let id = KeyId::deserialize(&value).ok()?.kid?;
            let jwk = JsonWebKey::deserialize(&value).ok()?;
            Some((id, Key::from_jwk(&jwk)?))
        };
        Ok(Self { keys: jwks.keys.into_iter().filter_map(key).collect(), fetched_at: Some(now) })
    }

    /// Returns whether there is no key at all: never fetched, or none published.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key with that id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|(key_id, _)| key_id == id).map(|(_, key)| key)
    }

    /// Returns whether to fetch before looking for `id`: the set was never fetched, has grown old, or lacks `id` and was not fetched within
    /// [`REFETCH_AFTER`].
    #[must_use]
    pub fn wants_fetch(&self, id: &str, now: Millis) -> bool {
        match self.fetched_at {
            None => true,
            Some(at) => {
                let age = now.saturating_sub(at);
                age > KEYS_LIVE_FOR || (age > REFETCH_AFTER && self.find(id).is_none())
            }
        }
    }
}
