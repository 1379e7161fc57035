//! Limits in UTF-16 units, in which Excel counts.

/// The longest start of a text with at most `most` UTF-16 units.
pub(crate) fn truncate_utf16(text: &str, most: usize) -> &str {
    // No text has more units than bytes.
    if text.len() <= most {
        return text;
    }
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > most
    });
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
