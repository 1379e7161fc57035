//! The route table. A route that is added here does not compile until its method and its handler exist.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::admin_route::AdminRoute;
use super::error_form::ErrorForm;
use super::not_found::{no_such_document, no_such_file};
use super::path::{decode, uuid};
use crate::error::{Code, Error, abort};

/// A method at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Open to everybody, and answered by the stateless Worker.
    Public(PublicRoute),
    /// Answered by a user's object.
    User(UserRoute),
    /// For admins alone.
    Admin(AdminRoute),
}

/// A route without a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicRoute {
    /// Settings that a page needs to sign its user in.
    PageConfig,
    /// Sign of life of the Worker.
    Health,
    /// State of the configuration and the database.
    Ready,
    /// The API as an OpenAPI document.
    OpenApi,
    /// Report of Supabase that an account was deleted, which a secret authorizes.
    UserDeleted,
}

/// Treatment of a request's body in the stateless Worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// It is passed on unread.
    Unread,
    /// It is a document: the object gets its text.
    Document,
    /// It is a picture: the object gets it with its description.
    Picture,
}

/// A route of a user's object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserRoute {
    /// A turn of a session.
    Chat,
    /// Replay of a turn, in the chat of that name.
    Resume(String),
    /// End of the running answer, in the chat of that name.
    Stop(String),
    /// Decisions on pending approvals, in the chat of that name.
    Approvals(String),
    /// List of the sessions.
    Sessions,
    /// One session by its id.
    Session(Uuid),
    /// Changes to a session.
    UpdateSession(Uuid),
    /// Deletion of a session.
    DeleteSession(Uuid),
    /// Messages of one session.
    Messages(Uuid),
    /// Rating of an answer.
    SaveFeedback(Uuid),
    /// Deletion of a rating.
    DeleteFeedback(Uuid),
    /// List of the employees.
    Employees,
    /// List of the facts.
    Facts,
    /// Correction of a fact.
    CorrectFact(Uuid),
    /// Deletion of a fact.
    ForgetFact(Uuid),
    /// Number of memories without a vector.
    PendingMemories,
    /// Import of conversations.
    Import,
    /// List of the documents.
    Documents,
    /// Upload of a document.
    UploadDocument,
    /// One document by its id.
    Document(Uuid),
    /// Passages of one document.
    Passages(Uuid),
    /// Deletion of a document.
    DeleteDocument(Uuid),
    /// List of the files.
    Files,
    /// Upload of a picture.
    UploadPicture,
    /// Signed link to a file.
    FileLink(Uuid),
    /// Deletion of a file.
    DeleteFile(Uuid),
    /// Download of a file by a signed link, without a token.
    Download(Uuid),
    /// Usage and the rest of the budgets.
    Usage,
    /// Export of everything that is stored of the user.
    ExportUser,
    /// Erasure of the user.
    EraseUser,
    /// State of the user's erasure.
    Erasure,
    /// A chat completion in the form of OpenAI's API.
    Completions,
    /// List of the employees as OpenAI's models.
    Models,
    /// One employee by its slug.
    Model(String),
}

impl Route {
    /// Finds the route of a request.
    ///
    /// # Errors
    /// `not_found`, `method_not_allowed`; `invalid_field`, `document_not_found` or `file_not_found` for an id that is no UUID.
    pub fn parse(method: &str, path: &str) -> Result<Self, Error> {
        let routes = routes_at(path)?;
        let methods: Vec<_> = routes.iter().map(Self::method).collect();
        if methods.is_empty() {
            return Err(abort(Code::NotFound, "There is no such route. The README lists them."));
        }
        routes.into_iter().find(|route| route.method() == method).ok_or_else(|| {
            let detail = format!("This address takes {} only.", methods.join(" and "));
            abort(Code::MethodNotAllowed, detail)
        })
    }

    /// Methods of a path, as the header `Allow` has them.
    #[must_use]
    pub fn methods_at(path: &str) -> String {
        let routes = routes_at(path).unwrap_or_default();
        routes.iter().map(Self::method).collect::<Vec<_>>().join(", ")
    }

    /// The HTTP method of the route.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Public(route) => route.method(),
            Self::User(route) => route.method(),
            Self::Admin(route) => route.method(),
        }
    }
}

impl PublicRoute {
    const fn method(self) -> &'static str {
        match self {
            Self::PageConfig | Self::Health | Self::Ready | Self::OpenApi => "GET",
            Self::UserDeleted => "POST",
        }
    }
}

