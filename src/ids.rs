//! Ids for new rows.

use uuid::Uuid;

use crate::ports::Clock;
use crate::time::Millis;

/// A random UUID (version 4).
#[must_use]
pub fn random(clock: &impl Clock) -> Uuid {
    uuid::Builder::from_random_bytes(clock.random()).into_uuid()
}

/// A UUID ordered by time (version 7), which keeps Postgres's indexes dense.
#[must_use]
pub fn time_ordered(clock: &impl Clock, now: Millis) -> Uuid {
    let random = clock.random();
    let mut tail = [0; 10];
    tail.iter_mut().zip(random).for_each(|(to, from)| *to = from);
    uuid::Builder::from_unix_timestamp_millis(now, &tail).into_uuid()
}
