//! Postal addresses: a house number beside a street in the spelling of its country, with postcode and town where they follow; or
//! a line behind a word for an address.

use super::finding::{Entity, Findings, Rank};
use super::house::around;
use super::place::{is_unit, tail};
use super::scan::{Text, is_word};
use super::vocabulary::Label;

/// Bytes of a street's name, of a town with its postcode, and of a line behind the word "address".
const LONGEST_STREET: usize = 48;
const LONGEST_TOWN: usize = 48;

/// Words of a street's name in a script without capitals, with the space behind it.
const MOST_WORDS: usize = 5;

/// First byte of the scripts without capitals: Hebrew and all behind it.
const UNCASED: u8 = 0xd6;
const LONGEST_LINE: usize = 160;

/// Signs and spaces between the word "address" and the address.
const LONGEST_GAP: usize = 12;

/// Words between "address" and the address.
const LINKS: [&[u8]; 5] = [b" is ", b" ist ", b" es ", b" est ", " è ".as_bytes()];

/// Digits of a house number.
const HOUSE: std::ops::RangeInclusive<usize> = 1..=5;

pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    let mut add = |rank, span: Option<(usize, usize)>| {
        if let Some((start, end)) = span {
            found.add(rank, start, tail(text, end).end, Entity::Address);
        }
    };
    text.ends_of(Label::StreetFirst).for_each(|end| add(Rank::Distinct, street_first(text, end)));
    for group in &text.signs.groups {
        let span = compound(text, group.start, group.end).or_else(|| around(text, group.start, group.end));
        add(Rank::Distinct, span);
    }
    for (start, end) in text.ends_of(Label::AddressKey).filter_map(|end| line(text, end)) {
        found.add(Rank::Sure, start, end, Entity::Address);
    }
    for (start, end) in text.cells_below(Label::AddressKey) {
        if is_address(text.slice(start, end)) {
            found.add(Rank::Distinct, start, end, Entity::Address);
        }
    }
    ideographic(text, found);
}

/// "12 rue de la Paix", "Calle Mayor 5", "ul. Długa 3/4": the word for a street ends at a place.
fn street_first(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let from = text.str.floor_char_boundary(end.saturating_sub(LONGEST_STREET));
    let head = text.str.get(from..end)?;
    let word: usize = head.chars().rev().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
    let start = end - word;
    let name_start =
        end + text.ahead(end, 2).iter().take_while(|byte| matches!(byte, b'.' | b' ' | b'/')).count();
    let name_end = street_name_end(text, name_start);
    if text.at(start) >= UNCASED {
        return uncased(text, start, name_start);
    }
    // "Via" is a word of English as well, and so is "place" unless a particle follows.
    let is_french = text.ahead(name_start, 2) == b"de"
        || text.ahead(name_start, 2) == b"du"
        || text.ahead(name_start, 2) == b"d'";
    let is_other = !is_french
        && matches!(
            text.slice(start, end),
            b"via" | b"al" | b"os" | b"largo" | b"square" | b"place" | b"cours" | b"camino"
        );
    if name_end <= name_start || name_start == end {
        return None;
    }
    let before = text.slice(start.saturating_sub(12), start);
    let before = before.strip_suffix(b", ").or_else(|| before.strip_suffix(b" ")).unwrap_or_default();
    let before = before.strip_suffix(b" bis").or_else(|| before.strip_suffix(b" ter")).unwrap_or(before);
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let joint = text.slice(0, start).len() - text.slice(start.saturating_sub(12), start).len() + before.len();
    let is_told = !is_other || tail(text, name_end).has_code;
    if is_told && HOUSE.contains(&digits) && !is_word(text.before(joint - digits)) {
        return Some((joint - digits, name_end));
    }
    let is_joint = |byte: &u8| matches!(byte, b' ' | b',' | b'.');
    let gap = text.ahead(name_end, 3).iter().take_while(|byte| is_joint(byte)).count();
    let mut number = name_end + gap;
    for mark in ["nº ", "n° ", "n. ", "nr ", "no. ", "no: ", "№ ", "д. ", "дом "] {
        if text.slice(number, number + mark.len()) == mark.as_bytes() {
            number += mark.len();
        }
    }
    let stop = text.run(number, |byte| byte.is_ascii_digit());
    let stop_letter = text.run(stop, |byte| byte.is_ascii_alphanumeric() || byte == b'/');
    let is_told = !is_other || tail(text, stop_letter).has_code;
    (HOUSE.contains(&(stop - number)) && number > name_end && stop_letter - stop <= 5 && is_told)
        .then_some((start, stop_letter))
}

