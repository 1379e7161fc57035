//! Who is asking: Supabase access tokens, verified against the project's keys.

pub mod keys;
pub mod token;
pub mod verified;

use pii::identity::Identity;
use uuid::Uuid;

/// A signed-in user. Made only by [`token::verify`] and, behind it, from what the Worker hands to a Session.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// `sub` of the token, `auth.users.id` in Postgres.
    pub id: Uuid,
    /// The token itself: reads go to PostgREST with it, so that row-level security decides.
    pub token: String,
    /// What the token says of the person.
    pub identity: Identity,
}

impl User {
    /// A user who is not here: nothing can be read with their token, and nothing more is known of them.
    #[must_use]
    pub fn absent(id: Uuid) -> Self {
        Self { id, token: String::new(), identity: Identity::default() }
    }
}

// By hand, so that no log line can ever hold a name or a token.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({})", self.id)
    }
}
