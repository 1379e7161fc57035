//! What a User object keeps, and what it answers.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Code, Error, Fault, abort_field};
use crate::privacy::seal::{SealedEntry, WrappedKey};
use crate::privacy::token::Token;
use crate::privacy::vault::{MAX_NEW_VALUES, Refusal};

/// A vault, or a part of it, as it is kept: sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptVault {
    /// The user's wrapped key.
    pub key: Option<WrappedKey>,
    /// Values.
    pub entries: Vec<SealedEntry>,
}

/// A text without personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// With tokens.
    pub text: String,
    /// What stands behind its tokens.
    pub values: Vec<(Token, String)>,
    /// The user's key: another one says that the user was erased since.
    pub key_id: Uuid,
}

/// Why nothing was hidden or put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refused {
    /// The text has more new values than are hidden at once.
    TooManyValues,
    /// The vault is empty and Postgres, which may have it, out of reach; why, for the log.
    Database(String),
    /// A detector, a key or the storage failed; why, for the log.
    Failed(String),
}

impl Refused {
    /// As a caller whose `field` holds the text is told.
    #[must_use]
    pub fn into_error(self, field: &'static str) -> Error {
        match self {
            Self::TooManyValues => {
                let detail = format!(
                    "{field} holds more than {MAX_NEW_VALUES} e-mail addresses, numbers or other personal values that \
                     are new. Send it in parts."
                );
                abort_field(Code::TooManyValues, field, detail)
            }
            Self::Database(cause) => Fault::new(Code::DatabaseUnavailable, cause).into(),
            Self::Failed(cause) => Fault::new(Code::PrivacyUnavailable, cause).into(),
        }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault.code {
            Code::DatabaseUnavailable => Self::Database(fault.cause),
            _ => Self::Failed(fault.cause),
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooManyValues => Self::TooManyValues,
            // Holds nothing of the text.
            other => Self::Failed(format!("mask: {other:?}")),
        }
    }
}
