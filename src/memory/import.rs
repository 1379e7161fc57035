//! Import of conversations from elsewhere: masked, stored and remembered as if they had been held here.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change::change;
use super::index::{self, End};
use super::recalled_memory::{RecalledMemory, Said};
use crate::account::UserCtx;
use crate::account::vault::VaultError;
use crate::chat::message::{Role, title};
use crate::database;
use crate::ports::{Caller, Platform};
use pii::detect::Recognized;
use pii::mask::Author;
use pii::masked_text::MaskedText;

/// Longest title of a session, in characters.
pub const MAX_TITLE_CHARS: usize = 200;

/// A message from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedMessage {
    /// Id derived from the message, so that it is imported once.
    pub id: Uuid,
    /// Id of its session here.
    pub session_id: Uuid,
    /// Author of the message.
    pub role: Role,
    /// Its text, raw.
    pub content: String,
    /// Time of the message.
    pub created_at: DateTime<Utc>,
    /// The id that the caller gave it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Message that it follows.
    #[serde(default)]
    pub parent: ImportedParent,
    /// Title of its session, raw, where the caller gave one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
}

impl ImportedMessage {
    /// Its raw texts, always as many: the content and the title.
    fn texts(&self) -> [&str; 2] {
        [&self.content, self.title.as_deref().unwrap_or_default()]
    }
}

/// Message that an imported message follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportedParent {
    /// The message before it in its session.
    #[default]
    Before,
    /// None: it begins its session.
    Absent,
    /// A message of its session that came earlier.
    Message(Uuid),
}

/// A message as `import_messages` takes it.
#[derive(Clone, Debug, Serialize)]
struct MaskedMessage {
    id: Uuid,
    session_id: Uuid,
    role: Role,
    content: MaskedText,
    created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    content_tokens: u32,
    /// Title for a session that has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<MaskedText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<Uuid>,
    is_first: bool,
}

impl MaskedMessage {
    /// The message as the index has it; `None` for one that says nothing.
    fn memory(&self) -> Option<RecalledMemory> {
        let Self { id, session_id, role, ref content, content_tokens, created_at, .. } = *self;
        let said = Said { id, session: session_id, role, content, content_tokens, at: created_at };
        RecalledMemory::of_message(said)
    }
}

/// A title that fits its column whole: a placeholder may be longer than its value.
fn fitting(masked: MaskedText) -> MaskedText {
    if masked.chars().count() > MAX_TITLE_CHARS { title(&masked) } else { masked }
}

/// Result of `import_messages`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportCounts {
    /// Messages that are new.
    #[serde(default)]
    pub imported: u64,
    /// Messages that were there before.
    #[serde(default)]
    pub known: u64,
    /// Ids of the new messages.
    #[serde(default)]
    pub added: Vec<Uuid>,
    /// Sessions of other users: then nothing was imported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<Uuid>,
    /// True if the user was erased since the import began, or has no account: then nothing was imported.
    #[serde(default)]
    pub gone: bool,
}

/// Keeps messages of one moment in order: each is at least a millisecond after the one before it in its session.
#[derive(Debug, Default)]
pub struct Order(std::collections::BTreeMap<Uuid, DateTime<Utc>>);

impl Order {
    /// Time of a message that the caller dates `at`.
    pub fn place(&mut self, session: Uuid, at: DateTime<Utc>) -> DateTime<Utc> {
        let before = self.0.get(&session).map(|before| *before + Duration::milliseconds(1));
        let at = before.map_or(at, |earliest| at.max(earliest));
        self.0.insert(session, at);
        at
    }
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the SQL function's parameters")]
struct ImportMessages<'a> {
    p_user: Uuid,
    p_employee: &'a str,
    p_messages: &'a [MaskedMessage],
    p_started_at: DateTime<Utc>,
}

/// Origin of imported messages.
#[derive(Clone, Copy, Debug)]
pub struct ImportSource<'a> {
    /// Slug of the employee of the conversations.
    pub employee: &'a str,
    /// Moment at which the import began: if the user was erased since, nothing is stored.
    pub started_at: DateTime<Utc>,
}

/// Masks a batch of messages and stores it.
///
/// # Errors
/// [`VaultError`]: then none of the batch is stored.
pub async fn import<P: Platform>(
    ctx: &UserCtx<'_, P>,
    source: ImportSource<'_>,
    messages: Vec<ImportedMessage>,
) -> Result<ImportCounts, VaultError> {
    ctx.unlock().await?;
    let texts: Vec<_> = messages.iter().flat_map(ImportedMessage::texts).collect();
    let mut recognized = ctx.recognize(&texts).await?.into_iter();
    let masked = messages.into_iter().map(|message| {
        let values = [recognized.next().unwrap_or_default(), recognized.next().unwrap_or_default()];
        mask_message(ctx, message, &values)
    });
    let masked = masked.collect::<Result<Vec<_>, _>>()?;
    let ImportSource { employee: p_employee, started_at: p_started_at } = source;
    let arguments = ImportMessages { p_user: ctx.user.id, p_employee, p_messages: &masked, p_started_at };
    let call = database::call(&ctx.ports.postgrest, Caller::Service, "import_messages", &arguments);
    let counts: ImportCounts = change(ctx, call).await?;
    let added: BTreeSet<_> = counts.added.iter().collect();
    let memories: Vec<_> = masked
        .iter()
        .filter(|message| added.contains(&message.id))
        .filter_map(MaskedMessage::memory)
        .collect();
    index::add(&ctx.ports.sql, End::Newest, &memories).map_err(VaultError::from)?;
    Ok(counts)
}

/// Masks a message. `recognized` has the values of its texts.
fn mask_message<P: Platform>(
    ctx: &UserCtx<'_, P>,
    message: ImportedMessage,
    recognized: &[Vec<Recognized>; 2],
) -> Result<MaskedMessage, VaultError> {
    let ImportedMessage { id, session_id, role, content, created_at, name, parent, title: own_title } =
        message;
    let [of_content, of_title] = recognized;
    let content = ctx.mask_with(&content, Author::Outside, of_content)?;
    let content_tokens = tokens::count(&content);
    let title = match own_title {
        Some(own_title) => Some(fitting(ctx.mask_with(&own_title, Author::Outside, of_title)?)),
        None => (role == Role::User).then(|| title(&content)),
    };
    let (parent_id, is_first) = match parent {
        ImportedParent::Before => (None, false),
        ImportedParent::Absent => (None, true),
        ImportedParent::Message(id) => (Some(id), false),
    };
    Ok(MaskedMessage {
        id,
        session_id,
        role,
        content,
        created_at,
        name,
        content_tokens,
        title,
        parent_id,
        is_first,
    })
}
