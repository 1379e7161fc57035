use jwt_compact::alg::{Es256, Hs256, Hs256Key, SigningKey};
use jwt_compact::{AlgorithmExt as _, Claims, Header};
use serde_json::{Value, json};

use super::*;

pub(in crate::auth) const NOW: Millis = 1_795_420_800_000;
const ISSUER: &str = "https://project.supabase.co/auth/v1";
const USER: &str = "00000000-0000-4000-8000-00000000000a";

type EsSigningKey = <Es256 as jwt_compact::Algorithm>::SigningKey;

fn signing_key() -> EsSigningKey {
    SigningKey::<Es256>::from_slice(&[7; 32]).unwrap()
}

/// The project's key set, with its key under that id.
pub(in crate::auth) fn key_set(id: &str) -> String {
    let signing = signing_key();
    let public = jwt_compact::jwk::JsonWebKey::from(&signing).to_verifying_key();
    let mut jwk = serde_json::to_value(&public).unwrap();
    jwk["kid"] = json!(id);
    jwk["use"] = json!("sig");
    jwk["alg"] = json!("ES256");
    let unknown = json!({"kty": "AKP", "kid": "later", "alg": "ML-DSA-44", "pub": "AA"});
    json!({"keys": [unknown, jwk]}).to_string()
}

fn project() -> (EsSigningKey, KeySet) {
    (signing_key(), KeySet::parse(&key_set("key-1"), NOW).unwrap())
}

