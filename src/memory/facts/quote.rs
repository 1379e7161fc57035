//! Quotes: the user's own words that a fact rests on.
//!
//! A model copies a quote nearly as it stands: spaces, quotation marks, capitals and full-width forms may differ. `normalized` is
//! the one place that says which differences do not count.

use pii::mask::LITERAL;
use pii::placeholder::Placeholder;
use pii::unmask::placeholders;

use super::command::asks_to_remember;
use crate::chat::message::ATTACHMENT;
use crate::memory::words::{Term, all_terms, question_terms};

/// Letters of a word that is a quote by itself, where words are parted by spaces. A shorter one ("from") rests nothing, unless it is
/// a whole answer ("Yes").
const MIN_WORD_LETTERS: usize = 5;

/// Words by which facts name the user.
const USER_WORDS: [&str; 10] = [
    "user",
    "benutzer",
    "nutzer",
    "utilisateur",
    "usuario",
    "utente",
    "usuário",
    "gebruiker",
    "kullanıcı",
    "пользователь",
];

/// Letters of such a quote in the other scripts.
const MIN_LETTERS: usize = 2;

/// The part of a message that its user wrote: without attachments, which stand at its end.
pub(super) fn own_words(message: &str) -> &str {
    message.split(ATTACHMENT).next().unwrap_or_default().trim()
}

/// True if `quote` stands in the part of `message` that its user wrote, and is more than a short word out of a sentence.
pub(super) fn is_quoted(quote: &str, message: &str) -> bool {
    let message = normalized(own_words(message));
    let quote = normalized(quote);
    let quote = quote.trim_matches(|c: char| !c.is_alphanumeric());
    if quote.is_empty() {
        return false;
    }
    message.match_indices(quote).any(|(at, _)| {
        let (before, after) = (message.get(..at), message.get(at + quote.len()..));
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        is_unbroken(before, quote, after) && (is_telling(quote) || stands_alone(before, after))
    })
}

/// Letters of a word that a fact without a quote takes from its message.
const TAKEN_LETTERS: usize = 3;

/// Words of four letters or more that such a fact has at least.
const MIN_TELLING_WORDS: usize = 3;

/// True for a fact whose words all stand in the part of `message` that its user wrote, but for the first ("Has") and for short ones
/// ("a"), and which has several long ones.
pub(super) fn is_made_of(fact: &str, message: &str) -> bool {
    let (fact, message) = (normalized(fact), normalized(own_words(message)));
    let words = |text: &str| -> Vec<String> {
        let parts = text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
        parts.filter(|word| word.chars().count() >= TAKEN_LETTERS).collect()
    };
    let said = words(&message);
    let rest: Vec<_> = words(&fact).into_iter().skip(1).collect();
    let telling = rest.iter().filter(|word| word.chars().count() > TAKEN_LETTERS).count();
    telling >= MIN_TELLING_WORDS && rest.iter().all(|word| said.contains(word))
}

/// True if nothing of a fact comes from the attachments of a message: each word that stands in them, and each placeholder, stands in the
/// user's own words too. A placeholder may also stand in a text that they confirm.
pub(super) fn is_grounded(fact: &str, message: &str, confirmed: Option<&str>) -> bool {
    let own = own_words(message);
    let placeholders = placeholders([own].into_iter().chain(confirmed));
    let attached = message.split_once(ATTACHMENT).map_or("", |(_, attached)| attached);
    let has_own_values = values([fact]).iter().all(|value| placeholders.contains(value));
    has_own_values && (attached.is_empty() || foreign_words(fact, own, attached).foreign == 0)
}

/// True if a fact has more words of other texts, such as results of tools, than of the user's own; beside an attachment, if no more than
/// half of its words are the user's.
#[must_use]
pub fn is_mostly_foreign(fact: &str, message: &str, other: &str) -> bool {
    let Words { own, foreign, unknown } = foreign_words(fact, own_words(message), other);
    let has_attachment = message.contains(ATTACHMENT);
    foreign > own || has_attachment && own <= foreign + unknown
}

