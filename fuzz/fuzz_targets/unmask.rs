//! Whatever a model writes and however it is split: the pieces make up the same text, and little is held back.
#![no_main]

use pii::policy::Policy;
use pii::placeholder::Placeholder;
use pii::unmask::{PlaceholderMap, Unmasker};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u8>)| {
    let (bytes, cuts) = input;
    let text = String::from_utf8_lossy(&bytes);
    let values = [(Placeholder::new("EMAIL", 1), "ann@example.com"), (Placeholder::new("US_SSN", 12), "[EMAIL_1]")];
    let shown = || PlaceholderMap::new(values.iter().map(|(token, value)| (token, *value)), &Policy::full());
    let mut whole = Unmasker::new(shown());
    let whole = whole.feed(&text) + &whole.end();
    let mut pieces = Unmasker::new(shown());
    let mut out = String::new();
    let mut rest: &str = &text;
    for cut in cuts {
        let (head, tail) = rest.split_at(rest.floor_char_boundary(cut.into()));
        out += &pieces.feed(head);
        rest = tail;
    }
    out += &pieces.feed(rest);
    assert_eq!(out + &pieces.end(), whole);
});
