//! Moments and spans. Nothing in the core reads a clock: the present comes in as a value.

use chrono::{DateTime, Utc};

/// A moment as milliseconds since 1970, or a span of them.
pub type Millis = u64;

/// A moment as Postgres and people write it.
#[must_use]
pub fn timestamp(at: Millis) -> DateTime<Utc> {
    i64::try_from(at).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default()
}
