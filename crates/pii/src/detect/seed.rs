//! Recovery phrases of wallets: twelve words or more, as BIP 39 has them (<https://bips.dev/39/>), where a word says so.

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
