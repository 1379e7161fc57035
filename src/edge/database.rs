//! Supabase over PostgREST.

use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::Array;
use pii::policy::Policy;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use worker::wasm_bindgen::{JsCast, JsValue};

use super::platform::{call, lines};
use crate::auth::User;
use crate::config::Config;
use crate::document::keep::{NewDocument, SavedDocument, TableName};
use crate::error::{Code, Fault};
use crate::memory::embed::{Embedded, Pending};
use crate::memory::facts::{Learned, Unread};
use crate::memory::import::{Imported, ImportedMessage};
use crate::memory::recall::{RecallQuestion, Recalled};
use crate::memory::summary::{NewSummary, Unsummarised};
use crate::ports::{Database, UnsummarisedQuestion};
use crate::session::load::{LoadSession, LoadedSession};
use crate::session::record::TurnRecord;
use crate::user::record::{KeptVault, Restored};

/// How long recalling may take, in milliseconds: a turn goes on without.
const RECALL_WITHIN: f64 = 3000.0;

/// How long a query may take, in milliseconds: a person waits for the first.
const TIMEOUT: f64 = 8000.0;

/// The project's database, as one user or as the service.
pub(super) struct PostgRest(pub(super) Rc<Config>);

#[derive(Serialize)]
struct CommitTurn<'a> {
    p_turn: &'a TurnRecord,
}

#[derive(Serialize)]
struct ParkTurn<'a> {
    #[serde(rename = "p_turn")]
    turn: Uuid,
    #[serde(rename = "p_user")]
    user: Uuid,
    #[serde(rename = "p_session")]
    session: Uuid,
    #[serde(rename = "p_reason")]
    reason: &'a str,
}

#[derive(Serialize)]
struct SaveEmbeddings<'a> {
    #[serde(rename = "p_user")]
    user: Uuid,
    #[serde(rename = "p_embeddings")]
    embedded: &'a [Embedded],
}

#[derive(Serialize)]
struct SaveFacts<'a> {
    #[serde(rename = "p_user")]
    user: Uuid,
    #[serde(rename = "p_extraction")]
    learned: &'a Learned,
}

#[derive(Serialize)]
struct SaveSummary<'a> {
    #[serde(rename = "p_user")]
    user: Uuid,
    #[serde(rename = "p_summary")]
    summary: &'a NewSummary,
}

#[derive(Serialize)]
struct ImportMessages<'a> {
    #[serde(rename = "p_user")]
    user: Uuid,
    #[serde(rename = "p_employee")]
    employee: &'a str,
    #[serde(rename = "p_messages")]
    messages: &'a [ImportedMessage],
}

#[derive(Serialize)]
struct SaveDocument<'a> {
    #[serde(rename = "p_user")]
    user: Uuid,
    #[serde(rename = "p_document")]
    document: &'a NewDocument,
}

#[derive(Serialize)]
struct CommitVault<'a> {
    p_user: Uuid,
    p_vault: &'a KeptVault,
}

#[derive(Serialize)]
struct EraseUser {
    p_user: Uuid,
}

/// What a function answers that saves, whether or not it had to.
#[derive(Deserialize)]
struct Saved {
    #[serde(rename = "committed")]
    _committed: bool,
}

/// What `save_file` answers.
#[derive(Deserialize)]
pub(super) struct SavedFile {
    /// Whether it was saved.
    pub(super) saved: bool,
    /// Files whose time is over.
    #[serde(default)]
    pub(super) expired: Vec<Uuid>,
}

/// What `forget_facts` answers.
#[derive(Deserialize)]
struct Forgotten {
    forgotten: u64,
}

impl Database for PostgRest {
    async fn load_session(&self, ask: &LoadSession<'_>) -> Result<LoadedSession, Fault> {
        let body = to_json(ask)?;
        let answer = self.as_user(ask.user, "POST", "rpc/load_session", Some(&body)).await?;
        serde_json::from_str(&answer).map_err(|error| unavailable(format!("load_session: {error}")))
    }

    async fn commit_turn(&self, turn: &TurnRecord) -> Result<(), Fault> {
        self.save("commit_turn", &CommitTurn { p_turn: turn }).await
    }

    async fn park_turn(&self, turn: &TurnRecord, reason: &str) -> Result<(), Fault> {
        let TurnRecord { turn_id, user_id, session_id, .. } = *turn;
        let parked = ParkTurn { turn: turn_id, user: user_id, session: session_id, reason };
        self.as_service("rpc/park_turn", &parked).await.map(drop)
    }

    async fn recall(&self, user: &User, question: &RecallQuestion<'_>) -> Result<Recalled, Fault> {
        let body = to_json(question)?;
        let headers = headers(&self.0.anon_key, Some(&user.token));
        let answer = self.request("POST", "rpc/recall", &headers, Some(&body), RECALL_WITHIN).await?;
        serde_json::from_str(&answer).map_err(|error| unavailable(format!("recall: {:?}", error.classify())))
    }

