//! Numbers of people that have letters in them: their form and checksum tell them apart.

use super::check::{value, weighted};
use super::class::{DIGIT, LOWER};
use super::date::is_date;
use super::finding::{Entity, Findings, Rank};
use super::national::is_ric;
use super::number::Number;
use super::scan::{Text, Word, is_word};
use super::vocabulary::Label;

/// Letters and digits of the longest of them.
const LONGEST: usize = 18;

/// A word in capitals, and the values of its digits (0 for a letter).
struct Written {
    upper: [u8; LONGEST],
    numbers: [u8; LONGEST],
    length: usize,
}

impl Written {
    fn new(word: &[u8]) -> Self {
        let mut written =
            Self { upper: [0; LONGEST], numbers: [0; LONGEST], length: word.len().min(LONGEST) };
        for ((byte, upper), number) in word.iter().zip(&mut written.upper).zip(&mut written.numbers) {
            *upper = byte.to_ascii_uppercase();
            *number = if byte.is_ascii_digit() { byte - b'0' } else { 0 };
        }
        written
    }

    fn upper(&self) -> &[u8] {
        self.upper.get(..self.length).unwrap_or_default()
    }

    fn numbers(&self) -> &[u8] {
        self.numbers.get(..self.length).unwrap_or_default()
    }

    /// Matches a form: letters where it has A, digits where it has 9.
    fn has_form(&self, form: &[u8]) -> bool {
        self.length == form.len()
            && self.upper().iter().zip(form).all(|(byte, wanted)| match wanted {
                b'9' => byte.is_ascii_digit(),
                b'A' => byte.is_ascii_uppercase(),
                _ => byte == wanted,
            })
    }
}

pub(super) fn word(text: &Text<'_>, word: Word, found: &mut Findings) {
    let (start, end) = (word.start, word.end);
    if word.len() == 2 && !word.has(DIGIT) {
        if let Some(end) = spaced_nino(text, word) {
            found.add(Rank::Sure, start, end, Entity::UkNino);
        }
        return;
    }
    if !matches!(word.len(), 6..=LONGEST) || !word.has(DIGIT) {
        return;
    }
    if word.is_number() {
        if let Some(end) = hetu_end(text, word) {
            found.add(Rank::Sure, start, end, Entity::FiHetu);
        } else if is_hyphened_nie(text, word) {
            found.add(Rank::Sure, start - 2, end + 2, Entity::EsNie);
        }
        return;
    }
    let written = Written::new(text.slice(start, end));
    // In small letters it is more often a piece of a hash.
    let told = |label| !word.has(LOWER) || text.is_labelled(start, label);
    if let Some((rank, entity)) = read(text, start, &written, told) {
        found.add(rank, start, end, entity);
    }
}

fn read(
    text: &Text<'_>,
    start: usize,
    written: &Written,
    told: impl Fn(Label) -> bool,
) -> Option<(Rank, Entity)> {
    let (upper, numbers) = (written.upper(), written.numbers());
    let is = |form: &[u8]| written.has_form(form);
    match written.length {
        8 if is(b"AA999999") && is_nino(upper) && text.is_labelled(start, Label::Nino) => {
            Some((Rank::Sure, Entity::UkNino))
        }
        9 if is(b"AA999999A") && is_nino(upper) && told(Label::Nino) => Some((Rank::Sure, Entity::UkNino)),
        9 if is(b"A9999999A") && is_nric(upper, numbers) && told(Label::Nric) => {
            Some((Rank::Sure, Entity::SgNric))
        }
        9 if is(b"A9999999A") && is_nie(upper, numbers) && told(Label::Nif) => {
            Some((Rank::Sure, Entity::EsNie))
        }
        9 if is(b"99999999A") && is_nif(numbers, upper.last()) && told(Label::Nif) => {
            Some((Rank::Sure, Entity::EsNif))
        }
        10 if is(b"AAAAA9999A") => {
            let is_holder = upper.get(3).is_some_and(|kind| b"ABCFGHJLPTEK".contains(kind));
            (is_holder && told(Label::Pan) || text.is_labelled(start, Label::Pan))
                .then_some((Rank::Sure, Entity::InPan))
        }
        11 if is_hetu(upper, numbers) => Some((Rank::Sure, Entity::FiHetu)),
        15 if is_corsican(upper, numbers) => Some((Rank::Certain, Entity::FrNir)),
        16 if is_fiscal_code(upper) && told(Label::FiscalCode) => Some((Rank::Certain, Entity::ItFiscalCode)),
        18 if is(b"99999999999999999X")
            && is_ric(numbers, Some(10), || text.is_labelled(start, Label::Ric)) =>
        {
            Some((Rank::Certain, Entity::CnRic))
        }
        18 if is_curp(written) => Some((Rank::Certain, Entity::MxCurp)),
        _ => None,
    }
}

