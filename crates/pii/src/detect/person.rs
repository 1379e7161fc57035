//! Names of people, where the words around say that it is one: an introduction, a title, a relation, a salutation, a signature, a
//! column, a key, or a frequent given name with a surname behind it.

use super::credit::{begins_in_code, is_author, is_contributor, is_credit};
use super::finding::{Entity, Findings, Rank};
use super::given::{is_other, is_shared, is_word};
use super::lexeme::is_suffix;
use super::model::is_frequent;
use super::plain::plain;
use super::scan::Text;
use super::thing::is_of_thing;
use super::vocabulary::Label;

/// Words of a name, and bytes of one of them.
const MAX_WORDS: usize = 4;
const LONGEST_WORD: usize = 40;

/// Letters of a given name that is known in small letters.
const SHORTEST_SMALL: usize = 4;

/// First byte of the scripts without capitals: Hebrew and all behind it.
const UNCASED: u8 = 0xd6;

/// Words that join the parts of a name.
const PARTICLES: &[&str] = &[
    "de", "da", "do", "dos", "das", "del", "della", "di", "la", "le", "van", "von", "der", "den", "zu",
    "ten", "ter", "bin", "ibn", "al", "el", "y", "e", "af", "av",
];

pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    let mut add = |span: Option<(usize, usize)>| {
        if let Some((start, end)) = span {
            found.add(Rank::Shape, start, end, Entity::Person);
        }
    };
    text.ends_of(Label::NameIs).for_each(|end| add(introduced(text, end)));
    text.ends_of(Label::IAm).for_each(|end| add(introduced(text, end).filter(|span| is_given(text, span.0))));
    text.ends_of(Label::Honorific).for_each(|end| add(honoured(text, end)));
    text.ends_of(Label::Title).for_each(|end| add(titled(text, end)));
    text.ends_of(Label::Relation).for_each(|end| add(related(text, end)));
    text.ends_of(Label::Greeting).for_each(|end| add(greeted(text, end)));
    text.ends_of(Label::Closing).for_each(|end| add(signed(text, end)));
    text.ends_of(Label::NameKey).for_each(|end| add(keyed(text, end)));
    text.ends_of(Label::NamePlain).for_each(|end| {
        add(keyed(text, end).filter(|span| {
            (is_given(text, span.0) || text.at(span.0) >= UNCASED)
                && !is_author(text, end)
                && !is_contributor(text, span.1)
        }));
    });
    text.cells_below(Label::NameKey).for_each(|cell| add(whole(text, cell)));
    text.cells_below(Label::NamePlain)
        .for_each(|cell| add(whole(text, cell).filter(|span| is_given(text, span.0))));
    text.signs.ats.iter().for_each(|at| add(addressed(text, *at)));
    cards(text, found);
    for end in text.ends_of(Label::Given) {
        let name = full_name(text, end).or_else(|| first_name(text, end)).or_else(|| small_name(text, end));
        if let Some((start, end)) = name.filter(|(start, end)| !is_of_thing(text, *start, *end)) {
            found.add(Rank::Shape, start, end, Entity::Person);
        }
    }
}

/// The lines of a contact card that name its person or have an address (RFC 6350, 6.2 and 6.3).
fn cards(text: &Text<'_>, found: &mut Findings) {
    if !text.has(Label::VCard) {
        return;
    }
    let mut start = 0;
    for line in text.str.split('\n') {
        let value = line.split_once(':').and_then(|(key, value)| {
            let key = key.split(';').next().unwrap_or_default();
            let entity = match key.to_ascii_uppercase().as_str() {
                "FN" | "N" => Entity::Person,
                "ADR" => Entity::Address,
                _ => return None,
            };
            Some((entity, value.trim_start_matches(';'), value.trim_end_matches([';', '\r', ' '])))
        });
        if let Some((entity, rest, value)) = value {
            let (from, to) = (start + line.len() - rest.len(), start + line.len() - rest.len() + value.len());
            let to = to.saturating_sub(value.len() - value.trim_start_matches(';').len());
            if to > from {
                found.add(Rank::Sure, from, to, entity);
            }
        }
        start += line.len() + 1;
    }
}

/// A word of a name at a place.
struct NameWord {
    end: usize,
    is_initial: bool,
}

