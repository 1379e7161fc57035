//! Words that say what the number beside them is: read once from a text, asked of at any place.

use std::sync::LazyLock;

use super::given::GIVEN;
use super::plain::plain;
use super::vocabulary::{Label, WORDS};
use super::words::{DIGITS, POINTS};

/// The labels of a phrase of one or more words, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Labels([u64; 2]);

impl Labels {
    const fn of(label: Label) -> Self {
        let place = label as u32;
        if place < 64 { Self([1 << place, 0]) } else { Self([0, 1 << (place - 64)]) }
    }

    /// The most labels that there may be.
    const MOST: usize = 128;

    /// The places of its labels.
    fn places(self) -> impl Iterator<Item = usize> {
        let Self(halves) = self;
        (0..).zip(halves).flat_map(|(half, bits): (usize, u64)| {
            let mut rest = bits;
            std::iter::from_fn(move || {
                let place = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
                rest &= rest - 1;
                Some(half * 64 + place)
            })
        })
    }

    pub(super) const fn has(self, label: Label) -> bool {
        let (Self([low, high]), Self([label_low, label_high])) = (self, Self::of(label));
        low & label_low != 0 || high & label_high != 0
    }

    pub(super) const fn and(self, other: Self) -> Self {
        let (Self([low, high]), Self([other_low, other_high])) = (self, other);
        Self([low | other_low, high | other_high])
    }
}

/// A label and its end in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) end: usize,
    pub(super) labels: Labels,
}

/// The ends of marks, sorted by their labels.
#[derive(Debug)]
pub(super) struct ByLabel {
    /// Offset of the first end of each label, and of the next label's.
    starts: [usize; Labels::MOST + 1],
    ends: Vec<usize>,
}

impl ByLabel {
    pub(super) fn new(marks: &[Mark]) -> Self {
        let mut starts = [0; Labels::MOST + 1];
        for label in marks.iter().flat_map(|mark| mark.labels.places()) {
            starts.get_mut(label + 1).into_iter().for_each(|count| *count += 1);
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        let mut next = starts;
        let mut ends = vec![0; sum];
        for (mark, label) in
            marks.iter().flat_map(|mark| mark.labels.places().map(move |label| (mark, label)))
        {
            if let Some(next) = next.get_mut(label) {
                ends.get_mut(*next).into_iter().for_each(|end| *end = mark.end);
                *next += 1;
            }
        }
        Self { starts, ends }
    }

    pub(super) fn of(&self, label: Label) -> &[usize] {
        let start = |label: usize| self.starts.get(label).copied().unwrap_or_default();
        self.ends.get(start(label as usize)..start(label as usize + 1)).unwrap_or_default()
    }
}

/// A word of the vocabulary, and those that must follow it.
#[derive(Debug)]
struct Entry {
    word: &'static str,
    rest: &'static str,
    labels: Labels,
}

/// The vocabulary, by what words can be told apart with at a glance.
struct Index {
    /// One bit for each bucket in use, since most words are not in the vocabulary.
    used: [u64; HASHES / 64],
    latin: Vec<Vec<Entry>>,
    other: Vec<Vec<Entry>>,
}

/// Letters of the longest word.
const LONGEST: usize = 32;

/// Words in a row of small letters, with as many letters each and as few bytes between them, that get a mark.
const ROW: usize = 12;
const ROW_LETTERS: std::ops::RangeInclusive<usize> = 3..=8;
const WIDEST_STEP: usize = 8;

/// Values of a word's hash: so many more than words that most other words meet none.
const HASHES: usize = 32768;

const BUCKETS: usize = 2048;
const CHAR_BUCKETS: usize = 1024;

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let buckets = |count| std::iter::repeat_with(Vec::new).take(count).collect::<Vec<_>>();
    let mut index = Index { used: [0; HASHES / 64], latin: buckets(BUCKETS), other: buckets(CHAR_BUCKETS) };
    let spelled = DIGITS
        .iter()
        .map(|words| (Label::Digit, *words))
        .chain([(Label::Point, POINTS), (Label::Given, GIVEN)]);
    for (label, words) in WORDS.iter().copied().chain(spelled) {
        for phrase in words.split(", ") {
            let (word, rest) = phrase.split_once(' ').unwrap_or((phrase, ""));
            let entry = |word, rest| Entry { word, rest, labels: Labels::of(label) };
            let (bucket, entry) = match phrase.chars().next() {
                Some(first) if !first.is_ascii() => {
                    (index.other.get_mut(char_bucket(first)), entry(phrase, ""))
                }
                _ => {
                    let hash = hash(word.as_bytes());
                    if let Some(bits) = index.used.get_mut(hash / 64) {
                        *bits |= 1 << (hash % 64);
                    }
                    (index.latin.get_mut(hash % BUCKETS), entry(word, rest))
                }
            };
            if let Some(bucket) = bucket {
                bucket.push(entry);
            }
        }
    }
    index
});

