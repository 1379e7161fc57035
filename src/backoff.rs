//! Pauses before a failed request is made again.

use crate::error::Code;
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

/// The first pause of background work whose model failed.
const FIRST_MODEL_PAUSE: Millis = 2 * 1000;

/// The longest pause of background work whose model failed: a person may have to look into it first.
const LONGEST_MODEL_PAUSE: Millis = 10 * 60 * 1000;

/// Pause of background work after so many failures in a row. It grows fourfold where a model failed: its work is paid for, and
/// nobody waits for it.
#[must_use]
pub fn background_pause(fault: Code, failures: u32, random: [u8; 16]) -> Millis {
    use Code::{ModelRejected, ModelTimeout, ModelTruncated, ModelUnavailable};
    if !matches!(fault, ModelRejected | ModelTimeout | ModelTruncated | ModelUnavailable) {
        return pause(failures, random);
    }
    let full = FIRST_MODEL_PAUSE.saturating_mul(1 << (2 * failures.saturating_sub(1).min(10)));
    let full = full.min(LONGEST_MODEL_PAUSE);
    full - full / 4 * Millis::from(random[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn background_work_that_a_model_refuses_soon_rests() {
        let pauses =
            [1, 2, 3, 4, 99].map(|failures| background_pause(Code::ModelRejected, failures, [0; 16]));
        assert_eq!(pauses, [2000, 8000, 32_000, 128_000, LONGEST_MODEL_PAUSE]);
        assert_eq!(background_pause(Code::DatabaseUnavailable, 99, [0; 16]), LONGEST_PAUSE);
    }

    #[test]
    fn pauses_grow_to_a_bound_and_vary_by_at_most_half() {
        assert_eq!(pause(0, [0; 16]), 1000);
        assert_eq!(pause(0, [255; 16]), 500);
        assert_eq!(pause(3, [0; 16]), 8000);
        assert_eq!(pause(u32::MAX, [0; 16]), LONGEST_PAUSE);
        assert_eq!(pause(u32::MAX, [255; 16]), LONGEST_PAUSE / 2);
    }
}