/// Reads a word with a capital and small letters behind it, or an initial with its point.
fn name_word(text: &Text<'_>, start: usize) -> Option<NameWord> {
    let rest = text.str.get(start..)?;
    let first = rest.chars().next().filter(|c| c.is_uppercase())?;
    let mut end = start + first.len_utf8();
    let mut letters = 1;
    for c in rest.chars().skip(1) {
        let behind = text.str_ahead(end + c.len_utf8(), 4);
        // A genitive is no part of the name, nor is another ending behind an apostrophe.
        let is_ending =
            matches!(c, '\'' | '’') && is_suffix(text.str_ahead(end + c.len_utf8(), LONGEST_WORD));
        let is_joint = matches!(c, '\'' | '’' | '-') && behind.starts_with(char::is_alphabetic) && !is_ending;
        if !(c.is_alphabetic() || is_joint) || end - start > LONGEST_WORD {
            break;
        }
        // A capital inside of a word is rather code: AsRef, but not McDonald.
        if c.is_uppercase() && !begins_anew(text.slice(start, end)) {
            return None;
        }
        letters += usize::from(c.is_alphabetic());
        end += c.len_utf8();
    }
    if letters == 1 {
        return (text.at(end) == b'.').then_some(NameWord { end: end + 1, is_initial: true });
    }
    let word = text.str.get(start..end)?.to_lowercase();
    let is_name = !is_other(&word);
    let touches_code = matches!(text.at(end), b'_' | b'(' | b'/' | b'\\' | b'@' | b'=' | b'0'..=b'9')
        || text.slice(end, end + 2) == b"::";
    (is_name && !touches_code).then_some(NameWord { end, is_initial: false })
}

/// Tells if a capital may follow in a word that begins so.
pub(super) fn begins_anew(head: &[u8]) -> bool {
    matches!(head, b"Mc" | b"Mac" | b"De" | b"Le" | b"La" | b"Di" | b"Fitz" | b"Van" | b"Du" | b"Del")
        || matches!(head.last(), Some(b'\'' | b'-' | 0x99))
}

/// The end of a name at a place, and its words; particles count only between others.
pub(super) fn name(text: &Text<'_>, start: usize) -> Option<(usize, usize)> {
    let touches_code = begins_in_code(text, start);
    let (mut at, mut end, mut words) = (start, start, 0);
    while words < MAX_WORDS && !touches_code {
        if let Some(word) = name_word(text, at) {
            // "Anna Schmidts Bruder": German writes every noun with a capital.
            if words > 1 && text.str.get(at..word.end).is_some_and(is_frequent) {
                break;
            }
            end = if word.is_initial && words == 0 && text.at(word.end) != b' ' { break } else { word.end };
            words += usize::from(!word.is_initial);
        } else if words > 0
            && let Some(next) = particle(text, at)
        {
            at = next;
            continue;
        } else {
            break;
        }
        if text.at(end) != b' ' {
            break;
        }
        at = end + 1;
    }
    (words > 0).then_some((end, words))
}

fn particle(text: &Text<'_>, at: usize) -> Option<usize> {
    let rest = text.ahead(at, 6);
    let length = rest.iter().position(|byte| *byte == b' ')?;
    is_particle(rest.get(..length)?).then_some(at + length + 1)
}

/// Tells if a word joins the parts of a name.
pub(super) fn is_particle(word: &[u8]) -> bool {
    PARTICLES.iter().any(|particle| particle.as_bytes() == word)
}

/// Tells if the word at a place is a frequent given name.
fn is_given(text: &Text<'_>, start: usize) -> bool {
    let rest = text.str_ahead(start, LONGEST_WORD);
    let end = start + rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    text.labels_in(start, end).has(Label::Given)
}

/// The place behind spaces, colons and quotation marks.
fn behind(text: &Text<'_>, end: usize, signs: &[u8]) -> usize {
    end + text.ahead(end, 4).iter().take_while(|byte| signs.contains(byte)).count()
}

/// "My name is Ann Lee", "我叫王伟".
fn introduced(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let start = behind(text, end, b" :,");
    // The Hebrew word for "my name" also ends others.
    let is_other = text
        .str
        .get(..end)
        .and_then(|head| head.strip_suffix("שמי"))
        .is_some_and(|head| head.ends_with(char::is_alphabetic));
    if is_other {
        return None;
    }
    let cased = name(text, start).filter(|_| start > end).map(|(end, _)| (start, end));
    cased.or_else(|| uncased(text, start)).or_else(|| small(text, start).filter(|_| start > end))
}