impl UserRoute {
    const fn method(&self) -> &'static str {
        match self {
            Self::Resume(_)
            | Self::Sessions
            | Self::Session(_)
            | Self::Messages(_)
            | Self::Employees
            | Self::Facts
            | Self::PendingMemories
            | Self::Documents
            | Self::Document(_)
            | Self::Passages(_)
            | Self::Files
            | Self::FileLink(_)
            | Self::Download(_)
            | Self::Usage
            | Self::ExportUser
            | Self::Erasure
            | Self::Models
            | Self::Model(_) => "GET",
            Self::Chat
            | Self::Stop(_)
            | Self::Approvals(_)
            | Self::Import
            | Self::UploadDocument
            | Self::UploadPicture
            | Self::Completions => "POST",
            Self::SaveFeedback(_) => "PUT",
            Self::CorrectFact(_) | Self::UpdateSession(_) => "PATCH",
            Self::DeleteFeedback(_)
            | Self::ForgetFact(_)
            | Self::DeleteSession(_)
            | Self::DeleteDocument(_)
            | Self::DeleteFile(_)
            | Self::EraseUser => "DELETE",
        }
    }

    /// Form of the errors of the route.
    #[must_use]
    pub const fn error_form(&self) -> ErrorForm {
        if matches!(self, Self::Completions | Self::Models | Self::Model(_)) {
            ErrorForm::OpenAi
        } else {
            ErrorForm::Problem
        }
    }

    /// Treatment of the request's body.
    #[must_use]
    pub const fn payload(&self) -> Payload {
        match self {
            Self::UploadDocument => Payload::Document,
            Self::UploadPicture => Payload::Picture,
            Self::Chat
            | Self::Resume(_)
            | Self::Stop(_)
            | Self::Approvals(_)
            | Self::Sessions
            | Self::Session(_)
            | Self::UpdateSession(_)
            | Self::DeleteSession(_)
            | Self::Messages(_)
            | Self::SaveFeedback(_)
            | Self::DeleteFeedback(_)
            | Self::Employees
            | Self::Facts
            | Self::CorrectFact(_)
            | Self::ForgetFact(_)
            | Self::PendingMemories
            | Self::Import
            | Self::Documents
            | Self::Document(_)
            | Self::Passages(_)
            | Self::DeleteDocument(_)
            | Self::Files
            | Self::FileLink(_)
            | Self::DeleteFile(_)
            | Self::Download(_)
            | Self::Usage
            | Self::ExportUser
            | Self::EraseUser
            | Self::Erasure
            | Self::Completions
            | Self::Models
            | Self::Model(_) => Payload::Unread,
        }
    }

    /// True for a list that clients ask for again and again: its reply has an entity tag.
    #[must_use]
    pub const fn has_etag(&self) -> bool {
        matches!(self, Self::Sessions | Self::Messages(_) | Self::Employees)
    }

    /// True for a route that is answered while its user is erased. The others read or store data of the user.
    #[must_use]
    pub const fn is_open_during_erasure(&self) -> bool {
        matches!(self, Self::EraseUser | Self::Erasure | Self::Stop(_) | Self::Employees)
    }

    /// The file of a route that a signed link authorizes; `None` for a route that an access token authorizes.
    #[must_use]
    pub const fn linked_file(&self) -> Option<Uuid> {
        match self {
            Self::Download(file) => Some(*file),
            Self::Chat
            | Self::Resume(_)
            | Self::Stop(_)
            | Self::Approvals(_)
            | Self::Sessions
            | Self::Session(_)
            | Self::UpdateSession(_)
            | Self::DeleteSession(_)
            | Self::Messages(_)
            | Self::SaveFeedback(_)
            | Self::DeleteFeedback(_)
            | Self::Employees
            | Self::Facts
            | Self::CorrectFact(_)
            | Self::ForgetFact(_)
            | Self::PendingMemories
            | Self::Import
            | Self::Documents
            | Self::UploadDocument
            | Self::Document(_)
            | Self::Passages(_)
            | Self::DeleteDocument(_)
            | Self::Files
            | Self::UploadPicture
            | Self::FileLink(_)
            | Self::DeleteFile(_)
            | Self::Usage
            | Self::ExportUser
            | Self::EraseUser
            | Self::Erasure
            | Self::Completions
            | Self::Models
            | Self::Model(_) => None,
        }
    }
}

impl From<PublicRoute> for Route {
    fn from(route: PublicRoute) -> Self {
        Self::Public(route)
    }
}

impl From<UserRoute> for Route {
    fn from(route: UserRoute) -> Self {
        Self::User(route)
    }
}

