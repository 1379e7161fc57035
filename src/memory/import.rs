//! Conversations from elsewhere: masked and stored as if they had been held here, and remembered.

use chrono::{DateTime, Duration, Utc};
use pii::mask::Author;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::User;
use crate::config::Config;
use crate::ports::{Clock, Database, Model, Strongbox};
use crate::session::load::Role;
use crate::session::record::title;
use crate::user::record::Refused;
use crate::user::vault::{self, Ports, UserState};

/// A message that was said elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its id here: the same for the same message, so that it is imported once.
    pub id: Uuid,
    /// Its session here.
    pub session_id: Uuid,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// What the caller calls it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
}

/// A message as `import_messages` takes it.
#[derive(Clone, Debug, Serialize)]
pub struct ImportedMessage {
    /// The message, masked.
    #[serde(flatten)]
    pub said: Said,
    /// Its tokens.
    pub content_tokens: u32,
    /// The title that it gives a session which has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// What became of messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// So many are new.
    #[serde(default)]
    pub imported: u64,
    /// So many were there before.
    #[serde(default)]
    pub known: u64,
    /// Sessions of others: then nothing was imported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<Uuid>,
}

/// Messages of one moment keep their order: each is said at least a millisecond after the one before it in its session.
#[derive(Debug, Default)]
pub struct Order(std::collections::BTreeMap<Uuid, DateTime<Utc>>);

impl Order {
    /// When a message is said that its caller says was said at `at`.
    pub fn place(&mut self, session: Uuid, at: DateTime<Utc>) -> DateTime<Utc> {
        let before = self.0.get(&session).map(|before| *before + Duration::milliseconds(1));
        let at = before.map_or(at, |earliest| at.max(earliest));
        self.0.insert(session, at);
        at
    }
}

/// Masks messages and stores them.
///
/// # Errors
/// [`Refused`], and then none of them is stored.
pub async fn import(
    state: &UserState,
    user: &User,
    employee: &str,
    messages: Vec<Said>,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<Imported, Refused> {
    let mut masked = Vec::with_capacity(messages.len());
    for mut said in messages {
        said.content = vault::mask(state, user, &said.content, Author::Outside, config, ports).await?.text;
        let content_tokens = tokens::count(&said.content);
        let title = (said.role == Role::User).then(|| title(&said.content));
        masked.push(ImportedMessage { said, content_tokens, title });
    }
    Ok(ports.database.import_messages(user.id, employee, &masked).await?)
}
