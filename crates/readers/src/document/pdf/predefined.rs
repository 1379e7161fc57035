//! The predefined CMaps of East Asian fonts whose codes are those of a charset (ISO 32000-1, table 118).

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS, UTF_16BE};

/// Finds the charset of the codes of a CMap; `None` for codes that are glyphs or rows of a table.
pub(crate) fn charset(name: &[u8]) -> Option<&'static Encoding> {
    let name = std::str::from_utf8(name).ok()?;
    let charset = match name {
        _ if name.contains("UCS2") || name.contains("UTF16") => UTF_16BE,
        _ if name.contains("RKSJ") => SHIFT_JIS,
        "EUC-H" | "EUC-V" => EUC_JP,
        _ if name.starts_with("GBK2K") => GB18030,
        _ if name.starts_with("GB") && !name.starts_with("GBT") => GBK,
        _ if name.contains("B5") => BIG5,
        _ if name.starts_with("KSC-EUC")
            || name.starts_with("KSCms-UHC")
            || name.starts_with("KSCpc-EUC") =>
        {
            EUC_KR
        }
        _ => return None,
    };
    Some(charset)
}

/// Bytes of the code at the start of a string.
pub(crate) fn length(charset: &'static Encoding, string: &[u8]) -> usize {
    match string {
        _ if charset == UTF_16BE => 2,
        [0x81..=0xff, 0x30..=0x39, ..] if charset == GB18030 => 4,
        [0xa0..=0xdf, ..] if charset == SHIFT_JIS => 1,
        [0x81..=0xfe, ..] => 2,
        _ => 1,
    }
}

/// Appends the text of a code; `false` where the charset has none.
pub(crate) fn push(charset: &'static Encoding, code: &[u8], out: &mut String) -> bool {
    let text = charset.decode_without_bom_handling_and_without_replacement(code);
    if let Some(text) = &text {
        out.push_str(text);
    }
    text.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_by_the_charset_of_their_map() {
        for (name, string, text) in [
            ("GBK-EUC-H", b"\xc4\xe3\xba\xc3a".as_slice(), "你好a"),
            ("90ms-RKSJ-V", b"\x93\xfa\xb1\x41", "日ｱA"),
            ("ETen-B5-H", b"\xa7\x41", "你"),
            ("KSCms-UHC-H", b"\xbe\xc8", "안"),
            ("GBK2K-H", b"\x81\x30\x81\x30", "\u{80}"),
            ("EUC-H", b"\xc6\xfc", "日"),
            ("UniJIS-UTF16-H", b"\x65\xe5", "日"),
        ] {
            let charset = charset(name.as_bytes()).unwrap();
            let (mut rest, mut read) = (string, String::new());
            while !rest.is_empty() {
                let (code, after) = rest.split_at(length(charset, rest).min(rest.len()));
                assert!(push(charset, code, &mut read), "{name}");
                rest = after;
            }
            assert_eq!(read, text, "{name}");
        }
        for name in ["Identity-H", "H", "GBT-H", "KSC-Johab-H"] {
            assert_eq!(charset(name.as_bytes()), None, "{name}");
        }
    }
}