/// شارع التحرير 15: the name of a street in a script without capitals, and its number.
fn uncased(text: &Text<'_>, start: usize, name_start: usize) -> Option<(usize, usize)> {
    let rest = text.str_ahead(name_start, LONGEST_STREET);
    let digits = rest.find(|c: char| c.is_ascii_digit())?;
    let name = rest.get(..digits)?;
    let is_name = name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | ',' | '،'))
        && name.split(' ').count() <= MOST_WORDS;
    let number = name_start + digits;
    let stop = text.run(number, |byte| byte.is_ascii_digit());
    (is_name && HOUSE.contains(&(stop - number))).then_some((start, stop))
}

/// The end of a street's name behind the word for a street: words with a capital and small ones between them.
fn street_name_end(text: &Text<'_>, start: usize) -> usize {
    const SMALL: &[&str] = &[
        "de", "la", "le", "les", "du", "des", "del", "da", "das", "do", "dos", "di", "dei", "della", "l",
        "d", "los", "las", "el", "e", "y", "und", "der",
    ];
    let rest = text.str_ahead(start, 2 * LONGEST_STREET);
    let (mut at, mut end) = (start, start);
    for word in rest.split([' ', '\'', '’']).take(5) {
        let letters = word.find(|c: char| !c.is_alphabetic() && c != '-').unwrap_or(word.len());
        let own = word.get(..letters).unwrap_or_default();
        if own.starts_with(char::is_uppercase) && !is_unit(own) {
            end = at + letters;
        } else if !SMALL.contains(&own) || letters != word.len() {
            break;
        }
        if letters != word.len() || end - start > LONGEST_STREET {
            break;
        }
        at += word.len() + 1;
        if !text.str.is_char_boundary(at.min(text.bytes.len())) {
            break;
        }
    }
    end
}

/// "Lindenstraße 12a": a number behind a word that ends like a street.
fn compound(text: &Text<'_>, start: usize, end: usize) -> Option<(usize, usize)> {
    const SURE: &[&str] = &[
        "straße", "strasse", "str.", "gasse", "allee", "straat", "laan", "gracht", "gatan", "vägen", "gata",
        "katu", "chaussee",
    ];
    const LIKELY: &[&str] = &[
        "weg", "platz", "ring", "damm", "ufer", "plein", "kade", "vej", "veien", "tie", "utca", "stieg",
        "markt", "hof",
    ];
    if !HOUSE.contains(&(end - start)) || end - start > 4 || text.before(start) != b' ' {
        return None;
    }
    let head_end = start - 1;
    let from = text.str.floor_char_boundary(head_end.saturating_sub(LONGEST_STREET));
    let head = text.str.get(from..head_end)?;
    let is_sure = SURE.iter().any(|one| head.ends_with(one));
    if !is_sure && !LIKELY.iter().any(|one| head.ends_with(one)) {
        return None;
    }
    let word = head.rsplit([' ', '\n', ',', '(', ':', '"', ';']).next()?;
    let is_capital = word.starts_with(char::is_uppercase) && word.chars().count() >= 6;
    let stop = text.run(end, |byte| byte.is_ascii_alphabetic());
    let stop = if stop - end <= 1 { stop } else { return None };
    let has_town = tail(text, stop).has_code;
    let is_told = text.has(Label::AddressKey);
    (is_capital
        && (is_sure || has_town || is_told)
        && !matches!(text.at(stop), b'.' | b'%' | b'-')
            | (text.at(stop) == b'.' && !text.at(stop + 1).is_ascii_digit()))
    .then_some((head_end - word.len(), stop))
}

/// "Address: 5 Main Road, Oldtown": what stands behind the label to the end of its line or string.
fn line(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let start = end
        + text
            .ahead(end, LONGEST_GAP)
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b':' | b'=' | b'"' | b'\''))
            .count();
    let link =
        LINKS.iter().find(|link| text.slice(end, end + link.len()) == **link).map_or(0, |link| link.len());
    let is_told = text.slice(end, start).iter().any(|byte| matches!(byte, b':' | b'=')) || link > 0;
    let start = if link > 0 { end + link } else { start };
    let is_quoted = matches!(text.before(start), b'"' | b'\'');
    let rest = text.ahead(start, LONGEST_LINE);
    let ends = |byte: &u8| {
        matches!(byte, b'\n' | b'\r' | b';' | b'|' | b'<' | b'>' | b'{')
            || is_quoted && matches!(byte, b'"' | b'\'')
    };
    let length = rest.iter().position(ends).unwrap_or(rest.len());
    let value = rest.get(..length)?;
    // A sentence ends behind the address.
    let length = value.windows(2).position(|pair| matches!(pair, b". " | b"? " | b"! ")).unwrap_or(length);
    let value = value.get(..length)?.trim_ascii_end();
    (is_told && std::str::from_utf8(value).is_ok() && is_address(value)).then(|| (start, start + value.len()))
}

