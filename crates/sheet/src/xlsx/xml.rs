//! Text in the XML of a spreadsheet.

use std::fmt::Write;

/// Appends an escaped text. Line ends become line feeds, as in Excel's cells.
///
/// Characters that XML cannot contain become `_x0007_`, as in Excel (ECMA-376 part 1, 22.9.2.19). A literal `_x0007_` is
/// escaped by its underscore.
pub(crate) fn add_text(xml: &mut String, text: &str) {
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '\r' if rest.as_str().starts_with('\n') => {}
            '\r' => xml.push('\n'),
            '\t' | '\n' => xml.push(c),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => add_code(xml, c),
            '_' if is_code(rest.as_str()) => add_code(xml, c),
            _ => xml.push(c),
        }
    }
}

/// Escapes the value of an attribute.
pub(crate) fn attribute(text: &str) -> String {
    let mut xml = String::new();
    add_text(&mut xml, text);
    xml.replace('"', "&quot;")
}

fn add_code(xml: &mut String, c: char) {
    // Writing to a string cannot fail.
    let _ = write!(xml, "_x{:04X}_", u32::from(c));
}

/// Returns true if the text after an underscore completes an escaped character.
fn is_code(rest: &str) -> bool {
    let begins = rest.as_bytes().first_chunk::<6>();
    begins.is_some_and(|[x, code @ .., end]| {
        (*x, *end) == (b'x', b'_') && code.iter().all(u8::is_ascii_hexdigit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_for_xml_and_for_excel() {
        for (text, xml) in [
            ("a < b & \"c\" > d", "a &lt; b &amp; \"c\" &gt; d"),
            ("a\r\nb\rc\td\n", "a\nb\nc\td\n"),
            ("\0\u{7}\u{1f}\u{fffe}\u{ffff}\u{7f}", "_x0000__x0007__x001F__xFFFE__xFFFF_\u{7f}"),
            ("_x0041_ _x004_ _X0041_ _xé041_", "_x005F_x0041_ _x004_ _X0041_ _xé041_"),
            ("😀 é", "😀 é"),
        ] {
            let mut written = String::new();
            add_text(&mut written, text);
            assert_eq!(written, xml, "{text:?}");
        }
        assert_eq!(attribute("\"a\""), "&quot;a&quot;");
    }
}
