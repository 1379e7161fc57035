//! What is recalled for a message: the memories nearest to it by meaning and by words, whatever session they are from.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::User;
use crate::config::Config;
use crate::model::embedding::{self, Embedding};
use crate::ports::{Database, Model};
use crate::session::load::Role;

/// A memory has about so many tokens, at least: so many are asked for that they fill a prompt of them alone.
const SHORT_MEMORY: u32 = 20;

/// Memories that are ever asked for.
const MOST: u32 = 400;

/// Facts that are ever asked for.
const MOST_FACTS: u32 = 20;

/// The arguments of `recall`.
#[derive(Debug, Serialize)]
pub struct RecallQuestion<'a> {
    /// Its vector; words alone decide without one.
    #[serde(rename = "p_embedding")]
    pub embedding: Option<Embedding>,
    /// The message, masked.
    #[serde(rename = "p_query")]
    pub query: &'a str,
    /// Memories to return at most.
    #[serde(rename = "p_limit")]
    pub limit: u32,
    /// Facts to return at most.
    #[serde(rename = "p_facts")]
    pub facts: u32,
    /// The session whose summary is wanted.
    #[serde(rename = "p_session")]
    pub session: Uuid,
}

/// What `recall` returns, the best first.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Recalled {
    /// What holds of the user now.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// What was said, or stands in a document.
    #[serde(default)]
    pub memories: Vec<Recollection>,
    /// What was said in this session before.
    #[serde(default)]
    pub summary: Option<Summary>,
}

/// What a session came to, up to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Masked.
    pub text: String,
    /// The last message that it stands for.
    pub covers: Uuid,
    /// When the first version of it was written: another one has nothing of it.
    pub since: DateTime<Utc>,
}

/// What holds of the user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fact {
    /// Its row.
    pub id: Uuid,
    /// A sentence, masked.
    pub fact: String,
    /// Since when.
    pub valid_from: DateTime<Utc>,
}

/// A message of an earlier conversation, or a piece of a document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Recollection {
    /// The message, if it is one.
    pub message_id: Option<Uuid>,
    /// The session that it was said in.
    #[serde(default)]
    pub session_id: Option<Uuid>,
    /// The document that it is of, if it is of one.
    #[serde(default)]
    pub document_id: Option<Uuid>,
    /// What that document is.
    #[serde(default)]
    pub media_type: Option<String>,
    /// The document's name, if it is of one.
    #[serde(default)]
    pub document: Option<String>,
    /// Who said it.
    #[serde(default)]
    pub role: Option<Role>,
    /// What was said, masked.
    pub content: String,
    /// Its tokens.
    pub content_tokens: u32,
    /// When.
    pub occurred_at: DateTime<Utc>,
}

/// Recalls what there is for a message. A turn never fails for want of it: without a vector words decide, and without an answer
/// nothing is recalled.
pub async fn recall(
    user: &User,
    session: Uuid,
    message: &str,
    budget: u32,
    config: &Config,
    database: &impl Database,
    model: &impl Model,
) -> Option<Recalled> {
    let question = RecallQuestion {
        embedding: embed(message, config, model).await,
        query: message,
        limit: (budget / SHORT_MEMORY).clamp(config.top_k.min(MOST), MOST),
        facts: MOST_FACTS,
        session,
    };
    database.recall(user, &question).await.ok()
}

async fn embed(text: &str, config: &Config, model: &impl Model) -> Option<Embedding> {
    let body = embedding::body(&config.embedding_model, &[text]).ok()?;
    let answer = model.embed(&body).await.ok()?;
    embedding::read(&answer, 1).ok()?.pop()
}
