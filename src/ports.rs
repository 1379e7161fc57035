//! What the core needs of the world, as narrow as it is used. `src/edge/` has the real ones, `tests/` scripted ones.

#![allow(async_fn_in_trait)] // every caller is generic: nobody needs the futures to be `Send`

use pii::mask::Author;
use pii::placeholder::Placeholder;
use pii::seal::{FileKey, Secret};
use serde::Serialize;
use uuid::Uuid;

use crate::auth::User;
use crate::document::keep::{Kept, NewDocument, SavedDocument, TableName};
use crate::document::upload::Upload;
use crate::error::Fault;
use crate::limit::bucket::Standing;
use crate::limit::quota::{Entry, Spend};
use crate::memory::embed::{Embedded, Pending};
use crate::memory::facts::{Learned, Unread};
use crate::memory::import::{Imported, ImportedMessage};
use crate::memory::recall::{RecallQuestion, Recalled};
use crate::memory::summary::{NewSummary, Unsummarised};
use crate::model::candidate::Provider;
use crate::session::load::{LoadSession, LoadedSession};
use crate::session::log::{LogEnding, LogHead, Told, TurnLog};
use crate::session::memory::Memory;
use crate::session::record::{OpenTurn, TurnRecord};
use crate::time::Millis;
use crate::tools::approval::Suspended;
use crate::user::chores::Saved;
use crate::user::record::{Hidden, KeptVault, Refused, Restored, Wanted};

/// What the world of a turn is made of.
pub trait World {
    /// Supabase.
    type Database: Database;
    /// The user's own object.
    type User: UserObject;
    /// The model's API.
    type Model: Model;
    /// The object's own storage.
    type Journal: Journal;
    /// Time and chance.
    type Clock: Clock;
    /// Files.
    type Files: Files;
    /// Servers of others.
    type Outside: Outside;
}

/// The world, as far as a turn touches it.
pub struct Ports<W: World> {
    /// Supabase.
    pub database: W::Database,
    /// The user's own object.
    pub user: W::User,
    /// The model's API.
    pub model: W::Model,
    /// The object's own storage.
    pub journal: W::Journal,
    /// Time and chance.
    pub clock: W::Clock,
    /// Files.
    pub files: W::Files,
    /// Servers of others.
    pub outside: W::Outside,
}

/// Time and chance.
pub trait Clock {
    /// The present moment. On Workers it advances only with I/O.
    fn now(&self) -> Millis;
    /// Waits.
    async fn sleep(&self, span: Millis);
    /// Sixteen random bytes.
    fn random(&self) -> [u8; 16];
    /// Bytes that nobody can guess, for keys and nonces; `None` when the platform has none to give.
    fn secret(&self) -> Option<Secret>;
}