/// A frequent given name in small letters, with the last word of the clause if that is all behind it.
fn small(text: &Text<'_>, start: usize) -> Option<(usize, usize)> {
    let letters = |from: usize| {
        let rest = text.str_ahead(from, LONGEST_WORD);
        from + rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len())
    };
    let given = letters(start);
    if given == start || !is_given(text, start) {
        return None;
    }
    let surname = letters(given + 1);
    let ends = matches!(text.at(surname), 0 | b',' | b'.' | b'\n' | b'!' | b'?');
    let is_one = text.at(given) == b' ' && ends && surname > given + 2;
    Some((start, if is_one { surname } else { given }))
}

/// 田中様: two or three ideographs before a word of respect.
fn honoured(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    const OTHERS: [char; 12] = ['皆', '客', '神', '奥', '王', '母', '父', '兄', '姉', '員', '業', '者'];
    let from = text.str.floor_char_boundary(end.saturating_sub(LONGEST_WORD));
    let head = text.str.get(from..end)?;
    let word = ["様", "さん", "先生", "氏は"].iter().find(|word| head.ends_with(**word))?;
    let name = head.get(..head.len() - word.len())?;
    let is_han = |c: &char| matches!(*c as u32, 0x4e00..=0x9fff);
    // What links a name with its clause is no part of it.
    let links = |c: &char| {
        matches!(c, '是' | '给' | '給' | '和' | '叫' | '问' | '問' | '请' | '請' | '对' | '對' | '跟' | '找')
    };
    let chars: Vec<char> = name.chars().rev().take_while(|c| is_han(c) && !links(c)).take(5).collect();
    let stop = end - word.len();
    let is_name = matches!(chars.len(), 2..=4) && !chars.iter().any(|c| OTHERS.contains(c));
    is_name.then(|| (stop - chars.iter().map(|c| c.len_utf8()).sum::<usize>(), stop))
}

/// A name in a script without capitals: a family name and one or two characters, or two words.
fn uncased(text: &Text<'_>, start: usize) -> Option<(usize, usize)> {
    const STOPS: &[&str] = &["हूं", "हूँ", "है", "और", "و", "من", "في", "انا", "أنا", "לא", "אני"];
    let rest = text.str_ahead(start, 2 * LONGEST_WORD);
    let is_han = |c: char| matches!(c as u32, 0x4e00..=0x9fff);
    let han = rest.chars().take_while(|c| is_han(*c)).count();
    let length = |count: usize| rest.chars().take(count).map(char::len_utf8).sum::<usize>();
    if (2..=4).contains(&han) {
        return Some((start, start + length(han)));
    }
    let hangul = rest.chars().take_while(|c| matches!(*c as u32, 0xac00..=0xd7af)).count();
    if hangul >= 3 {
        return Some((start, start + length(3)));
    }
    let is_letter = |c: char| matches!(c as u32, 0x590..=0x6ff | 0x900..=0x97f);
    let mut end = start;
    for word in rest.split(' ').take(2) {
        if word.is_empty() || !word.chars().all(is_letter) || STOPS.contains(&word) {
            break;
        }
        end = if end == start { start + word.len() } else { end + 1 + word.len() };
    }
    (end > start).then_some((start, end))
}

/// "Dr. Müller", "Frau Anna Schmidt".
fn titled(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let start = behind(text, end, b". ");
    let before = text.slice(end.saturating_sub(LONGEST_WORD), end);
    let length = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
    let title = before.get(before.len() - length..)?;
    let is_short = title.len() <= 4;
    let is_written = title.first().is_some_and(|first| first.is_ascii_uppercase() || *first >= 0x80)
        && !(title.len() > 1 && title.iter().all(u8::is_ascii_uppercase));
    let is_spaced = text.before(start) == b' ' && (!is_short || start - end <= 2);
    name(text, start).filter(|_| is_written && is_spaced).map(|(end, _)| (start, end))
}

