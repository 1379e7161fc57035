//! Whatever the bytes: a count is within its bounds, a limit gives it or nothing, and what a space parts adds up.
#![no_main]

use tokens::{count, count_up_to, fits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u32, &[u8])| {
    let (limit, bytes) = input;
    let text = String::from_utf8_lossy(bytes);
    let exact = count(&text);
    let length = text.len() as u32;
    assert!(length.div_ceil(128) <= exact && exact <= length, "{exact} for {length} bytes");

    for limit in [limit, limit % (length + 2), exact, exact.saturating_sub(1)] {
        assert_eq!(count_up_to(&text, limit), (exact <= limit).then_some(exact));
        assert_eq!(fits(&text, limit), exact <= limit);
    }

    // A letter before and a letter after a space belong to different pieces.
    assert_eq!(count(&format!("{text}y x")), count(&format!("{text}y")) + count(" x"));
});
