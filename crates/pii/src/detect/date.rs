//! Dates of birth: dates beside a word that says so.

use super::class::DIGIT;
use super::finding::{Entity, Findings, Rank};
use super::scan::{Text, Word, is_word};
use super::vocabulary::Label;

/// Bytes between a date and a label behind it: "1990-05-04 (date of birth)".
const BEHIND: usize = 24;

/// First letters of months, shared by several languages.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen", "sty", "oca", "янв", "січ", "ιαν", "يناير", "जनवरी"],
    &["feb", "fev", "fév", "lut", "şub", "sub", "фев", "лют", "φεβ", "فبراير", "फरवरी", "फ़रवरी"],
    &["mar", "mär", "mrz", "maa", "мар", "бер", "μαρ", "مارس", "मार्च"],
    &["apr", "abr", "avr", "kwi", "nis", "апр", "кві", "απρ", "أبريل", "ابريل", "अप्रैल"],
    &["may", "mai", "maj", "mei", "mag", "май", "мая", "тра", "μαϊ", "μαΐ", "مايو", "मई"],
    &["jun", "juin", "giu", "cze", "haz", "июн", "чер", "ιουν", "يونيو", "जून"],
    &["jul", "juil", "lug", "lip", "tem", "июл", "лип", "ιουλ", "يوليو", "जुलाई"],
    &["aug", "ago", "aoû", "aou", "sie", "ağu", "agu", "авг", "сер", "αυγ", "أغسطس", "اغسطس", "अगस्त"],
    &["sep", "set", "wrz", "eyl", "сен", "вер", "σεπ", "سبتمبر", "सितंबर", "सितम्बर"],
    &[
        "oct",
        "okt",
        "out",
        "ott",
        "paź",
        "paz",
        "eki",
        "окт",
        "жов",
        "οκτ",
        "أكتوبر",
        "اكتوبر",
        "अक्टूबर",
        "अक्तूबर",
    ],
    &["nov", "lis", "kas", "ноя", "лис", "νοε", "نوفمبر", "नवंबर", "नवम्बर"],
    &["dec", "dez", "dic", "déc", "dés", "gru", "ara", "дек", "гру", "δεκ", "ديسمبر", "दिसंबर", "दिसम्बर"],
];

/// Names of the reigns that Japanese years are counted in.
const REIGNS: [&str; 5] = ["明治", "大正", "昭和", "平成", "令和"];

/// Letters of the longest name of a month.
const LONGEST_MONTH: usize = 32;

/// Accepts a date of the last 130 years, or one with a two-digit year.
pub(super) const fn is_date(year: u64, month: u64, day: u64) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    };
    (year < 100 || (1900 <= year && year <= 2035)) && day >= 1 && day <= days
}

pub(super) fn word(text: &Text<'_>, word: Word, found: &mut Findings) {
    let start = word.start;
    if matches!(text.before(start), b'.' | b'@' | b'-' | b'/') {
        return;
    }
    let end = if word.has(DIGIT) {
        numeric(text, start).or_else(|| day_first(text, start)).or_else(|| compact(text, word))
    } else {
        month_first(text, start)
    };
    let Some(end) = end else { return };
    // A time may follow: 1990-05-04T00:00.
    let is_whole = !is_word(text.at(end)) || text.at(end) == b'T' && text.at(end + 1).is_ascii_digit();
    let is_told =
        text.is_labelled(start, Label::Birth) && !text.is_rather(start, Label::NotBirth, Label::Birth);
    if is_whole && (is_told || is_told_behind(text, end)) {
        let reign = REIGNS.iter().find(|reign| text.slice(0, start).ends_with(reign.as_bytes()));
        let start = start - reign.map_or_else(|| ordinal(text, start), |reign| reign.len());
        found.add(Rank::Sure, start, end, Entity::DateOfBirth);
    }
}

/// Tells if the label stands behind the date, with no other date behind the label.
fn is_told_behind(text: &Text<'_>, end: usize) -> bool {
    let rest = text.ahead(end, BEHIND * 2);
    let ends = |pair: &[u8]| matches!(pair, [b'\n' | b',', _] | [b'.' | b'!' | b'?' | b';', b' ']);
    let sentence = rest.windows(2).position(ends).unwrap_or(rest.len());
    // In Korean one syllable behind the date says it.
    text.slice(end, end + 3) == "생".as_bytes()
        || text.follows(end, BEHIND.min(sentence), Label::Birth)
            && !rest.iter().take(sentence).any(u8::is_ascii_digit)
}

