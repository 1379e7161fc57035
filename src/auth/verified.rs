//! Tokens that were verified a moment ago. An ECDSA signature costs more CPU than the rest of a request, and a user who chats sends
//! the same token for an hour.

use std::collections::HashMap;

use super::User;
use super::token::Verified;
use crate::time::Millis;

/// Milliseconds that a verification counts: a key that the project revokes is refused after this at the latest.
const COUNTS_FOR: Millis = 5 * 60 * 1000;

/// Tokens kept in an isolate: a bound on memory, at about 2 KB each.
const MAX_TOKENS: usize = 512;

/// Verified tokens of an isolate.
#[derive(Debug, Default)]
pub struct VerifiedTokens(HashMap<String, Verified>);

impl VerifiedTokens {
    /// The user of a token that was verified and still counts.
    #[must_use]
    pub fn user(&self, token: &str, now: Millis) -> Option<&User> {
        self.0.get(token).filter(|verified| now < verified.expires_at).map(|verified| &verified.user)
    }

    /// Adds a token that was verified at `now`.
    pub fn remember(&mut self, verified: &Verified, now: Millis) {
        if self.0.len() >= MAX_TOKENS {
            self.0.retain(|_, verified| now < verified.expires_at);
        }
        if self.0.len() >= MAX_TOKENS {
            self.0.clear();
        }
        let Verified { user, expires_at } = verified.clone();
        let expires_at = expires_at.min(now + COUNTS_FOR);
        self.0.insert(user.token.clone(), Verified { user, expires_at });
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(token: &str) -> User {
        User { token: token.into(), ..User::absent(Uuid::from_u128(1)) }
    }

    fn verified(token: &str, expires_at: Millis) -> Verified {
        Verified { user: user(token), expires_at }
    }

    #[test]
    fn a_token_counts_until_it_expires_or_must_be_looked_at_again() {
        let mut tokens = VerifiedTokens::default();
        tokens.remember(&verified("short", 1500), 1000);
        tokens.remember(&verified("long", 1_000_000_000), 1000);
        assert_eq!(tokens.user("short", 1499), Some(&user("short")));
        assert_eq!(tokens.user("short", 1500), None);
        assert!(tokens.user("long", 1000 + COUNTS_FOR - 1).is_some());
        assert_eq!(tokens.user("long", 1000 + COUNTS_FOR), None);
        assert_eq!(tokens.user("other", 1000), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut tokens = VerifiedTokens::default();
        for n in 0..5000 {
            tokens.remember(&verified(&n.to_string(), 10_000), 1000);
        }
        assert!(tokens.0.len() <= MAX_TOKENS);
    }
}
