//! Errors of two kinds. An [`Abort`] is the caller's to correct and says how. A [`Fault`] is the server's: it
//! is logged once where it is caught, and never shows its cause to a client.

use serde::{Deserialize, Serialize};

/// Stable error codes. A client may match on [`Code::as_str`]; the set only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// No `Authorization: Bearer` header.
    MissingToken,
    /// Not a JWT, or its signature does not verify.
    InvalidToken,
    /// `exp` has passed, or `nbf` has not come.
    TokenExpired,
    /// `aud` does not hold `authenticated`.
    WrongAudience,
    /// `iss` is another project.
    WrongIssuer,
    /// No key with the token's `kid`, even after fetching the key set again.
    UnknownKey,
    /// The token's algorithm is not the one of its key.
    UnsupportedAlgorithm,
    /// A valid token that is no user's: the anon key, the service key.
    NotAUser,
    /// The route is for admins, and the user is none.
    AdminOnly,
    /// The caller of a hook does not know its secret.
    WrongSecret,
    /// An account that exists is reported as deleted.
    AccountExists,
    /// The page's origin is not on `ALLOWED_ORIGINS`.
    OriginNotAllowed,
    /// No such route.
    NotFound,
    /// The route exists, with other methods.
    MethodNotAllowed,
    /// The body is not a JSON object.
    InvalidJson,
    /// One field is missing, of the wrong type, or out of bounds.
    InvalidField,
    /// The body is larger than [`crate::api::MAX_BODY_BYTES`].
    BodyTooLarge,
    /// No active employee with that slug.
    UnknownEmployee,
    /// There is an employee with that slug already.
    EmployeeExists,
    /// The employee has a later version than the one that the admin saw.
    EditConflict,
    /// The employee has no such version.
    VersionNotFound,
    /// No account has that id.
    UserNotFound,
    /// The session belongs to another user.
    SessionNotFound,
    /// No message of that name in the session.
    MessageNotFound,
    /// No such fact of the user's.
    FactNotFound,
    /// The document is of an unsupported kind, or its content does not match its media type.
    UnsupportedDocument,
    /// The document is damaged, or protected.
    DocumentUnreadable,
    /// There is no text in the document, as in a scan.
    DocumentWithoutText,
    /// The document has more text, pages or passages than it may.
    DocumentTooLong,
    /// No document of the caller's has that id.
    DocumentNotFound,
    /// The user has as many documents as they may.
    TooManyDocuments,
    /// The user has as many memories or personal values as they may.
    TooMuchStored,
    /// The user has brought, or had made, as much as they may today.
    UploadLimit,
    /// No call of that id waits for the user's approval.
    ApprovalNotFound,
    /// The user's approval comes too late.
    ApprovalExpired,
    /// The client would approve another call than the one that waits.
    ApprovalMismatch,
    /// No file of the caller's has that id, or its link is not valid.
    FileNotFound,
    /// The link to a file was made for a time that is over.
    LinkExpired,
    /// Files cannot be kept or read right now.
    FilesUnavailable,
    /// This session is still answering its previous message.
    TurnInProgress,
    /// The user is being erased: no turn begins before that is complete.
    ErasureInProgress,
    /// The user was erased while the request was on its way.
    UserErased,
    /// The message alone has more tokens than the prompt may.
    MessageTooLong,
    /// More personal values in one message than are hidden at once.
    TooManyValues,
    /// Messages come faster than they may.
    RateLimited,
    /// The budget of the day is used up, or would be.
    BudgetExceeded,
    /// A budget is in dollars, and the model has no price.
    UnpricedModel,
    /// Personal data could not be hidden, or not be put back.
    PrivacyUnavailable,
    /// A variable of the deployment is missing or malformed.
    Misconfigured,
    /// The key set of the project could not be fetched.
    AuthUnavailable,
    /// PostgREST did not answer, or answered with an error.
    DatabaseUnavailable,
    /// Postgres canceled the request: it took longer than the Worker waits.
    DatabaseTimeout,
    /// PostgREST refused the request, and would again.
    DatabaseRefused,
    /// The model refused, or was out of reach, after every retry.
    ModelUnavailable,
    /// The model sent nothing in time.
    ModelTimeout,
    /// The model refused the request itself; a retry would not help.
    ModelRejected,
    /// The model's answer broke off.
    ModelTruncated,
    /// The server restarted in the middle of the answer.
    Interrupted,
    /// A defect of ours.
    Internal,
}

