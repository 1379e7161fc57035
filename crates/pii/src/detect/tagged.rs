//! Names of people that the words around do not name as such, told by a small trained model: a run of words with capitals.

use std::collections::HashSet;

use super::credit::touches_code;
use super::finding::{Entity, Findings, Rank};
use super::given;
use super::lexeme::Shape;
use super::model::MODEL;
use super::person::{begins_anew, is_particle, name};
use super::scan::Text;
use super::tagger::Scored;
use super::thing::is_of_thing;

/// Score from which a word is a part of a name, and from which it is one beside such a word. 24 is one unit of the logistic
/// regression.
const LIKELY: i32 = 0;
const POSSIBLE: i32 = -40;

/// Mean scores that a name needs: of several words, and of one, by the lists that they are on.
const SEVERAL: i32 = 10;
const GIVEN: i32 = 18;
const LISTED: i32 = 35;
const UNLISTED: i32 = 60;
const UNLISTED_ALONE: i32 = 90;
const UNLISTED_FIRST: i32 = 150;

/// Added where one word begins a sentence and is a word as well: "Rose and white wine".
const WORD_FIRST: i32 = 60;

/// Words of a name.
const MOST_WORDS: usize = 6;

/// Bytes of a line before a name, and behind it, that tell if it is code or credits someone for software.
const LONGEST_LINE: usize = 80;

/// Bytes between two words of a name: "van der", "J. R.".
const LONGEST_JOINT: usize = 12;

/// Letters and digits of a code.
const SHORTEST_CODE: usize = 6;

pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    let words = MODEL.scored(text.str);
    let runs = runs(text, &words);
    let (named, other): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| span(text, run).is_some());
    // A part of a name is one as well where it stands alone in the same text.
    let parts: HashSet<u64> = named
        .iter()
        .filter(|run| run.len() > 1)
        .flat_map(|run| run.iter())
        .map(|word| word.lexeme.hash)
        .collect();
    let again = other.iter().filter(|run| run.iter().all(|word| parts.contains(&word.lexeme.hash)));
    let again = again.filter_map(|run| bounds(run)).filter(|(start, end)| is_prose(text, *start, *end));
    for (start, end) in named.iter().filter_map(|run| span(text, run)).chain(again) {
        found.add(Rank::Shape, start, end, Entity::Person);
    }
}

/// Words that follow each other and may be one name.
fn runs<'w>(text: &Text<'_>, words: &'w [Scored]) -> Vec<&'w [Scored]> {
    let mut runs = Vec::new();
    let mut rest = words;
    while let Some(word) = rest.first() {
        let joined = rest
            .windows(2)
            .take(MOST_WORDS - 1)
            .take_while(|pair| matches!(pair, [last, next] if is_part(next) && joins(text, last, next)));
        let length = if word.score < POSSIBLE { 1 } else { 1 + joined.count() };
        let (run, behind) = rest.split_at(length);
        if word.score >= POSSIBLE {
            runs.push(run);
        }
        rest = behind;
    }
    runs
}

fn bounds(run: &[Scored]) -> Option<(usize, usize)> {
    Some((run.first()?.lexeme.start, run.last()?.lexeme.end))
}

/// Tells if a word may belong to a name that another word began.
fn is_part(word: &Scored) -> bool {
    word.score >= LIKELY || word.score >= POSSIBLE && !word.lexeme.is_common()
}

/// Tells if nothing but a space, initials or particles stand between two words.
fn joins(text: &Text<'_>, last: &Scored, next: &Scored) -> bool {
    let gap = text.slice(last.lexeme.end, next.lexeme.start);
    let Some([b' ', inner @ ..]) = Some(gap).filter(|gap| gap.len() <= LONGEST_JOINT) else { return false };
    inner.is_empty()
        || std::str::from_utf8(inner).is_ok_and(|inner| {
            inner.ends_with(' ')
                && inner.trim_end().split(' ').all(|word| is_initial(word) || is_particle(word.as_bytes()))
        })
}