impl Text<'_> {
    /// The number of up to `most` digits at a place, and where it ends.
    fn number_at(&self, start: usize, most: usize) -> Option<(u64, usize)> {
        let digits = self.ahead(start, most + 1).iter().take_while(|byte| byte.is_ascii_digit()).count();
        (1..=most).contains(&digits).then(|| {
            let value = |value: u64, byte: &u8| value * 10 + u64::from(byte - b'0');
            (self.slice(start, start + digits).iter().fold(0, value), start + digits)
        })
    }

    /// A year of two digits or four.
    fn year_at(&self, start: usize) -> Option<(u64, usize)> {
        self.number_at(start, 4).filter(|(_, end)| matches!(end - start, 2 | 4))
    }

    /// Behind what joins the parts of a date.
    fn joint(&self, start: usize) -> usize {
        let rest = self.ahead(start, 8);
        let is_joint = |byte: &u8| matches!(byte, b' ' | b'.' | b',' | b'-' | b'/');
        start + rest.iter().position(|byte| !is_joint(byte)).unwrap_or(rest.len())
    }

    /// Behind one of the words, if it stands at a place.
    fn skip(&self, start: usize, words: &[&str]) -> usize {
        let word = words.iter().find(|word| {
            self.slice(start, start + word.len()).eq_ignore_ascii_case(word.as_bytes())
                && !self.at(start + word.len()).is_ascii_alphabetic()
        });
        start + word.map_or(0, |word| word.len())
    }
}

/// 1990-05-04, 04.05.1990, 5/4/90, 4. 5. 1990.
fn numeric(text: &Text<'_>, start: usize) -> Option<usize> {
    let (first, at) = text.number_at(start, 4)?;
    if let Some(end) = ideographic(text, first, at) {
        return Some(end);
    }
    let separator = text.at(at);
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    let space = usize::from(text.at(at + 1) == b' ' && separator == b'.');
    let (second, at) = text.number_at(at + 1 + space, 2)?;
    if text.at(at) != separator {
        return None;
    }
    let space = usize::from(text.at(at + 1) == b' ' && separator == b'.');
    let last = at + 1 + space;
    let (third, end) = text.number_at(last, 4)?;
    let has_year = matches!(end - last, 2 | 4);
    let is_one = is_date(first, second, third) && first > 31
        || has_year && (is_date(third, second, first) || is_date(third, first, second));
    is_one.then_some(end)
}

/// A date such as 1990年5月4日.
fn ideographic(text: &Text<'_>, year: u64, at: usize) -> Option<usize> {
    let behind = |at: usize, signs: [&str; 2]| {
        let at = if text.at(at) == b' ' { at + 1 } else { at };
        let is_it = |sign: &&&str| text.slice(at, at + sign.len()) == sign.as_bytes();
        let end = signs.iter().find(is_it).map(|sign| at + sign.len())?;
        Some(if text.at(end) == b' ' && text.at(end + 1).is_ascii_digit() { end + 1 } else { end })
    };
    let (month, at) = text.number_at(behind(at, ["年", "년"])?, 2)?;
    let (day, at) = text.number_at(behind(at, ["月", "월"])?, 2)?;
    let end = behind(at, ["日", "일"])?;
    is_date(year, month, day).then_some(end)
}

/// Dates in Chinese numerals beside a label: 一九九〇年八月十五日.
pub(super) fn numerals(text: &Text<'_>, found: &mut Findings) {
    const YEAR: &str = "年";
    if !text.has(Label::Birth) {
        return;
    }
    for (at, _) in text.str.match_indices(YEAR) {
        let year =
            at.checked_sub(4 * YEAR.len()).filter(|start| text.str.get(*start..at).is_some_and(is_numeral));
        let Some(start) = year.filter(|start| text.is_labelled(*start, Label::Birth)) else { continue };
        let rest = text.str_ahead(at + YEAR.len(), LONGEST_MONTH);
        let Some((month, behind)) = rest.split_once('月') else { continue };
        let Some(day) = behind.find(['日', '号', '號']) else { continue };
        let is_day = behind.get(..day).is_some_and(is_numeral);
        if is_numeral(month) && is_day {
            let end = at + YEAR.len() + month.len() + "月".len() + day + "日".len();
            found.add(Rank::Sure, start, end, Entity::DateOfBirth);
        }
    }
}

