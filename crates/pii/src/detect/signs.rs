//! Offsets of signs that are rare in most texts. One pass finds them all, and detectors begin from them.

use super::class::{DIGIT, SIGN, class};

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
    /// Digits of all groups together.
    pub(super) digits: usize,
}

impl Signs {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let mut signs = Self::default();
        for (at, byte) in bytes.iter().enumerate().filter(|(_, byte)| class(**byte) & (DIGIT | SIGN) != 0) {
            match byte {
                b'@' => signs.ats.push(at),
                b'(' | b'[' => signs.brackets.push(at),
                b':' => signs.colons.push(at),
                _ => signs.add_digit(at),
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