/// Supabase, through PostgREST.
pub trait Database {
    /// Reads a session under the user's own token: one round trip.
    ///
    /// # Errors
    /// `database_unavailable`.
    async fn load_session(&self, ask: &LoadSession<'_>) -> Result<LoadedSession, Fault>;
    /// Writes a turn with the service key; writing it again changes nothing.
    ///
    /// # Errors
    /// `database_unavailable`; `database_refused`, when it is not for want of a connection.
    async fn commit_turn(&self, turn: &TurnRecord) -> Result<(), Fault>;
    /// Tells operators of a turn that is refused.
    ///
    /// # Errors
    /// `database_unavailable`, `database_refused`.
    async fn park_turn(&self, turn: &TurnRecord, reason: &str) -> Result<(), Fault>;
    /// What a user's memory has for a message, under their own token: one round trip.
    ///
    /// # Errors
    /// `database_unavailable`.
    async fn recall(&self, user: &User, question: &RecallQuestion<'_>) -> Result<Recalled, Fault>;
    /// The oldest memories of a user that have no vector, with the service key.
    ///
    /// # Errors
    /// `database_unavailable`.
    async fn pending_memories(&self, user: Uuid, limit: u32) -> Result<Vec<Pending>, Fault>;
    /// Gives memories of a user their vectors, with the service key; doing it again changes nothing.
    ///
    /// # Errors
    /// `database_unavailable`, `database_refused`.
    async fn save_embeddings(&self, user: Uuid, embedded: &[Embedded]) -> Result<(), Fault>;
    /// What a user said that was not looked through for facts, oldest first, with the service key; `None` when there is nothing.
    ///
    /// # Errors
    /// `database_unavailable`.
    async fn unread_messages(&self, user: Uuid, model: &str, limit: u32) -> Result<Option<Unread>, Fault>;
    /// Saves what was learned, with the service key; doing it again changes nothing.
    ///
    /// # Errors
    /// `database_unavailable`, `database_refused`.
    async fn save_facts(&self, user: Uuid, learned: &Learned) -> Result<(), Fault>;
    /// A user's documents that are tables, newest first, under their own token.
    ///
    /// # Errors
    /// `database_unavailable`.
    async fn tables(&self, user: &User) -> Result<Vec<TableName>, Fault>;
    /// Forgets facts of a user with what they come from, with the service key; how many rows that were.
    ///
    /// # Errors
    /// `database_unavailable`, `database_refused`.
    async fn forget_facts(&self, user: Uuid, facts: &[Uuid]) -> Result<u64, Fault>;
    /// What is to be added to a session's summary, with the service key; `None` when there is nothing.
    ///
    /// # Errors
    /// `database_unavailable`.
    async fn unsummarised_messages(
        &self,
        question: &UnsummarisedQuestion<'_>,
    ) -> Result<Option<Unsummarised>, Fault>;
    /// Saves a summary, with the service key; doing it again changes nothing.
    ///
    /// # Errors
    /// `database_unavailable`, `database_refused`.
    async fn save_summary(&self, user: Uuid, summary: &NewSummary) -> Result<(), Fault>;
    /// Stores messages from elsewhere with the service key; doing it again changes nothing.
    ///
    /// # Errors
    /// `database_unavailable`, `database_refused`.
    async fn import_messages(
        &self,
        user: Uuid,
        employee: &str,
        messages: &[ImportedMessage],
    ) -> Result<Imported, Fault>;
    /// Stores a document with the service key, all of its chunks to be embedded; doing it again changes nothing.
    ///
    /// # Errors
    /// `database_unavailable`, `database_refused`.
    async fn save_document(&self, user: Uuid, document: &NewDocument) -> Result<SavedDocument, Fault>;
    /// Reads a user's vault and what they spent today under their own token, for a User object that has neither.
    ///
    /// # Errors
    /// `database_unavailable`.
    async fn load_vault(&self, user: &User) -> Result<Restored, Fault>;
    /// Writes what a vault got with the service key; writing it again changes nothing.
    ///
    /// # Errors
    /// `database_unavailable`.
    async fn commit_vault(&self, user: Uuid, vault: &KeptVault) -> Result<(), Fault>;
}

/// The arguments of `unsummarised_messages`.
#[derive(Debug, Serialize)]
pub struct UnsummarisedQuestion<'a> {
    /// Whose session it is.
    #[serde(rename = "p_user")]
    pub user: Uuid,
    /// The session.
    #[serde(rename = "p_session")]
    pub session: Uuid,
    /// The model that summarises, whose price is wanted.
    #[serde(rename = "p_model")]
    pub model: &'a str,
    /// Tokens that prompts may have, where the employee does not say.
    #[serde(rename = "p_budget")]
    pub budget: u32,
    /// Of that in percent, what may be in no summary.
    #[serde(rename = "p_start_percent")]
    pub most: u32,
    /// And what of it is left there.
    #[serde(rename = "p_keep_percent")]
    pub kept: u32,
    /// Tokens that are summarised at a time.
    #[serde(rename = "p_part_tokens")]
    pub part: u32,
}

/// The user's own object, which alone knows their values and what they spent.
pub trait UserObject {
    /// Replaces what is personal in a text by tokens. The new ones are durable when this returns.
    ///
    /// # Errors
    /// [`Refused`], and then nothing of the text may leave.
    async fn mask(&self, user: &User, text: &str, author: Author<'_>) -> Result<Hidden, Refused>;
    /// The values behind tokens; tokens that were never given are left out.
    ///
    /// # Errors
    /// [`Refused`].
    async fn reveal(
        &self,
        user: &User,
        tokens: &[Placeholder],
    ) -> Result<Vec<(Placeholder, String)>, Refused>;
    /// The key of a file of the user's.
    ///
    /// # Errors
    /// [`Refused`].
    async fn file_key(&self, user: &User, file: Uuid) -> Result<FileKey, Refused>;
    /// Masks a document and stores it.
    ///
    /// # Errors
    /// [`Refused`].
    async fn keep(&self, user: &User, upload: Upload) -> Result<Kept, Refused>;
    /// Lets a turn begin, and reserves what it may take; where the user stands then, if their messages are counted.
    ///
    /// # Errors
    /// [`Refused`]: too fast, or more than is left of today.
    async fn reserve(&self, user: &User, wanted: &Wanted) -> Result<Option<Standing>, Refused>;
    /// Books what a turn took; doing it again changes nothing.
    ///
    /// # Errors
    /// [`Refused`], and then it is to be tried again.
    async fn settle(&self, user: Uuid, entry: &Entry) -> Result<(), Refused>;
    /// Says that a turn was saved which may be remembered.
    ///
    /// # Errors
    /// [`Refused`]; whoever says it next says it for this one too.
    async fn remember(&self, user: Uuid, saved: Saved) -> Result<(), Refused>;
}

/// The User object's own storage: the books, the sealed vault, and what of it Postgres has not. Calls without an `await` between
/// them become durable together, before anything that the object sends afterwards.
pub trait Strongbox {
    /// All that is kept, and whose it is; `None` in an object that was never used.
    ///
    /// # Errors
    /// `internal`, when the storage refuses or holds what cannot be read.
    fn kept(&self) -> Result<Option<(Uuid, KeptVault)>, Fault>;
    /// Keeps a key, entries or both; `waits` for what Postgres has not.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    fn keep(&self, user: Uuid, vault: &KeptVault, waits: bool) -> Result<(), Fault>;
    /// What Postgres has not, of the entries at most `limit`.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    fn waiting(&self, limit: u32) -> Result<Option<(Uuid, KeptVault)>, Fault>;
    /// Postgres has it.
    ///
    /// # Errors
    /// `internal`, when the storage refuses: then it goes on waiting.
    fn delivered(&self, vault: &KeptVault) -> Result<(), Fault>;
    /// What is reserved and settled of the day of an entry, besides itself: with everybody, and with its employee. Reservations
    /// whose time is over at `now` do not count.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    fn spent(&self, entry: &Entry, now: Millis) -> Result<(Spend, Spend), Fault>;
    /// Reserves what a turn may take, until a time; one that is settled stays as it is.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    fn reserve(&self, entry: &Entry, until: Millis) -> Result<(), Fault>;
    /// Books what a turn took, once, and forgets days long past.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    fn settle(&self, entry: &Entry) -> Result<(), Fault>;
    /// Destroys all of it.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    fn erase(&self) -> Result<(), Fault>;
    /// Has the object woken at that time, restart or not.
    async fn wake_at(&self, when: Millis);
}

/// Why the model gave no answer. Upstream text is left behind where this is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelError {
    /// No connection.
    Connect,
    /// Nothing came in the time allowed.
    Timeout,
    /// An answer with a status other than 2xx.
    Status {
        /// The HTTP status.
        status: u16,
        /// What `Retry-After` asks for.
        retry_after: Option<Millis>,
    },
    /// The connection broke while the answer came.
    Cut,
}

/// How long to wait for the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until the first byte of the answer's body.
    pub first_byte: Millis,
    /// Between two bytes of it.
    pub idle: Millis,
}

