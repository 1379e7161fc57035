//! Charsets of text files: by the byte order mark, by what the upload or the page declares, or else UTF-8 or Windows-1252.

use std::borrow::Cow;

use encoding_rs::{CoderResult, Encoding, UTF_8, WINDOWS_1252};

use super::MAX_TABLE_BYTES;
use crate::error::ReadError;

/// Bytes of a page in which a charset may be declared
/// (<https://html.spec.whatwg.org/multipage/parsing.html#prescan-a-byte-stream-to-determine-its-encoding>).
const PAGE_START: usize = 1024;

/// Finds the charset that a media type declares, such as `text/csv; charset=windows-1251`.
#[must_use]
pub fn declared(media_type: &str) -> Option<&str> {
    media_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches('"')).filter(|value| !value.is_empty())
    })
}

/// Finds the charset that the first bytes of a page declare: `<meta charset="…">` or the longer form of it.
pub(crate) fn declared_in_page(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = bytes.get(..PAGE_START.min(bytes.len())).unwrap_or_default().to_ascii_lowercase();
    let start = String::from_utf8_lossy(&start);
    let label = start.split("<meta").skip(1).find_map(|tag| {
        let (tag, _) = tag.split_once('>')?;
        let (_, value) = tag.split_once("charset")?;
        let value = value.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
        value.split(['"', '\'', ';', ' ', '/']).next().map(str::to_owned)
    })?;
    // A page that says in ASCII that it is UTF-16 is not.
    Encoding::for_label(label.as_bytes()).map(Encoding::output_encoding)
}

/// Decodes a text. `charset` is the one that the upload declares, `page` that of the page.
///
/// # Errors
/// [`ReadError::Unreadable`] for a charset that is not known, or that the bytes do not have; [`ReadError::TooLong`].
pub(crate) fn decode<'a>(
    bytes: &'a [u8],
    charset: Option<&str>,
    page: Option<&'static Encoding>,
) -> Result<Cow<'a, str>, ReadError> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return transcode(encoding, bytes.get(mark..).unwrap_or_default()).map(|(text, _)| text);
    }
    let declared = match charset {
        Some(label) => Some(Encoding::for_label(label.as_bytes()).ok_or(ReadError::Unreadable(
            "The charset that the content-type names is not known. Send the text as UTF-8.",
        ))?),
        None => page,
    };
    match declared.filter(|encoding| *encoding != UTF_8) {
        Some(encoding) => match transcode(encoding, bytes)? {
            (text, false) => Ok(text),
            (_, true) => Err(ReadError::Unreadable(
                "The text is not in the charset that is declared for it. Send it as UTF-8.",
            )),
        },
        // Old programs write Windows-1252, and clients call any text UTF-8.
        None => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(_) => transcode(WINDOWS_1252, bytes).map(|(text, _)| text),
        },
    }
}

/// Decodes a text, and tells if it has bytes that mean nothing.
fn transcode<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Result<(Cow<'a, str>, bool), ReadError> {
    if encoding == UTF_8 {
        let text = String::from_utf8_lossy(bytes);
        let has_errors = matches!(text, Cow::Owned(_));
        return Ok((text, has_errors));
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let most = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(MAX_TABLE_BYTES).min(MAX_TABLE_BYTES);
    let mut text = String::with_capacity(most);
    let (result, _, has_errors) = decoder.decode_to_string(bytes, &mut text, true);
    match result {
        CoderResult::InputEmpty => Ok((text.into(), has_errors)),
        CoderResult::OutputFull => {
            let most = MAX_TABLE_BYTES >> 20;
            Err(ReadError::too_long(&format!("The text of a document may have {most} MiB as UTF-8.")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_charset_is_read() {
        for (charset, bytes, text) in [
            (Some("windows-1251"), b"\xcf\xf0\xe8\xe2\xe5\xf2".as_slice(), "Привет"),
            (Some("Shift_JIS"), b"\x93\xfa\x96\x7b\x8c\xea", "日本語"),
            (Some("iso-2022-jp"), b"\x1b$BF|K\\\x1b(B", "日本"),
            (Some("utf-16le"), b"a\0", "a"),
            (Some("utf-8"), b"gr\xf6\xdfer", "größer"),
            (Some("windows-1251"), b"\xef\xbb\xbfa\xc3\xb6", "aö"),
            (None, b"\xc3\xb6", "ö"),
            (None, b"\xf6", "ö"),
        ] {
            assert_eq!(decode(bytes, charset, None).as_deref(), Ok(text), "{charset:?}");
        }
    }

    #[test]
    fn text_that_would_be_lost_is_refused() {
        for (charset, bytes) in
            [("klingon", b"a".as_slice()), ("shift_jis", b"\xff\xff"), ("iso-2022-kr", b"a")]
        {
            assert!(matches!(decode(bytes, Some(charset), None), Err(ReadError::Unreadable(_))), "{charset}");
        }
    }

    #[test]
    fn declarations_are_found() {
        for (media_type, charset) in [
            ("text/csv; charset=windows-1251", Some("windows-1251")),
            ("text/csv;header=present; Charset=\"UTF-8\"", Some("UTF-8")),
            ("text/csv", None),
            ("text/csv; charset=", None),
        ] {
            assert_eq!(declared(media_type), charset, "{media_type}");
        }
        for (page, name) in [
            ("<meta charset=shift_jis>", Some("Shift_JIS")),
            ("<!doctype html><META  CHARSET = 'koi8-r' />", Some("KOI8-R")),
            ("<meta http-equiv=content-type content=\"text/html; charset=gbk\">", Some("GBK")),
            ("<meta charset=utf-16>", Some("UTF-8")),
            ("<meta name=charset>", None),
            ("<meta charset=klingon>", None),
        ] {
            assert_eq!(declared_in_page(page.as_bytes()).map(Encoding::name), name, "{page}");
        }
    }
}