/// `12345678-Z` and `12.345.678-Z`: digits that a hyphen and their letter follow.
pub(super) fn number(number: &Number<'_, '_>, found: &mut Findings) {
    let Number { text, start, end, digits, .. } = *number;
    let letter = text.at(end + 1).to_ascii_uppercase();
    let is_one = digits.len() == 8
        && (number.is_plain() || number.is_grouped(&[2, 3, 3]))
        && text.at(end) == b'-'
        && !is_word(text.at(end + 2))
        && is_nif(digits, Some(&letter));
    if is_one {
        found.add(Rank::Sure, start, end + 2, Entity::EsNif);
    }
}

/// `X-1234567-L`: the seven digits are the word.
fn is_hyphened_nie(text: &Text<'_>, word: Word) -> bool {
    let (first, last) = (text.before(word.start.saturating_sub(1)), text.at(word.end + 1));
    let is_framed = word.len() == 7
        && text.before(word.start) == b'-'
        && text.at(word.end) == b'-'
        && !is_word(text.before(word.start.saturating_sub(2)))
        && !is_word(text.at(word.end + 2));
    let mut upper = [0; 9];
    let letters = std::iter::once(&first).chain(text.slice(word.start, word.end)).chain([&last]);
    for (byte, to) in letters.zip(&mut upper) {
        *to = byte.to_ascii_uppercase();
    }
    is_framed && is_nie(&upper, Written::new(&upper).numbers())
}

/// S and T for citizens, F, G and M for others; weights and letters as the Immigration Authority's numbers have them.
fn is_nric(upper: &[u8], numbers: &[u8]) -> bool {
    let sum = weighted(numbers.get(1..8).unwrap_or_default(), &[2, 7, 6, 5, 4, 3, 2]) as usize;
    let (offset, letters): (usize, &[u8]) = match upper.first() {
        Some(b'S') => (0, b"JZIHGFEDCBA"),
        Some(b'T') => (4, b"JZIHGFEDCBA"),
        Some(b'F') => (0, b"XWUTRQPNMLK"),
        Some(b'G') => (4, b"XWUTRQPNMLK"),
        Some(b'M') => (3, b"KLJNPQRTUWX"),
        _ => return false,
    };
    let rest = (sum + offset) % 11;
    let rest = if upper.first() == Some(&b'M') { 10 - rest } else { rest };
    letters.get(rest) == upper.last()
}

const NIF_LETTERS: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn is_nif(numbers: &[u8], letter: Option<&u8>) -> bool {
    let rest = value(numbers.get(..8).unwrap_or_default()) % 23;
    usize::try_from(rest).ok().and_then(|rest| NIF_LETTERS.get(rest)) == letter
}

/// X, Y and Z stand for 0, 1 and 2.
fn is_nie(upper: &[u8], numbers: &[u8]) -> bool {
    let Some(first @ b'X'..=b'Z') = upper.first() else { return false };
    let mut digits = [0; 8];
    for (digit, number) in
        digits.iter_mut().zip(std::iter::once(&(first - b'X')).chain(numbers.iter().skip(1)))
    {
        *digit = *number;
    }
    is_nif(&digits, upper.last())
}

/// Name, date and place; where two people would have the same code, letters stand for digits. The last letter is the sum of
/// values that differ by place (decree of 23 December 1976).
fn is_fiscal_code(upper: &[u8]) -> bool {
    const FORM: &[u8] = b"AAAAAA99A99A999A";
    const ODD: [u32; 36] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, // digits
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23, // letters
    ];
    let is_formed = upper.iter().zip(FORM).all(|(byte, wanted)| match wanted {
        b'9' => byte.is_ascii_digit() || b"LMNPQRSTUV".contains(byte),
        _ => byte.is_ascii_uppercase(),
    });
    let is_month = upper.get(8).is_some_and(|month| b"ABCDEHLMPRST".contains(month));
    let Some((last, body)) = upper.split_last() else { return false };
    if !is_formed || !is_month {
        return false;
    }
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(place, byte)| {
            let value = (*byte as char).to_digit(36).unwrap_or(0);
            if place % 2 == 0 {
                ODD.get(value as usize).copied().unwrap_or(0)
            } else if value < 10 {
                value
            } else {
                value - 10
            }
        })
        .sum();
    u32::from(*last) == u32::from(b'A') + sum % 26
}