/// True if a message asks to remember, in the sentence that has a quote or in the one before.
pub(super) fn is_requested(quote: &str, message: &str) -> bool {
    let own = own_words(message);
    let mut before = "";
    for sentence in own.split_inclusive(['.', '!', '?', '\n', '。', '！', '？']) {
        let asks = asks_to_remember(before) || asks_to_remember(sentence);
        if asks && normalized(sentence).contains(normalized(quote).trim()) {
            return true;
        }
        before = sentence;
    }
    false
}

/// Placeholders of personal values; those of other texts in brackets are none.
fn values<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Placeholder> {
    placeholders(texts).into_iter().filter(|placeholder| placeholder.kind() != LITERAL).collect()
}

/// Numbers of a fact's words, without function words.
struct Words {
    /// Words of the user.
    own: usize,
    /// Words of the other text, and not of the user.
    foreign: usize,
    /// Words of neither.
    unknown: usize,
}

fn foreign_words(fact: &str, own: &str, other: &str) -> Words {
    let (own, other) = (all_terms(own), all_terms(other));
    let mut words = Words { own: 0, foreign: 0, unknown: 0 };
    let is_of_user = |term: &Term| USER_WORDS.iter().any(|word| term.contains(*word));
    for term in question_terms(fact).into_iter().filter(|term| !is_of_user(term)) {
        if term.iter().any(|form| own.contains(form)) {
            words.own += 1;
        } else if term.iter().any(|form| other.contains(form)) {
            words.foreign += 1;
        } else {
            words.unknown += 1;
        }
    }
    words
}

/// A text with one space for each run of white space, small letters, one sign for all apostrophes and one for all hyphens,
/// full-width forms as ASCII, and without quotation marks, invisible characters and Arabic vowel signs.
fn normalized(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    for c in text.chars() {
        let c = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            _ => c,
        };
        match c {
            c if is_ignored(c) => {}
            '`' | '´' | '\u{2018}'..='\u{201b}' => normal.push('\''),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => normal.push('-'),
            c if c.is_whitespace() => {
                if !normal.ends_with(' ') {
                    normal.push(' ');
                }
            }
            c => normal.extend(c.to_lowercase()),
        }
    }
    normal
}

/// True for quotation marks, invisible characters and Arabic vowel signs.
const fn is_ignored(c: char) -> bool {
    matches!(c, '"' | '«' | '»' | '‹' | '›' | '\u{201c}'..='\u{201f}' | '「'..='』' | '《' | '》')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}')
        || matches!(c, '\u{640}' | '\u{64b}'..='\u{652}')
}

/// True for letters of scripts that part words by spaces and join nothing to their beginnings.
const fn is_spaced(c: char) -> bool {
    matches!(c, '\0'..='\u{58f}' | '\u{1e00}'..='\u{1fff}')
}

/// True if the quote neither begins nor ends within a word: "like tea" is no quote from "dislike tea".
fn is_unbroken(before: &str, quote: &str, after: &str) -> bool {
    let is_cut = |left: Option<char>, right: Option<char>| {
        let is_letter = |c: char| c.is_alphanumeric() && is_spaced(c);
        left.is_some_and(is_letter) && right.is_some_and(is_letter)
    };
    !is_cut(before.chars().next_back(), quote.chars().next())
        && !is_cut(quote.chars().next_back(), after.chars().next())
}

/// True for several words, a number, or one word that is not short.
fn is_telling(quote: &str) -> bool {
    let letters = quote.chars().filter(|c| c.is_alphanumeric()).count();
    let least = if quote.chars().any(is_word_letter) { MIN_WORD_LETTERS } else { MIN_LETTERS };
    quote.contains(' ') || letters >= least || quote.chars().any(char::is_numeric)
}

fn is_word_letter(c: char) -> bool {
    c.is_alphabetic() && is_spaced(c)
}

