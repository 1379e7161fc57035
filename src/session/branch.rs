//! The point of a cached path at which a turn goes on.

use super::cache::SessionCache;
use super::path::{InsertAt, is_named};
use crate::chat::message::{Message, Role};
use crate::error::{Code, Error, abort_field};
use uuid::Uuid;

/// A point of a known path.
#[derive(Debug, PartialEq)]
pub struct BranchPoint<'a> {
    /// Messages before the turn: all that its model may see.
    pub path: &'a [Message],
    /// The message before the question.
    pub parent_id: Option<Uuid>,
    /// The question, when it is answered again.
    pub question: Option<&'a Message>,
}

impl SessionCache {
    /// Finds the point of a turn; `None` when the cached path does not have it.
    ///
    /// # Errors
    /// `invalid_field` when the named message is not a question.
    pub fn branch_point(&self, insert_at: &InsertAt) -> Result<Option<BranchPoint<'_>>, Error> {
        if insert_at.is_newest() && !self.is_newest {
            return Ok(None);
        }
        let whole = self.messages.as_slice();
        let new = |path, parent_id| BranchPoint { path, parent_id, question: None };
        Ok(match insert_at {
            // Of the path only the end is known.
            InsertAt::Newest if whole.is_empty() && self.last_message_id.is_some() => None,
            InsertAt::Newest => Some(new(whole, self.last_message_id)),
            InsertAt::Beginning => Some(new(&[], None)),
            InsertAt::After(id) => {
                let at = whole.iter().position(|message| message.id == *id);
                at.and_then(|at| Some(new(whole.get(..=at)?, Some(*id))))
            }
            InsertAt::InsteadOf(name) => match self.position(name) {
                Some(at) => {
                    let at = require_question(whole, at, "messageId")?;
                    Some(BranchPoint { question: None, ..self.before(at) })
                }
                None => None,
            },
            InsertAt::Regenerate(name) => {
                let newest = whole.len().checked_sub(1);
                match name.as_ref().map_or(newest, |name| self.position(name)) {
                    // Naming an answer asks for another answer to the same question.
                    Some(at) if whole.get(at).is_some_and(|message| message.role != Role::User) => {
                        match at.checked_sub(1) {
                            Some(at) => Some(self.before(require_question(whole, at, "parent_id")?)),
                            None => None,
                        }
                    }
                    Some(at) => Some(self.before(at)),
                    None => None,
                }
            }
        })
    }

    /// Index of the newest message of that name.
    fn position(&self, name: &str) -> Option<usize> {
        self.messages.iter().rposition(|message| is_named(message.id, message.name.as_deref(), name))
    }

    /// The point before a message of the path, which is the question.
    fn before(&self, at: usize) -> BranchPoint<'_> {
        let path = self.messages.get(..at).unwrap_or_default();
        let question = self.messages.get(at);
        let parent_id = path.last().map(|message| message.id);
        BranchPoint { path, parent_id: parent_id.or_else(|| question?.parent_id), question }
    }
}

/// The index itself, if a question stands there.
fn require_question(path: &[Message], at: usize, field: &'static str) -> Result<usize, Error> {
    let is_question = path.get(at).is_some_and(|message| message.role == Role::User);
    let rule = || {
        let detail = format!("{field} must be a message of the user's where there is no new one.");
        abort_field(Code::InvalidField, field, detail)
    };
    if is_question { Ok(at) } else { Err(rule()) }
}