impl Code {
    /// Every code, in the order of their definition.
    pub const ALL: [Self; 59] = [
        Self::MissingToken,
        Self::InvalidToken,
        Self::TokenExpired,
        Self::WrongAudience,
        Self::WrongIssuer,
        Self::UnknownKey,
        Self::UnsupportedAlgorithm,
        Self::NotAUser,
        Self::AdminOnly,
        Self::WrongSecret,
        Self::AccountExists,
        Self::UserErased,
        Self::DatabaseTimeout,
        Self::OriginNotAllowed,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::InvalidJson,
        Self::InvalidField,
        Self::BodyTooLarge,
        Self::UnknownEmployee,
        Self::EmployeeExists,
        Self::EditConflict,
        Self::VersionNotFound,
        Self::UserNotFound,
        Self::SessionNotFound,
        Self::MessageNotFound,
        Self::FactNotFound,
        Self::UnsupportedDocument,
        Self::DocumentUnreadable,
        Self::DocumentWithoutText,
        Self::DocumentTooLong,
        Self::DocumentNotFound,
        Self::TooManyDocuments,
        Self::TooMuchStored,
        Self::UploadLimit,
        Self::ApprovalNotFound,
        Self::ApprovalExpired,
        Self::ApprovalMismatch,
        Self::FileNotFound,
        Self::LinkExpired,
        Self::FilesUnavailable,
        Self::TurnInProgress,
        Self::ErasureInProgress,
        Self::MessageTooLong,
        Self::TooManyValues,
        Self::RateLimited,
        Self::BudgetExceeded,
        Self::UnpricedModel,
        Self::PrivacyUnavailable,
        Self::Misconfigured,
        Self::AuthUnavailable,
        Self::DatabaseUnavailable,
        Self::DatabaseRefused,
        Self::ModelUnavailable,
        Self::ModelTimeout,
        Self::ModelRejected,
        Self::ModelTruncated,
        Self::Interrupted,
        Self::Internal,
    ];

    /// The code as it is on the wire and in `chat_usage_log.error_code`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status that carries it.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().1
    }

    /// A short sentence for people, the same for every occurrence (RFC 9457 `title`).
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// Explanation of a fault for the client: the effect and the remedy, never the cause.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Misconfigured => "A required variable is missing or malformed; the server's log names it.",
            Self::PrivacyUnavailable => {
                "Nothing was sent or saved, because personal data in it could not be hidden. Send it again in a few seconds."
            }
            Self::AuthUnavailable | Self::DatabaseUnavailable | Self::DatabaseTimeout => {
                "Nothing was saved. Send it again in a few seconds."
            }
            Self::ModelUnavailable | Self::ModelTimeout => {
                "Your message is saved, but the model did not answer. Try again in a moment."
            }
            Self::ModelTruncated => "The answer broke off before its end. Your message is saved; ask again.",
            Self::BudgetExceeded => {
                "What is left of today's budget does not suffice for the rest of the answer."
            }
            Self::ModelRejected => "The model did not accept the request. Your message is saved.",
            _ => "Something went wrong on our side. Try again in a moment.",
        }
    }

    const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::MissingToken => ("missing_token", 401, "Sign in first"),
            Self::InvalidToken => ("invalid_token", 401, "The access token is not valid"),
            Self::TokenExpired => ("token_expired", 401, "The access token is not valid now"),
            Self::WrongAudience => ("wrong_audience", 401, "The access token is for another audience"),
            Self::WrongIssuer => ("wrong_issuer", 401, "The access token is from another project"),
            Self::UnknownKey => ("unknown_key", 401, "The access token's key is unknown"),
            Self::UnsupportedAlgorithm => {
                ("unsupported_algorithm", 401, "The access token's algorithm is not accepted")
            }
            Self::NotAUser => ("not_a_user", 401, "An API key is not a user"),
            Self::OriginNotAllowed => ("origin_not_allowed", 403, "This origin may not call the API"),
            Self::AdminOnly => ("admin_only", 403, "This is for admins"),
            Self::WrongSecret => ("wrong_secret", 401, "The secret of the hook is wrong"),
            Self::AccountExists => ("account_exists", 409, "The account exists"),
            Self::NotFound => ("not_found", 404, "There is nothing here"),
            Self::MethodNotAllowed => ("method_not_allowed", 405, "This method is not for this address"),
            Self::InvalidJson => ("invalid_json", 400, "The body is not a JSON object"),
            Self::InvalidField => ("invalid_field", 422, "A field is not as it must be"),
            Self::BodyTooLarge => ("body_too_large", 413, "The body is too large"),
            Self::UnknownEmployee => ("unknown_employee", 404, "There is no such employee"),
            Self::EmployeeExists => ("employee_exists", 409, "There is such an employee already"),
            Self::EditConflict => ("edit_conflict", 409, "Somebody else changed it meanwhile"),
            Self::VersionNotFound => ("version_not_found", 404, "There is no such version"),
            Self::UserNotFound => ("user_not_found", 404, "There is no such user"),
            Self::SessionNotFound => ("session_not_found", 404, "There is no such session"),
            Self::MessageNotFound => ("message_not_found", 404, "There is no such message in this session"),
            Self::FactNotFound => ("fact_not_found", 404, "There is no such fact"),
            Self::UnsupportedDocument => ("unsupported_document", 415, "This kind of document is not read"),
            Self::DocumentUnreadable => ("document_unreadable", 422, "The document cannot be read"),
            Self::DocumentWithoutText => ("document_without_text", 422, "The document has no text"),
            Self::DocumentTooLong => ("document_too_long", 413, "The document is too long"),
            Self::DocumentNotFound => ("document_not_found", 404, "There is no such document"),
            Self::TooManyDocuments => ("too_many_documents", 409, "There are too many documents"),
            Self::TooMuchStored => ("too_much_stored", 409, "Too much is stored"),
            Self::UploadLimit => ("upload_limit", 429, "Too much was sent today"),
            Self::ApprovalNotFound => ("approval_not_found", 404, "Nothing waits for this approval"),
            Self::ApprovalExpired => ("approval_expired", 410, "The approval comes too late"),
            Self::ApprovalMismatch => ("approval_mismatch", 409, "This is not what was asked"),
            Self::FileNotFound => ("file_not_found", 404, "There is no such file"),
            Self::LinkExpired => ("link_expired", 410, "The link is too old"),
            Self::FilesUnavailable => ("files_unavailable", 503, "Files are out of reach"),
            Self::TurnInProgress => ("turn_in_progress", 409, "The session is still answering"),
            Self::ErasureInProgress => ("erasure_in_progress", 409, "Your data is being erased"),
            Self::UserErased => ("user_erased", 410, "Your data was erased"),
            Self::MessageTooLong => ("message_too_long", 413, "The message is too long"),
            Self::TooManyValues => ("too_many_values", 422, "The message holds too many personal values"),
            Self::RateLimited => ("rate_limited", 429, "Messages come too fast"),
            Self::UnpricedModel => ("unpriced_model", 503, "The model has no price"),
            Self::BudgetExceeded => ("budget_exceeded", 429, "Today's budget is used up"),
            Self::PrivacyUnavailable => {
                ("privacy_unavailable", 503, "Personal data cannot be protected right now")
            }
            Self::Misconfigured => ("misconfigured", 500, "The deployment is not configured"),
            Self::AuthUnavailable => ("auth_unavailable", 503, "Sign-in cannot be checked right now"),
            Self::DatabaseUnavailable => ("database_unavailable", 503, "The database is out of reach"),
            Self::DatabaseTimeout => ("database_timeout", 503, "The database took too long"),
            Self::DatabaseRefused => ("database_refused", 500, "The database refused what it was sent"),
            Self::ModelUnavailable => ("model_unavailable", 502, "The model is out of reach"),
            Self::ModelTimeout => ("model_timeout", 504, "The model did not answer in time"),
            Self::ModelRejected => ("model_rejected", 502, "The model refused the request"),
            Self::ModelTruncated => ("model_truncated", 502, "The model's answer broke off"),
            Self::Interrupted => ("interrupted", 503, "The answer was interrupted"),
            Self::Internal => ("internal", 500, "Something went wrong on our side"),
        }
    }
}