/// Two letters, of which some pairs are never given (HMRC's manual NIM39110).
fn is_nino(upper: &[u8]) -> bool {
    let (Some(first), Some(second)) = (upper.first(), upper.get(1)) else { return false };
    let is_pair = !b"DFIQUV".contains(first) && !b"DFIQUVO".contains(second);
    let is_given = !matches!(
        (first, second),
        (b'B', b'G') | (b'G', b'B') | (b'N', b'K' | b'T') | (b'K' | b'T', b'N') | (b'Z', b'Z')
    );
    is_pair && is_given && upper.get(8).is_none_or(|last| matches!(last, b'A'..=b'D'))
}

/// The end of two letters, six digits and a letter, with single spaces or hyphens between some of them.
fn spaced_nino(text: &Text<'_>, word: Word) -> Option<usize> {
    let separator = text.at(word.end);
    if !matches!(separator, b' ' | b'-') || !text.at(word.end + 1).is_ascii_digit() {
        return None;
    }
    let upper = Written::new(text.slice(word.start, word.end));
    let mut at = word.end;
    for place in 0..6 {
        if place % 2 == 0 && text.at(at) == separator {
            at += 1;
        }
        text.at(at).is_ascii_digit().then_some(())?;
        at += 1;
    }
    if text.at(at) == separator {
        at += 1;
    }
    let is_end = matches!(text.at(at).to_ascii_uppercase(), b'A'..=b'D') && !is_word(text.at(at + 1));
    let is_told = !word.has(LOWER) || text.is_labelled(word.start, Label::Nino);
    (is_end && is_told && is_nino(upper.upper())).then_some(at + 1)
}

/// The end of six digits, a sign of the century that is no letter, three digits and a check.
fn hetu_end(text: &Text<'_>, word: Word) -> Option<usize> {
    if word.len() != 6 || !matches!(text.at(word.end), b'-' | b'+') || is_word(text.at(word.end + 5)) {
        return None;
    }
    let written = Written::new(text.slice(word.start, word.end + 5));
    is_hetu(written.upper(), written.numbers()).then_some(word.end + 5)
}

/// DDMMYY, a sign of the century, three digits, and a check of 31 characters.
fn is_hetu(upper: &[u8], numbers: &[u8]) -> bool {
    let part = |from: usize, to: usize| value(numbers.get(from..to).unwrap_or_default());
    let has_digits = upper.iter().enumerate().all(|(at, byte)| matches!(at, 6 | 10) || byte.is_ascii_digit());
    let is_sign = upper.get(6).is_some_and(|sign| b"-+ABCDEFUVWXY".contains(sign));
    let rest = (part(0, 6) * 1000 + part(7, 10)) % 31;
    let check = usize::try_from(rest).ok().and_then(|rest| b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(rest));
    upper.len() == 11
        && has_digits
        && is_sign
        && check == upper.last()
        && is_date(part(4, 6), part(2, 4), part(0, 2))
}

/// A French number of someone born in Corsica, whose departments 2A and 2B count as 19 and 18.
fn is_corsican(upper: &[u8], numbers: &[u8]) -> bool {
    let department = match upper.get(5..7) {
        Some(b"2A") => 19,
        Some(b"2B") => 18,
        _ => return false,
    };
    let part = |from: usize, to: usize| value(numbers.get(from..to).unwrap_or_default());
    let has_digits = upper.iter().enumerate().all(|(at, byte)| at == 6 || byte.is_ascii_digit());
    let number = (part(0, 5) * 100 + department) * 1_000_000 + part(7, 13);
    has_digits && matches!(upper.first(), Some(b'1' | b'2')) && part(13, 15) == 97 - number % 97
}

/// Four letters, a date, sex, state, consonants, and a check (RENAPO's instruction of 2006).
fn is_curp(written: &Written) -> bool {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMN\xd1OPQRSTUVWXYZ";
    let upper = written.upper();
    let is_formed = (written.has_form(b"AAAA999999AAAAAA99") || written.has_form(b"AAAA999999AAAAAAA9"))
        && matches!(upper.get(10), Some(b'H' | b'M' | b'X'));
    let sum: usize = upper
        .iter()
        .take(17)
        .enumerate()
        .map(|(place, byte)| ALPHABET.iter().position(|c| c == byte).unwrap_or(0) * (18 - place))
        .sum();
    is_formed && upper.last().is_some_and(|last| usize::from(last - b'0') == (10 - sum % 10) % 10)
}
