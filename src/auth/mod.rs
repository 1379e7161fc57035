//! Authentication: Supabase access tokens, verified against the project's keys.

pub mod authenticator;
pub mod keys;
pub mod token;
pub mod verified;

use pii::identity::Identity;
use uuid::Uuid;

/// A signed-in user. Only [`token::verify`] makes one, and the user's object takes it from the Worker.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct User {
    /// `sub` of the token, `auth.users.id` in Postgres.
    pub id: Uuid,
    /// The access token: reads go to PostgREST with it, so that row-level security decides. Empty in background work.
    pub token: String,
    /// Claims of the token about its user. Nothing is authorized on them.
    pub identity: Identity,
    /// True if `app_metadata.role` is `admin`, which the project's service key alone can set.
    pub is_admin: bool,
}

impl User {
    /// A user without a token, for background work and signed links.
    #[must_use]
    pub fn absent(id: Uuid) -> Self {
        Self { id, token: String::new(), identity: Identity::default(), is_admin: false }
    }
}

// Written by hand: no log line can ever hold a name or a token.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({})", self.id)
    }
}
