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
    /// What the token says of the person.
    pub identity: Identity,
}

/// What a token says of its user: nothing is decided by it, it is only hidden wherever it occurs.
#[derive(Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Full name.
    pub name: Option<String>,
}

impl User {
    /// A user who is not here: nothing can be read with their token, and nothing more is known of them.
    #[must_use]
    pub fn absent(id: Uuid) -> Self {
        Self { id, token: String::new(), identity: Identity::default() }
    }
}

impl Identity {
    /// What there is of it, as the kinds and values that privacy knows.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = [("EMAIL", &self.email), ("PHONE", &self.phone), ("PERSON", &self.name)];
        values.into_iter().filter_map(|(kind, value)| Some((kind, value.as_deref()?)))
    }
}

// By hand, as that of `User`: no log line can ever hold a name or a token.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({})", self.id)
    }
}