/// A single capital, with or without a point.
fn is_initial(word: &str) -> bool {
    let mut chars = word.trim_end_matches('.').chars();
    chars.next().is_some_and(char::is_uppercase) && chars.next().is_none()
}

/// The span of a run of words if they are a name.
fn span(text: &Text<'_>, run: &[Scored]) -> Option<(usize, usize)> {
    let first = run.first()?;
    let likely = run.iter().filter(|word| word.score >= LIKELY);
    let (count, sum) = likely.fold((0, 0), |(count, sum), word| (count + 1, sum + word.score));
    let wanted = if run.iter().any(|word| word.lexeme.is_given()) {
        if run.len() > 1 { SEVERAL } else { GIVEN }
    } else if run.iter().any(|word| word.lexeme.is_family()) {
        LISTED
    } else if run.len() > 1 {
        UNLISTED
    } else if begins_sentence(text, first.lexeme.start) {
        UNLISTED_FIRST
    } else {
        UNLISTED_ALONE
    };
    let is_first = begins_sentence(text, first.lexeme.start);
    let is_word = run.len() == 1 && is_first && first.lexeme.is_common();
    let wanted = wanted + if is_word { WORD_FIRST } else { 0 };
    let (start, mut end) = bounds(run)?;
    // Behind a given name another word with a capital is a surname, even one that is a word as well.
    if run.len() == 1 && first.lexeme.is_given() {
        end = name(text, start).map_or(end, |(stop, _)| stop.max(end));
    }
    let is_written = run.iter().all(|word| word.lexeme.shape != Shape::Mixed || is_mixed_name(text, word));
    let is_example = run.len() == 1 && is_example(text, start, end);
    let is_command = run.len() == 1 && is_first && is_command(text, start, end);
    let is_thing = run.len() == 1 && follows_article(text, start, end);
    let is_named = count > 0
        && !is_thing
        && !is_example
        && !is_command
        && sum >= wanted * count
        && is_written
        && !is_eponym(text, end);
    (is_named && !is_label(text, run) && is_prose(text, start, end)).then_some((start, end))
}

/// Tells if a span stands in no code, and in no list of those who made software.
fn is_prose(text: &Text<'_>, start: usize, end: usize) -> bool {
    !touches_code(text, start, end)
        && !is_in_code(text, start, end)
        && !is_credit(text, start)
        && !is_of_thing(text, start, end)
}

/// Tells if a run is one word that says what a code behind it is ("Personalausweis L01X00T47"), or capitals that no list has ("LGBTQ").
fn is_label(text: &Text<'_>, run: &[Scored]) -> bool {
    let [Scored { lexeme, .. }] = run else { return false };
    let next = text.str_ahead(lexeme.end, LONGEST_LINE).split_whitespace().next().unwrap_or_default();
    let has = |is: fn(&u8) -> bool| next.as_bytes().iter().any(is);
    let is_code = next.len() >= SHORTEST_CODE && has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase);
    let is_listed = lexeme.is_given() || lexeme.is_family();
    is_code || lexeme.shape == Shape::Capitals && !is_listed
}

/// Tells if a name is one of those in texts on cryptography.
fn is_example(text: &Text<'_>, start: usize, end: usize) -> bool {
    matches!(text.slice(start, end), b"Alice" | b"Bob" | b"Carol" | b"Eve")
        && ["Alice", "Bob"].iter().all(|name| text.str.contains(name))
}

/// Tells if one word stands behind an article that names of people do not have: "ein Beagle", "the Max value".
fn follows_article(text: &Text<'_>, start: usize, end: usize) -> bool {
    // Not "a": in Portuguese it is definite, and in Spanish and Italian it means "to".
    const INDEFINITE: [&str; 13] =
        ["an", "ein", "eine", "einen", "einem", "einer", "un", "une", "una", "uno", "um", "uma", "een"];
    let from = text.str.floor_char_boundary(start.saturating_sub(LONGEST_JOINT));
    let head = text.str.get(from..start).and_then(|head| head.strip_suffix(' ')).unwrap_or_default();
    let before = head.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let is_shared = || given::is_shared(&text.str.get(start..end).unwrap_or_default().to_lowercase());
    INDEFINITE.contains(&before) || before == "the" && is_shared()
}

