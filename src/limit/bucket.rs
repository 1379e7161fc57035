//! A rate limit by leaky bucket: `quota` messages at once, and as many again within a minute.

use serde::{Deserialize, Serialize};

use crate::time::Millis;

/// Milliseconds in which an empty bucket is full again.
pub const WINDOW: Millis = 60 * 1000;

/// Messages taken from a bucket. Counted in messages times [`WINDOW`], so that refilling is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Messages, times [`WINDOW`], that were taken and are not refilled yet.
    taken: u64,
    at: Millis,
}

/// State of a bucket after a message was taken, as the `RateLimit` header reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimitStatus {
    /// The most that there can be.
    pub quota: u32,
    /// Messages left in the bucket.
    pub remaining: u32,
    /// Seconds until there is one more.
    pub reset: u64,
}

impl Bucket {
    /// True if a whole window has passed since the last message.
    #[must_use]
    pub const fn is_full(&self, now: Millis) -> bool {
        now.saturating_sub(self.at) >= WINDOW
    }

    /// Takes a message out of a bucket of `quota` messages.
    ///
    /// # Errors
    /// Milliseconds until there is one, when it is empty.
    pub fn take(&mut self, quota: u32, now: Millis) -> Result<RateLimitStatus, Millis> {
        let refilled = now.saturating_sub(self.at).saturating_mul(u64::from(quota));
        let taken = self.taken.saturating_sub(refilled);
        let full = u64::from(quota).saturating_mul(WINDOW);
        if taken.saturating_add(WINDOW) > full {
            let missing = taken.saturating_add(WINDOW) - full;
            return Err(missing.div_ceil(u64::from(quota).max(1)));
        }
        (self.taken, self.at) = (taken + WINDOW, now);
        let left = full - self.taken;
        Ok(RateLimitStatus {
            quota,
            remaining: u32::try_from(left / WINDOW).unwrap_or(u32::MAX),
            reset: (WINDOW - left % WINDOW).div_ceil(u64::from(quota).max(1)).div_ceil(1000),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Millis = 1_795_420_800_000;

    #[test]
    fn as_many_as_there_are_pass_at_once_and_no_more() {
        let mut bucket = Bucket::default();
        let passed = (0..100).filter(|_| bucket.take(10, START).is_ok()).count();
        assert_eq!(passed, 10);
        assert_eq!(bucket.take(10, START), Err(6000));
        assert_eq!(bucket.take(10, START + 5999), Err(1));
        assert_eq!(bucket.take(10, START + 6000), Ok(RateLimitStatus { quota: 10, remaining: 0, reset: 6 }));
        assert!(bucket.take(10, START + 6000).is_err());
    }

    #[test]
    fn a_bucket_of_nothing_lets_nothing_pass() {
        assert!(Bucket::default().take(0, START).is_err());
    }

    proptest! {
        #[test]
        fn never_more_than_full_and_what_was_refilled(
            quota in 1u32..50,
            steps in prop::collection::vec(0u64..20_000, 1..300),
        ) {
            let mut bucket = Bucket::default();
            let mut now = START;
            let mut passed = 0u64;
            for step in steps {
                now += step;
                match bucket.take(quota, now) {
                    Ok(standing) => {
                        passed += 1;
                        prop_assert!(standing.remaining < quota);
                    }
                    Err(wait) => {
                        prop_assert!(bucket.take(quota, now + wait - 1).is_err(), "not before its time");
                        prop_assert!({ let mut later = bucket; later.take(quota, now + wait).is_ok() }, "but then");
                    }
                }
            }
            prop_assert!(passed <= u64::from(quota) + (now - START) * u64::from(quota) / WINDOW);
        }
    }
}