/// Routes at an address, one for each method; none at an unknown address.
fn routes_at(path: &str) -> Result<Vec<Route>, Error> {
    use PublicRoute::{Health, OpenApi, PageConfig, Ready};
    use UserRoute as User;
    let segments: Vec<_> = path.trim_end_matches('/').split('/').skip(1).collect();
    let routes = match segments.as_slice() {
        ["api", "chat"] => vec![User::Chat],
        ["api", "chat", chat, "stream"] => vec![User::Resume(decode(chat))],
        ["api", "chat", chat, "stop"] => vec![User::Stop(decode(chat))],
        ["api", "chat", chat, "approvals"] => vec![User::Approvals(decode(chat))],
        ["api", "sessions"] => vec![User::Sessions],
        ["api", "sessions", id] => {
            let id = uuid("session_id", id)?;
            vec![User::Session(id), User::UpdateSession(id), User::DeleteSession(id)]
        }
        ["api", "sessions", id, "messages"] => vec![User::Messages(uuid("session_id", id)?)],
        ["api", "messages", id, "feedback"] => {
            let id = uuid("message_id", id)?;
            vec![User::SaveFeedback(id), User::DeleteFeedback(id)]
        }
        ["api", "employees"] => vec![User::Employees],
        ["api", "facts"] => vec![User::Facts],
        ["api", "facts", id] => {
            let id = uuid("id", id)?;
            vec![User::CorrectFact(id), User::ForgetFact(id)]
        }
        ["api", "import"] => vec![User::PendingMemories, User::Import],
        ["api", "documents"] => vec![User::Documents, User::UploadDocument],
        ["api", "documents", id] => {
            let id = Uuid::try_parse(id).map_err(|_| no_such_document())?;
            vec![User::Document(id), User::DeleteDocument(id)]
        }
        ["api", "documents", id, "passages"] => {
            vec![User::Passages(Uuid::try_parse(id).map_err(|_| no_such_document())?)]
        }
        ["api", "files"] => vec![User::Files, User::UploadPicture],
        ["api", "files", id] => {
            let id = file_id(id)?;
            vec![User::FileLink(id), User::DeleteFile(id)]
        }
        ["api", "files", id, "download"] => vec![User::Download(file_id(id)?)],
        ["api", "usage"] => vec![User::Usage],
        ["api", "me", "export"] => vec![User::ExportUser],
        ["api", "me"] => vec![User::EraseUser],
        ["api", "me", "erasure"] => vec![User::Erasure],
        ["v1", "chat", "completions"] => vec![User::Completions],
        ["v1", "models"] => vec![User::Models],
        ["v1", "models", slug] => vec![User::Model(decode(slug))],
        ["api", "admin", rest @ ..] => {
            return Ok(AdminRoute::all_at(rest)?.into_iter().map(Route::Admin).collect());
        }
        ["api", "hooks", "user-deleted"] => return Ok(vec![PublicRoute::UserDeleted.into()]),
        ["config.json"] => return Ok(vec![PageConfig.into()]),
        ["healthz"] => return Ok(vec![Health.into()]),
        ["openapi.json"] => return Ok(vec![OpenApi.into()]),
        ["readyz"] => return Ok(vec![Ready.into()]),
        _ => Vec::new(),
    };
    Ok(routes.into_iter().map(Route::User).collect())
}

