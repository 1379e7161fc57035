//! A small linear model of the words of names: features of a word and its neighbours, hashed into one table of weights.
//!
//! The trainer in `train/names` includes this file, so that both read the same features.

use super::lexeme::{
    IS_COMMON, IS_FAMILY, IS_GIVEN, LONGEST, Lexeme, PRIME, SEED, STAND_IN, Shape, Spelling, add, finish,
    is_accent, is_suffix, key,
};

/// Bytes of the parts of a model, in this order: Bloom filters of given names, of family names and of other frequent words, and
/// the weights.
pub(super) const GIVEN: usize = 40 * 1024;
pub(super) const FAMILY: usize = 32 * 1024;
pub(super) const COMMON: usize = 88 * 1024;
pub(super) const WEIGHTS: usize = 128 * 1024;

/// Weights in that part: each is half a byte, the index of its level.
pub(super) const TABLE: usize = 2 * WEIGHTS;

/// Levels of a weight, in parts of a unit of the logistic regression: finer near zero, where most weights are.
pub(super) const LEVELS: [i32; 16] = [-70, -48, -34, -24, -17, -11, -6, 0, 6, 11, 17, 24, 34, 48, 70, 96];

/// Bytes of a model.
pub(super) const SIZE: usize = GIVEN + FAMILY + COMMON + WEIGHTS;

/// Bytes of a block of a Bloom filter, which is one line of a cache, and bits that a word sets in it.
pub(super) const BLOCK: usize = 64;
const BITS: usize = 4;

/// Words on each side of a word that its features tell of.
const REACH: usize = 4;

/// A trained model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model<'m> {
    bytes: &'m [u8],
}

/// A word that may be a part of a name, with its score.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scored {
    pub(super) lexeme: Lexeme,
    pub(super) score: i32,
}

impl<'m> Model<'m> {
    /// Takes the bytes of a model as they are: missing ones count as zeros.
    pub(super) const fn new(bytes: &'m [u8]) -> Self {
        Self { bytes }
    }

    fn has(self, offset: usize, length: usize, hash: u64) -> bool {
        let (block, bits) = place(length, hash);
        let block = self.bytes.get(offset + block..offset + block + BLOCK).unwrap_or_default();
        bits.into_iter().all(|bit| block.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1))
    }

    fn traits(self, hash: u64) -> u8 {
        let is = |offset, length, bit| if self.has(offset, length, hash) { bit } else { 0 };
        is(0, GIVEN, IS_GIVEN) | is(GIVEN, FAMILY, IS_FAMILY) | is(GIVEN + FAMILY, COMMON, IS_COMMON)
    }

    /// The traits of a word.
    pub(super) fn traits_of(self, word: &str) -> u8 {
        self.traits(key(word))
    }

    fn weight(self, feature: u32) -> i32 {
        let at = slot(feature);
        let byte = self.bytes.get(SIZE - WEIGHTS + at / 2).copied().unwrap_or_default();
        let level = if at.is_multiple_of(2) { byte & 15 } else { byte >> 4 };
        LEVELS.get(usize::from(level)).copied().unwrap_or_default()
    }

    /// Shows each word with a capital that may be a part of a name, with the hashes of its features.
    pub(super) fn each(self, text: &str, mut show: impl FnMut(Lexeme, &[u32])) {
        let mut reader = Reader { model: self, text, bytes: text.as_bytes() };
        let mut features = Vec::new();
        let mut at = 0;
        let mut window = Window::default();
        while let Some(start) = reader.next_capital(at) {
            if let Some(end) = reader.frequent_word(start) {
                at = end;
                continue;
            }
            let word = reader.word(start);
            at = word.end.max(start + 1);
            if !word.may_be_name() || reader.is_code(word.end) {
                continue;
            }
            window.read(&mut reader, word);
            // What stands beside a value was read with it, so that a text settles.
            if window.has_value() {
                continue;
            }
            features.clear();
            window.features(&mut |feature| features.push(feature));
            show(word, &features);
        }
    }

    /// The words that may be parts of a name, with their scores.
    pub(super) fn scored(self, text: &str) -> Vec<Scored> {
        let mut scored = Vec::new();
        self.each(text, |lexeme, features| {
            let score = features.iter().map(|feature| self.weight(*feature)).sum();
            scored.push(Scored { lexeme, score });
        });
        scored
    }
}

/// The place of a feature's weight in the table.
pub(super) const fn slot(feature: u32) -> usize {
    feature as usize % TABLE
}

/// The block of a word in a filter, and its bits there.
pub(super) fn place(length: usize, hash: u64) -> (usize, [usize; BITS]) {
    let blocks = (length / BLOCK) as u64;
    let block = low(((hash >> 40) * blocks) >> 24);
    (block * BLOCK, std::array::from_fn(|count| low(hash >> (9 * count)) % (BLOCK * 8)))
}

/// The low half of a hash as an offset.
fn low(hash: u64) -> usize {
    usize::try_from(hash & 0xffff_ffff).unwrap_or_default()
}

/// Bytes that are looked at together: most have no capital.
const CHUNK: usize = 32;

