//! Whatever the bytes, of whatever kind: a document is read or refused within bounds of memory, and what is read is cut without loss.
#![no_main]

use libfuzzer_sys::fuzz_target;
use passages::chunk;
use peak_alloc::PeakAlloc;
use readers::document::extract::extract;
use readers::document::kind::Kind;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Most bytes that reading may take: the bound of `crates/readers/tests/hostile.rs`. Time is libFuzzer's `-timeout`.
const MOST_BYTES: usize = 20_000_000;

/// Charsets that an upload may declare.
const CHARSETS: [Option<&str>; 4] = [None, Some("shift_jis"), Some("utf-16le"), Some("gb18030")];

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    let kind = match choice % 5 {
        0 => Kind::Text,
        1 => Kind::Markdown,
        2 => Kind::Csv,
        3 => Kind::Html,
        _ => Kind::Pdf,
    };
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let read = extract(kind, bytes, CHARSETS[usize::from(choice / 64)]);
    let taken = ALLOCATOR.peak_usage() - before;
    assert!(taken <= MOST_BYTES, "{taken} bytes for {}", bytes.len());
    let Ok(parts) = read else { return };
    let Ok(chunks) = chunk(&parts) else { return };
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let whole: String = parts.iter().map(|part| squeeze(&part.text)).collect();
    let fresh: String = chunks.iter().map(|chunk| squeeze(&chunk.content[chunk.fresh..])).collect();
    assert_eq!(whole, fresh);
    for chunk in &chunks {
        assert!(chunk.tokens <= 600 && chunk.content.chars().count() <= 32_000, "{} tokens", chunk.tokens);
    }
});
