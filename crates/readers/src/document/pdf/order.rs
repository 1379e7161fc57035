//! Logical order of lines that are drawn from left to right but read from right to left.
//!
//! This is the reverse of what a program that prints does (<https://www.unicode.org/reports/tr9/>), as far as that can be told
//! from the letters of a line: Latin words and numbers keep their order.

/// Counts the letters of Hebrew, Arabic and their neighbours.
pub(crate) fn right_to_left(text: &str) -> usize {
    text.chars().filter(|c| direction(*c) == Direction::Right).count()
}

/// Puts the lines of a text that was drawn in visual order into the order that they are read in.
pub(crate) fn logical(text: &str) -> String {
    let lines =
        text.split('\n').map(|line| if right_to_left(line) > 0 { reordered(line) } else { line.into() });
    lines.collect::<Vec<_>>().join("\n")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// Letters that are read from the left, and digits.
    Left,
    Right,
    Neutral,
}

fn direction(c: char) -> Direction {
    match c as u32 {
        0x590..=0x65f | 0x66a..=0x6ef | 0x6fa..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff => Direction::Right,
        _ if c.is_alphanumeric() => Direction::Left,
        _ => Direction::Neutral,
    }
}

fn reordered(line: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    let letters = chars.iter().filter(|c| direction(**c) == Direction::Left && c.is_alphabetic()).count();
    // Text in one direction with some words of the other: those words are turned.
    let is_right = right_to_left(line) >= letters;
    let turned = if is_right { Direction::Left } else { Direction::Right };
    let mut ordered: Vec<char> =
        if is_right { chars.into_iter().rev().map(mirrored).collect() } else { chars };
    let mut from = 0;
    while let Some(start) = position(&ordered, from, turned) {
        let mut end = start + 1;
        let mut next = end;
        while let Some(c) = ordered.get(next) {
            match direction(*c) {
                Direction::Neutral => {}
                same if same == turned => end = next + 1,
                _ => break,
            }
            next += 1;
        }
        if let Some(run) = ordered.get_mut(start..end) {
            run.reverse();
            for c in run {
                *c = mirrored(*c);
            }
        }
        from = end;
    }
    ordered.into_iter().collect()
}

fn position(chars: &[char], from: usize, wanted: Direction) -> Option<usize> {
    let at = chars.get(from..)?.iter().position(|c| direction(*c) == wanted)?;
    Some(from + at)
}

/// A bracket that opens to the left is drawn as one that opens to the right.
const fn mirrored(c: char) -> char {
    match c {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        '«' => '»',
        '»' => '«',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_from_their_beginning() {
        for (drawn, read) in [
            ("\u{5dd}\u{5d5}\u{5dc}\u{5e9}", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}"),
            ("(b 12) \u{5d1}\u{5d0}", "\u{5d0}\u{5d1} (b 12)"),
            ("1.5 \u{5d0}, PDF 2 \u{5d2}\u{5d1}", "\u{5d1}\u{5d2} PDF 2 ,\u{5d0} 1.5"),
            (
                "The word \u{5d1}\u{5d0} \u{5d3}\u{5d2} is here",
                "The word \u{5d2}\u{5d3} \u{5d0}\u{5d1} is here",
            ),
            ("one (two)\n3", "one (two)\n3"),
        ] {
            assert_eq!(logical(drawn), read, "{drawn}");
        }
    }
}
