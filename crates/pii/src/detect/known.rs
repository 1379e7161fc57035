//! Known values of a user, found in any spelling, with or without a pattern.

use std::collections::HashMap;

use super::STAND_IN;
use super::finding::{Entity, Findings, Rank};
use super::scan::Text;
use super::spelling::{Letter, letters, normal};

/// Letters that a value must have to be looked for: fewer stand in any text.
const LEAST_LETTERS: usize = 4;

/// The same for scripts that write a word, or a person's name, in two.
const LEAST_IDEOGRAPHS: usize = 2;

/// Bytes that may stand between two letters of a value: " (" and the like.
const WIDEST_GAP: usize = 4;

/// Values to search for, numbered in the order of adding.
#[derive(Clone, Debug, Default)]
pub struct KnownValues {
    count: usize,
    forms: Vec<Form>,
    /// Forms by their first two letters.
    by_start: HashMap<[char; 2], Vec<usize>>,
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
        let [first, second, ..] = letters.as_slice() else { return };
        if letters.len() < least {
            return;
        }
        self.by_start.entry([*first, *second]).or_default().push(self.forms.len());
        self.forms.push(Form {
            place,
            kind: kind.to_owned(),
            normal: normal(kind, value),
            letters,
            before,
            after,
        });
    }

    pub(super) fn find(&self, text: &Text<'_>, found: &mut Findings) {
        if self.forms.is_empty() {
            return;
        }
        let text = text.str;
        let letters: Vec<Letter> = letters(text).collect();
        for (at, pair) in letters.windows(2).enumerate() {
            let [first, second] = pair else { continue };
            if at
                .checked_sub(1)
                .and_then(|before| letters.get(before))
                .is_some_and(|before| joins(before, first))
            {
                continue;
            }
            for form in self.by_start.get(&[first.char, second.char]).into_iter().flatten() {
                let Some(form) = self.forms.get(*form) else { continue };
                if let Some((start, end)) = form.at(text, letters.get(at..).unwrap_or_default()) {
                    found.add(Rank::Distinct, start, end, Entity::Known(form.place));
                }
            }
        }
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

/// Accepts a short gap between two letters of a value, without another value in it.
fn is_gap(between: Option<&str>) -> bool {
    between.is_some_and(|between| between.len() <= WIDEST_GAP && !between.contains(STAND_IN))
}

/// Tells if two letters are parts of one word.
fn joins(one: &Letter, next: &Letter) -> bool {
    one.end == next.start && !stands_alone(one.char) && !stands_alone(next.char)
}

/// Scripts that put no spaces between words: Han, Kana, Hangul (whose particles follow a name), Thai.
const fn stands_alone(c: char) -> bool {
    matches!(c as u32, 0xe00..=0xe7f | 0x3040..=0x30ff | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xac00..=0xd7af)
}