/// "My landlord Gregory Hill", "meine Kollegin, Anna Weber", "my boss is called Sam Hall".
fn related(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    const OWNERS: &[&[u8]] = &[
        b"my", b"our", b"his", b"her", b"their", b"your", b"mein", b"meine", b"meinem", b"meinen", b"meiner",
        b"unser", b"unsere", b"unserem", b"mon", b"ma", b"notre", b"mi", b"nuestro", b"nuestra", b"mio",
        b"mia", b"meu", b"minha", b"mijn", b"onze", b"min", b"mitt",
    ];
    const LINKS: &[&[u8]] =
        &[b" is called ", b" named ", b" called ", b", ", b" is ", b"'s name is ", b" heisst ", b" ", b" ("];
    let before = text.slice(end.saturating_sub(LONGEST_WORD), end).to_ascii_lowercase();
    let mut words = before.rsplit(|byte| *byte == b' ').skip(1).take(2);
    let is_owned = words.any(|word| OWNERS.contains(&word));
    let link = LINKS.iter().find(|link| text.slice(end, end + link.len()) == **link)?;
    let start = end + link.len();
    let (stop, count) = name(text, start).filter(|_| is_owned)?;
    // A single noun has a capital in German as well.
    let is_german = [&b" mein"[..], b" unser"]
        .iter()
        .any(|owner| before.windows(owner.len()).any(|window| window == *owner))
        || before.starts_with(b"mein")
        || before.starts_with(b"unser");
    let is_direct = matches!(*link, b" " | b", ")
        && !is_german
        && matches!(text.at(stop), b' ' | b',' | b'.' | b'!' | b'?' | b'\n' | 0);
    (count >= 2 || is_given(text, start) || is_direct).then_some((start, stop))
}

/// "Hi Sam," and "Dear Ann Lee" at the beginning of a line.
fn greeted(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let start = end + 1;
    let line = text.slice(end.saturating_sub(LONGEST_WORD), end).rsplit(|byte| *byte == b'\n').next()?;
    let is_first = line.len() < LONGEST_WORD && line.split(|byte| *byte == b' ').take(4).count() <= 3;
    let (stop, count) = name(text, start).filter(|_| is_first && text.at(end) == b' ')?;
    let is_closed = matches!(text.at(stop), b',' | b'!' | b'\n' | b':' | 0);
    (is_closed && (count >= 2 || is_given(text, start) || text.at(stop) == b',')).then_some((start, stop))
}

/// "Best regards,\nAnn Lee".
fn signed(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let gap = text.run(end, |byte| matches!(byte, b',' | b'.' | b'!' | b' ' | b'\r' | b'\n'));
    let between = text.slice(end, gap);
    let is_next = between.contains(&b'\n') && between.len() <= 8;
    let (stop, count) = name(text, gap).filter(|_| is_next)?;
    let is_line = matches!(text.at(stop), b'\n' | b'\r' | 0) || text.slice(stop, stop + 2) == b" \n";
    (is_line && (count >= 2 || is_given(text, gap))).then_some((gap, stop))
}

/// `"first_name": "Ann"`, "Name: Ann Lee".
fn keyed(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let start = behind(text, end, b" :=\"'>*");
    let is_told = text.slice(end, start).iter().any(|byte| matches!(byte, b':' | b'=' | b'>'));
    if !is_told {
        return None;
    }
    let (stop, _) = name(text, start)
        .or_else(|| capitals(text, start))
        .or_else(|| uncased(text, start).map(|(_, end)| (end, 1)))?;
    let is_closed =
        matches!(text.at(stop), b'"' | b'\'' | b'\n' | b'\r' | b',' | b';' | b'<' | b'|' | b'.' | b'&' | 0)
            || text.at(stop) == b' ' && !text.at(stop + 1).is_ascii_lowercase();
    is_closed.then_some((start, stop))
}

/// `Ann Lee <ann@example.com>`, as mail has it.
fn addressed(text: &Text<'_>, at: usize) -> Option<(usize, usize)> {
    let local = text.slice(at.saturating_sub(LONGEST_WORD), at);
    let open = at - local.len() + local.iter().rposition(|byte| *byte == b'<')?;
    let stop = open.checked_sub(1).filter(|stop| text.at(*stop) == b' ')?;
    let is_quoted = text.before(stop) == b'"';
    let stop = stop - usize::from(is_quoted);
    let from = text.str.floor_char_boundary(stop.saturating_sub(2 * LONGEST_WORD));
    let head = text.str.get(from..stop)?.rsplit(['\n', ':', ',', '"', ';', '>', '\t']).next()?;
    let start = stop - head.trim_start().len();
    // In strings of code it is a list of authors.
    let is_code = !is_quoted && matches!(text.before(start), b'"' | b'\'');
    name(text, start)
        .filter(|(end, _)| *end == stop && !is_code && !is_credit(text, start))
        .map(|(end, _)| (start, end))
}

