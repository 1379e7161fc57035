//! Whatever the bytes, of whatever kind: a document is read or refused, and what is read is cut without loss and within bounds.
#![no_main]

use readers::document::chunk::chunk;
use readers::document::extract::extract;
use readers::document::kind::Kind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let kind = match kind % 5 {
        0 => Kind::Text,
        1 => Kind::Markdown,
        2 => Kind::Csv,
        3 => Kind::Html,
        _ => Kind::Pdf,
    };
    let Ok(parts) = extract(kind, bytes) else { return };
    let Ok(chunks) = chunk(&parts) else { return };
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let whole: String = parts.iter().map(|part| squeeze(&part.text)).collect();
    let fresh: String = chunks.iter().map(|chunk| squeeze(&chunk.content[chunk.fresh..])).collect();
    assert_eq!(whole, fresh);
    for chunk in &chunks {
        assert!(chunk.tokens <= 600 && chunk.content.chars().count() <= 32_000, "{} tokens", chunk.tokens);
    }
});
