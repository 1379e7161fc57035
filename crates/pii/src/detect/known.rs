//! Known values of a user, found in any spelling, with or without a pattern.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::finding::{Entity, Findings, Rank};
use super::lexeme::STAND_IN;
use super::people::People;
use super::scan::Text;
use super::spelling::{Letter, letters, normal};

/// Letters that a value must have to be looked for: fewer stand in any text.
const LEAST_LETTERS: usize = 4;

/// Digits that a value of digits alone must have to be looked for.
const LEAST_DIGITS: usize = 6;

/// The same for scripts that write a word, or a person's name, in two.
const LEAST_IDEOGRAPHS: usize = 2;

/// Bytes that may stand between two letters of a value: " (" and the like.
const WIDEST_GAP: usize = 4;

/// Letters of a value by which its length is looked up.
const START: usize = LEAST_LETTERS;

/// Most lengths of values with one start. No user has as many; more are left to the other detectors, so that no text takes long.
const MOST_LENGTHS: usize = 512;

/// Most values with the same letters and other signs between them.
const MOST_SPELLINGS: usize = 64;

/// Values to search for, numbered in the order of adding.
#[derive(Clone, Debug, Default)]
pub struct KnownValues {
    count: usize,
    forms: Vec<Form>,
    /// True if a form has fewer letters than a start.
    has_short: bool,
    /// Lengths of the forms by their first letters, in ascending order.
    lengths: HashMap<[char; START], Vec<usize>>,
    /// Forms by their letters.
    by_letters: HashMap<Key, Vec<usize>>,
}

/// Letters as a length and a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    length: usize,
    hash: u64,
}

/// One order in which a value's words may stand.
#[derive(Clone, Debug)]
struct Form {
    place: usize,
    kind: String,
    normal: String,
    letters: Vec<char>,
    /// The signs before the first letter and behind the last.
    before: String,
    after: String,
}

impl KnownValues {
    /// Makes an empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value and returns its index.
    pub fn add(&mut self, kind: &str, value: &str) -> usize {
        let place = self.count;
        self.count += 1;
        if !stands_anywhere(kind, value) {
            return place;
        }
        self.add_form(place, kind, value);
        // Lists write a person's name the other way round.
        if let Some((first, last)) = value.trim().rsplit_once(' ').filter(|_| kind == "PERSON") {
            self.add_form(place, kind, &format!("{last} {first}"));
        }
        place
    }

    fn add_form(&mut self, place: usize, kind: &str, value: &str) {
        let found: Vec<Letter> = letters(value).collect();
        let (Some(head), Some(tail)) = (found.first(), found.last()) else { return };
        let signs = |from: usize, to: usize| value.get(from..to).unwrap_or_default().to_owned();
        let (before, after) = (signs(0, head.start), signs(tail.end, value.len()));
        let letters: Vec<char> = found.iter().map(|letter| letter.char).collect();
        let least = if letters.iter().any(|c| stands_alone(*c)) { LEAST_IDEOGRAPHS } else { LEAST_LETTERS };
        if letters.len() < least {
            return;
        }
        let lengths = self.lengths.entry(start(letters.iter().copied())).or_default();
        if let Err(at) = lengths.binary_search(&letters.len()) {
            if lengths.len() >= MOST_LENGTHS {
                return;
            }
            lengths.insert(at, letters.len());
        }
        let key = Key { length: letters.len(), hash: letters.iter().fold(0, |hash, c| appended(hash, *c)) };
        let alike = self.by_letters.entry(key).or_default();
        if alike.len() >= MOST_SPELLINGS {
            return;
        }
        self.has_short |= letters.len() < START;
        let normal = normal(kind, value);
        alike.push(self.forms.len());
        self.forms.push(Form { place, kind: kind.to_owned(), normal, letters, before, after });
    }

    /// Finds the values in a text. The work is a few steps for each letter: at the start of a word, each length that a value
    /// with such a start has is looked up by the hash of that many letters.
    pub(super) fn find(&self, text: &Text<'_>, people: People, found: &mut Findings) {
        if self.forms.is_empty() {
            return;
        }
        let text = text.str;
        let letters: Vec<Letter> = letters(text).collect();
        // Most texts have no word that begins as a value does, and need no hashes.
        let hashes = OnceCell::new();
        for (at, first) in letters.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| letters.get(before));
            if before.is_some_and(|before| joins(before, first)) {
                continue;
            }
            let rest = letters.get(at..).unwrap_or_default();
            for length in self.lengths_at(rest) {
                let hashes = hashes.get_or_init(|| Hashes::of(&letters));
                if let Some(hash) = hashes.between(at, at + length) {
                    let forms = self.forms_of(Key { length, hash }).filter(|form| people.has(&form.kind));
                    add(text, rest, forms, found);
                }
            }
        }
    }

    /// Lengths of the values that may begin here and end with a word.
    fn lengths_at<'a>(&'a self, letters: &'a [Letter]) -> impl Iterator<Item = usize> + 'a {
        // A value of two ideographs has a start of its own.
        let keys = (self.shortest_start()..=START).filter_map(|length| {
            let letters = letters.get(..length)?;
            self.lengths.get(&start(letters.iter().map(|letter| letter.char)))
        });
        keys.flatten().copied().filter(|length| ends(letters, *length))
    }

    /// Letters of the shortest start that is looked up.
    const fn shortest_start(&self) -> usize {
        if self.has_short { LEAST_IDEOGRAPHS } else { START }
    }

    fn forms_of(&self, key: Key) -> impl Iterator<Item = &Form> {
        let places = self.by_letters.get(&key).into_iter().flatten();
        places.filter_map(|place| self.forms.get(*place))
    }
}

