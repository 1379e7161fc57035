//! Effects of tools that become true when the turn is saved, together with it or not at all.

use crate::chat::employee::PricedEmployee;
use crate::chat::usage::Usage;
use crate::files::NewFile;
use crate::memory::fact::NewFact;

/// Effects of one turn's tools.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// Facts to remember.
    pub facts: Vec<NewFact>,
    /// Usage and cost in US dollars of models that tools asked.
    pub spent: Vec<(Usage, Option<f64>)>,
    /// Files that were made.
    pub files: Vec<NewFile>,
    /// The employee that takes over.
    pub hand_off: Option<PricedEmployee>,
}
