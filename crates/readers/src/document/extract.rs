//! Extraction of bounded text from untrusted bytes.

use passages::{Form, MAX_CHUNKS, Part, TooManyChunks};

use super::charset::{declared_in_page, decode};
use super::kind::Kind;
use super::{MAX_TABLE_BYTES, MAX_TEXT_BYTES, html, pdf, table};
use crate::error::ReadError;

/// Extracts the text of a document. `charset` is the one that its upload declares, if any.
///
/// # Errors
/// [`ReadError::Unreadable`], [`ReadError::WithoutText`] or [`ReadError::TooLong`].
pub fn extract(kind: Kind, bytes: &[u8], charset: Option<&str>) -> Result<Vec<Part>, ReadError> {
    let text = |form| {
        let text = decode(bytes, charset, None)?.into_owned();
        Ok::<_, ReadError>(vec![Part { form, page: None, text }])
    };
    let parts = match kind {
        Kind::Pdf => pdf::read(bytes)?,
        Kind::Csv => table::read(&decode(bytes, charset, None)?)?.into_iter().collect(),
        Kind::Html => html::read(&decode(bytes, charset, declared_in_page(bytes))?),
        Kind::Text => text(Form::Plain)?,
        Kind::Markdown => text(Form::Markdown)?,
    };
    if parts.len() > MAX_CHUNKS {
        // Each part becomes a passage at least.
        return Err(TooManyChunks.into());
    }
    let parts: Vec<_> =
        parts.into_iter().map(|part| Part { text: tidy(&part.text, part.form), ..part }).collect();
    let most = if kind == Kind::Csv { MAX_TABLE_BYTES } else { MAX_TEXT_BYTES };
    if parts.iter().map(|part| part.text.len()).sum::<usize>() > most {
        return Err(ReadError::too_long(&format!("The text of a document may have {} KiB.", most >> 10)));
    }
    if !parts.iter().any(|part| part.text.chars().any(char::is_alphanumeric)) {
        let detail = if kind == Kind::Pdf {
            "The PDF has pages, but no text: it may be a scan. Run it through text recognition (OCR) and send the result."
        } else {
            "The document has no text."
        };
        return Err(ReadError::WithoutText(detail));
    }
    Ok(parts)
}

/// Normalizes a text for storage: line feeds only, at most one blank line in a row, short runs of spaces, and no character
/// that Postgres rejects.
fn tidy(text: &str, form: Form) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut blank_lines = 0;
    for line in text.split(['\n', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
        let line = line.trim_end();
        blank_lines = if line.is_empty() { blank_lines + 1 } else { 0 };
        if blank_lines > 1 || (blank_lines == 1 && (tidy.is_empty() || form == Form::Table)) {
            continue;
        }
        let mut spaces = 0;
        for c in line.chars() {
            spaces = if c == ' ' || c == '\u{a0}' { spaces + 1 } else { 0 };
            match c {
                '\r' | '\u{feff}' => {}
                '\t' => tidy.push('\t'),
                '\0' => tidy.push('\u{fffd}'),
                _ if c.is_control() => tidy.push(' '),
                _ if spaces > MOST_SPACES => {}
                // Ligatures are spelled out, because searches use single letters.
                '\u{fb00}' => tidy.push_str("ff"),
                '\u{fb01}' => tidy.push_str("fi"),
                '\u{fb02}' => tidy.push_str("fl"),
                '\u{fb03}' => tidy.push_str("ffi"),
                '\u{fb04}' => tidy.push_str("ffl"),
                _ => tidy.push(c),
            }
        }
        tidy.push('\n');
    }
    tidy.truncate(tidy.trim_end().len());
    tidy
}

/// Most spaces in a row. Indented code needs a few; columns of a form have far more.
const MOST_SPACES: u32 = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_of(kind: Kind, bytes: &[u8]) -> String {
        extract(kind, bytes, None)
            .unwrap()
            .into_iter()
            .map(|part| part.text)
            .collect::<Vec<_>>()
            .join("\n--\n")
    }

    #[test]
    fn text_in_four_encodings_is_the_same() {
        for bytes in [
            "größer".as_bytes(),
            b"\xef\xbb\xbfgr\xc3\xb6\xc3\x9fer",
            b"gr\xf6\xdfer",
            b"\xff\xfeg\0r\0\xf6\0\xdf\0e\0r\0",
            b"\xfe\xff\0g\0r\0\xf6\0\xdf\0e\0r",
        ] {
            assert_eq!(text_of(Kind::Text, bytes), "größer");
        }
    }

    #[test]
    fn layout_is_kept_within_bounds() {
        assert_eq!(text_of(Kind::Text, "o\u{fb03}ce".as_bytes()), "office");
        let text = format!("a\r\n\r\n\r\n\n  b{}c\u{7}\u{c}d\n\n", " ".repeat(1000));
        assert_eq!(text_of(Kind::Text, text.as_bytes()), format!("a\n\n  b{}c \nd", " ".repeat(16)));
    }

    #[test]
    fn too_much_and_nothing_are_refused() {
        let long = "word ".repeat(300_000);
        assert!(matches!(extract(Kind::Text, long.as_bytes(), None), Err(ReadError::TooLong(_))));
        for (kind, bytes) in [
            (Kind::Text, b" \n -- ".as_slice()),
            (Kind::Html, b"<script>x()</script><p> </p>"),
            (Kind::Csv, b";;;\n"),
        ] {
            assert!(matches!(extract(kind, bytes, None), Err(ReadError::WithoutText(_))), "{kind:?}");
        }
        assert!(matches!(extract(Kind::Pdf, b"%PDF-1.4 nothing", None), Err(ReadError::Unreadable(_))));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), kind in 0..5) {
            let kind = [Kind::Text, Kind::Markdown, Kind::Csv, Kind::Html, Kind::Pdf][usize::try_from(kind).unwrap()];
            if let Ok(parts) = extract(kind, &bytes, None) {
                prop_assert!(passages::chunk(&parts).is_ok());
            }
        }
    }
}
