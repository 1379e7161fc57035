//! Who is asking: Supabase access tokens, verified against the project's keys.

pub mod keys;
pub mod token;
pub mod verified;

use uuid::Uuid;

/// A signed-in user. Made only by [`token::verify`] and, behind it, from what the Worker hands to a Session.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// `sub` of the token, `auth.users.id` in Postgres.
    pub id: Uuid,
    /// The token itself: reads go to PostgREST with it, so that row-level security decides.
    pub token: String,
}

// By hand, so that no log line can ever hold a token.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({})", self.id)
    }
}
