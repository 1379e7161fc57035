//! Time and randomness come in as values.

use crate::time::Millis;

/// Bytes for a key or a nonce.
pub type Secret = [u8; 32];

/// The present moment, timers and random bytes.
pub trait Clock {
    /// Milliseconds since 1970. On Workers the clock advances only with I/O.
    fn now(&self) -> Millis;
    /// Resolves after `span` milliseconds.
    async fn sleep(&self, span: Millis);
    /// Sixteen random bytes for ids and jitter; no secret is made of them.
    fn random(&self) -> [u8; 16];
    /// Bytes from a secure source, for keys and nonces. `None` when the platform has no such source.
    fn secret(&self) -> Option<Secret>;
}
