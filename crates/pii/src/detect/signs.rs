//! Offsets of signs that are rare in most texts. One pass finds them all, and detectors begin from them.

use super::class::{DIGIT, SIGN, TRICK, class};

/// Digits that nothing parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The places of a text's signs, in order.
#[derive(Debug, Default)]
pub(super) struct Signs {
    pub(super) ats: Vec<usize>,
    /// Opening ones, round and square.
    pub(super) brackets: Vec<usize>,
    pub(super) colons: Vec<usize>,
    pub(super) groups: Vec<Group>,
    /// Signs of encodings and markup that may disguise a value.
    pub(super) tricks: Vec<usize>,
    /// Digits of all groups together.
    pub(super) digits: usize,
}

impl Signs {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut signs = Self::default();
        let of_interest = |(_, byte): &(usize, &u8)| class(**byte) & (DIGIT | SIGN | TRICK) != 0;
        for (at, byte) in bytes.iter().enumerate().filter(of_interest) {
            match byte {
                b'@' => signs.ats.push(at),
                b'(' | b'[' => signs.brackets.push(at),
                b':' => signs.colons.push(at),
                b'0'..=b'9' => signs.add_digit(at),
                _ if is_trick(bytes, at, *byte) => signs.tricks.push(at),
                _ => {}
            }
        }
        signs
    }

    fn add_digit(&mut self, at: usize) {
        self.digits += 1;
        match self.groups.last_mut().filter(|group| group.end == at) {
            Some(group) => group.end += 1,
            None => self.groups.push(Group { start: at, end: at + 1 }),
        }
    }
}

/// Tells from the bytes around a sign if it may belong to a disguise. Most signs do not.
fn is_trick(bytes: &[u8], at: usize, sign: u8) -> bool {
    let byte = |place: usize| bytes.get(place).copied().unwrap_or(0);
    let (next, second) = (byte(at + 1), byte(at + 2));
    match sign {
        b'&' => next == b'#' || matches!((next, second), (b'c', b'o') | (b'p', b'e')),
        b'\\' => matches!((next, second), (b'u', b'0' | b'{') | (b'x', b'2'..=b'7') | (b'@', _)),
        b'%' => matches!(next, b'2' | b'4') && second.is_ascii_hexdigit(),
        b'=' => {
            matches!(next, b'4' | b'2' | b'\r' | b'\n') && byte(at.wrapping_sub(1)).is_ascii_alphanumeric()
        }
        b'<' => {
            matches!((next, second), (b'w', b'b') | (b'a' | b'A', b't' | b'T'))
                || byte(at.wrapping_sub(1)).is_ascii_digit() && (next == b'/' || next.is_ascii_lowercase())
        }
        _ => false,
    }
}
