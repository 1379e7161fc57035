//! Payment cards and bank accounts of the United States.

use super::check::{luhn, value, weighted};
use super::finding::{Entity, Findings, Rank};
use super::number::Number;
use super::scan::{Text, is_word};
use super::secret::value_start;
use super::vocabulary::Label;

/// Bytes of the longest card with its separators.
const LONGEST_WRITTEN: usize = 24;

pub(super) fn number(number: &Number<'_, '_>, found: &mut Findings) {
    let digits = number.digits;
    if matches!(digits.len(), 12..=19) {
        card(number, found);
    }
    let is_routing = digits.len() == 9 && (number.is_plain() || number.is_grouped(&[4, 4, 1]));
    if is_routing && is_aba(digits) && number.is_labelled(Label::Aba) {
        found.add(Rank::Certain, number.start, number.end, Entity::AbaRouting);
    }
    let is_grouped = number.groups.iter().all(|group| *group >= 3) && !number.is_grouped(&[3, 3, 4]);
    let is_account = matches!(digits.len(), 6..=17) && is_grouped && number.separator != b'.';
    // "Savings of 120000" are an amount.
    let is_amount = number.text.slice(number.start.saturating_sub(4), number.start).ends_with(b" of ")
        || matches!(number.text.before(number.start), b'$');
    if is_account
        && !is_amount
        && number.is_labelled(Label::Account)
        && !number.is_labelled(Label::NotAccount)
    {
        found.add(Rank::Sure, number.start, number.end, Entity::UsBankAccount);
    }
}

fn card(number: &Number<'_, '_>, found: &mut Findings) {
    let digits = number.digits;
    let is_grouped = matches!(
        number.groups,
        [_] | [4, 4, 4, 1..=7] | [4, 4, 4, 4, 1..=3] | [4, 6, 4 | 5] | [8, 8] | [6, 10 | 13]
    );
    let is_told = number.is_labelled(Label::Card);
    // Beside its word a card may be written in any way, if all that can be checked is right.
    let is_proven = luhn(digits) && is_issued(digits);
    let is_grouped = is_grouped || is_proven && is_told;
    let is_separated = number.is_plain()
        || matches!(number.separator, b' ' | b'-' | b'.')
        || is_proven && (is_told || number.is_grouped(&[4, 4, 4, 4]));
    let is_same = digits.iter().all(|digit| Some(digit) == digits.first());
    // Elsewhere it is a row of hexadecimal numbers, or an identifier.
    let is_account = digits.len() < 15 && number.is_labelled(Label::Account);
    // With points it must be one beyond doubt.
    let is_decimal = number.separator == b'.' && !(number.is_grouped(&[4, 4, 4, 4]) && is_proven);
    let is_other = !is_told && (is_decimal || number.is_dumped() || is_account)
        || digits.len() == 12 && number.is_labelled(Label::Aadhaar);
    if !is_grouped || !is_separated || is_same || is_other {
        return;
    }
    // Visa had cards of thirteen digits, and Maestro of twelve; so are article numbers and shipments.
    let (is_valid, has_issuer, is_long) = (luhn(digits), is_issued(digits), digits.len() >= 14);
    if !(is_valid || has_issuer && is_long)
        || number.text.is_rather(number.start, Label::NotCard, Label::Card)
    {
        return;
    }
    if is_told && has_issuer {
        found.add(Rank::Certain, number.start, number.end, Entity::CreditCard);
    } else if is_long && (is_told || is_valid && has_issuer) {
        found.add(Rank::Sure, number.start, number.end, Entity::CreditCard);
    }
}

/// Tells if a card scheme issues such numbers (ISO/IEC 7812; ranges as the schemes publish them).
fn is_issued(digits: &[u8]) -> bool {
    let head = |count: usize| value(digits.get(..count).unwrap_or_default());
    let (two, three, four, six) = (head(2), head(3), head(4), head(6));
    match digits.len() {
        16 if (51..=55).contains(&two) || (2221..=2720).contains(&four) || (2200..=2204).contains(&four) => {
            true
        }
        13 | 16 | 19 if digits.first() == Some(&4) => true,
        15 if two == 34 || two == 37 => true,
        14..=19 if matches!(three, 300..=305) || matches!(two, 36 | 38 | 39) => {
            digits.len() == 14 || digits.len() == 16
        }
        16..=19
            if four == 6011
                || two == 65
                || (644..=649).contains(&three)
                || (622_126..=622_925).contains(&six) =>
        {
            true
        }
        16..=19 if (3528..=3589).contains(&four) => true,
        16..=19 if two == 62 || two == 81 || two == 60 => true,
        12..=19 => two == 50 || (56..=58).contains(&two) || matches!(four, 6304 | 6759 | 6761..=6763),
        _ => false,
    }
}

fn is_aba(digits: &[u8]) -> bool {
    let prefix = value(digits.get(..2).unwrap_or_default());
    matches!(prefix, 0..=12 | 21..=32 | 61..=72 | 80)
        && weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// Digits for which people take letters that look alike, and the letters.
const LOOKALIKES: [(&[u8], u8); 6] = [(b"Oo", 0), (b"Il|", 1), (b"Zz", 2), (b"Ss", 5), (b"G", 6), (b"B", 8)];

/// Most letters in a card that has some instead of digits.
const MOST_LETTERS: usize = 15;

/// A card behind its word with letters that look like digits, if its checksum and its issuer confirm it.
pub(super) fn disguised_cards(text: &Text<'_>, found: &mut Findings) {
    for label in text.ends_of(Label::Card) {
        let start = value_start(text, label).0;
        if !text.at(start).is_ascii_digit() {
            continue;
        }
        let mut digits = Vec::new();
        let (mut end, mut letters) = (start, 0);
        for (at, byte) in (start..).zip(text.ahead(start, LONGEST_WRITTEN)) {
            let letter =
                LOOKALIKES.iter().find(|(letters, _)| letters.contains(byte)).map(|(_, digit)| *digit);
            match byte {
                b'0'..=b'9' => digits.push(byte - b'0'),
                b' ' | b'-' if end == at => continue,
                _ => match letter {
                    Some(digit) => {
                        letters += 1;
                        digits.push(digit);
                    }
                    None => break,
                },
            }
            end = at + 1;
        }
        let is_card = matches!(digits.len(), 13..=19) && luhn(&digits) && is_issued(&digits);
        if start > label && (1..=MOST_LETTERS).contains(&letters) && is_card && !is_word(text.at(end)) {
            found.add(Rank::Certain, start, end, Entity::CreditCard);
        }
    }
}