/// Any OpenAI-compatible APIs.
pub trait Model {
    /// Posts an embeddings request, and waits a little for its answer.
    ///
    /// # Errors
    /// Every way in which there is no 200.
    async fn embed(&self, body: &str) -> Result<String, ModelError>;
    /// An answer that is coming in.
    type Answer: Answer;
    /// Posts a chat completion request and waits for the status.
    ///
    /// # Errors
    /// Every way in which there is no 200.
    async fn ask(
        &self,
        provider: Provider,
        body: &str,
        patience: Patience,
    ) -> Result<Self::Answer, ModelError>;
}

/// The body of a model's answer. Dropping it ends the upstream call.
pub trait Answer {
    /// Waits `gather`, then takes all bytes that arrived, at least one; `None` at the end of the body.
    ///
    /// # Errors
    /// [`ModelError::Timeout`] or [`ModelError::Cut`].
    async fn read(&mut self, gather: Millis) -> Result<Option<Vec<u8>>, ModelError>;
}

/// A request to a server that is neither the deployment's nor Cloudflare's.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    /// Where it goes.
    pub url: &'a str,
    /// Names and values. A value has no line break in it.
    pub headers: Vec<(&'a str, &'a str)>,
    /// JSON.
    pub body: &'a str,
    /// How long all of it may take, to the last byte of the answer that is read.
    pub timeout: Millis,
}

/// An answer whose body is coming in. Dropping the body ends the call.
#[derive(Debug)]
pub struct Posted<B> {
    /// The HTTP status; that of a redirect if it is one, for nobody follows it.
    pub status: u16,
    /// `Content-Type`; empty when there is none.
    pub content_type: String,
    /// `Mcp-Session-Id`.
    pub session: Option<String>,
    /// The body.
    pub body: B,
}

