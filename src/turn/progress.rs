//! Progress of an answer at any moment, for any end of the turn.

use std::cell::RefCell;

use crate::chat::usage::Usage;
use crate::model::completion::Completion;
use crate::session::approval::PendingApproval;
use crate::session::in_flight::PartialAnswer;
use crate::time::Millis;
use crate::tools::effects::Effects;

/// Usage and cost of finished steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StepCost {
    /// Tokens of finished steps.
    pub(super) usage: Usage,
    /// US dollars; `None` as soon as one step's price is unknown.
    pub(super) cost_usd: Option<f64>,
}

impl StepCost {
    /// No step yet.
    pub(super) const NONE: Self = Self { usage: Usage::NONE, cost_usd: Some(0.0) };

    fn plus(mut self, usage: &Usage, cost_usd: Option<f64>) -> Self {
        self.usage.add(usage);
        self.cost_usd = self.cost_usd.zip(cost_usd).map(|(all, one)| all + one);
        self
    }
}

/// Progress of an answer.
#[derive(Debug, Default)]
pub(super) struct TurnProgress {
    /// The answer so far, without the running step.
    pub(super) answer: PartialAnswer,
    /// The completion of the running step.
    pub(super) completion: Completion,
    /// Tokens that the model reads in the running step.
    pub(super) prompt_tokens: u32,
    /// Usage and cost of the steps before; `None` before the first.
    pub(super) spent: Option<StepCost>,
    /// Requests of the steps before.
    pub(super) attempts: u32,
    /// Arrival of the answer's first token.
    pub(super) first_token_at: Option<Millis>,
    /// Effects of tools, which become true with the turn's record.
    pub(super) effects: RefCell<Effects>,
    /// The approval that the answer waits for.
    pub(super) pending_approval: Option<PendingApproval>,
}

impl TurnProgress {
    /// Adds the usage of a step.
    pub(super) fn add_cost(&mut self, usage: &Usage, cost_usd: Option<f64>) {
        self.spent = Some(self.spent.unwrap_or(StepCost::NONE).plus(usage, cost_usd));
    }
}