/// The first two, the last, one in the middle and the length tell most words apart. The case of a letter is one bit.
fn hash(word: &[u8]) -> usize {
    let at = |place: usize| usize::from(word.get(place).copied().unwrap_or_default() & 0x1f);
    let letters = at(0)
        | at(1) << 5
        | at(word.len() / 2) << 10
        | at(word.len().wrapping_sub(1)) << 15
        | (word.len() & 0xf) << 20;
    // Knuth's multiplicative hash, of which the high bits are taken.
    (letters.wrapping_mul(0x9e37_79b1) >> 12) % HASHES
}

const fn char_bucket(c: char) -> usize {
    c as usize % CHAR_BUCKETS
}

/// The labels of a text, in order of their ends.
pub(super) fn read(text: &str) -> Vec<Mark> {
    let mut reader = Reader { text, bytes: text.as_bytes(), index: &INDEX, marks: Vec::new() };
    let (mut at, mut row) = (0, 0);
    while let Some(offset) =
        reader.bytes.get(at..).unwrap_or_default().iter().position(|byte| is_letter(*byte))
    {
        let start = at + offset;
        let end = reader.word_end(start);
        let is_next = offset <= WIDEST_STEP && ROW_LETTERS.contains(&(end - start));
        row = if is_next && reader.byte(start).is_ascii_lowercase() { row + 1 } else { 0 };
        if row == ROW {
            reader.marks.push(Mark { end, labels: Labels::of(Label::Words) });
            row = 0;
        }
        at = if reader.byte(end) < 0x80 {
            reader.latin(start, end);
            if reader.byte(end).is_ascii_uppercase()
                && !reader.byte(start.wrapping_sub(1)).is_ascii_alphabetic()
            {
                reader.whole(start, end);
            }
            end
        } else {
            reader.accented(start)
        };
    }
    // A phrase ends behind the words in it.
    reader.marks.sort_by_key(|mark| mark.end);
    reader.marks
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    index: &'static Index,
    marks: Vec<Mark>,
}

