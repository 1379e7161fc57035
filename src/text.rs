//! Small operations on text.

/// A text on one line, its words parted by one space each.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
