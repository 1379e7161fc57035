//! Whatever the bytes: a scan is read or refused by its headers, and what a model is shown of it is within bounds.
#![no_main]

use readers::scan::{MAX_PIXELS, MAX_TIFF_PAGES, pages_for_model, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(scan) = read(bytes) else { return };
    assert!(scan.pages > 0);
    if let Some(pixels) = scan.pixels {
        assert!((1..=MAX_PIXELS).contains(&(u64::from(pixels.width) * u64::from(pixels.height))));
    }
    let Ok(pages) = pages_for_model(bytes, &scan) else { return };
    assert!(!pages.is_empty() && pages.len() <= MAX_TIFF_PAGES);
    for page in pages {
        // What was converted is what a PNG says it is.
        let again = read(&page.bytes).expect("a page");
        assert_eq!(again.kind.media_type(), page.media_type);
    }
});
