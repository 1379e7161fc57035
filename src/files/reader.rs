//! Reading of files by the port [`Readers`]: what is asked for, and what the answers mean.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error, Fault, abort};
use crate::ports::{HttpAnswer, Readers, ReadersError};
use crate::text::ascii_json;
use crate::time::Millis;

/// Longest time that a file is read, in milliseconds. The readers' own limit is on CPU.
const TIMEOUT: Millis = 20_000;

/// Status of a platform that knows of readers which do not run.
const UNAVAILABLE: u16 = 503;

/// Media type of a PDF.
pub const PDF: &str = "application/pdf";

/// A request to the readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "read", rename_all = "snake_case")]
pub enum ReadRequest<'a> {
    /// The text of a document.
    Document {
        /// The declared media type, with its charset.
        media_type: Option<&'a str>,
        /// The end of its name. The name itself may be a personal value.
        extension: Option<&'a str>,
    },
    /// The description of a scan by its headers: a [`ScanRead`].
    Scan,
    /// A scan as a model takes it: [`PagesRead`].
    Pages,
}

/// A scan as its headers describe it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ScanRead {
    /// Its media type, by its first bytes.
    pub media_type: String,
    /// Number of pages.
    pub pages: usize,
    /// Size of the first page; absent for a PDF.
    pub pixels: Option<Pixels>,
}

/// The size of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

/// A scan as a model takes it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct PagesRead {
    /// The scan as a whole.
    #[serde(flatten)]
    pub scan: ScanRead,
    /// The pages that a model is shown, or the file with all of them.
    pub shown: Vec<ShownPage>,
}

impl PagesRead {
    /// Pages that a model reads: of a PDF, which is one file, all.
    #[must_use]
    pub fn pages(&self) -> usize {
        if self.scan.media_type == PDF { self.scan.pages } else { self.shown.len() }
    }
}

/// A page, or a PDF with all its pages.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct ShownPage {
    /// Its media type.
    pub media_type: String,
    /// In Base64; absent for the file itself.
    pub content: Option<String>,
}

/// Reason that the readers do not read a file.
#[derive(Debug, Deserialize)]
struct Refusal {
    kind: RefusalKind,
    detail: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RefusalKind {
    Unsupported,
    Unreadable,
    WithoutText,
    TooLong,
    TooLarge,
}

impl From<Refusal> for Error {
    fn from(Refusal { kind, detail }: Refusal) -> Self {
        let code = match kind {
            RefusalKind::Unsupported => Code::UnsupportedDocument,
            RefusalKind::Unreadable => Code::DocumentUnreadable,
            RefusalKind::WithoutText => Code::DocumentWithoutText,
            RefusalKind::TooLong => Code::DocumentTooLong,
            RefusalKind::TooLarge => Code::BodyTooLarge,
        };
        abort(code, detail)
    }
}

/// Has a file read. The outer answer is the platform's, the inner one the readers'.
///
/// # Errors
/// `unsupported_document`, `document_unreadable`, `document_without_text`, `document_too_long`, `body_too_large`; `document_unreadable`
/// too for a file on which the readers ended; `files_unavailable` without readers.
pub async fn read<T: DeserializeOwned>(
    readers: &impl Readers,
    request: ReadRequest<'_>,
    file: &[u8],
) -> Result<T, Error> {
    let malformed =
        |error: serde_json::Error| Fault::new(Code::Internal, format!("readers: {:?}", error.classify()));
    let request = ascii_json(&serde_json::to_string(&request).map_err(malformed)?);
    let body = match readers.read(&request, file, TIMEOUT).await {
        Ok(HttpAnswer { status: 200, body }) => body,
        Ok(HttpAnswer { status: UNAVAILABLE, .. }) | Err(ReadersError::NoReaders) => {
            return Err(Fault::new(Code::FilesUnavailable, "the readers' Worker does not run").into());
        }
        Ok(_) | Err(ReadersError::Failed(_)) => return Err(too_costly()),
    };
    let read: Result<T, Refusal> = serde_json::from_str(&body).map_err(malformed)?;
    Ok(read?)
}

/// The error for a file on which the readers ended, of memory or of time.
fn too_costly() -> Error {
    let detail =
        "Reading it took more memory or time than a file may take. Send it in a simpler form, such as text.";
    abort(Code::DocumentUnreadable, detail)
}

#[cfg(test)]
pub(crate) mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::ports::HttpError;

    /// The readers, in this process.
    pub(crate) struct InProcess;

    impl Readers for InProcess {
        async fn read(&self, request: &str, file: &[u8], _: Millis) -> Result<HttpAnswer, ReadersError> {
            Ok(HttpAnswer { status: 200, body: readers::service::answer(request, file) })
        }
    }

    /// Readers with one answer to everything.
    pub(crate) struct Scripted(pub(crate) Result<HttpAnswer, ReadersError>);

    impl Readers for Scripted {
        async fn read(&self, request: &str, _: &[u8], _: Millis) -> Result<HttpAnswer, ReadersError> {
            assert!(request.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{request}");
            self.0.clone()
        }
    }

    fn code(readers: &impl Readers, file: &[u8]) -> Code {
        block_on(read::<ScanRead>(readers, ReadRequest::Scan, file)).unwrap_err().code()
    }

    #[test]
    fn what_the_readers_say_is_understood() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x06\0\0\0";
        let pages: PagesRead = block_on(read(&InProcess, ReadRequest::Pages, png)).unwrap();
        let scan: ScanRead = block_on(read(&InProcess, ReadRequest::Scan, png)).unwrap();
        assert_eq!(scan, pages.scan);
        assert_eq!((scan.pixels, scan.pages), (Some(Pixels { width: 2, height: 3 }), 1));
        assert_eq!((pages.shown[0].media_type.as_str(), &pages.shown[0].content), ("image/png", &None));
        assert_eq!(code(&InProcess, b"GIF89a"), Code::UnsupportedDocument);
        assert_eq!(code(&InProcess, b"%PDF-1.7"), Code::DocumentUnreadable);
        assert_eq!(code(&InProcess, &vec![0; 6 << 20]), Code::BodyTooLarge);
        let declared = ReadRequest::Document {
            media_type: Some("text/plain; a=\u{fc}\n"),
            extension: Some("\u{1f600}"),
        };
        let scripted = Scripted(Err(ReadersError::NoReaders));
        assert!(block_on(read::<ScanRead>(&scripted, declared, b"")).is_err());
    }

    #[test]
    fn a_file_on_which_the_readers_end_is_told_apart_from_their_absence() {
        let ended = [HttpError::Connect, HttpError::Timeout, HttpError::Cut, HttpError::TooLarge];
        let ended = ended.map(|error| Err(ReadersError::Failed(error)));
        let trapped = Ok(HttpAnswer { status: 500, body: String::new() });
        for answer in ended.into_iter().chain([trapped]) {
            assert_eq!(code(&Scripted(answer), b""), Code::DocumentUnreadable);
        }
        let stopped = Ok(HttpAnswer { status: 503, body: "not found".into() });
        for answer in [stopped, Err(ReadersError::NoReaders)] {
            assert_eq!(code(&Scripted(answer), b""), Code::FilesUnavailable);
        }
        let strange = HttpAnswer { status: 200, body: r#"{"Err":{"kind":"request","detail":""}}"#.into() };
        assert_eq!(code(&Scripted(Ok(strange)), b""), Code::Internal);
    }
}