/// The place of the first byte that may begin a capital.
fn capital(bytes: &[u8]) -> Option<usize> {
    let is_one = |byte: &u8| byte.wrapping_sub(b'A') < 26 || byte.wrapping_sub(0xc3) < 0x13;
    // Without an early end the compiler compares many bytes at once.
    let chunk = bytes
        .chunks(CHUNK)
        .position(|chunk| chunk.iter().fold(false, |has_one, byte| has_one | is_one(byte)))?;
    let start = chunk * CHUNK;
    Some(start + bytes.get(start..)?.iter().position(is_one)?)
}

struct Reader<'m, 't> {
    model: Model<'m>,
    text: &'t str,
    bytes: &'t [u8],
}

impl Reader<'_, '_> {
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn char_at(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    fn char_before(&self, at: usize) -> Option<char> {
        self.text.get(..at)?.chars().next_back()
    }

    /// The next capital that begins a word.
    fn next_capital(&self, from: usize) -> Option<usize> {
        let mut at = from;
        loop {
            let rest = self.bytes.get(at..)?;
            at += capital(rest)?;
            let begins = if self.byte(at) < 0x80 {
                let before = if at == 0 { 0 } else { self.byte(at - 1) };
                !before.is_ascii_alphanumeric()
                    && before != b'_'
                    && (before < 0x80 || !self.is_letter_before(at))
            } else {
                self.char_at(at).is_some_and(char::is_uppercase) && !self.is_letter_before(at)
            };
            if begins {
                return Some(at);
            }
            at += 1;
            while self.byte(at) & 0xc0 == 0x80 {
                at += 1;
            }
        }
    }

    /// Tells if a word that ends at a place goes on with digits and the like.
    fn is_code(&self, end: usize) -> bool {
        matches!(self.byte(end), b'0'..=b'9' | b'_' | b'=' | b'/' | b'@' | b'(' | b'+')
    }

    fn is_letter_before(&self, at: usize) -> bool {
        self.char_before(at).is_some_and(|c| c.is_alphanumeric() || c == '_')
    }

    /// The word, number or sign at a place.
    fn lexeme(&self, start: usize) -> Lexeme {
        let Some(first) = self.char_at(start) else {
            return Lexeme { start, end: start, ..Lexeme::default() };
        };
        if first == '\n' {
            return Lexeme { start, end: start, ..Lexeme::default() };
        }
        if first.is_ascii_digit() {
            let length =
                self.bytes.get(start..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit());
            return Lexeme {
                start,
                end: start + length.count(),
                shape: Shape::Number,
                hash: 1,
                ..Lexeme::default()
            };
        }
        if first == STAND_IN {
            return Lexeme { start, end: start + first.len_utf8(), shape: Shape::Value, ..Lexeme::default() };
        }
        if !first.is_alphabetic() {
            let hash = finish(add(SEED, first));
            return Lexeme {
                start,
                end: start + first.len_utf8(),
                shape: Shape::Sign,
                hash,
                ..Lexeme::default()
            };
        }
        self.word(start)
    }

    /// The end of a word of ASCII letters that is no name, if it is known as such. Most words are.
    fn frequent_word(&self, start: usize) -> Option<usize> {
        let (mut hash, mut end) = (SEED, start);
        for byte in
            self.bytes.get(start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_alphabetic())
        {
            hash = (hash ^ u64::from(byte | 0x20)).wrapping_mul(PRIME);
            end += 1;
        }
        let is_one = !matches!(self.byte(end), b'-' | b'\'' | 0x80..)
            && (end == start + 1 || self.model.traits(finish(hash)) == IS_COMMON);
        is_one.then_some(end)
    }

    fn word(&self, start: usize) -> Lexeme {
        let mut word = Spelling::default();
        let rest = self.bytes.get(start..).unwrap_or_default();
        let mut end = start;
        for byte in rest.iter().take(LONGEST) {
            if !byte.is_ascii_alphabetic() {
                break;
            }
            word.take(char::from(*byte));
            end += 1;
        }
        if matches!(self.byte(end), b'-' | b'\'' | 0x80..) {
            end = self.rest_of_word(start, end, &mut word);
        }
        let hash = finish(word.hash);
        let is_cyrillic = matches!(self.byte(start), 0xd0 | 0xd1);
        let key = if is_cyrillic { key(self.text.get(start..end).unwrap_or_default()) } else { hash };
        let traits = if word.letters < 2 { IS_COMMON } else { self.model.traits(key) };
        Lexeme { start, end, shape: word.shape(), hash, ends: word.ends(), traits }
    }

    /// Reads on behind letters of ASCII: other letters, hyphens and apostrophes within a word.
    fn rest_of_word(&self, start: usize, from: usize, word: &mut Spelling) -> usize {
        let mut end = from;
        let mut chars = self.text.get(from..).unwrap_or_default().chars();
        while let Some(c) = chars.next() {
            let joins = matches!(c, '-' | '\'' | '’')
                && chars.as_str().starts_with(char::is_alphabetic)
                && !(c != '-' && is_suffix(chars.as_str()));
            let is_letter = c.is_alphabetic();
            if !(is_letter || joins || is_accent(c)) || end - start > LONGEST {
                break;
            }
            end += c.len_utf8();
            if is_letter {
                word.take(c);
            }
        }
        end
    }

    /// The lexeme that follows a place, behind spaces.
    fn after(&self, at: usize) -> Lexeme {
        let rest = self.bytes.get(at..).unwrap_or_default();
        let spaces = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
        self.lexeme(at + spaces)
    }

    /// The lexeme that stands before a place, before spaces.
    fn before(&self, at: usize) -> Lexeme {
        let head = self.bytes.get(..at).unwrap_or_default();
        let spaces = head.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
        let end = at - spaces;
        let Some(last) = self.char_before(end).filter(|c| *c != '\n') else {
            return Lexeme { start: end, end, ..Lexeme::default() };
        };
        let is_part = |c: char| c.is_alphabetic() || is_accent(c) || matches!(c, '-' | '\'' | '’');
        let mut start = end;
        if last.is_alphabetic() {
            let head = self.text.get(..end).unwrap_or_default();
            start -= head
                .chars()
                .rev()
                .take_while(|c| is_part(*c))
                .take(LONGEST)
                .map(char::len_utf8)
                .sum::<usize>();
            // A sign before the word is none of its own.
            while let Some(c) = self.char_at(start).filter(|c| !c.is_alphabetic()) {
                start += c.len_utf8();
            }
            let word = self.word(start);
            return Lexeme { end, ..word };
        }
        if last.is_ascii_digit() {
            let head = self.bytes.get(..end).unwrap_or_default();
            start -= head.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
            return Lexeme { start, end, shape: Shape::Number, hash: 1, ..Lexeme::default() };
        }
        self.lexeme(end - last.len_utf8())
    }
}

/// A word and its neighbours.
#[derive(Default)]
struct Window {
    own: Lexeme,
    before: [Lexeme; REACH],
    after: [Lexeme; REACH],
}

impl Window {
    fn read(&mut self, reader: &mut Reader<'_, '_>, own: Lexeme) {
        *self = Self { own, ..Self::default() };
        let mut at = own.start;
        for (place, lexeme) in self.before.iter_mut().enumerate() {
            *lexeme = reader.before(at);
            at = lexeme.start;
            if lexeme.shape == Shape::End || place > 0 && !lexeme.is_capital() {
                break;
            }
        }
        let mut at = own.end;
        for (place, lexeme) in self.after.iter_mut().enumerate() {
            *lexeme = reader.after(at);
            at = lexeme.end;
            if lexeme.shape == Shape::End || place > 0 && !lexeme.is_capital() {
                break;
            }
        }
    }

