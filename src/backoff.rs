//! Pause before Postgres is tried again.

use crate::time::Millis;

/// The first pause after a failed delivery.
const FIRST_PAUSE: Millis = 1000;

/// The longest pause: an outage that ends is noticed within half a minute.
const LONGEST_PAUSE: Millis = 30 * 1000;

/// Doubles from one second to half a minute, less up to half of it by chance, so that the objects that
/// one outage left behind do not all come back in the same second.
#[must_use]
pub fn pause(attempts: u32, random: [u8; 16]) -> Millis {
    let full = FIRST_PAUSE.saturating_mul(1 << attempts.min(10)).min(LONGEST_PAUSE);
    full - full / 2 * Millis::from(random[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_vary_by_at_most_half() {
        assert_eq!(pause(0, [0; 16]), 1000);
        assert_eq!(pause(0, [255; 16]), 500);
        assert_eq!(pause(3, [0; 16]), 8000);
        assert_eq!(pause(u32::MAX, [0; 16]), LONGEST_PAUSE);
        assert_eq!(pause(u32::MAX, [255; 16]), LONGEST_PAUSE / 2);
    }
}
