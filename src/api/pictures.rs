//! `POST /api/files`: pictures and scans that a tool is to read. They cannot be masked, so they are kept sealed, and for a day.

use readers::scan::{MAX_BYTES, Scan, ScanError, read};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::document::upload;
use crate::error::{Code, Error, abort};
use crate::time::{Millis, timestamp};

/// How long they are kept.
const KEPT_FOR: Millis = 24 * 60 * 60 * 1000;

/// How many of them a user may have.
pub const MOST: u32 = 50;

/// A picture that can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What its user calls it.
    pub name: String,
    /// What it is.
    pub scan: Scan,
    /// How large it is, in bytes.
    pub size: usize,
}

/// Reads the body of a request, as far as it says what it is.
///
/// # Errors
/// `invalid_field` for the name; `unsupported_document`, `body_too_large`, `document_unreadable` for the picture.
pub fn checked(name: Option<&str>, bytes: &[u8]) -> Result<Checked, Error> {
    let name = upload::checked(name.unwrap_or_default())?.to_owned();
    let scan = read(bytes).map_err(|error| {
        let code = match error {
            ScanError::Unknown | ScanError::Unsupported(_) => Code::UnsupportedDocument,
            ScanError::TooManyBytes => Code::BodyTooLarge,
            _ => Code::DocumentUnreadable,
        };
        abort(code, error.to_string())
    })?;
    Ok(Checked { name, scan, size: bytes.len() })
}

/// What is told of a body that is larger than it may be.
#[must_use]
pub fn too_large() -> Error {
    abort(Code::BodyTooLarge, format!("A picture may have {} MiB.", MAX_BYTES >> 20))
}

/// What is told of a picture that was not kept, for there are as many as there may be.
#[must_use]
pub fn too_many() -> Error {
    let detail = format!(
        "You may have {MOST} pictures that wait to be read. They are thrown away after a day; delete some first."
    );
    abort(Code::TooManyDocuments, detail)
}

/// The row of a picture, with its name masked.
#[must_use]
pub fn row(file: Uuid, name: &str, picture: &Checked, now: Millis) -> Value {
    // Tokens may be longer than what they stand for.
    let name = if name.chars().count() <= 255 { name } else { "picture" };
    json!({
        "id": file, "purpose": "scan", "name": name, "media_type": picture.scan.kind.media_type(), "size_bytes": picture.size,
        "received_at": timestamp(now), "expires_at": timestamp(now + KEPT_FOR),
    })
}

/// The answer to its user.
#[must_use]
pub fn shown(file: Uuid, picture: &Checked, now: Millis) -> String {
    let Checked { name, scan, size } = picture;
    let pixels = scan.pixels.map(|pixels| json!({ "width": pixels.width, "height": pixels.height }));
    json!({
        "id": file, "name": name, "media_type": scan.kind.media_type(), "size_bytes": size, "pages": scan.pages, "pixels": pixels,
        "expires_at": timestamp(now + KEPT_FOR),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x06\0\0\0";

    #[test]
    fn a_picture_is_what_it_is_not_what_it_is_called() {
        let picture = checked(Some("scan.pdf"), PNG).unwrap();
        assert_eq!(picture.scan.kind.media_type(), "image/png");
        assert!(shown(Uuid::nil(), &picture, 0).contains(r#""pixels":{"height":3,"width":2}"#));
        assert_eq!(checked(Some("a.png"), b"GIF89a").unwrap_err().code(), Code::UnsupportedDocument);
        assert_eq!(checked(None, PNG).unwrap_err().field(), Some("name"));
        let huge = [&PNG[..16], &[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff][..], &PNG[24..]].concat();
        assert_eq!(checked(Some("a.png"), &huge).unwrap_err().code(), Code::DocumentUnreadable);
        assert_eq!(checked(Some("a.png"), &vec![0; MAX_BYTES + 1]).unwrap_err().code(), Code::BodyTooLarge);
    }
}
