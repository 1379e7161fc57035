//! What a User object keeps, and what it answers.

use std::collections::BTreeMap;

use pii::placeholder::Placeholder;
use pii::seal::{SealedEntry, WrappedKey};
use pii::vault::{MAX_NEW_VALUES, MaskError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Code, Error, Fault, abort_field, abort_for};
use crate::limit::quota::{Budget, Entry, Exceeded};
use crate::session::load::UserLimits;
use crate::time::Millis;

/// A vault, or a part of it, as it is kept: sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptVault {
    /// The user's wrapped key.
    pub key: Option<WrappedKey>,
    /// Values.
    pub entries: Vec<SealedEntry>,
}

/// What Postgres has of a user whose object has nothing.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Restored {
    /// The vault.
    #[serde(flatten)]
    pub vault: KeptVault,
    /// What they spent today, by employee.
    #[serde(default)]
    pub spent: BTreeMap<String, Spent>,
}

/// What was spent with one employee.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Spent {
    /// Tokens read and written.
    pub tokens: u32,
    /// US dollars, where a price was known.
    pub usd: Option<f64>,
}

/// A turn that is to begin, and the limits that hold for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// What it may take at most.
    pub entry: Entry,
    /// What the user may do in all of their sessions together.
    pub user: UserLimits,
    /// What they may spend with this employee.
    pub employee: Budget,
}

/// A text without personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// With tokens.
    pub text: String,
    /// What stands behind its tokens.
    pub values: Vec<(Placeholder, String)>,
    /// The user's key: another one says that the user was erased since.
    pub key_id: Uuid,
}

/// Why nothing was hidden or put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refused {
    /// The text has more new values than are hidden at once.
    TooManyValues,
    /// The user's messages come too fast: how many a minute there may be, and how long to wait, in milliseconds.
    TooFast {
        /// Messages a minute.
        quota: u32,
        /// Milliseconds.
        wait: Millis,
    },
    /// Today's budget does not suffice: whose, and for how many seconds.
    Exceeded {
        /// Whose.
        budget: Exceeded,
        /// Seconds.
        wait: u64,
    },
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
            Self::TooFast { quota, wait } => too_fast(quota, wait, "you"),
            Self::Exceeded { budget, wait } => {
                let whose = match budget {
                    Exceeded::User => "your budget for today",
                    Exceeded::Employee => "your budget for today with this employee",
                };
                abort_for(
                    Code::BudgetExceeded,
                    wait,
                    format!("This message may take more than is left of {whose}."),
                )
            }
            Self::Database(cause) => Fault::new(Code::DatabaseUnavailable, cause).into(),
            Self::Failed(cause) => Fault::new(Code::PrivacyUnavailable, cause).into(),
        }
    }
}

/// What is told of messages that come too fast.
#[must_use]
pub fn too_fast(quota: u32, wait: Millis, whose: &str) -> Error {
    let seconds = wait.div_ceil(1000).max(1);
    let detail =
        format!("There may be {quota} messages a minute from {whose}. Send it again in {seconds} s.");
    abort_for(Code::RateLimited, seconds, detail)
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        match fault.code {
            Code::DatabaseUnavailable => Self::Database(fault.cause),
            _ => Self::Failed(fault.cause),
        }
    }
}

impl From<MaskError> for Refused {
    fn from(error: MaskError) -> Self {
        match error {
            MaskError::TooManyValues => Self::TooManyValues,
            // Holds nothing of the text.
            other => Self::Failed(format!("mask: {other:?}")),
        }
    }
}