    fn has_value(&self) -> bool {
        self.before.iter().chain(&self.after).any(|lexeme| lexeme.shape == Shape::Value)
    }

    /// The nearest neighbour that has no capital.
    fn outer(neighbours: &[Lexeme; REACH]) -> Lexeme {
        neighbours.iter().find(|lexeme| !lexeme.is_capital()).copied().unwrap_or_default()
    }

    fn features(&self, show: &mut impl FnMut(u32)) {
        let Self { own, before: [p1, p2, ..], after: [n1, n2, ..] } = self;
        let (left, right) = (Self::outer(&self.before), Self::outer(&self.after));
        let key = |lexeme: &Lexeme| (lexeme.shape as u64) << 3 | u64::from(lexeme.traits);
        let (k, k1, m1) = (key(own), key(p1), key(n1));
        let length = (own.end - own.start).min(12) as u64;
        let mut kind = 0;
        let mut add = |value: u64| {
            kind += 1;
            let mixed = finish(value.wrapping_add(kind << 57).wrapping_mul(0xd6e8_feb8_6659_fd93));
            show(u32::try_from(mixed >> 20 & 0xffff_ffff).unwrap_or_default());
        };
        add(0);
        add(own.hash);
        add(own.ends[0]);
        add(own.ends[1]);
        add(own.ends[2]);
        add(length << 8 | own.shape as u64);
        add(k);
        add(p1.hash);
        add(p1.hash.rotate_left(21) ^ p2.hash);
        add(n1.hash);
        add(n1.hash.rotate_left(21) ^ n2.hash);
        add(k1 << 24 | k << 12 | m1);
        add(k1 << 24 | k << 12 | m1 | key(p2) << 36 | key(n2) << 48);
        add(p1.hash.rotate_left(9) ^ k);
        add(n1.hash.rotate_left(9) ^ k);
        add(left.hash);
        add(right.hash);
        add(left.hash.rotate_left(9) ^ k);
        add(right.hash.rotate_left(9) ^ k);
        add(p2.hash.rotate_left(9) ^ p1.shape as u64);
        add(n2.hash.rotate_left(9) ^ n1.shape as u64);
        add(own.ends[1] ^ k1 << 56);
        add(own.ends[1] ^ m1 << 56);
        add(left.hash.rotate_left(21) ^ right.hash);
    }
}
