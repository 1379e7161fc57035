//! Numbers that states give to people and companies and that are digits alone. A checksum is then not enough: a word beside
//! the number, or the form in which it is written, must say what it is.

use super::check::{luhn, mod11_10, value, verhoeff, weighted};
use super::date::is_date;
use super::finding::{Entity, Findings, Rank};
use super::number::Number;
use super::vocabulary::Label;

pub(super) fn number(number: &Number<'_, '_>, found: &mut Findings) {
    let mut add = |rank, entity| found.add(rank, number.start, number.end, entity);
    match number.digits.len() {
        8 => tax_file(number, &mut add),
        9 => nine(number, &mut add),
        10 => ten(number, &mut add),
        11 => eleven(number, &mut add),
        12 => {
            aadhaar(number, &mut add);
            swedish(number, &mut add);
        }
        13 => thirteen(number, &mut add),
        14 if is_cnpj(number.digits)
            && (number.is_grouped(&[2, 3, 3, 4, 2]) || number.is_labelled(Label::Cnpj)) =>
        {
            add(Rank::Certain, Entity::BrCnpj);
        }
        15 => french(number, &mut add),
        18 if number.is_plain()
            && is_ric(number.digits, number.digits.last().copied(), || number.is_labelled(Label::Ric)) =>
        {
            add(Rank::Certain, Entity::CnRic);
        }
        _ => {}
    }
}

fn nine(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    social_security(number, add);
    tax_file(number, add);
    if luhn(digits) && number.is_labelled(Label::Sin) {
        add(Rank::Certain, Entity::CaSin);
    }
    // The last digit counts negatively: 10 is -1 modulo 11.
    let dutch = weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2, 10]);
    if dutch.is_multiple_of(11) && number.is_labelled(Label::Bsn) {
        add(Rank::Certain, Entity::NlBsn);
    }
    if number.is_grouped(&[2, 7]) && number.separator == b'-' && number.is_labelled(Label::Ein)
        || number.is_plain() && number.is_labelled(Label::EinOnly)
    {
        add(Rank::Certain, Entity::UsEin);
    }
}

/// Three, two, four digits; which areas and groups there are is published by the Social Security Administration and,
/// for taxpayers without a number of theirs, by the Internal Revenue Service.
fn social_security(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let part = |from: usize, to: usize| value(number.digits.get(from..to).unwrap_or_default());
    let (area, group, serial) = (part(0, 3), part(3, 5), part(5, 9));
    let is_formatted = number.is_grouped(&[3, 2, 4]) && matches!(number.separator, b'-' | b' ' | b'.');
    if area >= 900 {
        let is_group = matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
        let is_labelled = || number.is_labelled(Label::Itin);
        if is_group && is_labelled() {
            add(Rank::Certain, Entity::UsItin);
        } else if is_group && is_formatted && number.separator == b'-' {
            add(Rank::Distinct, Entity::UsItin);
        }
        return;
    }
    if area == 0 || area == 666 || group == 0 || serial == 0 {
        return;
    }
    if is_formatted
        && number.separator == b'-'
        && !number.text.is_rather(number.start, Label::NotPerson, Label::Ssn)
    {
        add(Rank::Sure, Entity::UsSsn);
    } else if number.is_labelled(Label::Ssn) {
        add(Rank::Certain, Entity::UsSsn);
    } else if is_formatted && number.separator == b' ' {
        add(Rank::Shape, Entity::UsSsn);
    }
}

/// Australia's tax file numbers have nine digits; old ones have eight.
fn tax_file(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    let weights: &[u32] =
        if digits.len() == 8 { &[10, 7, 8, 4, 6, 3, 5, 1] } else { &[1, 4, 3, 7, 5, 8, 6, 9, 10] };
    if weighted(digits, weights).is_multiple_of(11) && number.is_labelled(Label::Tfn) {
        add(Rank::Certain, Entity::AuTfn);
    }
}