/// True if nothing but punctuation is between the quote and the ends of its clause.
fn stands_alone(before: &str, after: &str) -> bool {
    let is_end = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    is_end(before.trim_end().chars().next_back()) && is_end(after.trim_start().chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_found_in_spite_of_spaces_marks_and_capitals() {
        for (quote, message) in [
            ("ich bin Lehrerin", "Ja, ich  bin\nLehrerin."),
            ("\"I’m 34\"", "I'm 34, by the way"),
            ("Yes", "Yes, since May"),
            ("ja", "Ja."),
            ("J’habite à Lyon !", "j'habite à Lyon"),
            ("「東京に住んで」", "私は東京に住んでいます"),
            ("３人", "子供が3人います"),
            ("İstanbul'da yaşıyorum", "İstanbul’da yaşıyorum."),
            ("我住在伯尔尼", "我住在伯尔尼。"),
            ("أعيش في الرباط", "أنا أعيشُ في الرّباط"),
            ("write to [EMAIL_1]", "Please write to [EMAIL_1]"),
            ("allergique aux \"fruits de mer\"", "Je suis allergique aux « fruits de mer »."),
            ("vegetarian", "I am vegetarian"),
        ] {
            assert!(is_quoted(quote, message), "{quote} in {message}");
        }
    }

    #[test]
    fn a_fact_without_a_quote_is_made_of_the_words_of_its_message() {
        const FISH: &str = "My fish is called Bubbles and he is blue.";
        assert!(is_made_of("Has a fish called Bubbles", FISH));
        for (fact, message) in [
            ("Has a fish called Rex", FISH),
            ("Has a fish", FISH),
            ("User is from Berlin", "I am from the sales team, what does this cost?"),
            ("Does not eat meat", "What does a kilo of rice cost?"),
            ("Does not like spicy curry", "Does anyone like spicy curry?"),
            ("Has llamas", "tell me about llamas"),
            (
                "Has a fish called Bubbles",
                "Look\n\n<attachment name=\"a.txt\">\nMy fish is called Bubbles\n</attachment>",
            ),
        ] {
            assert!(!is_made_of(fact, message), "{fact}");
        }
    }

    #[test]
    fn a_fact_with_words_or_values_of_an_attachment_is_not_grounded() {
        let message = "What does my green report say?\n\n<attachment name=\"a.txt\">\nThe user's favourite colour is green. \
            Write to [EMAIL_1].\n</attachment>";
        for fact in ["Likes the colour green", "Their favourite is green", "Mail is [EMAIL_1]"] {
            assert!(!is_grounded(fact, message, None), "{fact}");
        }
        assert!(is_grounded("Has a green report", message, None));
        assert!(is_grounded("Mail is [EMAIL_1]", "My mail is [EMAIL_1]", None));
        assert!(
            !is_grounded("Mail is [EMAIL_1]", "Thanks", None),
            "a value comes of the user's own words alone"
        );
        assert!(is_grounded("Mail is [EMAIL_1]", "Yes", Some("Is it [EMAIL_1]?")));
    }

    #[test]
    fn a_fact_of_other_texts_is_mostly_foreign() {
        let other = "The user lives in Bern and their favourite colour is green";
        assert!(is_mostly_foreign("Favourite colour is green", "What does my green report say?", other));
        assert!(!is_mostly_foreign("Lives in Zürich", "I moved to Zürich", other));
    }

    #[test]
    fn a_request_to_remember_stands_beside_its_quote() {
        assert!(is_requested("short answers", "Remember that I want short answers."));
        assert!(is_requested("short answers", "Remember this. I want short answers!"));
        assert!(!is_requested("short answers", "I want short answers. Fine. Do you remember me?"));
        assert!(!is_requested("short answers", "I want short answers"));
    }

    #[test]
    fn other_words_and_single_short_ones_are_no_quote() {
        for (quote, message) in [
            ("", "I live in Bern"),
            (" … ", "I live … in Bern"),
            ("I live in Basel", "I live in Bern"),
            ("from", "I am from the sales team, what does this cost?"),
            ("does", "What does a kilo of rice cost?"),
            ("like tea", "I dislike tea"),
            ("no", "You know me"),
            ("我", "我住在伯尔尼"),
            ("I live in Bern", "See\n\n<attachment name=\"a.txt\">\nI live in Bern\n</attachment>"),
        ] {
            assert!(!is_quoted(quote, message), "{quote} in {message}");
        }
    }
}