/// Tells if any word would have a capital at a place.
fn begins_sentence(text: &Text<'_>, start: usize) -> bool {
    let before = text.slice(start.saturating_sub(2), start);
    matches!(before, [] | [b'\n'] | [_, b'\n'] | [b'.' | b'!' | b'?', b' '])
}

/// Tells if an object follows, as behind a verb and never behind a name: "Mark the invoice", "Grant access".
fn is_command(text: &Text<'_>, start: usize, end: usize) -> bool {
    const OBJECTS: [&str; 15] = [
        "the", "a", "an", "this", "that", "these", "those", "my", "your", "our", "it", "me", "us", "up",
        "access",
    ];
    const VERBS: &str = "mark grant bill will chase rob sue drew pat nick jack josh carol skip wade chuck jay lance pierce ray trace tuck \
         hope grace may dawn rose max cash page dot peg pay drop mike frank don bob";
    let name = text.str.get(start..end).unwrap_or_default().to_lowercase();
    if !VERBS.split_ascii_whitespace().any(|verb| verb == name) {
        return false;
    }
    let rest = text.str_ahead(end, LONGEST_LINE).strip_prefix(' ').unwrap_or_default();
    let next = rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    OBJECTS.contains(&next)
}

/// Accepts capitals within a word where names have them: McDonald, but not TestRunner.
fn is_mixed_name(text: &Text<'_>, word: &Scored) -> bool {
    let letters = text.slice(word.lexeme.start, word.lexeme.end);
    let inner = |at: &usize| letters.get(*at).is_some_and(u8::is_ascii_uppercase);
    (1..letters.len()).filter(inner).all(|at| begins_anew(letters.get(..at).unwrap_or_default()))
}

/// Tells if the line around a name is code.
fn is_in_code(text: &Text<'_>, start: usize, end: usize) -> bool {
    const SIGNS: [&str; 14] =
        ["::", "=>", "->", "()", " = ", "#[", "</", "/>", "};", "let ", "fn ", "pub ", "import ", "class "];
    let from = text.str.floor_char_boundary(start.saturating_sub(LONGEST_LINE));
    let line = text.str.get(from..start).and_then(|head| head.rsplit('\n').next()).unwrap_or_default();
    let rest = text.str_ahead(end, LONGEST_LINE).split('\n').next().unwrap_or_default();
    text.before(start) == b'['
        || rest.starts_with([';', '{', '<', '&']) && !rest.starts_with("; ") && !rest.starts_with("<br")
        || rest.starts_with(" {")
        || SIGNS.iter().any(|sign| line.contains(sign) || rest.contains(sign))
}

/// Tells if something that is named after somebody follows: "the Dijkstra algorithm", "Lincoln High School".
fn is_eponym(text: &Text<'_>, end: usize) -> bool {
    let rest = text.str_ahead(end, LONGEST_LINE);
    let mut words =
        rest.strip_prefix(' ').into_iter().flat_map(|rest| rest.split(|c: char| !c.is_alphabetic()));
    words.next().is_some_and(|word| given::is_eponym(&word.to_lowercase()))
}

/// Tells if the line so far credits someone for software.
fn is_credit(text: &Text<'_>, start: usize) -> bool {
    const CREDITS: [&str; 10] =
        ["authors", "copyright", "(c) ", "©", "http", "//", "* ", "contribut", "maintain", "licensed"];
    let from = text.str.floor_char_boundary(start.saturating_sub(LONGEST_LINE));
    let line = text.str.get(from..start).unwrap_or_default();
    let line = line.rsplit('\n').next().unwrap_or_default().to_lowercase();
    CREDITS.iter().any(|credit| line.contains(credit))
}
