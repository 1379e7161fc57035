//! Where personal data stands in a text: patterns, checksums where the number has one, and words beside it where digits
//! alone would be weak. Names and addresses have no pattern and are not found.

mod check;
mod contact;
mod date;
mod finding;
mod fold;
mod identity;
mod money;
mod network;
mod number;
mod phone;
mod scan;
mod secret;
#[cfg(test)]
mod tests;

use finding::Findings;
pub use finding::{Entity, Finding};
use fold::Folded;
use scan::Text;

/// Finds what is personal in `text`: spans in bytes that do not overlap, in order.
#[must_use]
pub fn find(text: &str) -> Vec<Finding> {
    let folded = Folded::new(text);
    let view = Text::new(&folded.bytes);
    let clues = view.clues();
    let mut found = Findings::default();
    contact::find(&view, &clues, &mut found);
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
