//! Detection of an upload's kind by its bytes, its declared media type and the extension of its name, in this order.

use super::charset;
use crate::error::ReadError;

/// A kind of document that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text without markup.
    Text,
    /// Markdown with headings.
    Markdown,
    /// A table with commas, semicolons, tabs or bars between cells.
    Csv,
    /// A web page.
    Html,
    /// Portable Document Format.
    Pdf,
}

/// The header of a PDF lies within this many bytes from the start.
const PDF_HEADER_WITHIN: usize = 1024;

impl Kind {
    /// Detects the kind of an upload.
    ///
    /// # Errors
    /// [`ReadError::Unsupported`] for other kinds, and for bytes of another kind than declared.
    pub fn of(media_type: Option<&str>, extension: Option<&str>, bytes: &[u8]) -> Result<Self, ReadError> {
        let start = bytes.get(..PDF_HEADER_WITHIN.min(bytes.len())).unwrap_or_default();
        let is_pdf = start.windows(5).any(|window| window == b"%PDF-");
        let said =
            media_type.map(essence).filter(|said| !said.is_empty() && said != "application/octet-stream");
        let kind = match said.as_deref() {
            // Not specific: browsers declare a CSV as Excel's if Excel is installed, and fetch declares every string as plain text.
            None | Some("text/plain" | "application/vnd.ms-excel") if is_pdf => Self::Pdf,
            None | Some("text/plain" | "application/vnd.ms-excel") => extension
                .and_then(Self::by_extension)
                .or_else(|| looks_like_html(start).then_some(Self::Html))
                .unwrap_or(Self::Text),
            Some("application/pdf" | "application/x-pdf") => Self::Pdf,
            Some("text/markdown" | "text/x-markdown") => Self::Markdown,
            Some("text/csv" | "application/csv" | "text/tab-separated-values") => Self::Csv,
            Some("text/html" | "application/xhtml+xml") => Self::Html,
            Some(other) if other.starts_with("text/") => {
                extension.and_then(Self::by_extension).unwrap_or(Self::Text)
            }
            Some(_) => return Err(ReadError::Unsupported),
        };
        let is_utf16 = media_type.and_then(charset::declared).is_some_and(|charset| {
            charset.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("utf-16"))
        });
        let is_text = || is_utf16 || !is_binary(bytes);
        let is_readable = if kind == Self::Pdf { is_pdf } else { !is_pdf && is_text() };
        if is_readable { Ok(kind) } else { Err(ReadError::Unsupported) }
    }

    fn by_extension(extension: &str) -> Option<Self> {
        Some(match extension.to_ascii_lowercase().as_str() {
            "md" | "markdown" => Self::Markdown,
            "csv" | "tsv" => Self::Csv,
            "html" | "htm" | "xhtml" => Self::Html,
            "txt" | "text" | "log" => Self::Text,
            // The bytes have been checked before: this is no PDF.
            "pdf" => Self::Pdf,
            _ => return None,
        })
    }

    /// The media type, independent of the declared one.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::Markdown => "text/markdown",
            Self::Csv => "text/csv",
            Self::Html => "text/html",
            Self::Pdf => "application/pdf",
        }
    }
}

fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn looks_like_html(start: &[u8]) -> bool {
    let start = start.trim_ascii_start();
    let begins = |with: &[u8]| start.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    begins(b"<!doctype html") || begins(b"<html")
}

/// Returns true for control characters other than layout. UTF-16 with a byte order mark is text: it contains zero bytes.
fn is_binary(bytes: &[u8]) -> bool {
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b | 0x1a);
    !is_utf16 && bytes.iter().any(is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_then_the_declared_type_then_the_name_decide() {
        for (media_type, name, bytes, kind) in [
            (Some("application/pdf"), "a", b"%PDF-1.7 \x01".as_slice(), Some(Kind::Pdf)),
            (None, "a.txt", b"\n%PDF-1.4 \0", Some(Kind::Pdf)),
            (Some("application/octet-stream"), "a.bin", b"%PDF-1.4", Some(Kind::Pdf)),
            (Some("application/pdf"), "a.pdf", b"Hello", None),
            (None, "a.pdf", b"Hello", None),
            (Some("text/markdown; charset=utf-8"), "a", b"# Hello", Some(Kind::Markdown)),
            (Some("text/markdown"), "a", b"%PDF-1.4", None),
            (Some("text/plain;charset=UTF-8"), "notes.MD", b"# Hello", Some(Kind::Markdown)),
            (Some("application/vnd.ms-excel"), "a.csv", b"a;b", Some(Kind::Csv)),
            (Some("Text/CSV"), "a", b"a,b", Some(Kind::Csv)),
            (None, "a", b"  <!DOCTYPE html><p>", Some(Kind::Html)),
            (Some("text/html"), "a", b"Hello", Some(Kind::Html)),
            (Some("text/plain"), "a", b"Hello", Some(Kind::Text)),
            (Some("text/x-rust"), "a.rs", b"fn", Some(Kind::Text)),
            (None, "a", b"\xff\xfea\0", Some(Kind::Text)),
            (None, "a", b"a\0", None),
            (Some("image/png"), "a.txt", b"Hello", None),
            (Some("application/json"), "a.txt", b"{}", None),
        ] {
            let extension = name.rsplit_once('.').map(|(_, extension)| extension);
            let found = Kind::of(media_type, extension, bytes);
            assert_eq!(found.as_ref().ok().copied(), kind, "{media_type:?} {name}");
            if let Err(error) = found {
                assert_eq!(error, ReadError::Unsupported);
            }
        }
    }
}
