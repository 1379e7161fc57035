//! `/api/hooks/user-deleted`: Supabase's database webhook for deleted rows of `auth.users`.
//!
//! The secret alone erases nobody who has an account: whoever obtains it can only repeat what Supabase did.

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::body::MAX_BODY_BYTES;
use crate::auth::token::bearer;
use crate::config::Config;
use crate::database;
use crate::error::{Code, Error, abort, abort_field};
use crate::ports::{Caller, Postgrest};

/// Purpose of the keys that compare secrets in constant time.
const PURPOSE: &[u8] = b"secret of a hook";

/// Checks the secret of a hook's caller, in constant time.
///
/// # Errors
/// `not_found` in a deployment without the hook; `missing_token`, `invalid_token`, `wrong_secret`.
pub(super) fn authorize(authorization: Option<&str>, config: &Config) -> Result<(), Error> {
    let Some(secret) = &config.user_deleted_secret else {
        return Err(abort(Code::NotFound, "The deployment has no USER_DELETED_SECRET."));
    };
    let given = bearer(authorization)?;
    let keys = &config.pii_master_keys;
    // Signatures are compared in place of the secrets: their comparison takes the same time wherever they differ.
    let signature = keys.sign(PURPOSE, given.as_bytes());
    if signature.is_some_and(|signature| keys.has_signed(PURPOSE, secret.as_bytes(), &signature)) {
        return Ok(());
    }
    Err(abort(Code::WrongSecret, "Send USER_DELETED_SECRET as 'Authorization: Bearer <secret>'."))
}

/// Body of the webhook (<https://supabase.com/docs/guides/database/webhooks#payload>).
#[derive(Deserialize)]
struct Payload {
    r#type: String,
    schema: String,
    table: String,
    old_record: Option<OldRecord>,
}

#[derive(Deserialize)]
struct OldRecord {
    id: Uuid,
}

/// Reads the user of a deleted account from the body of the webhook.
///
/// # Errors
/// `invalid_json`, `invalid_field`.
pub(super) fn deleted_user(body: &[u8]) -> Result<Uuid, Error> {
    let rule = "The body must be that of a database webhook for DELETE on auth.users.";
    let payload: Payload = match serde_json::from_slice(body) {
        Ok(payload) => payload,
        Err(error) if error.is_data() => return Err(abort_field(Code::InvalidField, "old_record", rule)),
        Err(_) => return Err(abort(Code::InvalidJson, rule)),
    };
    let Payload { r#type, schema, table, old_record } = payload;
    if (r#type.as_str(), schema.as_str(), table.as_str()) != ("DELETE", "auth", "users") {
        return Err(abort_field(Code::InvalidField, "type", rule));
    }
    Ok(old_record.ok_or_else(|| abort_field(Code::InvalidField, "old_record", rule))?.id)
}

/// Refuses the report of an account that exists.
///
/// # Errors
/// `account_exists`; `database_unavailable`.
pub(super) async fn refuse_account(postgrest: &impl Postgrest, user: Uuid) -> Result<(), Error> {
    let arguments = json!({ "p_user": user });
    if database::call(postgrest, Caller::Service, "is_account", &arguments).await? {
        let detail = "The account exists: an admin can erase its user, or the user themself.";
        return Err(abort(Code::AccountExists, detail));
    }
    Ok(())
}

/// The error for a body that is too long to be a webhook's.
pub(super) fn too_large() -> Error {
    abort(Code::BodyTooLarge, format!("The body may have {} KiB.", MAX_BODY_BYTES >> 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_deleted_account_is_read() {
        let user = Uuid::from_u128(7);
        let body = |kind: &str, table: &str, old: &str| {
            let body = format!(
                r#"{{"type":"{kind}","schema":"auth","table":"{table}","record":null,"old_record":{old}}}"#
            );
            deleted_user(body.as_bytes()).map_err(|error| error.code())
        };
        let old = format!(r#"{{"id":"{user}","email":"ann@example.com"}}"#);
        assert_eq!(body("DELETE", "users", &old), Ok(user));
        for (kind, table, old) in [
            ("UPDATE", "users", old.as_str()),
            ("DELETE", "sessions", &old),
            ("DELETE", "users", "null"),
            ("DELETE", "users", "{}"),
        ] {
            assert_eq!(body(kind, table, old), Err(Code::InvalidField), "{kind} {table} {old}");
        }
        assert_eq!(deleted_user(b"{").unwrap_err().code(), Code::InvalidJson);
    }
}
