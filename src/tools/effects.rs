//! Effects of tools that become true when the turn is saved, together with it or not at all.

use crate::account::paid_call::ReservedCall;
use crate::chat::employee::PricedEmployee;
use crate::chat::usage::Usage;
use crate::files::NewFile;
use crate::memory::fact::NewFact;

/// Effects of one turn's tools.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// Facts to remember.
    pub facts: Vec<NewFact>,
    /// Requests to models that run, with the usage that is owed if they are not waited for.
    pub running_calls: Vec<(ReservedCall, Usage)>,
    /// Files that were made.
    pub files: Vec<NewFile>,
    /// The employee that takes over.
    pub hand_off: Option<PricedEmployee>,
}
