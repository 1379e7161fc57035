//! Telephone numbers.

use super::check::value;
use super::finding::{Entity, Findings, Rank};
use super::number::Number;
use super::scan::is_word;

const WORDS: &[&str] = &[
    "phone",
    "tel",
    "telephone",
    "telefon",
    "mobile",
    "cell",
    "cellphone",
    "call",
    "whatsapp",
    "fax",
    "sms",
    "text",
    "number is",
    "contact no",
    "contact",
    "reach",
    "office",
    "handy",
    "mobil",
    "móvil",
    "teléfono",
    "téléphone",
    "celular",
    "telefone",
    "phone number",
    "signal",
    "telegram",
    "dial",
    "me at",
    "answering at",
    "support on",
    "mob",
    "ph",
    "telefono",
    "my number",
    "numéro",
    "número",
    "nummer",
    "message",
    "messages",
    "номер",
];

/// Words that say it is something else.
const OTHER: &[&str] = &[
    "order",
    "invoice",
    "ticket",
    "sku",
    "row",
    "part",
    "part no",
    "tracking",
    "isbn",
    "ref",
    "reference",
    "version",
    "pid",
    "uid",
    "article",
    "case",
    "ean",
    "imei",
    "serial",
    "zip",
    "page",
    "ts",
    "timestamp",
    "color",
    "usps",
    "fedex",
    "ups",
    "dhl",
    "account",
    "table",
    "customer no",
    "model",
    "id",
    "sum",
    "total",
    "lat",
    "lon",
    "oid",
    "chrome",
    "firefox",
];

pub(super) fn number(number: &Number<'_, '_>, found: &mut Findings) {
    let (start, is_international) = beginning(number);
    let end = extension_end(number);
    let count = number.digits.len();
    let rank = if is_international {
        (matches!(count, 8..=17) && !number.groups.iter().all(|group| *group == 1)).then_some(Rank::Sure)
    } else {
        national(number)
    };
    if let Some(rank) = rank {
        found.add(rank, start, end, Entity::Phone);
    }
}

/// Where it begins, with a plus or an opening bracket; and whether a code of a country leads.
fn beginning(number: &Number<'_, '_>) -> (usize, bool) {
    let Number { text, start, digits, .. } = *number;
    match text.before(start) {
        b'+' if !is_word(text.before(start - 1)) && digits.first() != Some(&0) => (start - 1, true),
        b'(' if text.before(start - 1) == b'+' => (start - 2, true),
        b'(' if text.slice(start, number.end).contains(&b')') => (start - 1, false),
        // 00 and 001 dial out.
        _ => (
            start,
            number.groups.len() > 1
                && number.groups.first() == Some(&3)
                && value(digits.get(..3).unwrap_or_default()) == 1,
        ),
    }
}

/// `x123` and `ext. 123` belong to it.
fn extension_end(number: &Number<'_, '_>) -> usize {
    let Number { text, end, .. } = *number;
    let mut at = end;
    if text.at(at) == b' ' {
        at += 1;
    }
    let word = text.run(at, |byte| byte.is_ascii_alphabetic());
    let is_extension =
        matches!(text.slice(at, word).to_ascii_lowercase().as_slice(), b"x" | b"ext" | b"extension");
    let from = text.run(word, |byte| matches!(byte, b'.' | b' '));
    let to = text.run(from, |byte| byte.is_ascii_digit());
    if is_extension && matches!(to - from, 1..=6) { to } else { end }
}

/// How sure a number without a country's code is one.
fn national(number: &Number<'_, '_>) -> Option<Rank> {
    let Number { text, start, end, digits, groups, separator, is_slice } = *number;
    let in_brackets =
        text.before(start) == b'(' && groups.len() > 1 && text.slice(start, end).contains(&b')');
    let leads_zero = digits.first() == Some(&0) && digits.get(1) != Some(&0);
    let count = digits.len();
    // With points it must have the form that people write with points; else it is a version or a decimal.
    let is_pointed = separator != b'.' || matches!(groups, [3, 3, 4] | [2, 2, 2, 2] | [2, 2, 2, 2, 2]);
    if !matches!(count, 6..=12) || !is_pointed || is_slice || number.is_labelled(OTHER) || is_date(groups) {
        return None;
    }
    let is_regular =
        groups.len() > 1 && groups.iter().all(|group| *group >= 2) && (separator != 0 || in_brackets);
    // Area code in brackets, or three groups as in North America.
    let is_american = count == 10
        && is_american(number)
        && (in_brackets || groups == [3, 3, 4] && matches!(separator, b'-' | b'.'))
        || count == 11 && digits.first() == Some(&1) && groups == [1, 3, 3, 4];
    if is_american || in_brackets && (leads_zero || text.at(end) == b'-' || text.at(end) == b'x') {
        return Some(Rank::Distinct);
    }
    let is_near = text.is_near(start, extension_end(number), WORDS);
    if count == 6 {
        return (is_near && groups == [2, 2, 2]).then_some(Rank::Distinct);
    }
    if in_brackets || (leads_zero && is_regular && matches!(count, 8..=11) && groups.len() <= 5) {
        return Some(if is_near { Rank::Distinct } else { Rank::Shape });
    }
    (is_near && (is_regular || matches!(count, 9..=11) || (groups.len() > 1 && count >= 7)))
        .then_some(Rank::Distinct)
}

/// Area codes and exchanges do not begin with 0 (nor officially with 1, but people make numbers up).
fn is_american(number: &Number<'_, '_>) -> bool {
    number.digits.first() != Some(&0)
}

/// 2026-11-24 and 24.11.2026.
fn is_date(groups: &[usize]) -> bool {
    matches!(groups, [4, 1 | 2, 1 | 2] | [1 | 2, 1 | 2, 4])
}