    async fn pending_memories(&self, user: Uuid, limit: u32) -> Result<Vec<Pending>, Fault> {
        let arguments = serde_json::json!({ "p_user": user, "p_limit": limit });
        self.call_as_service("pending_memories", &arguments).await
    }

    async fn save_embeddings(&self, user: Uuid, embedded: &[Embedded]) -> Result<(), Fault> {
        self.as_service("rpc/save_embeddings", &SaveEmbeddings { user, embedded }).await.map(drop)
    }

    async fn unread_messages(&self, user: Uuid, model: &str, limit: u32) -> Result<Option<Unread>, Fault> {
        let arguments = serde_json::json!({ "p_user": user, "p_model": model, "p_limit": limit });
        self.call_as_service("unread_messages", &arguments).await
    }

    async fn save_facts(&self, user: Uuid, learned: &Learned) -> Result<(), Fault> {
        self.save("save_facts", &SaveFacts { user, learned }).await
    }

    async fn tables(&self, user: &User) -> Result<Vec<TableName>, Fault> {
        let path = "chat_documents?select=id,name&media_type=eq.text/csv&order=created_at.desc,id&limit=200";
        let rows = self.read(user, path).await?;
        serde_json::from_str(&rows).map_err(|error| malformed("tables", &error))
    }

    async fn forget_facts(&self, user: Uuid, facts: &[Uuid]) -> Result<u64, Fault> {
        let arguments = serde_json::json!({ "p_user": user, "p_facts": facts });
        let Forgotten { forgotten } = self.call_as_service("forget_facts", &arguments).await?;
        Ok(forgotten)
    }

    async fn unsummarised_messages(
        &self,
        question: &UnsummarisedQuestion<'_>,
    ) -> Result<Option<Unsummarised>, Fault> {
        self.call_as_service("unsummarised_messages", question).await
    }

    async fn save_summary(&self, user: Uuid, summary: &NewSummary) -> Result<(), Fault> {
        self.save("save_summary", &SaveSummary { user, summary }).await
    }

    async fn import_messages(
        &self,
        user: Uuid,
        employee: &str,
        messages: &[ImportedMessage],
    ) -> Result<Imported, Fault> {
        self.call_as_service("import_messages", &ImportMessages { user, employee, messages }).await
    }

    async fn save_document(&self, user: Uuid, document: &NewDocument) -> Result<SavedDocument, Fault> {
        let answer = self.as_service("rpc/save_document", &SaveDocument { user, document }).await?;
        serde_json::from_str(&answer).map_err(|error| malformed("save_document", &error))
    }

    async fn load_vault(&self, user: &User) -> Result<Restored, Fault> {
        self.call_as_user(user, "load_vault").await
    }

    async fn commit_vault(&self, user: Uuid, vault: &KeptVault) -> Result<(), Fault> {
        self.save("commit_vault", &CommitVault { p_user: user, p_vault: vault }).await
    }
}

impl PostgRest {
    /// Reads rows as the user: row-level security decides which. The answer is PostgREST's JSON.
    pub(super) async fn read(&self, user: &User, path: &str) -> Result<String, Fault> {
        self.as_user(user, "GET", path, None).await
    }

    /// The ids of all of a user's sessions.
    pub(super) async fn session_ids(&self, user: &User) -> Result<Vec<Uuid>, Fault> {
        self.call_as_user(user, "session_ids").await
    }

    /// How many memories of a user have no vector yet.
    pub(super) async fn pending_count(&self, user: &User) -> Result<u64, Fault> {
        self.call_as_user(user, "pending_memories_count").await
    }

    /// Deletes a document of the user's with all that is remembered of it; whether there was one.
    pub(super) async fn delete_document(&self, user: &User, document: Uuid) -> Result<bool, Fault> {
        let body = to_json(&serde_json::json!({ "p_document": document }))?;
        let answer = self.as_user(user, "POST", "rpc/delete_document", Some(&body)).await?;
        serde_json::from_str(&answer).map_err(|error| malformed("delete_document", &error))
    }

    /// How much of hidden values each employee lets a user see, by slug.
    pub(super) async fn unmask_policies(&self, user: &User) -> Result<BTreeMap<String, Policy>, Fault> {
        self.call_as_user(user, "unmask_policies").await
    }

    /// Calls a function without arguments under the user's own token.
    async fn call_as_user<T: DeserializeOwned>(&self, user: &User, function: &str) -> Result<T, Fault> {
        let answer = self.as_user(user, "POST", &format!("rpc/{function}"), Some("{}")).await?;
        serde_json::from_str(&answer).map_err(|error| malformed(function, &error))
    }

    /// Deletes everything of a user, and answers how much that was, as JSON.
    pub(super) async fn erase_user(&self, user: Uuid) -> Result<String, Fault> {
        self.as_service("rpc/erase_user", &EraseUser { p_user: user }).await
    }

    /// Puts another text in the place of a fact: its row, or `null`, as JSON.
    pub(super) async fn correct_fact(&self, user: Uuid, fact: Uuid, text: &str) -> Result<String, Fault> {
        let arguments = serde_json::json!({ "p_user": user, "p_fact": fact, "p_text": text });
        self.as_service("rpc/correct_fact", &arguments).await
    }

