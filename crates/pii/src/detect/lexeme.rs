//! Words as the tagger of names reads them: their letters as hashes, without accents and without the endings of cases.
//!
//! The trainer in `train/names` includes this file, as it does `tagger.rs`.

use super::plain::plain;

/// Stands for a value while a draft is searched. No detector knows it, so findings do not depend on the placeholder that a
/// value will get.
pub const STAND_IN: char = '\u{fffc}';

/// Bytes of the longest word that is read.
pub(super) const LONGEST: usize = 40;

/// Traits of a word, one bit each.
pub(super) const IS_GIVEN: u8 = 1;
pub(super) const IS_FAMILY: u8 = 2;
pub(super) const IS_COMMON: u8 = 4;

/// The letters of a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing: the text or the line ends.
    #[default]
    End,
    Small,
    Capital,
    Capitals,
    Mixed,
    Number,
    Sign,
    /// A value that was taken out.
    Value,
}

/// A word, a number or a sign of a text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lexeme {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) shape: Shape,
    /// Hash of the small letters.
    pub(super) hash: u64,
    /// Hashes of the last two and three letters, and of the first three.
    pub(super) ends: [u64; 3],
    pub(super) traits: u8,
}

/// Cyrillic endings that cases add to a name.
const CASES: [&str; 4] = ["го", "му", "ми", "ах"];
const CASE_LETTERS: &str = "аяуюеийыіоьмх";

/// Letters that a word keeps without its case.
const SHORTEST_STEM: usize = 3;

/// A word without the ending that says its case, in scripts where names have one.
fn stem(word: &str) -> &str {
    if !word.starts_with(|c: char| matches!(c as u32, 0x400..=0x4ff)) {
        return word;
    }
    let mut stem = CASES.iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(word);
    while let Some(last) = stem.chars().next_back().filter(|last| CASE_LETTERS.contains(*last)) {
        if stem.chars().nth(SHORTEST_STEM).is_none() {
            break;
        }
        stem = stem.get(..stem.len() - last.len_utf8()).unwrap_or_default();
    }
    if stem.chars().nth(SHORTEST_STEM - 1).is_none() { word } else { stem }
}

/// Constants of the hash FNV-1a of 64 bits.
pub(super) const SEED: u64 = 0xcbf2_9ce4_8422_2325;
pub(super) const PRIME: u64 = 0x0100_0000_01b3;

pub(super) fn add(hash: u64, c: char) -> u64 {
    (hash ^ u64::from(small(c))).wrapping_mul(PRIME)
}

/// The hash by which a word stands in the lists.
pub(super) fn key(word: &str) -> u64 {
    finish(stem(&word.to_lowercase()).chars().fold(SEED, add))
}

/// Accents that are characters of their own.
pub(super) const fn is_accent(c: char) -> bool {
    matches!(c as u32, 0x300..=0x36f)
}

pub(super) const fn finish(hash: u64) -> u64 {
    let hash = (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ hash >> 29
}

impl Lexeme {
    pub(super) const fn is(self, bits: u8) -> bool {
        self.traits & bits != 0
    }

    /// Tells if it is a given name, as far as the lists know.
    pub(super) const fn is_given(self) -> bool {
        self.is(IS_GIVEN)
    }

    pub(super) const fn is_family(self) -> bool {
        self.is(IS_FAMILY)
    }

    pub(super) const fn is_common(self) -> bool {
        self.is(IS_COMMON)
    }

    /// A frequent word that is no name needs no second look.
    pub(super) fn may_be_name(&self) -> bool {
        let is_name = self.is(IS_GIVEN | IS_FAMILY);
        match self.shape {
            Shape::Capital => is_name || !self.is(IS_COMMON),
            // McDonald, but not TestRunner.
            Shape::Capitals | Shape::Mixed => is_name,
            _ => false,
        }
    }

    pub(super) const fn is_capital(self) -> bool {
        matches!(self.shape, Shape::Capital | Shape::Capitals | Shape::Mixed)
    }
}

/// The letters of a word as they are read.
pub(super) struct Spelling {
    pub(super) hash: u64,
    pub(super) letters: usize,
    capitals: usize,
    is_capital: bool,
    last: [u64; 3],
    head: u64,
}

impl Default for Spelling {
    fn default() -> Self {
        Self { hash: SEED, letters: 0, capitals: 0, is_capital: false, last: [0; 3], head: 0 }
    }
}

impl Spelling {
    pub(super) fn take(&mut self, c: char) {
        let is_capital = if c.is_ascii() { c.is_ascii_uppercase() } else { c.is_uppercase() };
        let small = u64::from(small(c));
        self.hash = (self.hash ^ small).wrapping_mul(PRIME);
        self.letters += 1;
        self.capitals += usize::from(is_capital);
        self.is_capital |= is_capital && self.letters == 1;
        self.last = [self.last[1], self.last[2], small];
        if self.letters == 3 {
            self.head = self.hash;
        }
    }

    pub(super) const fn shape(&self) -> Shape {
        match (self.is_capital, self.capitals) {
            (_, 0) => Shape::Small,
            (true, 1) if self.letters > 1 => Shape::Capital,
            (_, capitals) if capitals == self.letters => Shape::Capitals,
            _ => Shape::Mixed,
        }
    }

    /// The last two letters, the last three, and a hash of the first three.
    pub(super) const fn ends(&self) -> [u64; 3] {
        let [first, second, third] = self.last;
        [second << 21 | third, first << 42 | second << 21 | third, self.head]
    }
}

fn small(c: char) -> char {
    match c {
        _ if c.is_ascii() => c.to_ascii_lowercase(),
        // Letters that Arabic writes with and without their signs.
        'أ' | 'إ' | 'آ' => 'ا',
        'ى' => 'ي',
        'ة' => 'ه',
        _ => plain(c.to_lowercase().next().unwrap_or(c)),
    }
}

/// Endings that Turkish puts behind the apostrophe of a name, beside the genitive of other languages.
const SUFFIXES: &str = "s ın in un ün nın nin nun nün a e ya ye na ne ı i u ü yı yi yu yü da de ta te dan den tan ten nda nde \
     la le yla yle ki daki deki";

/// Bytes of such an ending at most.
const LONGEST_SUFFIX: usize = 8;

/// Tells if an ending and nothing more follows an apostrophe: it is no part of the name.
pub(super) fn is_suffix(rest: &str) -> bool {
    let length = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let word = rest.get(..length).filter(|_| length <= LONGEST_SUFFIX).unwrap_or_default();
    word == "S" || SUFFIXES.split_ascii_whitespace().any(|suffix| suffix == word)
}
