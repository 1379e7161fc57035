//! Where personal data stands in a text: patterns, checksums where the number has one, and words beside it where digits
//! alone would be weak. Names and addresses have no pattern and are not found.

mod check;
mod contact;
pub mod custom;
mod date;
mod document;
mod finding;
mod fold;
mod iban;
pub mod known;
mod label;
mod lettered;
mod money;
mod national;
mod network;
mod number;
mod password;
mod phone;
mod scan;
mod secret;
mod signs;
mod spelling;
mod table;
#[cfg(test)]
mod tests;
mod vendor;
mod vocabulary;
mod wallet;

pub use custom::Patterns;
use finding::Findings;
pub use finding::{Entity, Finding};
use fold::Folded;
pub use known::KnownValues;
use scan::{DIGIT, Text, Word};
pub use spelling::normal;
use vocabulary::Label;

/// What stands for a value while a draft is searched: it is no letter, no digit and no sign that a detector knows, so that
/// what is found does not depend on which placeholder a value will get.
pub const STAND_IN: char = '\u{fffc}';

/// What to look for besides the kinds that are built in.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Every web address, or only those that carry a secret.
    pub plain_urls: bool,
    /// The deployment's own patterns.
    pub patterns: &'a Patterns,
    /// What is known of the user already.
    pub known: &'a KnownValues,
}

/// Finds what is personal in `text`: spans in bytes that do not overlap, in order.
#[must_use]
pub fn find(text: &str, scope: &Scope<'_>) -> Vec<Finding> {
    let folded = Folded::new(text);
    let view = Text::new(&folded.text);
    let mut found = Findings::default();
    scope.patterns.find(&view, &mut found);
    scope.known.find(&view, &mut found);
    contact::find(&view, scope.plain_urls, &mut found);
    password::find(&view, &mut found);
    secret::private_keys(&view, &mut found);
    secret::told(&view, &mut found);
    let mut shown = 0;
    for token in view.tokens() {
        secret::token(&view, token, &mut found);
        if token.has(DIGIT) {
            view.words(token, shown).for_each(|word| show(&view, word, &mut found));
            shown = token.end;
        }
    }
    if view.signs.digits >= 1 && view.signs.colons.len() >= 2 {
        network::ipv6(&view, &mut found);
    }
    if view.signs.digits >= 6 {
        number::each(&view, |number| {
            money::number(number, &mut found);
            national::number(number, &mut found);
            lettered::number(number, &mut found);
            phone::number(number, &mut found);
        });
    }
    let mut findings = found.resolve();
    for finding in &mut findings {
        (finding.start, finding.end) = folded.original(text, finding.start, finding.end);
    }
    findings
}

/// Shows a word to those who know words by what they are made of.
fn show(text: &Text<'_>, word: Word, found: &mut Findings) {
    if word.has(DIGIT) {
        iban::word(text, word, found);
        wallet::word(text, word, found);
        network::ipv4(text, word, found);
    }
    document::word(text, word, found);
    network::mac(text, word, found);
    lettered::word(text, word, found);
    if text.has(Label::Birth) {
        date::word(text, word, found);
    }
}