    /// Saves that a file lies in the bucket, unless there are so many.
    pub(super) async fn save_file(
        &self,
        user: Uuid,
        file: &serde_json::Value,
        most: u32,
    ) -> Result<SavedFile, Fault> {
        let arguments = serde_json::json!({ "p_user": user, "p_file": file, "p_max_files": most });
        self.call_as_service("save_file", &arguments).await
    }

    /// Forgets that a file lies there; whether one did.
    pub(super) async fn delete_file(&self, user: Uuid, file: Uuid) -> Result<bool, Fault> {
        let arguments = serde_json::json!({ "p_user": user, "p_files": [file] });
        let deleted: Vec<Uuid> = self.call_as_service("delete_files", &arguments).await?;
        Ok(!deleted.is_empty())
    }

    /// How many turns Postgres refuses, as JSON: which tells too that PostgREST answers, and takes the service key.
    pub(super) async fn parked_turns(&self) -> Result<String, Fault> {
        self.as_service("rpc/parked_turns", &serde_json::json!({})).await
    }

    /// Calls a function with the service key.
    async fn call_as_service<T: DeserializeOwned>(
        &self,
        function: &str,
        arguments: &impl Serialize,
    ) -> Result<T, Fault> {
        let answer = self.as_service(&format!("rpc/{function}"), arguments).await?;
        serde_json::from_str(&answer).map_err(|error| malformed(function, &error))
    }

    /// Has the service save something. Only the function's own word counts: a status alone can be anybody's who stands
    /// between, and what is taken for saved is let go.
    async fn save(&self, function: &str, what: &impl Serialize) -> Result<(), Fault> {
        let answer = self.as_service(&format!("rpc/{function}"), what).await?;
        let Saved { .. } = serde_json::from_str(&answer).map_err(|error| malformed(function, &error))?;
        Ok(())
    }

    async fn as_service(&self, path: &str, body: &impl Serialize) -> Result<String, Fault> {
        let body = to_json(body)?;
        let key = &self.0.service_key;
        // The newer secret keys are no JWTs and go in `apikey` alone; PostgREST would refuse them as a bearer.
        let bearer = if key.starts_with("sb_") { None } else { Some(key.as_str()) };
        self.request("POST", path, &headers(key, bearer), Some(&body), TIMEOUT).await
    }

    async fn as_user(
        &self,
        user: &User,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Result<String, Fault> {
        let headers = headers(&self.0.anon_key, Some(&user.token));
        self.request(method, path, &headers, body, TIMEOUT).await
    }

    async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: Option<&str>,
        within: f64,
    ) -> Result<String, Fault> {
        let url = format!("{}/rest/v1/{path}", self.0.supabase_url);
        let answer = call(method, &url, headers, body, within).await;
        let (status, body) =
            answer.ok().and_then(status_and_body).ok_or_else(|| unavailable("no answer".into()))?;
        match status {
            // A function without a result.
            204 => Ok(body),
            // Rows are passed on as they are: what is no JSON is not PostgREST's.
            200..=299 => match serde_json::from_str::<IgnoredAny>(&body) {
                Ok(_) => Ok(body),
                Err(error) => Err(malformed(path, &error)),
            },
            // The body may quote what was sent: only PostgREST's own code is taken from it.
            _ => Err(Fault::new(
                refusal(status),
                format!("{path}: status {status}, {}", postgrest_code(&body)),
            )),
        }
    }
}

fn to_json(body: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(body).map_err(|error| Fault::new(Code::Internal, error.to_string()))
}

/// Whether what was sent is at fault: sent again, it would be refused again.
const fn refusal(status: u16) -> Code {
    match status {
        400 | 409 | 413 | 422 => Code::DatabaseRefused,
        _ => Code::DatabaseUnavailable,
    }
}

fn unavailable(cause: String) -> Fault {
    Fault::new(Code::DatabaseUnavailable, cause)
}

/// Headers of a call with that key, as its bearer.
fn headers(key: &str, bearer: Option<&str>) -> String {
    let bearer = bearer.map(|token| format!("Bearer {token}"));
    let authorization = bearer.as_deref().map(|bearer| ("authorization", bearer));
    lines([("apikey", key), ("content-type", "application/json")].into_iter().chain(authorization))
}

fn malformed(what: &str, error: &serde_json::Error) -> Fault {
    // The error's text would quote what was read.
    unavailable(format!("{what}: {:?}", error.classify()))
}

/// What [`call`] resolves with.
pub(super) fn status_and_body(answer: JsValue) -> Option<(u16, String)> {
    let pair: Array = answer.dyn_into().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an HTTP status")]
    let status = pair.get(0).as_f64()? as u16;
    Some((status, pair.get(1).as_string()?))
}

fn postgrest_code(body: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Error {
        code: String,
    }
    let code = serde_json::from_str::<Error>(body).map(|error| error.code).unwrap_or_default();
    let is_code = code.len() <= 16 && code.chars().all(|c| c.is_ascii_alphanumeric());
    if is_code { code } else { String::new() }
}
