//! Whatever the bytes, findings stand in order, apart from each other, and at boundaries of characters.
#![no_main]

use pii::detect::{Finding, KnownValues, Patterns, Scope, find};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut known = KnownValues::new();
    known.add("PERSON", "Ada Lovelace");
    let patterns = Patterns::default();
    for plain_urls in [false, true] {
        check(&text, &find(&text, &Scope { plain_urls, ..Scope::new(&patterns, &known) }));
    }
});

fn check(text: &str, findings: &[Finding]) {
    let mut last = 0;
    for Finding { start, end, .. } in findings {
        assert!(last <= *start && start < end, "{findings:?}");
        assert!(text.get(*start..*end).is_some(), "{findings:?}");
        last = *end;
    }
}