fn ten(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let nhs = weighted(number.digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    if nhs.is_multiple_of(11) && number.is_labelled(Label::Nhs) {
        add(Rank::Certain, Entity::UkNhs);
    }
    medicare(number, add);
    swedish(number, add);
}

/// Eight digits, their check, the card's issue, and often which person of the family it is.
fn medicare(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    let check = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10;
    if matches!(digits.first(), Some(2..=6))
        && digits.get(8).copied().map(u32::from) == Some(check)
        && number.is_labelled(Label::Medicare)
    {
        add(Rank::Certain, Entity::AuMedicare);
    }
}

/// YYMMDD-NNNN or YYYYMMDD-NNNN.
fn swedish(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    let is_formatted = (number.is_grouped(&[6, 4]) || number.is_grouped(&[8, 4])) && number.separator == b'-';
    if !(is_formatted || number.is_plain()) {
        return;
    }
    let short = digits.get(digits.len() - 10..).unwrap_or_default();
    let part = |from: usize, to: usize| value(short.get(from..to).unwrap_or_default());
    // Sixty is added to the day of people who only work there.
    let day = part(4, 6);
    let is_dated = is_date(part(0, 2), part(2, 4), if day > 60 { day - 60 } else { day });
    if !(is_dated && luhn(short)) {
        return;
    }
    if number.is_labelled(Label::Personnummer) {
        add(Rank::Certain, Entity::SePersonnummer);
    } else if is_formatted {
        add(Rank::Distinct, Entity::SePersonnummer);
    }
}

fn eleven(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    let last = digits.last().copied().map(u32::from).unwrap_or_default();
    if is_cpf(digits)
        && (number.is_grouped(&[3, 3, 3, 2]) && number.separator != b' ' || number.is_labelled(Label::Cpf))
    {
        add(Rank::Certain, Entity::BrCpf);
    }
    let pesel = (10 - weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10;
    if pesel == last && number.is_labelled(Label::Pesel) {
        add(Rank::Certain, Entity::PlPesel);
    }
    if digits.first() != Some(&0) && mod11_10(digits) && number.is_labelled(Label::GermanTax) {
        add(Rank::Certain, Entity::DeTaxId);
    }
    if is_tckn(digits) && number.is_labelled(Label::Tckn) {
        add(Rank::Certain, Entity::TrTckn);
    }
    if is_abn(digits) && number.is_labelled(Label::Abn) {
        add(Rank::Certain, Entity::AuAbn);
    }
    medicare(number, add);
}

fn aadhaar(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    if matches!(number.digits.first(), Some(0 | 1)) || !verhoeff(number.digits) {
        return;
    }
    let is_grouped = number.is_grouped(&[4, 4, 4]) && matches!(number.separator, b' ' | b'-');
    if number.is_labelled(Label::Aadhaar) {
        add(Rank::Certain, Entity::InAadhaar);
    } else if is_grouped && !number.is_slice && !number.is_dumped() {
        add(Rank::Shape, Entity::InAadhaar);
    }
}

/// Thirteen digits: South Africa's identity number, and Korea's registration number of six and seven.
fn thirteen(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    let part = |from: usize, to: usize| value(digits.get(from..to).unwrap_or_default());
    if !is_date(part(0, 2), part(2, 4), part(4, 6)) {
        return;
    }
    let is_african = luhn(digits) && matches!(digits.get(10), Some(0..=2));
    if is_african && number.is_labelled(Label::ZaId) {
        add(Rank::Certain, Entity::ZaId);
    } else if is_african && number.is_plain() && matches!(digits.get(11), Some(8 | 9)) {
        add(Rank::Distinct, Entity::ZaId);
    }
    let is_formatted = number.is_grouped(&[6, 7]) && number.separator == b'-';
    if matches!(digits.get(6), Some(1..=8)) && (is_formatted || number.is_labelled(Label::Rrn)) {
        add(Rank::Sure, Entity::KrRrn);
    }
}

/// Sex, year, month, department and so on, and 97 minus the rest.
fn french(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    let part = |from: usize, to: usize| value(digits.get(from..to).unwrap_or_default());
    let is_one = matches!(part(3, 5), 1..=12 | 20..=42 | 50..=99) && part(13, 15) == 97 - part(0, 13) % 97;
    let is_grouped = number.is_plain() || matches!(number.groups, [1, 2, 2, 2, 3, 3, 2] | [13, 2]);
    // Those who are not yet registered have other first digits.
    let is_typical =
        matches!(digits.first(), Some(1 | 2)) && is_grouped && !number.is_labelled(Label::NotCard);
    if is_one && (is_typical || number.is_labelled(Label::Nir)) {
        add(Rank::Certain, Entity::FrNir);
    }
}

fn is_cpf(digits: &[u8]) -> bool {
    let check = |weights: &[u32]| weighted(digits, weights) * 10 % 11 % 10;
    let is_same = digits.windows(2).all(|pair| pair.first() == pair.last());
    let digit = |place: usize| digits.get(place).copied().map(u32::from);
    !is_same
        && digit(9) == Some(check(&[10, 9, 8, 7, 6, 5, 4, 3, 2]))
        && digit(10) == Some(check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]))
}

fn is_cnpj(digits: &[u8]) -> bool {
    let check = |weights: &[u32]| {
        let rest = weighted(digits, weights) % 11;
        if rest < 2 { 0 } else { 11 - rest }
    };
    let digit = |place: usize| digits.get(place).copied().map(u32::from);
    digit(12) == Some(check(&[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]))
        && digit(13) == Some(check(&[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]))
}

fn is_tckn(digits: &[u8]) -> bool {
    let odd = weighted(digits, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(digits, &[0, 1, 0, 1, 0, 1, 0, 1]);
    let all = weighted(digits, &[1; 10]);
    let digit = |place: usize| digits.get(place).copied().map(u32::from);
    digits.first() != Some(&0) && digit(9) == Some((odd * 7 + 100 - even) % 10) && digit(10) == Some(all % 10)
}

fn is_abn(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    // One is taken from the first digit.
    digits.first() != Some(&0) && (sum - 10).is_multiple_of(89)
}

/// Six digits of place, a date, three of order, and a check that may be X, which counts ten (GB 11643-1999). People make
/// numbers up without it, so a word beside it does too.
pub(super) fn is_ric(digits: &[u8], check: Option<u8>, is_labelled: impl Fn() -> bool) -> bool {
    let part = |from: usize, to: usize| value(digits.get(from..to).unwrap_or_default());
    let sum = weighted(digits, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let is_dated = part(6, 10) >= 1900 && is_date(part(6, 10), part(10, 12), part(12, 14));
    is_dated && (check.map(u32::from) == Some((12 - sum % 11) % 11) || is_labelled())
}
