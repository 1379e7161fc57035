//! Detection of personal data in a text: by patterns, by checksums where a number has one, and by labels beside it where digits
//! alone would be weak. Names and addresses of people are found where the words around them say what they are, and names also by a
//! small trained model.

mod address;
mod check;
mod chinese;
mod class;
mod code;
mod contact;
mod credit;
pub mod custom;
mod date;
mod disguise;
mod document;
mod encoded;
mod finding;
mod fold;
mod given;
mod house;
mod iban;
mod identifier;
mod japanese;
pub mod known;
mod korean;
mod label;
mod lettered;
mod lexeme;
mod model;
mod money;
mod national;
mod network;
mod number;
mod password;
mod people;
mod person;
mod phone;
mod place;
mod plain;
mod plate;
mod recognized;
mod scan;
mod script;
mod secret;
mod seed;
mod signs;
mod spaced;
mod spelling;
mod table;
mod tagged;
mod tagger;
#[cfg(test)]
mod tests;
mod thing;
mod uncased;
mod vendor;
mod view;
mod vocabulary;
mod wallet;
mod words;

use class::{DIGIT, LOWER, UPPER};
pub use custom::{Patterns, is_kind};
use finding::Findings;
pub use finding::{Entity, Finding, Rule};
use fold::Folded;
pub use known::KnownValues;
pub use lexeme::STAND_IN;
pub use people::{Addresses, Names, People};
pub use recognized::Recognized;
use scan::{Text, Word};
pub use spelling::normal;
use vocabulary::Label;

/// The search beyond the built-in kinds.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Finds every web address, not only those that carry a secret.
    pub plain_urls: bool,
    /// The deployment's own patterns.
    pub patterns: &'a Patterns,
    /// Values that are already known of the user.
    pub known: &'a KnownValues,
    /// Names and addresses to look for.
    pub people: People,
    /// Values that a recognizer of the deployment has found in this text.
    pub recognized: &'a [Recognized],
}

impl<'a> Scope<'a> {
    /// The search for everything that is always masked: names and addresses among it, and no harmless web address.
    #[must_use]
    pub fn new(patterns: &'a Patterns, known: &'a KnownValues) -> Self {
        Self { plain_urls: false, patterns, known, people: People::default(), recognized: &[] }
    }
}

/// Kinds that a reading of a text looks for, beside those that it always does.
#[derive(Clone, Copy, Debug)]
struct Kinds {
    plain_urls: bool,
    people: People,
}

/// Finds personal data in `text`: spans in bytes that do not overlap, in order.
#[must_use]
pub fn find(text: &str, scope: &Scope<'_>) -> Vec<Finding> {
    let folded = Folded::new(text);
    let view = Text::new(&folded.text);
    let mut found = Findings::default();
    scope.patterns.find(&view, found.by("custom"));
    scope.known.find(&view, scope.people, found.by("known"));
    recognized::find(&view, scope.recognized, found.by("recognized"));
    let kinds = Kinds { plain_urls: scope.plain_urls, people: scope.people };
    let long = read(&view, kinds, &mut found);
    let mut findings = found.resolve();
    encoded(&view, &long, &mut findings);
    let disguised = Kinds { plain_urls: false, people: People::NOBODY };
    let again = |view: &Text<'_>, found: &mut Findings| drop(read(view, disguised, found));
    view::add_disguised(&view, again, &mut findings);
    for finding in &mut findings {
        (finding.start, finding.end) = folded.original(text, finding.start, finding.end);
    }
    findings
}

/// Adds values in words that are encoded as a whole.
fn encoded(view: &Text<'_>, long: &[Word], findings: &mut Vec<Finding>) {
    let inner = |plain: &str| {
        let mut found = Findings::default();
        read(&Text::new(plain), Kinds { plain_urls: false, people: People::NOBODY }, &mut found);
        found.resolve()
    };
    let mut found = Findings::default();
    for token in long {
        encoded::token(view, *token, inner, found.by("encoded"));
    }
    for mut one in found.resolve() {
        one.rule.is_disguised = true;
        view::take_over(findings, one);
    }
}

/// Shows a text to all detectors of built-in kinds. Returns the words that may be encoded texts.
fn read(view: &Text<'_>, kinds: Kinds, found: &mut Findings) -> Vec<Word> {
    let mut long = Vec::new();
    contact::find(view, kinds.plain_urls, found.by("contact"));
    password::find(view, found.by("password"));
    secret::private_keys(view, found.by("secret"));
    secret::told(view, found.by("secret"));
    code::find(view, found.by("code"));
    money::disguised_cards(view, found.by("money"));
    document::machine_lines(view, found.by("document"));
    plate::find(view, found.by("plate"));
    seed::find(view, found.by("seed"));
    date::numerals(view, found.by("date"));
    if kinds.people.names != Names::None {
        person::find(view, found.by("person"));
    }
    if kinds.people.names == Names::All {
        tagged::find(view, found.by("tagged"));
        uncased::find(view, found.by("uncased"));
    }
    if kinds.people.addresses == Addresses::All {
        address::find(view, found.by("address"));
    }
    let mut shown = 0;
    for token in view.tokens() {
        identifier::token(view, token, found.by("identifier"));
        secret::token(view, token, found.by("secret"));
        secret::headless_key(view, token, found.by("secret"));
        if token.len() >= encoded::SHORTEST && token.has(LOWER | UPPER) {
            long.push(token);
        }
        if token.has(DIGIT) {
            view.words(token, shown).for_each(|word| show(view, word, found));
            shown = token.end;
        }
    }
    if view.signs.digits >= 1 && view.signs.colons.len() >= 2 {
        network::ipv6(view, found.by("network"));
    }
    if view.signs.digits >= 6 {
        number::each(view, |number| {
            money::number(number, found.by("money"));
            iban::number(number, found.by("iban"));
            national::number(number, found.by("national"));
            lettered::number(number, found.by("lettered"));
            phone::number(number, found.by("phone"));
        });
    }
    long
}

/// Passes a word to the detectors that know words by their form.
fn show(text: &Text<'_>, word: Word, found: &mut Findings) {
    iban::word(text, word, found.by("iban"));
    if word.has(DIGIT) {
        wallet::word(text, word, found.by("wallet"));
        network::ipv4(text, word, found.by("network"));
    }
    document::word(text, word, found.by("document"));
    network::mac(text, word, found.by("network"));
    lettered::word(text, word, found.by("lettered"));
    if text.has(Label::Birth) {
        date::word(text, word, found.by("date"));
    }
}
