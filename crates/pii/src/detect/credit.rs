//! Names that are no personal data of a user: in code, and of the authors of software.

use super::scan::Text;

/// Bytes of a name.
const LONGEST_NAME: usize = 40;

/// Tells if a name touches the signs of code, of a path or of an address.
pub(super) fn touches_code(text: &Text<'_>, start: usize, end: usize) -> bool {
    begins_in_code(text, start)
        || matches!(text.at(end), b'_' | b'(' | b'/' | b'\\' | b'@' | b'=' | b'0'..=b'9')
        || text.slice(end, end + 2) == b"::"
        || text.at(end) == b'.' && text.at(end + 1).is_ascii_alphanumeric()
}

pub(super) fn begins_in_code(text: &Text<'_>, start: usize) -> bool {
    matches!(
        text.before(start),
        b'_' | b'.' | b'/' | b'\\' | b'@' | b'#' | b'$' | b':' | b'`' | b'<' | b'-' | b'0'..=b'9'
    )
}

/// Tells if a key of that name belongs to a list of authors.
pub(super) fn is_author(text: &Text<'_>, end: usize) -> bool {
    let before = text.slice(end.saturating_sub(2 * LONGEST_NAME), end).to_ascii_lowercase();
    [&b"author"[..], b"contributors", b"maintainers"]
        .iter()
        .any(|word| before.windows(word.len()).any(|window| window == *word))
}

/// Tells if the address of a contributor to software follows a name.
pub(super) fn is_contributor(text: &Text<'_>, end: usize) -> bool {
    let rest = text.ahead(end, 2 * LONGEST_NAME);
    let rest = rest
        .get(..rest.windows(2).position(|pair| pair == b"\n\n").unwrap_or(rest.len()))
        .unwrap_or_default();
    let signs = rest
        .iter()
        .take(6)
        .copied()
        .take_while(|byte| matches!(byte, b'*' | b' ' | b'<' | b'(' | b'"' | b'\''))
        .collect::<Vec<_>>();
    signs.contains(&b'<')
        || [&b"github"[..], b"(http", b"\"url\""]
            .iter()
            .any(|word| rest.windows(word.len()).any(|window| window == *word))
}

/// Tells if the line so far credits someone for software: a licence, a list of authors.
pub(super) fn is_credit(text: &Text<'_>, start: usize) -> bool {
    const CREDITS: &[&str] = &[
        "copyright",
        "(c)",
        "©",
        "author",
        "licen",
        "@",
        "http",
        "//",
        "* ",
        "contribut",
        "maintain",
        "thanks to",
        "#",
        "[",
    ];
    let from = text.str.floor_char_boundary(start.saturating_sub(2 * LONGEST_NAME));
    let line = text.str.get(from..start).unwrap_or_default();
    let line = line.rsplit('\n').next().unwrap_or_default().to_lowercase();
    CREDITS.iter().any(|credit| line.contains(credit))
}