/// Adds the forms that a text's letters begin with.
fn add<'f>(text: &str, letters: &[Letter], forms: impl Iterator<Item = &'f Form>, found: &mut Findings) {
    for form in forms {
        if let Some((start, end)) = form.at(text, letters) {
            found.add(Rank::Distinct, start, end, Entity::Known(form.place));
        }
    }
}

/// The first letters, filled up with U+0000.
fn start(mut letters: impl Iterator<Item = char>) -> [char; START] {
    std::array::from_fn(|_| letters.next().unwrap_or_default())
}

/// Tells if a word ends after that many letters.
fn ends(letters: &[Letter], length: usize) -> bool {
    let last = length.checked_sub(1).and_then(|last| letters.get(last));
    last.is_some_and(|last| letters.get(length).is_none_or(|next| !joins(last, next)))
}

/// A prime, 2^61 - 1, and a base below it: hashes of this kind are those of Rabin and Karp.
const PRIME: u64 = (1 << 61) - 1;
const BASE: u64 = 0x0c6a_4a79_35bd_1e99;

/// The product of two numbers below [`PRIME`], modulo it: since 2^61 is 1 then, the upper bits are added to the lower ones. A division of
/// 128 bits would take longer than all else that is done for a letter.
fn product(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    let [lower, upper] =
        [product, product >> 61].map(|part| u64::try_from(part & u128::from(PRIME)).unwrap_or_default());
    reduced(lower + upper)
}

/// A number below twice [`PRIME`], modulo it.
const fn reduced(number: u64) -> u64 {
    if number >= PRIME { number - PRIME } else { number }
}

/// The hash of letters with one more at their end.
fn appended(hash: u64, c: char) -> u64 {
    reduced(product(hash, BASE) + u64::from(u32::from(c)) + 1)
}

/// Hashes of the first letters of a text, and the powers of the base: from them follow the hashes of all its parts.
struct Hashes {
    first: Vec<u64>,
    powers: Vec<u64>,
}

impl Hashes {
    fn of(letters: &[Letter]) -> Self {
        let (mut first, mut powers) = (vec![0], vec![1]);
        let (mut hash, mut power) = (0, 1);
        for letter in letters {
            hash = appended(hash, letter.char);
            power = product(power, BASE);
            first.push(hash);
            powers.push(power);
        }
        Self { first, powers }
    }

    fn between(&self, start: usize, end: usize) -> Option<u64> {
        let before = product(*self.first.get(start)?, *self.powers.get(end.checked_sub(start)?)?);
        Some(reduced(self.first.get(end)? + PRIME - before))
    }
}

impl Form {
    /// The span of this form, if the text's letters begin with it.
    fn at(&self, text: &str, letters: &[Letter]) -> Option<(usize, usize)> {
        let own = letters.get(..self.letters.len())?;
        if !own.iter().zip(&self.letters).all(|(letter, c)| letter.char == *c) {
            return None;
        }
        let is_whole =
            own.windows(2).all(|pair| matches!(pair, [one, next] if is_gap(text.get(one.end..next.start))));
        let (first, last) = (own.first()?, own.last()?);
        let ends = letters.get(own.len()).is_none_or(|next| !joins(last, next));
        if !(is_whole && ends) {
            return None;
        }
        // Its own signs belong to it where they stand: the plus before, the exclamation mark behind.
        let start = first
            .start
            .checked_sub(self.before.len())
            .filter(|at| text.get(*at..first.start) == Some(&self.before));
        let end = text
            .get(last.end..)
            .filter(|rest| rest.starts_with(&self.after))
            .map(|_| last.end + self.after.len());
        let (start, end) = (start.unwrap_or(first.start), end.unwrap_or(last.end));
        (normal(&self.kind, text.get(start..end)?) == self.normal).then_some((start, end))
    }
}

/// Tells if a value means the same wherever it stands. Dates and short codes have other meanings elsewhere, and so has a first name.
fn stands_anywhere(kind: &str, value: &str) -> bool {
    let is_short = value.len() < LEAST_DIGITS && value.bytes().all(|byte| byte.is_ascii_digit());
    let is_first_name = kind == "PERSON" && value.chars().all(|c| c.is_alphabetic() && !stands_alone(c));
    !matches!(kind, "DATE_OF_BIRTH" | "PIN" | "CVV" | "CARD_EXPIRY") && !is_short && !is_first_name
}

/// Accepts a short gap between two letters of a value, without another value in it.
fn is_gap(between: Option<&str>) -> bool {
    between.is_some_and(|between| between.len() <= WIDEST_GAP && !between.contains(STAND_IN))
}

/// Tells if two letters are parts of one word.
fn joins(one: &Letter, next: &Letter) -> bool {
    one.end == next.start && !stands_alone(one.char) && !stands_alone(next.char)
}

/// Scripts that put no spaces between words: Han, Kana, Hangul (whose particles follow a name), Thai.
pub(super) const fn stands_alone(c: char) -> bool {
    matches!(c as u32, 0xe00..=0xe7f | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xac00..=0xd7af)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn products_are_those_of_a_division(one in 0..PRIME, other in prop_oneof![0..PRIME, Just(PRIME - 1)]) {
            let divided = u128::from(one) * u128::from(other) % u128::from(PRIME);
            prop_assert_eq!(u128::from(product(one, other)), divided);
        }

        #[test]
        fn the_hash_of_a_part_is_that_of_its_letters(text in "[a-zé漢😀]{0,60}", start in 0usize..60, length in 0usize..60) {
            let letters: Vec<Letter> = letters(&text).collect();
            let part = letters.get(start..start + length);
            let hash = part.map(|part| part.iter().fold(0, |hash, letter| appended(hash, letter.char)));
            prop_assert_eq!(Hashes::of(&letters).between(start, start + length).filter(|_| part.is_some()), hash);
        }
    }
}
