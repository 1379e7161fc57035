//! A session is a tree of messages: a question may be asked again, in other words, or after any answer. A turn sees the path that
//! leads to it and nothing of the other branches.

use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

use super::record::TurnRecord;

/// Position of a turn in its session, as the request gives it. A message is named by its id, or by the id that its client gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InsertAt {
    /// After the newest message.
    #[default]
    Newest,
    /// Before all other messages.
    Beginning,
    /// After that message.
    After(Uuid),
    /// Beside that question, which is asked in other words.
    InsteadOf(String),
    /// After that question, which is answered again; without a name, the newest.
    Regenerate(Option<String>),
}

impl InsertAt {
    /// True if the position is the end of the session at the time of the turn.
    #[must_use]
    pub const fn is_newest(&self) -> bool {
        matches!(self, Self::Newest | Self::Regenerate(None))
    }
}

/// The message with which a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathEnd {
    /// The newest message.
    Newest,
    /// None: the path is empty.
    Beginning,
    /// The message of that id.
    At(Uuid),
}

/// As `load_session` takes it: null, the nil UUID, or the message's id. No message has the nil UUID.
impl Serialize for PathEnd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let id = match self {
            Self::Newest => None,
            Self::Beginning => Some(Uuid::nil()),
            Self::At(id) => Some(*id),
        };
        id.serialize(serializer)
    }
}

/// True if `name` is the id of the message or its client-given name.
pub(super) fn is_named(id: Uuid, own_name: Option<&str>, name: &str) -> bool {
    own_name == Some(name) || Uuid::try_parse(name) == Ok(id)
}

/// Divides the path to a position between Postgres and the outbox: the end of the part that Postgres has, and the undelivered
/// records that lead on from it, oldest first.
///
/// `newest` is the newest message of the session, where Postgres may lack it. It need not be in the last record of the outbox:
/// Postgres may have refused that one and taken those after it.
#[must_use]
pub fn resolve_path(
    insert_at: &InsertAt,
    newest: Option<Uuid>,
    undelivered: Vec<TurnRecord>,
) -> (PathEnd, Vec<TurnRecord>) {
    // A resumed answer replaces one that Postgres or an earlier record has: that one leads on, and the resumed one comes after it.
    let (resumed, mut undelivered): (Vec<_>, Vec<_>) =
        undelivered.into_iter().partition(|record| record.continues);
    let newest = newest.map_or(PathEnd::Newest, PathEnd::At);
    let named = |name: &str| {
        let mut messages = undelivered.iter().rev().flat_map(|record| &record.messages);
        let named = messages.find(|message| is_named(message.id, message.name(), name));
        let id = named.map(|message| message.id).or_else(|| Uuid::try_parse(name).ok());
        id.map_or(newest, PathEnd::At)
    };
    let mut end = match insert_at {
        InsertAt::Newest | InsertAt::Regenerate(None) => newest,
        InsertAt::Beginning => PathEnd::Beginning,
        InsertAt::After(id) => PathEnd::At(*id),
        InsertAt::InsteadOf(name) | InsertAt::Regenerate(Some(name)) => named(name),
    };
    let mut path = Vec::new();
    while let PathEnd::At(id) = end {
        let leads_on = |record: &TurnRecord| record.messages.iter().any(|message| message.id == id);
        let Some(at) = undelivered.iter().rposition(leads_on) else { break };
        let record = undelivered.swap_remove(at);
        let parent = record.messages.first().and_then(|message| message.parent_id);
        end = parent.map_or(PathEnd::Beginning, PathEnd::At);
        path.push(record);
    }
    path.reverse();
    path.extend(resumed);
    (end, path)
}
