//! Small operations on text.

use std::fmt::Write as _;

/// A text on one line, its words parted by one space each.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Escapes every character of JSON that is no printable ASCII, so that it may be the value of a header. All of them stand in strings.
#[must_use]
pub fn ascii_json(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, ' '..='~') {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // A String takes any text.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}