fn claims(changes: &Value) -> Claims<Value> {
    let mut claims = json!({
        "iss": ISSUER, "aud": "authenticated", "sub": USER, "role": "authenticated", "exp": NOW / 1000 + 60,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    serde_json::from_value(claims).unwrap()
}

fn signed(changes: &Value) -> String {
    signed_by("key-1", changes)
}

/// A token that names the project's key by that id.
pub(in crate::auth) fn signed_by(key_id: &str, changes: &Value) -> String {
    let header = Header::empty().with_key_id(key_id);
    Es256.token(&header, &claims(changes), &signing_key()).unwrap()
}

fn outcome(token: &str, legacy: Option<&Key>) -> Result<User, Code> {
    let expected = Expected { issuer: ISSUER, legacy };
    verify(token, &expected, &project().1, NOW).map(|verified| verified.user).map_err(|error| error.code())
}

#[test]
fn a_token_of_the_project_is_a_user() {
    let token = signed(&json!({}));
    let user = outcome(&token, None).unwrap();
    assert_eq!((user.id.to_string(), user.token), (USER.to_owned(), token));
    assert!(outcome(&signed(&json!({"aud": ["other", "authenticated"]})), None).is_ok());
}

#[test]
fn it_counts_until_its_expiry() {
    let expected = Expected { issuer: ISSUER, legacy: None };
    let verified = verify(&signed(&json!({})), &expected, &project().1, NOW).unwrap();
    assert_eq!(verified.expires_at, NOW + 70_000, "with the leeway of clocks");
}

#[test]
fn each_reason_has_its_code() {
    for (changes, code) in [
        (json!({"exp": NOW / 1000 - 11}), Code::TokenExpired),
        (json!({"exp": null}), Code::InvalidToken),
        (json!({"nbf": NOW / 1000 + 11}), Code::TokenExpired),
        (json!({"iss": "https://other.supabase.co/auth/v1"}), Code::WrongIssuer),
        (json!({"iss": null}), Code::WrongIssuer),
        (json!({"aud": "anon"}), Code::WrongAudience),
        (json!({"aud": []}), Code::WrongAudience),
        (json!({"aud": null}), Code::WrongAudience),
        (json!({"role": "anon"}), Code::NotAUser),
        (json!({"role": "service_role"}), Code::NotAUser),
        (json!({"role": "supabase_admin"}), Code::NotAUser),
        (json!({"role": null}), Code::NotAUser),
        (json!({"sub": "ada"}), Code::NotAUser),
        (json!({"sub": null}), Code::NotAUser),
    ] {
        assert_eq!(outcome(&signed(&changes), None), Err(code), "{changes}");
    }
}

#[test]
fn a_few_seconds_of_clock_difference_are_forgiven() {
    assert!(outcome(&signed(&json!({"exp": NOW / 1000 - 5})), None).is_ok());
    assert!(outcome(&signed(&json!({"nbf": NOW / 1000 + 5})), None).is_ok());
}

#[test]
fn the_legacy_secret_serves_only_where_it_is_configured() {
    let secret = "a-legacy-secret-of-thirty-two-bytes!";
    let token = Hs256.token(&Header::empty(), &claims(&json!({})), &Hs256Key::new(secret)).unwrap();
    assert_eq!(outcome(&token, None), Err(Code::UnsupportedAlgorithm));
    assert!(outcome(&token, Some(&Key::from_secret(secret))).is_ok());
    assert_eq!(key_id(&token), Ok(None), "no published key is needed for it");
    assert_eq!(outcome(&token, Some(&Key::from_secret("another"))), Err(Code::InvalidToken));
}

#[test]
fn a_public_key_is_never_an_hmac_secret() {
    let public = project().0.verifying_key().to_encoded_point(false);
    let forged = |header: Header| {
        Hs256.token(&header, &claims(&json!({})), &Hs256Key::new(public.as_bytes())).unwrap()
    };
    let legacy = Key::from_secret("the-real-secret");
    let with_key_id = forged(Header::empty().with_key_id("key-1"));
    assert_eq!(outcome(&with_key_id, None), Err(Code::UnsupportedAlgorithm));
    assert_eq!(outcome(&with_key_id, Some(&legacy)), Err(Code::UnsupportedAlgorithm));
    assert_eq!(outcome(&forged(Header::empty()), Some(&legacy)), Err(Code::InvalidToken));
}

#[test]
fn altered_unsigned_and_broken_tokens_are_refused() {
    let token = signed(&json!({}));
    let (head, signature) = token.rsplit_once('.').unwrap();
    let (header, body) = head.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"; // {"alg":"none","typ":"JWT"}
    assert_eq!(outcome(&format!("{none}.{body}."), None), Err(Code::UnsupportedAlgorithm));
    assert_eq!(
        outcome(&format!("{header}.{}.{signature}", body.to_lowercase()), None),
        Err(Code::InvalidToken)
    );
    for broken in ["", ".", "..", "a.b.c", head, &format!("{token}x.y"), "é.é.é"] {
        assert_eq!(outcome(broken, None), Err(Code::InvalidToken), "{broken}");
    }
}

#[test]
fn an_unknown_key_is_fetched_for_once_and_then_unknown() {
    let token = signed_by("key-2", &json!({}));
    assert_eq!(outcome(&token, None), Err(Code::UnknownKey));
    let keys = project().1;
    let wants_fetch =
        |token: &str, keys: &KeySet, now| keys.wants_fetch(&key_id(token).unwrap().unwrap(), now);
    assert!(!wants_fetch(&token, &keys, NOW + 500), "the set was fetched just now");
    assert!(wants_fetch(&token, &keys, NOW + 2000));
    assert!(!wants_fetch(&signed(&json!({})), &keys, NOW + 2000), "a known key needs no fetch");
    assert!(wants_fetch(&signed(&json!({})), &keys, NOW + 11 * 60 * 1000), "unless it grew old");
    assert!(wants_fetch(&token, &KeySet::default(), NOW));
}

#[test]
fn the_header_must_hold_a_bearer_token() {
    assert_eq!(bearer(Some("Bearer abc")), Ok("abc"));
    assert_eq!(bearer(Some("bearer  abc ")), Ok("abc"));
    for (header, code) in [
        (None, Code::MissingToken),
        (Some(" "), Code::MissingToken),
        (Some("Basic abc"), Code::InvalidToken),
        (Some("abc"), Code::InvalidToken),
    ] {
        assert_eq!(bearer(header).unwrap_err().code(), code, "{header:?}");
    }
    let long = format!("Bearer {}", "a".repeat(MAX_TOKEN_BYTES + 1));
    assert_eq!(bearer(Some(&long)).unwrap_err().code(), Code::InvalidToken);
}

// Made with npm's jose; they expire in 2100.
const RS256_JWK: &str = concat!(
    r#"{"kty":"RSA","n":"pzfdlek_7KJd4ooQDfYnx6momYa-UiabAOkaJR-Q4LCwBxQVdCFvjzpkj-xTELYxBSiT2TF6i3W-9_ux0k"#,
    "yhcpmhQbcMwK9boYlZSjKeDL5oXKC-YFRDkcBbkHE3dvV_0VJ6YZN4mlb2egUohExzKCKGPVfboFTeCsq5jObxhgDwTZ37QaZPS5",
    "2K4pWwfalUJBUsKVRUU8yIxnqB9K5Fd0Jw0rdPnv8JRC9OEUw0WK8HLKsRFIRKaA351OwjBuHVUPshmUubt_yU2ATNNDu1G4-tHJ",
    r#"wRm1t-l3zcx8tyQvB15sEARgDzuhntUnCeGnmgO85zLFVdHoOMElisoTisqQ","e":"AQAB","kid":"key-RS256","alg":"RS"#,
    r#"256","use":"sig"}"#,
);
const RS256_TOKEN: &str = concat!(
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImtleS1SUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL3Byb2plY3Quc3VwYWJ",
    "hc2UuY28vYXV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJzdWIiOiIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDA",
    "wMDAwMGEiLCJyb2xlIjoiYXV0aGVudGljYXRlZCIsImV4cCI6NDEwMjQ0NDgwMH0.EunOFDYTAYey4nZSbv9D2bA7H4ossoD2cZD",
    "vH_1qF4TOy6G3N7nSLlR6vJ0n0ewkOI-fHUpGHH2vjiVhZV9CMZGWkW2C8PHU3n5-eDRZTETBmlrMr4yBR0bUeZt1ZZm6ElxrJ5a",
    "NRnPcZfCvAjLf47LQLqwlmudQMJ1OgfDyjYe60AOdOx8lzk2cSQkXTlqxYKK26Sde96jInS7rg8IO_d15a4wBWj4zqa9LsWOwYIp",
    "3yeNUQdNzLHea5RBM7Nki90J_pnbFr3fgxCWoQ75qnPRrw_plfqnuS8iFeXM7ekXfQnNACHaHOs0_-8_QBJIQW42CUcLxnaBq_ZK",
    "x7d2cag",
);
const EDDSA_JWK: &str = concat!(
    r#"{"crv":"Ed25519","x":"kslL6zAg8K9e-mp9FHk8Eai7CENbIhIMPM4OET0Jcog","kty":"OKP","kid":"key-EdDSA","al"#,
    r#"g":"EdDSA","use":"sig"}"#,
);
const EDDSA_TOKEN: &str = concat!(
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImtleS1FZERTQSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL3Byb2plY3Quc3VwYWJ",
    "hc2UuY28vYXV0aC92MSIsImF1ZCI6ImF1dGhlbnRpY2F0ZWQiLCJzdWIiOiIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDA",
    "wMDAwMGEiLCJyb2xlIjoiYXV0aGVudGljYXRlZCIsImV4cCI6NDEwMjQ0NDgwMH0._KslaxxSxm5TzJBCzWQ79YmUgBajODAM99z",
    "0gg5iIhKX-py37X1cR5HgSVqLe_zyA_NAWp65_1mbaH2crCVvCA",
);

#[test]
fn rsa_and_ed25519_keys_of_the_key_set_serve_too() {
    let keys = KeySet::parse(&format!(r#"{{"keys":[{RS256_JWK},{EDDSA_JWK}]}}"#), NOW).unwrap();
    let expected = Expected { issuer: ISSUER, legacy: None };
    for token in [RS256_TOKEN, EDDSA_TOKEN] {
        assert!(verify(token, &expected, &keys, NOW).is_ok());
        let (head, _) = token.rsplit_once('.').unwrap();
        let (_, other) =
            if token == RS256_TOKEN { EDDSA_TOKEN } else { RS256_TOKEN }.rsplit_once('.').unwrap();
        let forged = verify(&format!("{head}.{other}"), &expected, &keys, NOW).unwrap_err();
        assert_eq!(forged.code(), Code::InvalidToken);
    }
}

#[test]
fn a_weak_rsa_key_is_no_key() {
    let weak = r#"{"keys":[{"kty":"RSA","kid":"weak","alg":"RS256","e":"AQAB","n":"wQ1-1rCYQcyhSSuuGkTZb_Q5ZY1cX9M4fJ4s5wWcQ6mGl8yY0v2n5Tq0VjvX1Q8o6Yw3xg7mJH0pX9sC1Kf2eQ"}]}"#;
    assert!(KeySet::parse(weak, NOW).unwrap().is_empty());
}
