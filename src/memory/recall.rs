//! Memories for a message: the nearest ones by meaning and by words, from all sessions and documents of the user.

use chrono::{DateTime, Utc};
use pii::masked_text::MaskedText;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::UserCtx;
use crate::chat::message::Role;
use crate::model::client::client;
use crate::model::embedding::{self, Embedding};
use crate::ports::{Caller, Platform, Postgrest as _, RpcCall};
use crate::time::Millis;

/// Tokens of a short memory. Enough memories are requested to fill a whole prompt with short ones.
const SHORT_MEMORY: u32 = 20;

/// Memories that are requested at most.
const MAX_MEMORIES: u32 = 400;

/// Facts that are requested at most.
const MAX_FACTS: u32 = 20;

/// Longest time for the database to recall, in milliseconds: a turn goes on without.
const RECALL_TIMEOUT: Millis = 3000;

/// A request to recall.
#[derive(Clone, Copy, Debug)]
pub struct RecallRequest<'a> {
    /// Session to return the summary of.
    pub session: Uuid,
    /// The message, masked.
    pub text: &'a MaskedText,
    /// Tokens of the prompt that the memories are for.
    pub budget: u32,
}

/// Arguments of `recall`.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the SQL function's parameters")]
struct RecallArguments<'a> {
    /// Vector of the text; words alone decide without one.
    p_embedding: Option<Embedding>,
    p_query: &'a MaskedText,
    p_limit: u32,
    p_facts: u32,
    p_session: Uuid,
}

/// Result of `recall`, the best first.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Recalled {
    /// Facts about the user that hold now.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// Messages and passages of documents.
    #[serde(default)]
    pub memories: Vec<RecalledMemory>,
    /// Summary of the session.
    #[serde(default)]
    pub summary: Option<Summary>,
}

/// Summary of a session up to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Its text, masked.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub text: MaskedText,
    /// Last message that it covers.
    pub covers: Uuid,
    /// Moment of its first version: a summary that was forgotten and begun anew has another.
    pub since: DateTime<Utc>,
}

/// A fact about the user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fact {
    /// Id of the fact.
    pub id: Uuid,
    /// A sentence, masked.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub fact: MaskedText,
    /// Moment since which it holds.
    pub valid_from: DateTime<Utc>,
}

/// A message of an earlier conversation, or a passage of a document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RecalledMemory {
    /// The message, if it is one.
    pub message_id: Option<Uuid>,
    /// The message's session.
    #[serde(default)]
    pub session_id: Option<Uuid>,
    /// The document, if it is a passage of one.
    #[serde(default)]
    pub document_id: Option<Uuid>,
    /// Media type of that document.
    #[serde(default)]
    pub media_type: Option<String>,
    /// Name of that document, masked.
    #[serde(default)]
    pub document: Option<String>,
    /// Author of the message.
    #[serde(default)]
    pub role: Option<Role>,
    /// Its text, masked.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub content: MaskedText,
    /// Tokens of the text.
    pub content_tokens: u32,
    /// Time of the message.
    pub occurred_at: DateTime<Utc>,
}

/// Recalls memories for a message. A turn never fails for want of them: without a vector words decide, and without an answer of the
/// database nothing is recalled.
pub async fn recall<P: Platform>(ctx: &UserCtx<'_, P>, request: RecallRequest<'_>) -> Option<Recalled> {
    let RecallRequest { session, text, budget } = request;
    let limit = (budget / SHORT_MEMORY).clamp(ctx.config.top_k.min(MAX_MEMORIES), MAX_MEMORIES);
    let arguments = RecallArguments {
        p_embedding: embed(ctx, text).await,
        p_query: text,
        p_limit: limit,
        p_facts: MAX_FACTS,
        p_session: session,
    };
    let arguments = serde_json::to_string(&arguments).ok()?;
    let caller = Caller::User(&ctx.user.token);
    let call = RpcCall { function: "recall", arguments: &arguments, caller, timeout: RECALL_TIMEOUT };
    let answer = ctx.ports.postgrest.call(call).await.ok()?;
    serde_json::from_str(&answer).ok()
}

async fn embed<P: Platform>(ctx: &UserCtx<'_, P>, text: &MaskedText) -> Option<Embedding> {
    let body = embedding::body(&ctx.config.embedding_model, &[text]).ok()?;
    let answer = client(ctx.ports, ctx.config).embed(&body).await.ok()?;
    embedding::read(&answer, 1).ok()?.pop()
}