impl Reader<'_> {
    fn byte(&self, place: usize) -> u8 {
        self.bytes.get(place).copied().unwrap_or(0)
    }

    /// Finds the end of a word of ASCII letters; `phoneNumber` is two, `iPhone` is one.
    fn word_end(&self, start: usize) -> usize {
        let end = self.letters_end(start);
        if end == start + 1 && self.byte(end).is_ascii_uppercase() { self.letters_end(end) } else { end }
    }

    /// Finds the end of capitals followed by small letters.
    fn letters_end(&self, start: usize) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let capitals = rest.iter().position(|byte| !byte.is_ascii_uppercase()).unwrap_or(rest.len());
        let rest = rest.get(capitals..).unwrap_or_default();
        let small = rest.iter().position(|byte| !byte.is_ascii_lowercase()).unwrap_or(rest.len());
        start + capitals + small
    }

    /// `IdNr` is one word, after all.
    fn whole(&mut self, start: usize, end: usize) {
        let rest = self.bytes.get(end..).unwrap_or_default().iter().take(LONGEST);
        let end = end + rest.take_while(|byte| byte.is_ascii_alphabetic()).count();
        self.latin(start, end);
    }

    fn latin(&mut self, start: usize, end: usize) {
        let word = self.bytes.get(start..end).unwrap_or_default();
        if word.len() > 1 {
            self.look_up(word, end);
        } else if matches!(word, [b'd' | b'D' | b't' | b'T' | b'i' | b'I']) {
            // d.o.b., t.c. and I'm.
            self.look_up(word, end);
        }
    }

    fn look_up(&mut self, word: &[u8], end: usize) {
        let hash = hash(word);
        if self.index.used.get(hash / 64).is_none_or(|bits| bits >> (hash % 64) & 1 == 0) {
            return;
        }
        for entry in self.index.latin.get(hash % BUCKETS).into_iter().flatten() {
            if word.eq_ignore_ascii_case(entry.word.as_bytes())
                && let Some(end) = self.follows(end, entry.rest)
            {
                self.marks.push(Mark { end, labels: entry.labels });
            }
        }
    }

    /// The end of `words` behind a place, whatever signs join them: `date_of_birth`, `driver's license`, `código de verificación`.
    fn follows(&self, end: usize, words: &str) -> Option<usize> {
        let mut at = end;
        for word in words.split_ascii_whitespace() {
            let rest = self.text.get(at..)?;
            let signs = rest.chars().take(3).take_while(|c| !c.is_alphanumeric() && *c != '\n');
            at += signs.map(char::len_utf8).sum::<usize>();
            at = self.word_behind(at, word)?;
        }
        Some(at)
    }

    /// The end of a word that begins at a place, with or without accents.
    fn word_behind(&self, start: usize, word: &str) -> Option<usize> {
        let mut wanted = word.as_bytes();
        for (offset, c) in self.text.get(start..)?.char_indices() {
            let is_accent = matches!(c as u32, 0x300..=0x36f);
            match wanted.first() {
                None if !is_accent => return (!c.is_lowercase()).then_some(start + offset),
                Some(letter) if !is_accent => {
                    let found = if c.is_ascii() { c.to_ascii_lowercase() } else { plain(small(c)) };
                    (found == char::from(*letter)).then_some(())?;
                    wanted = wanted.get(1..).unwrap_or_default();
                }
                _ => {}
            }
        }
        wanted.is_empty().then_some(self.bytes.len())
    }

    /// Reads on from a place where letters are not all ASCII, to the next that is none: words with accents as those
    /// without, and what is written in other scripts wherever it stands, as many of them have no spaces.
    fn accented(&mut self, start: usize) -> usize {
        let mut word = String::new();
        for (offset, c) in self.text.get(start..).unwrap_or_default().char_indices() {
            let at = start + offset;
            match c as u32 {
                // Accents that are characters of their own.
                0x300..=0x36f => {}
                0x370.. => {
                    self.look_up(word.as_bytes(), at);
                    word.clear();
                    self.other(at, c);
                }
                _ if c.is_alphabetic() => {
                    if c.is_ascii() {
                        word.push(c);
                    } else {
                        word.extend(c.to_lowercase().map(plain));
                    }
                }
                _ => {
                    self.look_up(word.as_bytes(), at);
                    return at + c.len_utf8() * usize::from(!c.is_ascii());
                }
            }
        }
        self.look_up(word.as_bytes(), self.bytes.len());
        self.bytes.len()
    }

    fn other(&mut self, at: usize, first: char) {
        let first = small(first);
        let entries = self.index.other.get(char_bucket(first)).into_iter().flatten();
        for entry in entries.filter(|entry| entry.word.starts_with(first)) {
            let mut letters = self.text.get(at..).unwrap_or_default().chars();
            if entry.word.chars().all(|wanted| letters.next().map(small) == Some(wanted)) {
                let end = self.bytes.len() - letters.as_str().len();
                self.marks.push(Mark { end, labels: entry.labels });
            }
        }
    }
}

/// The small letter of a character; ideographs and syllables have no other.
fn small(c: char) -> char {
    if c as u32 >= 0x2e80 { c } else { c.to_lowercase().next().unwrap_or(c) }
}
