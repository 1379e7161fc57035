//! Streets around a house number: what is before it or behind it is the name of a street, by its last word or by the town
//! that follows.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::place::{is_vowel_sign, tail, unit_end};
use super::scan::{Text, is_word};

/// Digits of a house number, and words of a street's name.
const HOUSE: std::ops::RangeInclusive<usize> = 1..=5;
const MOST_WORDS: usize = 5;

/// Bytes of a street's name.
const LONGEST_STREET: usize = 56;

/// Last words of streets that are hardly anything else behind a number.
const STREETS: &str = "street st avenue ave av road rd boulevard blvd lane ln drive dr court ct terrace ter parkway pkwy circle cir highway hwy crescent cres \
     close grove mews row trail alley bypass causeway expressway freeway turnpike overpass underpass throughway trafficway stravenue crossroad crossroads \
     नगर रोड मार्ग गली कॉलोनी विहार चौक पथ nagar marg vihar colony layout quadrant broadway esplanade promenade avenida calle straße strasse rue via";

/// Last words that have other meanings as well.
const PLACES: &str = "way place pl square sq walk hill heights plaza loop gardens garden track trace path pike pass passage park run view vista ridge \
     point pointe port pine pines plain plains prairie radial ramp ranch rapid rapids rest river roads route shoal shoals shore shores skyway spring springs spur \
     station stream streets summit tunnel union valley viaduct village ville walks wall well wells anex arcade bayou beach bend bluff bluffs \
     bottom branch bridge brook brooks burg burgs camp canyon cape center centers circles cliff cliffs club common commons corner corners course courts cove \
     coves creek crest crossing curve dale dam divide drives estate estates extension extensions fall falls ferry field fields flat flats ford \
     fords forest forge forges fork forks fort gateway glen glens green greens groves harbor harbors haven hollow inlet island islands isle junction \
     junctions key keys knoll knolls lake lakes land landing light lights loaf lock locks lodge mall manor manors meadow meadows mill mills mission motorway \
     mount mountain mountains neck orchard oval parks parkways squares turn wynd gate end yard quay wharf chase rise drove approach parade";

static STREET_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| STREETS.split_whitespace().collect());
static PLACE_WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| PLACES.split_whitespace().collect());

/// Words that end streets rather than other places, though they mean something else as well.
const HOMES: &[&str] = &[
    "way", "place", "square", "walk", "hill", "heights", "gardens", "view", "rise", "gate", "wharf", "quay",
    "yard", "approach",
];

/// Words for an address, which are no part of a street's name.
const ADDRESS_WORDS: &[&str] = &[
    "adres",
    "adresim",
    "adresse",
    "address",
    "anschrift",
    "indirizzo",
    "adress",
    "adressen",
    "adresa",
    "evim",
    "адрес",
    "wohnort",
    "dirección",
    "endereço",
];

/// Words between a street and its number.
const NUMBERS: [&str; 6] = [" No: ", " No:", " No ", " no ", " Nr. ", " č. "];

/// Bytes of the word before a number.
const LONGEST_WORD: usize = 40;

/// Ends of words and words before a number, in languages that write the number last.
const ENDS: &[&str] = &[
    "gate",
    "gade",
    "gatan",
    "проспект",
    "переулок",
    "бульвар",
    "набережная",
    "шоссе",
    "площадь",
    "gata",
    "vägen",
    "vej",
    "veien",
    "stræde",
    "caddesi",
    "cad.",
    "cad",
    "sokak",
    "sokağı",
    "sok.",
    "sk.",
    "bulvarı",
    "utca",
    "út",
    "tér",
    "körút",
    "ulice",
    "náměstí",
    "třída",
];

/// An address whose house number is a group of digits.
pub(super) fn around(text: &Text<'_>, start: usize, end: usize) -> Option<(usize, usize)> {
    if !HOUSE.contains(&(end - start))
        || is_word(text.before(start))
        || matches!(text.before(start), b'.' | b'$' | b'-' | b':' | b'/') && text.before(start) != b':'
    {
        return None;
    }
    let number_end = house_end(text, end)?;
    let next = text.at(number_end + 1);
    let is_first =
        text.at(number_end) == b' ' && (next.is_ascii_uppercase() || next.is_ascii_digit() || next >= 0x80);
    let first = is_first.then(|| number_first(text, start, number_end)).flatten();
    // Most numbers follow words in small letters.
    let word = last_word(text, start);
    let begins = word.chars().next()?;
    let is_last = begins.is_uppercase() || ENDS.contains(&word) || matches!(word, "No" | "no" | "Nr." | "č.");
    let last = || if is_last { number_last(text, start, number_end) } else { None };
    let is_boxed = matches!(begins, 'B' | 'b' | 'P' | 'p') && word.len() >= 3;
    let boxed = || if is_boxed { boxed(text, start, end) } else { None };
    first.or_else(last).or_else(boxed).or_else(|| flat_first(text, start, end, word))
}

