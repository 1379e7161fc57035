//! Licence plates beside a word for one: letters and digits in up to four short groups.

use super::finding::{Entity, Findings, Rank};
use super::scan::Text;
use super::secret::value_start;
use super::vocabulary::Label;

/// Groups of a plate, characters of a group, and of all.
const MAX_GROUPS: usize = 4;
const LONGEST_GROUP: usize = 7;
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=10;

/// Bytes of a Japanese plate, which begins with the name of an office.
const LONGEST_JAPANESE: usize = 40;

pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    for label in text.ends_of(Label::Plate) {
        let start = value_start(text, label).0;
        let other =
            if start == label { None } else { western(text, start).or_else(|| japanese(text, start)) };
        if let Some(end) = chinese(text, start).or(other) {
            found.add(Rank::Sure, start, end, Entity::LicensePlate);
        }
    }
}

fn western(text: &Text<'_>, start: usize) -> Option<usize> {
    let is_letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let (mut end, mut length) = (start, 0);
    for group in 0..MAX_GROUPS {
        let from = if group == 0 { start } else { end + 1 };
        if group > 0 && !matches!(text.at(end), b' ' | b'-') {
            break;
        }
        let to = text.run(from, is_letter);
        let is_group = (1..=LONGEST_GROUP).contains(&(to - from)) && !text.at(to).is_ascii_lowercase();
        if !is_group || length + to - from > *LENGTHS.end() {
            break;
        }
        (end, length) = (to, length + to - from);
    }
    let plate = text.slice(start, end);
    let is_mixed = plate.iter().any(u8::is_ascii_digit) && plate.iter().any(u8::is_ascii_uppercase);
    (LENGTHS.contains(&length) && is_mixed).then_some(end)
}

/// 京A12345: a province, a letter for the city, and five or six characters.
fn chinese(text: &Text<'_>, start: usize) -> Option<usize> {
    const PROVINCES: &str =
        "京津沪滬渝冀豫云雲辽遼黑湘皖鲁魯新苏蘇浙赣贛鄂桂甘晋晉蒙陕陝吉闽閩贵貴粤粵青藏川宁寧琼瓊";
    let province = text.str_ahead(start, 4).chars().next().filter(|c| PROVINCES.contains(*c))?;
    let city = start + province.len_utf8();
    let gap = text
        .str_ahead(city + 1, 3)
        .chars()
        .next()
        .filter(|c| matches!(c, ' ' | '·' | '-' | '.'))
        .map_or(0, char::len_utf8);
    let end = text.run(city + 1 + gap, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (text.at(city).is_ascii_uppercase() && matches!(end - city - 1 - gap, 5 | 6)).then_some(end)
}

/// 品川 300 あ 12-34.
fn japanese(text: &Text<'_>, start: usize) -> Option<usize> {
    let rest = text.ahead(start, LONGEST_JAPANESE);
    let is_part = |byte: &u8| *byte >= 0x80 || byte.is_ascii_digit() || matches!(byte, b' ' | b'-');
    let length = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
    let end = start + rest.get(..length)?.iter().rposition(u8::is_ascii_digit)? + 1;
    let plate = text.slice(start, end);
    let groups = plate.split(|byte| !byte.is_ascii_digit()).filter(|group| !group.is_empty()).count();
    (text.at(start) >= 0x80 && groups >= 2).then_some(end)
}
