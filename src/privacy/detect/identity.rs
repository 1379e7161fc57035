//! Numbers that states give to people and companies. Where a number is digits alone, its checksum is not enough: a word
//! beside it must say what it is.

use super::check::{luhn, mod11_10, value, verhoeff, weighted};
use super::date::is_date;
use super::finding::{Entity, Findings, Rank};
use super::number::Number;
use super::scan::{Text, is_word};

/// Numbers of digits.
pub(super) fn number(number: &Number<'_, '_>, found: &mut Findings) {
    let mut add = |rank, entity| found.add(rank, number.start, number.end, entity);
    match number.digits.len() {
        8 | 9 => nine(number, &mut add),
        10 => ten(number, &mut add),
        11 => eleven(number, &mut add),
        12 => {
            let is_grouped = number.is_grouped(&[4, 4, 4]) && matches!(number.separator, b' ' | b'-');
            if !matches!(number.digits.first(), Some(0 | 1)) && verhoeff(number.digits) {
                if number.is_labelled(&["aadhaar", "aadhar", "uid", "uidai", "आधार"]) {
                    add(Rank::Certain, Entity::InAadhaar);
                } else if is_grouped && !number.is_slice {
                    add(Rank::Shape, Entity::InAadhaar);
                }
            }
            swedish(number, &mut add);
        }
        13 => thirteen(number, &mut add),
        14 if is_cnpj(number.digits)
            && (number.is_grouped(&[2, 3, 3, 4, 2]) || number.is_labelled(&["cnpj"])) =>
        {
            add(Rank::Certain, Entity::BrCnpj);
        }
        15 if is_nir(number.digits) => add(Rank::Certain, Entity::FrNir),
        18 if number.is_plain()
            && is_ric(number.digits, number.digits.last().copied(), || number.is_labelled(RIC_WORDS)) =>
        {
            add(Rank::Certain, Entity::CnRic);
        }
        _ => {}
    }
}

fn nine(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    if digits.len() == 9 {
        social_security(number, add);
        if luhn(digits)
            && !matches!(digits.first(), Some(0 | 8))
            && number.is_labelled(&["sin", "social insurance", "social insurance number", "nas"])
        {
            add(Rank::Certain, Entity::CaSin);
        }
        if weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
            && number.is_labelled(&["tfn", "tax file", "tax file number"])
        {
            add(Rank::Certain, Entity::AuTfn);
        }
        // The last digit counts negatively: 10 is -1 modulo 11.
        if weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2, 10]).is_multiple_of(11)
            && number.is_labelled(&["bsn", "burgerservicenummer", "sofinummer", "sofi"])
        {
            add(Rank::Certain, Entity::NlBsn);
        }
    }
    let is_ein = number.is_grouped(&[2, 7]) && number.separator == b'-' && digits.len() == 9;
    if is_ein
        && number.is_labelled(&[
            "ein",
            "employer identification",
            "tax id",
            "tax number",
            "fein",
            "federal tax",
            "tax",
            "taxpayer",
        ])
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
        let is_labelled = number.is_labelled(&["itin", "taxpayer", "tax id", "taxpayer id"]);
        if is_group && (is_formatted || is_labelled) {
            add(if is_labelled { Rank::Certain } else { Rank::Distinct }, Entity::UsItin);
        }
        return;
    }
    let is_labelled = || {
        number.is_labelled(&["ssn", "social", "social security", "social security number", "ss#", "soc sec"])
    };
    if area == 0 || area == 666 || group == 0 || serial == 0 {
        return;
    }
    if is_formatted && number.separator == b'-' {
        add(Rank::Sure, Entity::UsSsn);
    } else if is_labelled() {
        add(Rank::Certain, Entity::UsSsn);
    } else if is_formatted && number.separator == b' ' {
        add(Rank::Shape, Entity::UsSsn);
    }
}

fn ten(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    let nhs = weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    if nhs.is_multiple_of(11) && number.is_labelled(&["nhs", "nhs number", "nhs no"]) {
        add(Rank::Certain, Entity::UkNhs);
    }
    let medicare = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10;
    if matches!(digits.first(), Some(2..=6))
        && digits.get(8).copied().map(u32::from) == Some(medicare)
        && number.is_labelled(&["medicare"])
    {
        add(Rank::Certain, Entity::AuMedicare);
    }
    swedish(number, add);
}

