//! Access to objects of a PDF.

use lopdf::{Dictionary, Document, Object};

/// Finds a dictionary by its key in another one, directly or through a reference.
pub(crate) fn dictionary<'d>(
    from: &'d Dictionary,
    key: &[u8],
    document: &'d Document,
) -> Option<&'d Dictionary> {
    match from.get_deref(key, document).ok()? {
        Object::Dictionary(dictionary) => Some(dictionary),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    }
}