/// Tells if a text has a short number, a word with a capital, and nothing of code or of the net.
fn is_address(value: &[u8]) -> bool {
    let is_digit_word = |word: &[u8]| {
        let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
        (1..=6).contains(&digits) && word.len() <= digits + 2
    };
    let words = || value.split(|byte| matches!(byte, b' ' | b',' | b'\n')).filter(|word| !word.is_empty());
    let is_name = |word: &[u8]| {
        word.len() >= 3
            && word.first().is_some_and(|first| first.is_ascii_uppercase() || *first >= 0x80)
            && word.iter().all(|byte| {
                byte.is_ascii_alphabetic() || *byte >= 0x80 || matches!(byte, b'-' | b'.' | b'\'')
            })
    };
    let is_code = value.iter().any(|byte| matches!(byte, b'@' | b'(' | b'{' | b'[' | b'=' | b'$' | b'_'))
        || value.windows(2).any(|pair| matches!(pair, b"//" | b"::" | b"0x"));
    words().any(is_digit_word) && words().any(is_name) && words().count() >= 2 && !is_code
}

/// 北京市朝阳区建国路88号, 〒100-0001 東京都千代田区千代田1-1, 서울시 강남구 테헤란로 12.
fn ideographic(text: &Text<'_>, found: &mut Findings) {
    for end in text.ends_of(Label::District) {
        let from = text.str.floor_char_boundary(end.saturating_sub(LONGEST_STREET));
        let head = text.str.get(from..end).unwrap_or_default();
        let is_part = |c: char| matches!(c as u32, 0x3005..=0x3007 | 0x3041..=0x30ff | 0x4e00..=0x9fff | 0xac00..=0xd7af);
        let is_own = |c: char| {
            is_part(c)
                && !matches!(
                    c,
                    'は' | 'が' | 'を' | 'に' | 'の' | '是' | '在' | '住' | '到' | '寄' | '送' | '往'
                )
        };
        let length: usize = head.chars().rev().take_while(|c| is_own(*c)).map(char::len_utf8).sum();
        let rest = text
            .str
            .get(end..text.str.floor_char_boundary((end + LONGEST_TOWN).min(text.bytes.len())))
            .unwrap_or_default();
        let tail: usize = rest
            .chars()
            .take_while(|c| is_part(*c) || c.is_ascii_digit() || matches!(c, '-' | ' '))
            .map(char::len_utf8)
            .sum();
        let tail = rest.get(..tail).unwrap_or_default();
        let Some(number) = tail.rfind(|c: char| c.is_ascii_digit()) else { continue };
        let stop = end + number + 1;
        let unit = ["号", "號", "番地", "番", "号楼", "호", "室"]
            .iter()
            .find(|unit| text.slice(stop, stop + unit.len()) == unit.as_bytes());
        let is_road = tail.contains(['路', '街', '道', '巷', '弄', '町', '丁', '村', '로', '길', '동'])
            || tail.contains('-');
        if length >= 6 && is_road {
            found.add(
                Rank::Distinct,
                with_province(text, end - length),
                stop + unit.map_or(0, |unit| unit.len()),
                Entity::Address,
            );
        }
    }
}

/// The beginning of the words for a province or a city before a part of a Korean address.
fn with_province(text: &Text<'_>, start: usize) -> usize {
    let from = text.str.floor_char_boundary(start.saturating_sub(LONGEST_TOWN));
    let mut at = start;
    while let Some(head) = text.str.get(from..at).and_then(|head| head.strip_suffix(' ')) {
        let word = head.rsplit([' ', '\n', ':']).next().unwrap_or_default();
        if word.chars().count() < 3 || !word.ends_with(['도', '시', '군', '구']) {
            break;
        }
        at -= 1 + word.len();
    }
    at
}
