//! A session is a tree of messages: a question may be asked again, in other words, or after any answer. A turn sees the path
//! that leads to it and nothing of the other branches.

use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use super::load::{Message, Role};
use super::memory::Memory;
use super::record::TurnRecord;
use crate::error::{Code, Error, abort_field};

/// Where a turn goes, as its request says. Messages are called by their ids, or as their authors call them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// After the newest message.
    #[default]
    Newest,
    /// Before all others.
    Beginning,
    /// After that message.
    After(Uuid),
    /// Beside that question, which is asked in other words.
    Instead(String),
    /// After that question, which is answered again; without one, the newest.
    Again(Option<String>),
}

impl Place {
    /// Whether it is wherever the session has come to.
    #[must_use]
    pub const fn is_newest(&self) -> bool {
        matches!(self, Self::Newest | Self::Again(None))
    }
}

/// Where a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// At the newest message.
    Newest,
    /// Before the first one.
    Beginning,
    /// At that one.
    At(Uuid),
}

/// As `load_session` takes it: no message has the nil UUID.
impl Serialize for Leaf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let id = match self {
            Self::Newest => None,
            Self::Beginning => Some(Uuid::nil()),
            Self::At(id) => Some(*id),
        };
        id.serialize(serializer)
    }
}

/// Where a turn goes in a path that is known.
#[derive(Debug, PartialEq)]
pub struct Spot<'a> {
    /// What it follows: all that its model may see.
    pub path: &'a [Message],
    /// The message before its question.
    pub parent_id: Option<Uuid>,
    /// The question, if it is not a new one.
    pub question: Option<&'a Message>,
}

impl Memory {
    /// The place of a turn; `None` when it is not on the path that is remembered.
    ///
    /// # Errors
    /// `invalid_field` when the message that is meant is not a question.
    pub fn spot(&self, place: &Place) -> Result<Option<Spot<'_>>, Error> {
        if place.is_newest() && !self.is_newest {
            return Ok(None);
        }
        let whole = self.messages.as_slice();
        let new = |path, parent_id| Spot { path, parent_id, question: None };
        Ok(match place {
            // All of the path is forgotten but its end.
            Place::Newest if whole.is_empty() && self.last_message_id.is_some() => None,
            Place::Newest => Some(new(whole, self.last_message_id)),
            Place::Beginning => Some(new(&[], None)),
            Place::After(id) => {
                let at = whole.iter().position(|message| message.id == *id);
                at.and_then(|at| Some(new(whole.get(..=at)?, Some(*id))))
            }
            Place::Instead(name) => match self.at(name) {
                Some(at) => Some(Spot { question: None, ..self.before(question(whole, at, "messageId")?) }),
                None => None,
            },
            Place::Again(name) => {
                let newest = whole.len().checked_sub(1);
                match name.as_ref().map_or(newest, |name| self.at(name)) {
                    // Who names an answer means another one to the same question.
                    Some(at) if whole.get(at).is_some_and(|message| message.role != Role::User) => {
                        match at.checked_sub(1) {
                            Some(at) => Some(self.before(question(whole, at, "parent_id")?)),
                            None => None,
                        }
                    }
                    Some(at) => Some(self.before(at)),
                    None => None,
                }
            }
        })
    }

    /// The newest message of that name.
    fn at(&self, name: &str) -> Option<usize> {
        self.messages.iter().rposition(|message| is_called(message.id, message.name.as_deref(), name))
    }

    /// The spot of a message of the path, which is its question.
    fn before(&self, at: usize) -> Spot<'_> {
        let path = self.messages.get(..at).unwrap_or_default();
        let question = self.messages.get(at);
        let parent_id = path.last().map(|message| message.id);
        Spot { path, parent_id: parent_id.or_else(|| question?.parent_id), question }
    }
}

/// The place of a message, if it is a question.
fn question(path: &[Message], at: usize, field: &'static str) -> Result<usize, Error> {
    let is_question = path.get(at).is_some_and(|message| message.role == Role::User);
    let rule = || {
        abort_field(
            Code::InvalidField,
            field,
            format!("{field} must be a message of the user's where there is no new one."),
        )
    };
    if is_question { Ok(at) } else { Err(rule()) }
}

fn is_called(id: Uuid, own_name: Option<&str>, name: &str) -> bool {
    own_name == Some(name) || Uuid::try_parse(name) == Ok(id)
}

/// What there is to read for a turn that goes to `place`: the path that Postgres has, and those of the records that are on
/// their way there which lead on from it, oldest first. `newest` is the newest message of all, where Postgres may not have it:
/// that need not be the last that is on its way, for Postgres may have refused that one and taken those after it.
#[must_use]
pub fn way_to(place: &Place, newest: Option<Uuid>, mut waiting: Vec<TurnRecord>) -> (Leaf, Vec<TurnRecord>) {
    let newest = newest.map_or(Leaf::Newest, Leaf::At);
    let named = |name: &str| {
        let mut messages = waiting.iter().rev().flat_map(|record| &record.messages);
        let named = messages.find(|message| is_called(message.id, message.name(), name));
        let id = named.map(|message| message.id).or_else(|| Uuid::try_parse(name).ok());
        id.map_or(newest, Leaf::At)
    };
    let mut leaf = match place {
        Place::Newest | Place::Again(None) => newest,
        Place::Beginning => Leaf::Beginning,
        Place::After(id) => Leaf::At(*id),
        Place::Instead(name) | Place::Again(Some(name)) => named(name),
    };
    let mut way = Vec::new();
    while let Leaf::At(id) = leaf {
        let leads = |record: &TurnRecord| record.messages.iter().any(|message| message.id == id);
        let Some(at) = waiting.iter().rposition(leads) else { break };
        let record = waiting.swap_remove(at);
        let parent = record.messages.first().and_then(|message| message.parent_id);
        leaf = parent.map_or(Leaf::Beginning, Leaf::At);
        way.push(record);
    }
    way.reverse();
    (leaf, way)
}
