//! Values that are known to be a user's own.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Claims of an access token about its user. Nothing is authorised on them; they are masked wherever they occur.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Claim `email` of the token.
    pub email: Option<String>,
    /// Claim `phone` of the token.
    pub phone: Option<String>,
    /// Full name in the user metadata.
    pub name: Option<String>,
}

impl Identity {
    /// The values that are present, each with its kind.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let values = [("EMAIL", &self.email), ("PHONE", &self.phone), ("PERSON", &self.name)];
        values.into_iter().filter_map(|(kind, value)| Some((kind, value.as_deref()?)))
    }
}

// By hand, so that no log line can ever hold a name.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}
