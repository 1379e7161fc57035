//! Which request is for whom.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::files::no_such_file;
use crate::error::{Code, Error, abort, abort_field};

/// A request that this Worker answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// One turn.
    Chat,
    /// A turn that was begun, of the session of that name (see [`decoded`]).
    Resume(&'a str),
    /// The end of the running answer in the session of that name (see [`decoded`]).
    Stop(&'a str),
    /// What the user says of calls that wait in the session of that name (see [`decoded`]).
    Approvals(&'a str),
    /// Conversations from elsewhere.
    Import,
    /// How far what was imported is remembered.
    Pending,
    /// What is known of the caller.
    Facts,
    /// One fact, to be corrected.
    CorrectFact(Uuid),
    /// One fact, to be forgotten.
    ForgetFact(Uuid),
    /// Who can be talked to.
    Employees,
    /// The caller's sessions.
    Sessions,
    /// The messages of one session.
    Messages(Uuid),
    /// A document, uploaded.
    Upload,
    /// The caller's documents.
    Documents,
    /// One of them.
    Document(Uuid),
    /// One of them, to be deleted.
    DeleteDocument(Uuid),
    /// A picture to be read, uploaded.
    UploadPicture,
    /// The caller's files.
    Files,
    /// A link to one of them.
    File(Uuid),
    /// One of them, to be thrown away.
    DeleteFile(Uuid),
    /// One of them, by such a link; its signature says whose it is.
    Download(Uuid),
    /// Everything that is stored of the caller, to be erased.
    Me,
    /// What the page needs to sign in; public.
    PageConfig,
    /// The Worker runs; public.
    Health,
    /// The Worker can work: configured, and its database answers; public.
    Ready,
}

impl Route<'_> {
    /// Whether anyone may ask.
    #[must_use]
    pub const fn is_public(self) -> bool {
        matches!(self, Self::PageConfig | Self::Health | Self::Ready)
    }

    const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Import
            | Self::Pending
            | Self::Upload
            | Self::Documents
            | Self::Files
            | Self::UploadPicture => &["GET", "POST"],
            Self::Document(_) | Self::DeleteDocument(_) | Self::File(_) | Self::DeleteFile(_) => {
                &["GET", "DELETE"]
            }
            Self::Chat | Self::Stop(_) | Self::Approvals(_) => &["POST"],
            Self::CorrectFact(_) | Self::ForgetFact(_) => &["PATCH", "DELETE"],
            Self::Me => &["DELETE"],
            _ => &["GET"],
        }
    }
}

/// The route of a request.
///
/// # Errors
/// `not_found`, `method_not_allowed`, or `invalid_field` for a session id that is none.
pub fn route<'a>(method: &str, path: &'a str) -> Result<Route<'a>, Error> {
    let segments: Vec<_> = path.trim_end_matches('/').split('/').skip(1).collect();
    let route = match segments.as_slice() {
        ["api", "chat"] => Route::Chat,
        ["api", "chat", name, "stream"] => Route::Resume(name),
        ["api", "chat", name, "stop"] => Route::Stop(name),
        ["api", "chat", name, "approvals"] => Route::Approvals(name),
        ["api", "import"] if method == "GET" => Route::Pending,
        ["api", "import"] => Route::Import,
        ["api", "facts"] => Route::Facts,
        ["api", "facts", id] if method == "DELETE" => Route::ForgetFact(uuid("id", id)?),
        ["api", "facts", id] => Route::CorrectFact(uuid("id", id)?),
        ["api", "employees"] => Route::Employees,
        ["api", "sessions"] => Route::Sessions,
        ["api", "sessions", id, "messages"] => Route::Messages(uuid("session_id", id)?),
        ["api", "documents"] if method == "GET" => Route::Documents,
        ["api", "documents"] => Route::Upload,
        ["api", "documents", id] if method == "DELETE" => Route::DeleteDocument(document_id(id)?),
        ["api", "documents", id] => Route::Document(document_id(id)?),
        ["api", "files"] if method == "GET" => Route::Files,
        ["api", "files"] => Route::UploadPicture,
        ["api", "files", id] if method == "DELETE" => Route::DeleteFile(file_id(id)?),
        ["api", "files", id] => Route::File(file_id(id)?),
        ["api", "files", id, "download"] => Route::Download(file_id(id)?),
        ["api", "me"] => Route::Me,
        ["config.json"] => Route::PageConfig,
        ["healthz"] => Route::Health,
        ["readyz"] => Route::Ready,
        _ => return Err(abort(Code::NotFound, "There is no such route: docs/api.md lists them all.")),
    };
    let methods = route.methods();
    if !methods.contains(&method) {
        let detail = format!("This address takes {} only.", methods.join(" and "));
        return Err(abort(Code::MethodNotAllowed, detail));
    }
    Ok(route)
}