/// Error of the caller, with a sentence that says how to correct it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abort {
    /// Stable code for programs.
    pub code: Code,
    /// One sentence with the error and the allowed values. Never holds message text.
    pub detail: String,
    /// The field of the request that is at fault, if it is one.
    pub field: Option<&'static str>,
    /// Seconds after which it may be tried again, where that is known.
    pub retry_after: Option<u64>,
}

/// Our fault, or that of a service behind us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable code for programs.
    pub code: Code,
    /// For the log alone. Never holds secrets or message text.
    pub cause: String,
}

impl Fault {
    /// A fault with its cause for the log.
    #[must_use]
    pub fn new(code: Code, cause: impl Into<String>) -> Self {
        Self { code, cause: cause.into() }
    }

    /// Explanation for the client; see [`Code::advice`].
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        self.code.advice()
    }
}

/// Error of either kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Error of the caller.
    Abort(Abort),
    /// Fault of the server.
    Fault(Fault),
}

impl Error {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Abort(abort) => abort.code,
            Self::Fault(fault) => fault.code,
        }
    }

    /// Explanation for the client.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::Abort(abort) => &abort.detail,
            Self::Fault(fault) => fault.advice(),
        }
    }

    /// The field at fault, if it is one.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::Abort(abort) => abort.field,
            Self::Fault(_) => None,
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Abort> for Error {
    fn from(abort: Abort) -> Self {
        Self::Abort(abort)
    }
}

/// An [`Abort`] about the request as a whole.
#[must_use]
pub fn abort(code: Code, detail: impl Into<String>) -> Error {
    Abort { code, detail: detail.into(), field: None, retry_after: None }.into()
}

/// An [`Abort`] that passes by itself in `seconds`.
#[must_use]
pub fn abort_for(code: Code, seconds: u64, detail: impl Into<String>) -> Error {
    Abort { code, detail: detail.into(), field: None, retry_after: Some(seconds) }.into()
}

/// An [`Abort`] about one field of the request.
#[must_use]
pub fn abort_field(code: Code, field: &'static str, detail: impl Into<String>) -> Error {
    Abort { code, detail: detail.into(), field: Some(field), retry_after: None }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_every_code_once_as_it_is_on_the_wire() {
        let mut known: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        known.sort_unstable();
        known.dedup();
        let source = include_str!("error.rs").split("#[cfg(test)]").next().unwrap();
        let rows = source.matches("\", 4").count() + source.matches("\", 5").count();
        assert_eq!((known.len(), rows), (Code::ALL.len(), Code::ALL.len()));
    }
}