fn file_id(text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| no_such_file())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::api) const ID: Uuid = Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001);

    /// The address of a route: a new route must be given one here.
    fn address(route: &UserRoute) -> String {
        match route {
            UserRoute::Chat => "/api/chat".into(),
            UserRoute::Resume(chat) => format!("/api/chat/{chat}/stream"),
            UserRoute::Stop(chat) => format!("/api/chat/{chat}/stop"),
            UserRoute::Approvals(chat) => format!("/api/chat/{chat}/approvals"),
            UserRoute::Sessions => "/api/sessions".into(),
            UserRoute::Session(id) | UserRoute::UpdateSession(id) | UserRoute::DeleteSession(id) => {
                format!("/api/sessions/{id}")
            }
            UserRoute::Messages(id) => format!("/api/sessions/{id}/messages"),
            UserRoute::SaveFeedback(id) | UserRoute::DeleteFeedback(id) => {
                format!("/api/messages/{id}/feedback")
            }
            UserRoute::Employees => "/api/employees".into(),
            UserRoute::Facts => "/api/facts".into(),
            UserRoute::CorrectFact(id) | UserRoute::ForgetFact(id) => format!("/api/facts/{id}"),
            UserRoute::PendingMemories | UserRoute::Import => "/api/import".into(),
            UserRoute::Documents | UserRoute::UploadDocument => "/api/documents".into(),
            UserRoute::Document(id) | UserRoute::DeleteDocument(id) => format!("/api/documents/{id}"),
            UserRoute::Passages(id) => format!("/api/documents/{id}/passages"),
            UserRoute::Files | UserRoute::UploadPicture => "/api/files".into(),
            UserRoute::FileLink(id) | UserRoute::DeleteFile(id) => format!("/api/files/{id}"),
            UserRoute::Download(id) => format!("/api/files/{id}/download"),
            UserRoute::Usage => "/api/usage".into(),
            UserRoute::ExportUser => "/api/me/export".into(),
            UserRoute::EraseUser => "/api/me".into(),
            UserRoute::Erasure => "/api/me/erasure".into(),
            UserRoute::Completions => "/v1/chat/completions".into(),
            UserRoute::Models => "/v1/models".into(),
            UserRoute::Model(slug) => format!("/v1/models/{slug}"),
        }
    }

    pub(in crate::api) fn every_user_route() -> Vec<UserRoute> {
        let chat = || "my-chat".to_owned();
        vec![
            UserRoute::Chat,
            UserRoute::Resume(chat()),
            UserRoute::Stop(chat()),
            UserRoute::Approvals(chat()),
            UserRoute::Sessions,
            UserRoute::Session(ID),
            UserRoute::UpdateSession(ID),
            UserRoute::DeleteSession(ID),
            UserRoute::Messages(ID),
            UserRoute::SaveFeedback(ID),
            UserRoute::DeleteFeedback(ID),
            UserRoute::Employees,
            UserRoute::Facts,
            UserRoute::CorrectFact(ID),
            UserRoute::ForgetFact(ID),
            UserRoute::PendingMemories,
            UserRoute::Import,
            UserRoute::Documents,
            UserRoute::UploadDocument,
            UserRoute::Document(ID),
            UserRoute::Passages(ID),
            UserRoute::DeleteDocument(ID),
            UserRoute::Files,
            UserRoute::UploadPicture,
            UserRoute::FileLink(ID),
            UserRoute::DeleteFile(ID),
            UserRoute::Download(ID),
            UserRoute::Usage,
            UserRoute::ExportUser,
            UserRoute::EraseUser,
            UserRoute::Erasure,
            UserRoute::Completions,
            UserRoute::Models,
            UserRoute::Model(chat()),
        ]
    }

    #[test]
    fn each_route_is_found_at_its_address_with_its_method() {
        for route in every_user_route() {
            let (method, address) = (route.method(), address(&route));
            let route = Route::User(route);
            assert_eq!(Route::parse(method, &address), Ok(route.clone()));
            assert_eq!(Route::parse(method, &format!("{address}/")), Ok(route), "with a slash at its end");
        }
        assert_eq!(Route::parse("GET", "/healthz"), Ok(PublicRoute::Health.into()));
        assert_eq!(Route::parse("GET", "/readyz"), Ok(PublicRoute::Ready.into()));
        assert_eq!(Route::parse("GET", "/config.json"), Ok(PublicRoute::PageConfig.into()));
        assert_eq!(Route::parse("GET", "/openapi.json"), Ok(PublicRoute::OpenApi.into()));
        assert_eq!(Route::parse("POST", "/api/hooks/user-deleted"), Ok(PublicRoute::UserDeleted.into()));
        let erasure = Route::Admin(AdminRoute::Erasure(ID));
        assert_eq!(Route::parse("GET", &format!("/api/admin/users/{ID}/erasure")), Ok(erasure));
    }

    #[test]
    fn names_of_chats_are_decoded() {
        let route = Route::parse("POST", "/api/chat/my%20chat%3F/stop");
        assert_eq!(route, Ok(UserRoute::Stop("my chat?".into()).into()));
    }

    #[test]
    fn an_address_without_a_route_says_so() {
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
            ("PUT", "/api/import", Code::MethodNotAllowed),
            ("PATCH", "/api/facts/mine", Code::InvalidField),
            ("GET", "/api/sessions/me/messages", Code::InvalidField),
            ("DELETE", "/api/sessions/me", Code::InvalidField),
            ("PUT", "/api/messages/1/feedback", Code::InvalidField),
            ("GET", "/api/files/1", Code::FileNotFound),
            ("GET", "/api/documents/1", Code::DocumentNotFound),
        ] {
            assert_eq!(Route::parse(method, path).unwrap_err().code(), code, "{method} {path}");
        }
    }

    #[test]
    fn the_methods_of_an_address_are_told() {
        let error = Route::parse("PUT", "/api/import").unwrap_err();
        assert_eq!(error.detail(), "This address takes GET and POST only.");
        let error = Route::parse("POST", &format!("/api/files/{ID}")).unwrap_err();
        assert_eq!(error.detail(), "This address takes GET and DELETE only.");
    }
}
