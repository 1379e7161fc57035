//! Reading as a service: a request in JSON and a file, to an answer in JSON.
//!
//! The Worker of `crates/readers-worker` and native tests answer with this function, so both read the same.

use std::borrow::Cow;

use base64ct::{Base64, Encoding as _};
use passages::Part;
use serde::{Deserialize, Serialize};

use crate::document::charset;
use crate::document::extract::extract;
use crate::document::kind::Kind;
use crate::error::ReadError;
use crate::scan::{self, Page, Pixels, Scan, ScanError, pages_for_model};

/// A request to the readers.
#[derive(Deserialize)]
#[serde(tag = "read", rename_all = "snake_case")]
enum Request {
    /// The text of a document.
    Document {
        /// The declared media type, with its charset.
        media_type: Option<String>,
        /// The end of its name.
        extension: Option<String>,
    },
    /// The description of a scan by its headers.
    Scan,
    /// A scan as a model takes it.
    Pages,
}

/// A document as it was read.
#[derive(Serialize)]
struct DocumentRead {
    media_type: &'static str,
    parts: Vec<Part>,
}

/// A scan as its headers describe it.
#[derive(Serialize)]
struct ScanRead {
    media_type: &'static str,
    pages: usize,
    pixels: Option<Size>,
}

#[derive(Serialize)]
struct Size {
    width: u32,
    height: u32,
}

/// A scan as a model takes it.
#[derive(Serialize)]
struct PagesRead {
    #[serde(flatten)]
    scan: ScanRead,
    shown: Vec<ShownPage>,
}

/// A page, or a PDF with all its pages.
#[derive(Serialize)]
struct ShownPage {
    media_type: &'static str,
    /// In Base64; absent for the file itself.
    content: Option<String>,
}

/// Everything that an answer can be.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Document(DocumentRead),
    Scan(ScanRead),
    Pages(PagesRead),
}

/// Reason that a file is not read.
#[derive(Serialize)]
struct Refusal {
    kind: RefusalKind,
    /// A sentence for the user that quotes nothing of the file.
    detail: String,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum RefusalKind {
    /// The request is none that this version knows.
    Request,
    Unsupported,
    Unreadable,
    WithoutText,
    TooLong,
    TooLarge,
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        let kind = match error {
            ReadError::Unsupported => RefusalKind::Unsupported,
            ReadError::Unreadable(_) => RefusalKind::Unreadable,
            ReadError::WithoutText(_) => RefusalKind::WithoutText,
            ReadError::TooLong(_) => RefusalKind::TooLong,
        };
        Self { kind, detail: error.to_string() }
    }
}

impl From<ScanError> for Refusal {
    fn from(error: ScanError) -> Self {
        let kind = match error {
            ScanError::Unknown | ScanError::Unsupported(_) => RefusalKind::Unsupported,
            ScanError::TooManyBytes => RefusalKind::TooLarge,
            _ => RefusalKind::Unreadable,
        };
        Self { kind, detail: error.to_string() }
    }
}

impl From<Scan> for ScanRead {
    fn from(Scan { kind, pages, pixels }: Scan) -> Self {
        let size = |Pixels { width, height }| Size { width, height };
        Self { media_type: kind.media_type(), pages, pixels: pixels.map(size) }
    }
}

impl From<Page<'_>> for ShownPage {
    fn from(page: Page<'_>) -> Self {
        let content = match page.bytes {
            Cow::Borrowed(_) => None,
            Cow::Owned(bytes) => Some(Base64::encode_string(&bytes)),
        };
        Self { media_type: page.media_type, content }
    }
}

/// Reads a file as `request` says: `{"read": "document", "media_type": …, "extension": …}`, `{"read": "scan"}` or `{"read": "pages"}`. The
/// answer is `{"Ok": …}`, or `{"Err": {"kind": …, "detail": …}}`.
#[must_use]
pub fn answer(request: &str, file: &[u8]) -> String {
    // Strings, numbers and lists: nothing of an answer fails to be JSON.
    serde_json::to_string(&read(request, file)).unwrap_or_default()
}

fn read(request: &str, file: &[u8]) -> Result<Answer, Refusal> {
    let request = serde_json::from_str(request)
        .map_err(|error| Refusal { kind: RefusalKind::Request, detail: format!("{:?}", error.classify()) })?;
    Ok(match request {
        Request::Document { media_type, extension } => {
            let media_type = media_type.as_deref();
            let kind = Kind::of(media_type, extension.as_deref(), file)?;
            let parts = extract(kind, file, media_type.and_then(charset::declared))?;
            Answer::Document(DocumentRead { media_type: kind.media_type(), parts })
        }
        Request::Scan => Answer::Scan(scan::read(file)?.into()),
        Request::Pages => {
            let scan = scan::read(file)?;
            let shown = pages_for_model(file, &scan)?.into_iter().map(ShownPage::from).collect();
            Answer::Pages(PagesRead { scan: scan.into(), shown })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x06\0\0\0";

    #[test]
    fn a_document_is_read_for_what_it_is() {
        for (request, file, said) in [
            (
                r#"{"read":"document","media_type":"text/plain","extension":"md"}"#,
                b"# One".as_slice(),
                r##"{"Ok":{"media_type":"text/markdown","parts":[{"form":"markdown","text":"# One"}]}}"##,
            ),
            (
                r#"{"read":"document","media_type":"text/plain; charset=windows-1251","extension":null}"#,
                b"\xcf\xf0\xe8",
                r#"{"Ok":{"media_type":"text/plain","parts":[{"form":"plain","text":"При"}]}}"#,
            ),
        ] {
            assert_eq!(answer(request, file), said);
        }
        for (file, kind) in
            [(b"\x7fELF\0".as_slice(), "unsupported"), (b" ", "without_text"), (b"%PDF-1.4", "unreadable")]
        {
            let said = answer(r#"{"read":"document","media_type":null,"extension":null}"#, file);
            assert!(said.starts_with(&format!(r#"{{"Err":{{"kind":"{kind}","detail":""#)), "{said}");
        }
    }

    #[test]
    fn a_scan_is_described_and_shown_as_it_is() {
        let described = r#""media_type":"image/png","pages":1,"pixels":{"width":2,"height":3}"#;
        assert_eq!(answer(r#"{"read":"scan"}"#, PNG), format!(r#"{{"Ok":{{{described}}}}}"#));
        let shown = r#""shown":[{"media_type":"image/png","content":null}]"#;
        assert_eq!(answer(r#"{"read":"pages"}"#, PNG), format!(r#"{{"Ok":{{{described},{shown}}}}}"#));
        assert!(answer(r#"{"read":"scan"}"#, &vec![0; scan::MAX_BYTES + 1]).contains(r#""too_large""#));
    }

    #[test]
    fn a_request_of_another_version_is_told() {
        for request in ["", "{}", r#"{"read":"dreams"}"#] {
            assert!(answer(request, PNG).starts_with(r#"{"Err":{"kind":"request""#), "{request}");
        }
    }
}
