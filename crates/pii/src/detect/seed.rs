//! Recovery phrases of wallets: twelve words or more, as BIP 39 has them (<https://bips.dev/39/>), where a word says so.

use std::collections::HashMap;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::finding::{Entity, Findings, Rank};
use super::scan::Text;
use super::vocabulary::Label;

/// Words of a phrase, and letters of a word.
const WORDS: std::ops::RangeInclusive<usize> = 12..=48;
const LETTERS: std::ops::RangeInclusive<usize> = 3..=8;

/// Frequent words of English that are on no list of BIP 39.
const PROSE: &[&[u8]] = &[
    b"the",
    b"and",
    b"for",
    b"are",
    b"was",
    b"were",
    b"his",
    b"her",
    b"has",
    b"had",
    b"its",
    b"not",
    b"but",
    b"from",
    b"have",
    b"been",
    b"they",
    b"with",
    b"which",
    b"would",
    b"could",
    b"these",
    b"those",
    b"their",
    b"them",
    b"will",
    b"phrase",
    b"words",
    b"wallet",
    b"recovery",
    b"mnemonic",
];

pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    checked(text, found);
    if !text.has(Label::Seed) {
        return;
    }
    let mut run: Option<(usize, usize, usize)> = None;
    let mut at = 0;
    let mut show = |run: Option<(usize, usize, usize)>| {
        if let Some((start, end, _)) = run.filter(|(_, _, count)| WORDS.contains(count)) {
            found.add(Rank::Sure, start, end, Entity::SeedPhrase);
        }
    };
    while at < text.bytes.len() {
        let start = text.run(at, |byte| !byte.is_ascii_alphabetic() && byte < 0x80);
        let end = text.run(start, |byte| byte.is_ascii_alphabetic() || byte >= 0x80);
        let word = text.slice(start, end);
        let is_one = LETTERS.contains(&word.len())
            && word.iter().all(u8::is_ascii_lowercase)
            && !PROSE.contains(&word);
        let is_joined = |last: usize| is_gap(text.slice(last, start));
        // Behind a whole phrase the next line is another sentence.
        let breaks = |last: usize| text.slice(last, start).contains(&b'\n');
        run = match run {
            Some((first, last, count)) if is_one && is_joined(last) && !(is_whole(count) && breaks(last)) => {
                Some((first, end, count + 1))
            }
            other => {
                show(other);
                is_one.then_some((start, end, 1))
            }
        };
        at = end.max(start + 1);
    }
    show(run);
}

/// Accepts spaces, commas, line breaks and the numbers of a list between two words.
fn is_gap(gap: &[u8]) -> bool {
    gap.len() <= 8
        && gap
            .iter()
            .all(|byte| matches!(byte, b' ' | b',' | b'\n' | b'\r' | b'.' | b')' | b'0'..=b'9' | b'-'))
}

/// Tells if a phrase may have so many words.
const fn is_whole(count: usize) -> bool {
    matches!(count, 12 | 15 | 18 | 21 | 24)
}

/// The list of English words (<https://github.com/bitcoin/bips/blob/master/bip-0039/english.txt>), with their places.
static LIST: LazyLock<HashMap<&'static [u8], u16>> = LazyLock::new(|| {
    include_str!("bip39.txt").split_ascii_whitespace().map(str::as_bytes).zip(0..).collect()
});

/// Bits that a word stands for.
const WORD_BITS: usize = 11;

/// Phrases whose words are on the list and whose checksum is right need no word beside them.
fn checked(text: &Text<'_>, found: &mut Findings) {
    let mut done = 0;
    for end in text.ends_of(Label::Words) {
        let word = text.slice(0, end).iter().rev().take_while(|byte| byte.is_ascii_lowercase()).count();
        if end <= done || word_at(text, end - word).is_none() {
            continue;
        }
        let words = phrase(text, end - word);
        let Some(((first, ..), (_, last, _))) = words.first().zip(words.last()) else { continue };
        done = *last;
        let numbers: Vec<u16> = words.iter().map(|(_, _, number)| *number).collect();
        if WORDS.contains(&words.len()) && has_checksum(&numbers) {
            found.add(Rank::Certain, *first, *last, Entity::SeedPhrase);
        }
    }
}

/// The number of the word at a place, and its end.
fn word_at(text: &Text<'_>, start: usize) -> Option<(usize, u16)> {
    let end = start
        + text.ahead(start, LETTERS.end() + 1).iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    LIST.get(text.slice(start, end)).filter(|_| LETTERS.contains(&(end - start))).map(|number| (end, *number))
}

/// The words of the list around a place, with nothing but gaps between them.
fn phrase(text: &Text<'_>, place: usize) -> Vec<(usize, usize, u16)> {
    let mut first = place;
    for _ in 0..*WORDS.end() {
        let head = text.slice(first.saturating_sub(2 * LETTERS.end()), first);
        let gap = head.iter().rev().take_while(|byte| !byte.is_ascii_lowercase()).count();
        let word = head.iter().rev().skip(gap).take_while(|byte| byte.is_ascii_lowercase()).count();
        let start = first - gap - word;
        if gap == 0 || word == 0 || !is_gap(text.slice(first - gap, first)) || word_at(text, start).is_none()
        {
            break;
        }
        first = start;
    }
    let mut words = Vec::new();
    let mut start = first;
    while let Some((end, number)) = word_at(text, start).filter(|_| words.len() <= *WORDS.end()) {
        words.push((start, end, number));
        start = text.run(end, |byte| !byte.is_ascii_lowercase()).min(end + 9);
        if start == end || !is_gap(text.slice(end, start)) {
            break;
        }
    }
    words
}

/// Checks the bits behind the entropy, one for each 32 of it, which are the first of its hash.
fn has_checksum(numbers: &[u16]) -> bool {
    if !is_whole(numbers.len()) {
        return false;
    }
    let bit = |at: usize| {
        numbers.get(at / WORD_BITS).is_some_and(|number| number >> (WORD_BITS - 1 - at % WORD_BITS) & 1 == 1)
    };
    let sum_bits = numbers.len() / 3;
    let entropy = numbers.len() * WORD_BITS - sum_bits;
    let byte = |from: usize| (0..8).fold(0u8, |byte, place| byte << 1 | u8::from(bit(from + place)));
    let bytes: Vec<u8> = (0..entropy).step_by(8).map(byte).collect();
    let hash = Sha256::digest(&bytes);
    let wanted = hash.first().copied().unwrap_or_default() >> (8 - sum_bits);
    (0..sum_bits).fold(0u8, |sum, place| sum << 1 | u8::from(bit(entropy + place))) == wanted
}
