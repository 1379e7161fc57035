//! Uploads: the stateless Worker has them read, so that only text goes on to the user's object.

use passages::Part;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::MAX_UPLOAD_BYTES;
use crate::error::{Code, Error, abort, abort_field};
use crate::files::reader::{ReadRequest, read};
use crate::ports::Readers;

/// Header with the name of an upload, percent-encoded. A name may be a personal value, and URLs end up in logs.
pub const FILE_NAME: &str = "x-file-name";

/// Longest name, in bytes: what file systems allow.
const MAX_NAME_BYTES: usize = 255;

/// A document as it was read: raw text, on its way to the user's object.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Name that the user gave it.
    pub name: String,
    /// Media type of the document.
    pub media_type: String,
    /// Size of the upload, in bytes.
    pub size_bytes: u64,
    /// Parts of its text.
    pub parts: Vec<Part>,
}

// Written by hand: no log line can ever hold a text.
impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({}, {} bytes)", self.media_type, self.size_bytes)
    }
}

/// A document as the readers have read it: the JSON of an [`Upload`], whose parts are passed on as they came.
#[derive(Serialize)]
pub struct ReadUpload {
    name: String,
    media_type: String,
    size_bytes: u64,
    parts: Box<RawValue>,
}

/// A document, as the readers answer.
#[derive(Deserialize)]
struct DocumentRead {
    media_type: String,
    parts: Box<RawValue>,
}

impl ReadUpload {
    /// Has the body of a request read.
    ///
    /// # Errors
    /// `invalid_field`, `unsupported_document`, `document_unreadable`, `document_without_text`, `document_too_long`, `files_unavailable`.
    pub async fn read(
        readers: &impl Readers,
        name: &str,
        media_type: Option<&str>,
        bytes: &[u8],
    ) -> Result<Self, Error> {
        let name = checked_name(name)?;
        if bytes.is_empty() {
            return Err(abort(
                Code::DocumentWithoutText,
                "The body is empty: it must be the document itself.",
            ));
        }
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        let request = ReadRequest::Document { media_type, extension };
        let DocumentRead { media_type, parts } = read(readers, request, bytes).await?;
        let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(Self { name: name.into(), media_type, size_bytes, parts })
    }
}

/// The error for a body larger than [`MAX_UPLOAD_BYTES`].
#[must_use]
pub fn too_large() -> Error {
    abort(Code::BodyTooLarge, format!("A document may have {} MiB.", MAX_UPLOAD_BYTES >> 20))
}

/// Decodes the value of [`FILE_NAME`]. Bytes that are no UTF-8 become a sign that no name may have.
#[must_use]
pub fn decoded_name(header: Option<&str>) -> String {
    percent_decode_str(header.unwrap_or_default()).decode_utf8_lossy().into_owned()
}

/// Checks a file's name, and takes off the folders before it.
///
/// # Errors
/// `invalid_field`.
pub fn checked_name(name: &str) -> Result<&str, Error> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if name.is_empty()
        || name.len() > MAX_NAME_BYTES
        || name.contains(|c: char| c.is_control() || c == '\u{fffd}')
    {
        let detail = format!(
            "{FILE_NAME} must be the file's name, percent-encoded: 1 to {MAX_NAME_BYTES} bytes without line breaks. It is a \
             header, since URLs end up in logs."
        );
        return Err(abort_field(Code::InvalidField, FILE_NAME, detail));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::files::reader::tests::InProcess;

    fn read(name: &str, media_type: Option<&str>, bytes: &[u8]) -> Result<Upload, Error> {
        let upload = block_on(ReadUpload::read(&InProcess, name, media_type, bytes))?;
        Ok(serde_json::from_str(&serde_json::to_string(&upload).unwrap()).unwrap())
    }

    #[test]
    fn a_body_is_read_for_what_it_is() {
        let upload = read(r"C:\docs\Notes.md", Some("text/plain"), b"# One").unwrap();
        assert_eq!(
            (upload.name.as_str(), upload.media_type.as_str(), upload.size_bytes),
            ("Notes.md", "text/markdown", 5)
        );
        assert_eq!(upload.parts[0].text, "# One");
        assert_eq!(format!("{upload:?}"), "Upload(text/markdown, 5 bytes)");
    }

    #[test]
    fn a_name_is_wanted() {
        for name in ["", "a/", "a\nb", &"x".repeat(256), &decoded_name(Some("%ff"))] {
            let error = read(name, None, b"text").unwrap_err();
            assert_eq!((error.code(), error.field()), (Code::InvalidField, Some(FILE_NAME)));
        }
        assert_eq!((decoded_name(Some("%C3%9C%2B.md")).as_str(), decoded_name(None).as_str()), ("Ü+.md", ""));
        assert_eq!(read("a", None, b"").unwrap_err().code(), Code::DocumentWithoutText);
    }
}
