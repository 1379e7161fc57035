//! Segments of a path.

use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::error::{Code, Error, abort_field};

/// Decodes a segment of a path. Invalid UTF-8 becomes U+FFFD.
pub(super) fn decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// Reads a segment that is an id.
///
/// # Errors
/// `invalid_field`.
pub(super) fn uuid(name: &'static str, segment: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(segment)
        .map_err(|_| abort_field(Code::InvalidField, name, format!("{name} must be a UUID.")))
}