/// A name in capitals, as forms have it: two words or three.
fn capitals(text: &Text<'_>, start: usize) -> Option<(usize, usize)> {
    let rest = text.str_ahead(start, 2 * LONGEST_WORD);
    let is_capital =
        |word: &&str| word.chars().count() >= 2 && word.chars().all(|c| c.is_uppercase() || c == '-');
    let words = rest.split([' ', '\n', ',', '"', ';']).take_while(is_capital).take(3);
    let (count, length) = words.fold((0, 0), |(count, length), word| (count + 1, length + word.len() + 1));
    (count >= 2).then(|| (start + length - 1, count))
}

/// A cell that is a name and nothing else.
fn whole(text: &Text<'_>, (start, end): (usize, usize)) -> Option<(usize, usize)> {
    let whole =
        name(text, start).map(|(stop, _)| stop).or_else(|| uncased(text, start).map(|(_, stop)| stop))?;
    let is_listed = text.slice(whole, end).starts_with(b", ")
        && name(text, whole + 2).is_some_and(|(stop, _)| stop == end);
    (whole == end || is_listed).then_some((start, end))
}

/// A frequent given name that ends at a place, with a surname behind it.
fn full_name(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let start = word_start(text, end);
    let (stop, count) = name(text, start).filter(|(stop, _)| text.at(end) == b' ' && *stop > end)?;
    let is_path = text.at(stop) == b'.' && text.at(stop + 1).is_ascii_alphanumeric();
    // "Martin Luther King Day" is a day.
    let goes_on = text.at(stop) == b' '
        && text.at(stop + 1).is_ascii_uppercase()
        && text.at(stop + 2).is_ascii_lowercase();
    (count >= 2 && !is_path && !goes_on && !is_credit(text, start) && !is_contributor(text, stop))
        .then_some((start, stop))
}

/// A given name in small letters that is nothing else, in prose: "tell jessica that".
fn small_name(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let start = word_start(text, end);
    let word = text.str.get(start..end)?;
    let is_small = word.len() >= SHORTEST_SMALL && word.chars().all(char::is_lowercase);
    let follows_prose = matches!(text.slice(start.saturating_sub(2), start), [] | [b'a'..=b'z' | b',' | 0x80.., b' '] | [_, b'\n']);
    let goes_on = matches!(
        text.ahead(end, 2),
        [] | [b'\n' | b'.' | b'?' | b'!'] | [b' ', b'a'..=b'z'] | [b'.' | b',' | b'?' | b'!', b' ']
    ) || text.slice(end, end + 3) == b"'s ";
    let is_one = is_small
        && follows_prose
        && goes_on
        && !is_shared(word)
        && !is_word(&word.chars().map(plain).collect::<String>())
        && !is_frequent(word);
    (is_one && !is_credit(text, start) && !is_contributor(text, end)).then_some((start, end))
}

/// The beginning of the word that ends at a place.
fn word_start(text: &Text<'_>, end: usize) -> usize {
    let from = text.str.floor_char_boundary(end.saturating_sub(LONGEST_WORD));
    let head = text.str.get(from..end).unwrap_or_default();
    end - head.chars().rev().take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum::<usize>()
}

/// A given name alone in prose: "I met Jessica yesterday", "Priya's number".
fn first_name(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let start = word_start(text, end);
    let word = text.str.get(start..end)?;
    let is_written = word.starts_with(char::is_uppercase) && word.chars().skip(1).all(char::is_lowercase);
    let before = text.slice(start.saturating_sub(2), start);
    let follows_prose = matches!(before, [b'a'..=b'z' | b',' | 0x80.., b' ']);
    let is_possessed = text.slice(end, end + 2) == b"'s" && text.at(end + 2) == b' ';
    let goes_on = matches!(
        text.ahead(end, 2),
        [b' ', b'a'..=b'z']
            | [b',' | b'.' | b'?' | b'!' | b';', b' ' | b'\n']
            | [b'.' | b'?' | b'!' | b'\n']
            | []
    );
    let is_one = is_written && follows_prose && (is_possessed || goes_on);
    (is_one && !is_shared(&word.to_lowercase()) && !is_credit(text, start) && !is_contributor(text, end))
        .then_some((start, end))
}