/// Why an outside server gave no answer, or no whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsideError {
    /// No connection, or one that broke: what was sent may have arrived.
    Broken,
    /// The time was over.
    Timeout,
}

/// Where files lie, each user's under their own name.
pub trait Files {
    /// Keeps a file; one of that id is replaced.
    ///
    /// # Errors
    /// `files_unavailable`.
    async fn put(&self, user: Uuid, file: Uuid, bytes: Vec<u8>) -> Result<(), Fault>;
    /// Reads a file; `None` when there is none of that id.
    ///
    /// # Errors
    /// `files_unavailable`.
    async fn get(&self, user: Uuid, file: Uuid) -> Result<Option<Vec<u8>>, Fault>;
}

/// Servers whose addresses come from profiles. Nothing of what they say is trusted.
pub trait Outside {
    /// The body of an answer.
    type Body: OutsideBody;
    /// Posts, and waits for the status.
    ///
    /// # Errors
    /// [`OutsideError`].
    async fn post(&self, request: &Post<'_>) -> Result<Posted<Self::Body>, OutsideError>;
}

/// The body of an outside server's answer, piece by piece: a server may keep it open, so who reads decides when to stop.
pub trait OutsideBody {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`OutsideError`].
    async fn read(&mut self) -> Result<Option<Vec<u8>>, OutsideError>;
}

/// The Session object's own storage: what must survive a restart. Calls without an `await` between them
/// become durable together, before anything that the object sends afterwards.
pub trait Journal {
    /// Keeps a turn that is about to be answered, and begins its log. No answer waits from here on.
    ///
    /// # Errors
    /// `internal`, when the storage refuses: then nothing may be answered.
    fn open(&self, turn: &OpenTurn, head: &LogHead) -> Result<(), Fault>;
    /// Keeps what became known of the open turn.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    fn amend(&self, turn: &OpenTurn) -> Result<(), Fault>;
    /// Adds pieces to the log of the open turn.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    fn extend(&self, turn: Uuid, told: &[Told]) -> Result<(), Fault>;
    /// The turn that is open, if there is one.
    fn left_open(&self) -> Option<OpenTurn>;
    /// The log of a turn that is open or ended less than [`crate::session::log::KEPT_FOR`] ago.
    fn log(&self, turn: Uuid) -> Option<TurnLog>;
    /// The turn of a message with that name of the caller's, as long as there is a log of it.
    fn turn_of(&self, client_message_id: &str) -> Option<Uuid>;
    /// Keeps an answer that waits for its user, until another turn begins.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    fn suspend(&self, answer: &Suspended) -> Result<(), Fault>;
    /// The answer that waits, if one does.
    fn suspended(&self) -> Option<Suspended>;
    /// Ends the open turn and its log, puts its record into the outbox, and forgets the logs whose time is over.
    ///
    /// # Errors
    /// `internal`, when the storage refuses: then the turn stays open.
    fn close(&self, record: &TurnRecord, ending: &LogEnding, now: Millis) -> Result<(), Fault>;
    /// The records that Postgres has not, oldest first, at most `limit`.
    fn outbox(&self, limit: u32) -> Vec<Undelivered>;
    /// Those of them that are to be delivered, which the parked ones are not.
    fn due(&self, limit: u32) -> Vec<Undelivered>;
    /// Postgres has it.
    ///
    /// # Errors
    /// `internal`, when the storage refuses: then it goes on waiting.
    fn delivered(&self, turn: Uuid) -> Result<(), Fault>;
    /// The user's books have it.
    ///
    /// # Errors
    /// `internal`, when the storage refuses: then it goes on waiting.
    fn settled(&self, turn: Uuid) -> Result<(), Fault>;
    /// Postgres has it not; counts the attempt.
    fn postpone(&self, turn: Uuid);
    /// Postgres will not have it: lets the others go first.
    ///
    /// # Errors
    /// `internal`, when the storage refuses: then it goes on waiting.
    fn park(&self, turn: Uuid, now: Millis) -> Result<(), Fault>;
    /// Makes those due again that were parked before a moment.
    fn unpark(&self, before: Millis);
    /// Keeps a copy of the session's memory for when Postgres is out of reach.
    fn remember(&self, memory: &Memory);
    /// The copy that was kept.
    fn recollect(&self) -> Option<Memory>;
    /// Has the object woken at that time, restart or not.
    async fn wake_at(&self, when: Millis);
}

/// A record that waits in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Undelivered {
    /// What is to be committed.
    pub record: TurnRecord,
    /// How often that failed.
    pub attempts: u32,
    /// Whether the user's books have it.
    pub is_settled: bool,
}