/// A segment of a path as its writer meant it. What is no UTF-8 becomes U+FFFD.
#[must_use]
pub fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

fn uuid(name: &'static str, text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text)
        .map_err(|_| abort_field(Code::InvalidField, name, format!("{name} must be a UUID.")))
}

/// What is no UUID is no file's.
fn file_id(text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| no_such_file())
}

/// What is no UUID is no document's.
fn document_id(text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| no_such_document())
}

/// What is told of a document that is not there, or somebody else's.
#[must_use]
pub fn no_such_document() -> Error {
    abort(Code::DocumentNotFound, "There is no such document of yours. GET /api/documents lists them.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_route() {
        let id = "00000000-0000-4000-8000-000000000001";
        assert_eq!(route("POST", "/api/chat"), Ok(Route::Chat));
        assert_eq!(route("GET", "/api/sessions/"), Ok(Route::Sessions));
        assert_eq!(route("POST", "/api/import"), Ok(Route::Import));
        assert_eq!(route("POST", "/api/documents"), Ok(Route::Upload));
        assert_eq!(route("GET", "/api/documents"), Ok(Route::Documents));
        let document = Uuid::try_parse(id).unwrap();
        assert_eq!(route("GET", &format!("/api/files/{id}/download")), Ok(Route::Download(document)));
        assert_eq!(route("GET", "/api/files/1").unwrap_err().code(), Code::FileNotFound);
        assert_eq!(route("GET", &format!("/api/documents/{id}")), Ok(Route::Document(document)));
        assert_eq!(route("DELETE", &format!("/api/documents/{id}")), Ok(Route::DeleteDocument(document)));
        assert_eq!(route("GET", "/api/documents/1").unwrap_err().code(), Code::DocumentNotFound);
        assert_eq!(route("GET", "/api/import"), Ok(Route::Pending));
        assert_eq!(route("GET", "/api/chat/my-chat/stream"), Ok(Route::Resume("my-chat")));
        assert_eq!(decoded("my%20chat%3F"), "my chat?");
        assert_eq!(route("POST", "/api/chat/my-chat/stop"), Ok(Route::Stop("my-chat")));
        assert_eq!(route("POST", "/api/chat/my-chat/approvals"), Ok(Route::Approvals("my-chat")));
        let fact = format!("/api/facts/{id}");
        let uuid = Uuid::try_parse(id).unwrap();
        assert_eq!(route("PATCH", &fact), Ok(Route::CorrectFact(uuid)));
        assert_eq!(route("DELETE", &fact), Ok(Route::ForgetFact(uuid)));
        let path = format!("/api/sessions/{id}/messages");
        let messages = route("GET", &path);
        assert_eq!(messages, Ok(Route::Messages(Uuid::try_parse(id).unwrap())));
    }

    #[test]
    fn what_is_not_there_says_so() {
        for (method, path, code) in [
            ("GET", "/api/nothing", Code::NotFound),
            ("GET", "", Code::NotFound),
            ("GET", "api/chat", Code::NotFound),
            ("GET", "/api/chat", Code::MethodNotAllowed),
            ("DELETE", "/healthz", Code::MethodNotAllowed),
            ("POST", "/api/chat/x/stream", Code::MethodNotAllowed),
            ("GET", "/api/chat/x/stop", Code::MethodNotAllowed),
            ("GET", "/api/me", Code::MethodNotAllowed),
            ("DELETE", "/api/facts", Code::MethodNotAllowed),
            ("PATCH", "/api/facts/mine", Code::InvalidField),
            ("PUT", "/api/import", Code::MethodNotAllowed),
            ("GET", "/api/sessions/me/messages", Code::InvalidField),
        ] {
            assert_eq!(route(method, path).unwrap_err().code(), code, "{method} {path}");
        }
    }
}