/// The word before a number and its space; of another text if there is none.
fn last_word<'t>(text: &Text<'t>, start: usize) -> &'t str {
    let head = text.slice(start.saturating_sub(LONGEST_WORD), start);
    let gap = head.iter().rev().take_while(|byte| matches!(byte, b' ' | b',' | b':')).count();
    let word = head
        .iter()
        .rev()
        .skip(gap)
        .take_while(|byte| !matches!(byte, b' ' | b'\n' | b',' | b'(' | b'"'))
        .count();
    text.str.get(start - gap - word..start - gap).filter(|word| !word.is_empty()).unwrap_or("-")
}

/// "221B Baker Street", "4507 Jason Track, Lake Roberto".
fn number_first(text: &Text<'_>, start: usize, number_end: usize) -> Option<(usize, usize)> {
    let end = text.run(start, |byte| byte.is_ascii_digit());
    if matches!(text.before(start), b'#' | b',') {
        return None;
    }
    let rest = text.str_ahead(number_end + 1, LONGEST_STREET);
    let rest = rest.split([',', '\n', ';', '(', ')', '"', ':', '!', '?', '|', '<']).next()?;
    let mut at = number_end + 1;
    let (mut strong, mut weak) = (None, None);
    for (count, word) in rest.split(' ').take(MOST_WORDS).enumerate() {
        let own = word.trim_end_matches(['.', '\'']);
        let is_ordinal = own.len() > 2
            && own.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
            && own.ends_with(|c: char| c.is_alphabetic());
        let is_cased = own.starts_with(char::is_uppercase)
            && own.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'));
        let is_name = is_cased || !own.is_empty() && own.chars().all(is_vowel_sign);
        if !(is_name || is_ordinal || count > 0 && matches!(own, "of" | "the" | "de" | "la")) {
            break;
        }
        let small = own.to_lowercase();
        if count > 0 && STREET_WORDS.contains(small.as_str()) {
            strong = Some((at, own));
        } else if count > 0 && PLACE_WORDS.contains(small.as_str()) {
            weak = Some((at, own));
        }
        at += word.len() + 1;
        if word.ends_with('.') && own.chars().count() > 4 {
            break;
        }
    }
    let is_strong = strong.is_some();
    let (place, word) = if weak > strong { weak } else { strong }?;
    let street_end = place + word.len();
    let tail = tail(text, street_end);
    // "12 Green Hills" alone may be anything; so may a year and a month.
    let is_told = tail.has_code || tail.end > street_end && end - start >= 2;
    let is_year = end - start == 4 && matches!(text.slice(start, start + 2), b"19" | b"20");
    let goes_on =
        text.at(street_end) == b' ' && text.at(street_end + 1).is_ascii_uppercase() && tail.end == street_end;
    let is_house = end - start >= 3 || HOMES.contains(&word.to_lowercase().as_str());
    let is_sure = is_strong && !goes_on && !is_year
        || is_told && (!is_year || tail.has_code)
        || is_house && !is_year && is_placed(text, start) && !goes_on;
    is_sure.then_some((flat_before(text, start), tail.end))
}

/// Tells if a word before a number says that a place follows.
fn is_placed(text: &Text<'_>, start: usize) -> bool {
    let before = text.slice(start.saturating_sub(12), start).to_ascii_lowercase();
    [&b" at "[..], b" to ", b" from ", b" is ", b" on ", b" address ", b": ", b", "]
        .iter()
        .any(|word| before.ends_with(word))
}

/// The end of a house number: `12a`, `12/4`, `12-14`.
fn house_end(text: &Text<'_>, end: usize) -> Option<usize> {
    let next = text.at(end);
    let end = match next {
        b'/' | b'-' if text.at(end + 1).is_ascii_digit() => {
            let stop = text.run(end + 1, |byte| byte.is_ascii_digit());
            if stop - end <= 5 { stop } else { return None }
        }
        _ => end,
    };
    let end = if text.at(end).is_ascii_alphabetic() && !is_word(text.at(end + 1)) { end + 1 } else { end };
    (!is_word(text.at(end)) && !matches!(text.at(end), b'%' | b'/' | b'\'')).then_some(end)
}

/// The beginning of "Flat 2, " before a house number.
fn flat_before(text: &Text<'_>, start: usize) -> usize {
    let from = text.str.floor_char_boundary(start.saturating_sub(24));
    let Some(before) = text.str.get(from..start).and_then(|before| before.strip_suffix(", ")) else {
        return start;
    };
    let line = before.rsplit(['\n', ',', ':', ';']).next().unwrap_or_default();
    let mut words = line.rsplit(' ');
    let (Some(number), Some(word)) = (words.next(), words.next()) else { return start };
    let is_number =
        !number.is_empty() && number.len() <= 5 && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_unit = matches!(
        word.to_lowercase().as_str(),
        "flat"
            | "unit"
            | "apartment"
            | "apt"
            | "suite"
            | "room"
            | "house"
            | "plot"
            | "no"
            | "level"
            | "floor"
    );
    if is_unit && is_number { start - 2 - number.len() - 1 - word.len() } else { start }
}