/// YYMMDD-NNNN or YYYYMMDD-NNNN; after the hundredth birthday with a plus.
fn swedish(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    let short = digits.get(digits.len() - 10..).unwrap_or_default();
    let part = |from: usize, to: usize| value(short.get(from..to).unwrap_or_default());
    // Sixty is added to the day of people who only work there.
    let day = part(4, 6);
    let is_dated = is_date(part(0, 2), part(2, 4), if day > 60 { day - 60 } else { day });
    let is_formatted = (number.is_grouped(&[6, 4]) || number.is_grouped(&[8, 4])) && number.separator == b'-';
    let is_labelled = number.is_labelled(&["personnummer", "personnr", "samordningsnummer"]);
    if is_dated && luhn(short) && (is_labelled || is_formatted) {
        add(if is_labelled { Rank::Certain } else { Rank::Distinct }, Entity::SePersonnummer);
    }
}

fn eleven(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    let last = digits.last().copied().map(u32::from).unwrap_or_default();
    if is_cpf(digits) && (number.is_grouped(&[3, 3, 3, 2]) || number.is_labelled(&["cpf"])) {
        add(Rank::Certain, Entity::BrCpf);
    }
    let pesel = (10 - weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10;
    if pesel == last && number.is_labelled(&["pesel"]) {
        add(Rank::Certain, Entity::PlPesel);
    }
    let german = [
        "steuer-id",
        "steuerid",
        "steueridentifikationsnummer",
        "identifikationsnummer",
        "idnr",
        "steuer",
        "tax id",
        "tin",
        "steuernummer",
    ];
    if digits.first() != Some(&0) && mod11_10(digits) && number.is_labelled(&german) {
        add(Rank::Certain, Entity::DeTaxId);
    }
    if is_tckn(digits) && number.is_labelled(&["tckn", "tc kimlik", "kimlik", "t.c.", "tc kimlik no"]) {
        add(Rank::Certain, Entity::TrTckn);
    }
    if is_abn(digits) && number.is_labelled(&["abn", "australian business number"]) {
        add(Rank::Certain, Entity::AuAbn);
    }
}

/// Thirteen digits: South Africa's identity number, and Korea's registration number of six and seven.
fn thirteen(number: &Number<'_, '_>, add: &mut impl FnMut(Rank, Entity)) {
    let digits = number.digits;
    let part = |from: usize, to: usize| value(digits.get(from..to).unwrap_or_default());
    if !is_date(part(0, 2), part(2, 4), part(4, 6)) {
        return;
    }
    if luhn(digits) && matches!(digits.get(10), Some(0..=2)) && number.is_plain() {
        let is_labelled = number.is_labelled(&["id", "sa id", "id number", "identity", "south african"]);
        let is_typical = matches!(digits.get(11), Some(8 | 9));
        if is_labelled || is_typical {
            add(if is_labelled { Rank::Certain } else { Rank::Distinct }, Entity::ZaId);
        }
    }
    let is_formatted = number.is_grouped(&[6, 7]) && number.separator == b'-';
    if is_formatted && matches!(digits.get(6), Some(1..=8)) {
        add(Rank::Sure, Entity::KrRrn);
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

/// Sex, year, month, department and so on, and 97 minus the rest. Corsica's letters are not looked for.
fn is_nir(digits: &[u8]) -> bool {
    let part = |from: usize, to: usize| value(digits.get(from..to).unwrap_or_default());
    matches!(digits.first(), Some(1..=4 | 7 | 8))
        && matches!(part(3, 5), 1..=12 | 20..=42 | 50..=99)
        && part(13, 15) == 97 - part(0, 13) % 97
}

const RIC_WORDS: &[&str] = &[
    "身份证",
    "身份证号",
    "身份证号码",
    "chinese id",
    "chinese id number",
    "identity card",
    "resident identity",
];

/// Six digits of place, a date, three of order, and a check that may be X, which counts ten (GB 11643-1999). People make
/// numbers up without it, so a word beside it does too.
fn is_ric(digits: &[u8], check: Option<u8>, is_labelled: impl Fn() -> bool) -> bool {
    let part = |from: usize, to: usize| value(digits.get(from..to).unwrap_or_default());
    let sum = weighted(digits, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let is_dated = part(6, 10) >= 1900 && is_date(part(6, 10), part(10, 12), part(12, 14));
    is_dated && (check.map(u32::from) == Some((12 - sum % 11) % 11) || is_labelled())
}

/// Numbers with letters in them, and those that only a word tells.
pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    for (start, end) in text.runs(is_word) {
        if text.slice(start, end).iter().any(u8::is_ascii_digit) || end - start == 2 {
            word(text, start, end, found);
        }
    }
}

fn word(text: &Text<'_>, start: usize, end: usize, found: &mut Findings) {
    let upper = text.slice(start, end).to_ascii_uppercase();
    let shape: Vec<u8> = upper
        .iter()
        .map(|b| {
            if b.is_ascii_digit() {
                b'9'
            } else if b.is_ascii_alphabetic() {
                b'A'
            } else {
                *b
            }
        })
        .collect();
    let numbers: Vec<u8> = upper.iter().map(|b| if b.is_ascii_digit() { b - b'0' } else { 0 }).collect();
    let mut add = |rank, end, entity| found.add(rank, start, end, entity);
    match shape.as_slice() {
        b"AAAAA9999A"
            if upper.get(3).is_some_and(|kind| b"ABCFGHJLPTEK".contains(kind))
                || text.is_labelled(start, &["pan"]) =>
        {
            add(Rank::Sure, end, Entity::InPan);
        }
        b"A9999999A" if is_nric(&upper, &numbers) => add(Rank::Sure, end, Entity::SgNric),
        b"99999999A" if is_nif(&numbers, upper.last()) => add(Rank::Sure, end, Entity::EsNif),
        b"99999999"
            if text.at(end) == b'-'
                && text.at(end + 1).is_ascii_alphabetic()
                && !is_word(text.at(end + 2)) =>
        {
            let letter = text.at(end + 1).to_ascii_uppercase();
            if is_nif(&numbers, Some(&letter)) {
                add(Rank::Sure, end + 2, Entity::EsNif);
            }
        }
        b"AAAAAA99A99A999A" if is_fiscal_code(&upper) => add(Rank::Certain, end, Entity::ItFiscalCode),
        b"99999999999999999A"
            if upper.ends_with(b"X") && is_ric(&numbers, Some(10), || text.is_labelled(start, RIC_WORDS)) =>
        {
            add(Rank::Certain, end, Entity::CnRic);
        }
        b"AA999999A" if is_nino(&upper) => add(Rank::Sure, end, Entity::UkNino),
        b"AA" if is_nino(&upper) => {
            if let Some(end) = spaced_nino(text, end) {
                add(Rank::Sure, end, Entity::UkNino);
            }
        }
        b"999999" => {
            if let Some(end) = hetu(text, &numbers, end) {
                add(Rank::Sure, end, Entity::FiHetu);
            }
        }
        _ if is_curp(&upper, &shape) => add(Rank::Certain, end, Entity::MxCurp),
        _ => {}
    }
    if matches!(shape.as_slice(), b"A9999999A") && is_nie(&upper, &numbers) {
        found.add(Rank::Sure, start, end, Entity::EsNie);
    }
    told(text, start, end, found);
}

/// Passports and licences have a form in each country, and only the word beside them in common.
fn told(text: &Text<'_>, start: usize, end: usize, found: &mut Findings) {
    let digits = text.slice(start, end).iter().filter(|byte| byte.is_ascii_digit()).count();
    // Groups of a licence are joined by hyphens.
    let end = (0..2).fold(end, |end, _| {
        let next = text.run(end + 1, |byte| byte.is_ascii_digit());
        if text.at(end) == b'-' && next > end + 2 && !is_word(text.at(next)) { next } else { end }
    });
    let word = text.slice(start, end);
    let is_code = digits >= 1 && !word.iter().any(u8::is_ascii_lowercase);
    if !(digits >= 3 || is_code) || !matches!(word.len(), 6..=18) || text.before(start) == b'-' {
        return;
    }
    if text.is_labelled(
        start,
        &[
            "passport",
            "passport no",
            "passport number",
            "reisepass",
            "passeport",
            "pasaporte",
            "passaporto",
            "passaporte",
        ],
    ) {
        found.add(Rank::Sure, start, end, Entity::Passport);
    }
    let licence = [
        "driver license",
        "driver's license",
        "drivers license",
        "driving licence",
        "driving license",
        "driver licence",
        "license number",
        "licence number",
        "dl number",
        "dl",
        "dl no",
        "führerschein",
        "permis de conduire",
        "license no",
        "driver's licence",
    ];
    if text.is_labelled(start, &licence) {
        found.add(Rank::Sure, start, end, Entity::DriverLicense);
    }
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
    let mut digits = numbers.get(..8).unwrap_or_default().to_vec();
    if let Some(digit) = digits.first_mut() {
        *digit = first - b'X';
    }
    is_nif(&digits, upper.last())
}

/// The last letter is the sum of values that differ by place (decree of 23 December 1976).
fn is_fiscal_code(upper: &[u8]) -> bool {
    const ODD: [u32; 36] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, // digits
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23, // letters
    ];
    let Some((last, body)) = upper.split_last() else { return false };
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
        (b'B' | b'K', b'G') | (b'G', b'B') | (b'N', b'K' | b'T') | (b'T', b'N') | (b'Z', b'Z')
    );
    is_pair && is_given && upper.get(8).is_none_or(|last| matches!(last, b'A'..=b'D'))
}

/// The end of ` 12 34 56 A` at a place.
fn spaced_nino(text: &Text<'_>, place: usize) -> Option<usize> {
    let mut at = place;
    for _ in 0..3 {
        let is_pair =
            text.at(at) == b' ' && text.at(at + 1).is_ascii_digit() && text.at(at + 2).is_ascii_digit();
        is_pair.then_some(())?;
        at += 3;
    }
    let is_end = text.at(at) == b' '
        && matches!(text.at(at + 1).to_ascii_uppercase(), b'A'..=b'D')
        && !is_word(text.at(at + 2));
    is_end.then_some(at + 2)
}

/// DDMMYY, a sign of the century, three digits, and a check of 31 characters.
fn hetu(text: &Text<'_>, date: &[u8], place: usize) -> Option<usize> {
    let part = |from: usize, to: usize| value(date.get(from..to).unwrap_or_default());
    let sign = text.at(place);
    let serial: Vec<u8> =
        text.slice(place + 1, place + 4).iter().map(|byte| byte.wrapping_sub(b'0')).collect();
    if !matches!(sign, b'-' | b'+' | b'A')
        || serial.len() != 3
        || serial.iter().any(|digit| *digit > 9)
        || !is_date(part(4, 6), part(2, 4), part(0, 2))
    {
        return None;
    }
    let rest = (value(date) * 1000 + value(&serial)) % 31;
    let letter = b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(usize::try_from(rest).ok()?)?;
    (text.at(place + 4).to_ascii_uppercase() == *letter && !is_word(text.at(place + 5))).then_some(place + 5)
}

/// Four letters, a date, sex, state, consonants, and a check (RENAPO's instruction of 2006).
fn is_curp(upper: &[u8], shape: &[u8]) -> bool {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMN\xd1OPQRSTUVWXYZ";
    let is_shaped = shape.len() == 18
        && shape.starts_with(b"AAAA999999AAAAAA")
        && matches!(upper.get(10), Some(b'H' | b'M' | b'X'))
        && shape.last() == Some(&b'9');
    let sum: usize = upper
        .iter()
        .take(17)
        .enumerate()
        .map(|(place, byte)| ALPHABET.iter().position(|c| c == byte).unwrap_or(0) * (18 - place))
        .sum();
    is_shaped && upper.last().is_some_and(|last| usize::from(last - b'0') == (10 - sum % 10) % 10)
}