/// Accepts one to four Chinese numerals.
fn is_numeral(text: &str) -> bool {
    (1..=4).contains(&text.chars().count()) && text.chars().all(|c| "〇零一二三四五六七八九十廿".contains(c))
}

/// A date of eight digits, such as 19900504.
fn compact(text: &Text<'_>, word: Word) -> Option<usize> {
    let (number, end) = text.number_at(word.start, 8).filter(|_| word.is_number() && word.len() == 8)?;
    let is_one = |year, month, day| year >= 1900 && is_date(year, month, day);
    let (high, low) = (number / 10_000, number % 10_000);
    (is_one(high, low / 100, low % 100)
        || is_one(low, high / 100, high % 100)
        || is_one(low, high % 100, high / 100))
    .then_some(end)
}

/// 26 Nov 1947, 26. November 1947, the 4th of May 1990, 4 de mayo de 1990.
fn day_first(text: &Text<'_>, start: usize) -> Option<usize> {
    let (day, at) = text.number_at(start, 2)?;
    let at = text.joint(text.skip(at, &["st", "nd", "rd", "th", "er"]));
    let at = text.joint(text.skip(at, &["of", "de", "di"]));
    let (month, at) = month(text, at)?;
    let at = text.joint(text.skip(text.joint(at), &["de", "del"]));
    let (year, end) = text.year_at(at)?;
    is_date(year, month, day).then_some(end)
}

/// April 14, 1980; May 4th 1990.
fn month_first(text: &Text<'_>, start: usize) -> Option<usize> {
    let (month, at) = month(text, start)?;
    if ordinal(text, start) > 0 {
        let (year, end) = text.year_at(text.joint(at))?;
        return (year >= 1900 && is_date(year, month, 1)).then_some(end);
    }
    let (day, at) = text.number_at(text.joint(at), 2)?;
    let at = text.joint(text.skip(at, &["st", "nd", "rd", "th"]));
    let (year, end) = text.year_at(at)?;
    is_date(year, month, day).then_some(end)
}

/// The length of a day in words, with its space, before a month: `dritter März`, `twenty-first of May`.
fn ordinal(text: &Text<'_>, start: usize) -> usize {
    const ENDINGS: [&[u8]; 8] = [b"ter", b"ten", b"te", b"rst", b"ond", b"ird", b"th", b"iger"];
    let before = text.slice(start.saturating_sub(LONGEST_MONTH), start);
    let Some(spoken) = before.strip_suffix(b" ") else { return 0 };
    let spoken = spoken.strip_suffix(b" of").unwrap_or(spoken);
    let is_part = |byte: &&u8| byte.is_ascii_alphabetic() || **byte >= 0x80 || **byte == b'-';
    let length = spoken.iter().rev().take_while(is_part).count();
    let word = spoken.get(spoken.len() - length..).unwrap_or_default();
    let is_one = length >= 4 && ENDINGS.iter().any(|ending| word.ends_with(ending));
    if is_one { before.len() - (spoken.len() - length) } else { 0 }
}

/// A month by how its name begins, and where the name ends.
fn month(text: &Text<'_>, start: usize) -> Option<(u64, usize)> {
    let name = text.ahead(start, LONGEST_MONTH);
    let length =
        name.iter().position(|byte| !(byte.is_ascii_alphabetic() || *byte >= 0x80)).unwrap_or(name.len());
    let is_it = |beginning: &&str| {
        name.get(..beginning.len()).is_some_and(|own| own.eq_ignore_ascii_case(beginning.as_bytes()))
    };
    let month = (1..).zip(MONTHS).find(|(_, names)| length >= 3 && names.iter().any(&is_it))?.0;
    Some((month, start + length))
}
