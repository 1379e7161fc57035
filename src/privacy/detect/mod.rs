//! Where personal data stands in a text: patterns, checksums where the number has one, and words beside it where digits
//! alone would be weak. Names and addresses have no pattern and are not found.

mod check;
mod contact;
pub mod custom;
mod date;
mod finding;
mod fold;
mod identity;
pub mod known;
mod money;
mod network;
mod number;
mod phone;
mod scan;
mod secret;
mod spelling;
#[cfg(test)]
mod tests;

pub use custom::Patterns;
use finding::Findings;
pub use finding::{Entity, Finding};
use fold::Folded;
pub use known::KnownValues;
use scan::Text;
pub use spelling::normal;

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
    let view = Text::new(&folded.bytes);
    let clues = view.clues();
    let mut found = Findings::default();
    scope.patterns.find(&view, &mut found);
    scope.known.find(&view, &mut found);
    contact::find(&view, &clues, scope.plain_urls, &mut found);
    secret::find(&view, &mut found);
    if clues.digits >= 4 || clues.colon {
        network::find(&view, &clues, &mut found);
    }
    if clues.digits >= 4 {
        money::find(&view, &mut found);
        identity::find(&view, &mut found);
        date::find(&view, &mut found);
        number::each(&view, |number| {
            money::number(number, &mut found);
            identity::number(number, &mut found);
            phone::number(number, &mut found);
        });
    }
    let mut findings = found.resolve();
    for finding in &mut findings {
        (finding.start, finding.end) = folded.original(text, finding.start, finding.end);
    }
    findings
}