/// "Am Markt 5, 28195 Bremen": words with capitals before a number, with the street's last word or a postcode with its town behind.
fn number_last(text: &Text<'_>, start: usize, number_end: usize) -> Option<(usize, usize)> {
    let from = text.str.floor_char_boundary(start.saturating_sub(LONGEST_STREET));
    let head = text.str.get(from..start)?;
    let street = NUMBERS
        .iter()
        .find_map(|mark| head.strip_suffix(mark))
        .or_else(|| head.strip_suffix(", "))
        .or_else(|| head.strip_suffix(' '))?;
    let line = street.rsplit(['\n', ',', ':', ';', '(', '"', '.']).next()?;
    let line =
        if street.ends_with('.') { street.rsplit(['\n', ',', ':', ';', '(', '"']).next()? } else { line };
    let name = name_before(line)?;
    let is_year = number_end - start == 4 && matches!(text.slice(start, start + 2), b"19" | b"20");
    if is_year {
        return None;
    }
    let tail = tail(text, number_end);
    let is_street = ENDS.iter().any(|one| name.to_lowercase().ends_with(one)) && name.chars().count() > 5;
    let is_coded = tail.has_code && has_town(text, number_end) || has_unit(text, number_end);
    let street_start = from + (street.len() - name.len());
    (is_street || is_coded).then_some((street_start, tail.end))
}

/// The last words of a line that may be a street's name: "An der Alster".
fn name_before(line: &str) -> Option<&str> {
    let mut length = 0;
    let mut names = 0;
    for (count, word) in line.rsplit(' ').take(MOST_WORDS).enumerate() {
        let is_end = count == 0 && word.chars().count() > 1 && ENDS.contains(&word);
        let is_cased = word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '.' | '’'));
        let is_name = is_cased || is_end;
        let is_small =
            count > 0 && matches!(word, "der" | "den" | "dem" | "van" | "de" | "ten" | "het" | "la" | "und");
        if !(is_name || is_small) || ADDRESS_WORDS.contains(&word.to_lowercase().as_str()) {
            break;
        }
        names += usize::from(is_name);
        length = (length + word.len() + usize::from(count > 0)).min(line.len());
    }
    let name = line.get(line.len() - length..)?;
    (names > 0 && name.starts_with(char::is_uppercase) && name.chars().count() >= 4).then_some(name)
}

/// Tells if a word for a flat and its number follow, not a sign alone.
fn has_unit(text: &Text<'_>, end: usize) -> bool {
    let at = end + text.ahead(end, 3).iter().take_while(|byte| matches!(byte, b',' | b' ' | b'\n')).count();
    text.at(at).is_ascii_alphabetic() && text.at(at + 1).is_ascii_alphabetic() && unit_end(text, end) > end
}

/// Tells if a comma or a line, a postcode and a town follow: ", 28195 Bremen".
fn has_town(text: &Text<'_>, end: usize) -> bool {
    let rest = text.str_ahead(end, 24);
    let Some(rest) =
        rest.strip_prefix(", ").or_else(|| rest.strip_prefix('\n')).or_else(|| rest.strip_prefix(" - "))
    else {
        return false;
    };
    let code = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, ' ' | '-'))).unwrap_or(rest.len());
    let digits = rest.get(..code).unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    let behind = rest.get(code..).unwrap_or_default();
    (4..=6).contains(&digits)
        && behind.starts_with(char::is_uppercase)
        && rest.get(..code).is_some_and(|code| code.ends_with(' '))
}

/// "Flat 302, Shanti Apartments, MG Road, Bengaluru 560001".
fn flat_first(text: &Text<'_>, start: usize, end: usize, word: &str) -> Option<(usize, usize)> {
    const FLATS: [&str; 9] =
        ["flat ", "unit ", "apartment ", "plot ", "house no ", "house no. ", "door no ", "shop ", "फ्लैट "];
    if text.at(end) != b','
        || !matches!(
            word,
            "Flat"
                | "Unit"
                | "Apartment"
                | "Plot"
                | "No"
                | "No."
                | "no"
                | "no."
                | "Shop"
                | "flat"
                | "unit"
                | "plot"
                | "फ्लैट"
        )
    {
        return None;
    }
    let from = text.str.floor_char_boundary(start.saturating_sub(20));
    let head = text.str.get(from..start)?.to_lowercase();
    let word = FLATS.iter().find(|word| head.ends_with(**word))?;
    let tail = tail(text, house_end(text, end)?);
    (tail.has_code && tail.end > end + 8).then(|| (start - word.len(), tail.end))
}

/// "P.O. Box 2291", "Postfach 12".
fn boxed(text: &Text<'_>, start: usize, end: usize) -> Option<(usize, usize)> {
    const BOXES: [&str; 7] =
        ["P.O. Box ", "PO Box ", "P. O. Box ", "P.O.Box ", "Post Office Box ", "Postfach ", "Postbus "];
    let from = text.str.floor_char_boundary(start.saturating_sub(20));
    let head = text.str.get(from..start)?;
    let own = BOXES
        .iter()
        .find(|one| head.len() >= one.len() && head.to_lowercase().ends_with(&one.to_lowercase()))?;
    Some((start - own.len(), tail(text, unit_end(text, end)).end))
}
