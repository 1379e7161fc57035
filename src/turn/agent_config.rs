//! Configuration of the agent loop: the employee that answers, with its tools and limits.

use crate::chat::employee::{PricedEmployee, Profile};
use crate::chat::limits::UserLimits;
use crate::model::body_message::StepEcho;
use crate::model::options::ModelOptions;
use crate::prompt::assemble::RecalledAt;
use crate::session::cache::SessionCache;
use crate::tools::tool_set::ToolSet;

/// The employee that answers, with its tools and limits.
#[derive(Debug)]
pub(super) struct AgentConfig {
    /// The employee and the prices of its models.
    pub(super) employee: PricedEmployee,
    /// Tools of the employee.
    pub(super) tools: ToolSet,
    /// Limits of the user over all sessions.
    pub(super) limits: UserLimits,
    /// Steps that the answer had before its approval.
    pub(super) steps: u32,
    /// Calls before the step that is resumed.
    pub(super) earlier_calls: usize,
    /// Recalled memories in the prompt, as long as they stand there.
    pub(super) recalled_at: Option<RecalledAt>,
    /// Parts of the running step that go back to its model alone.
    pub(super) echo: Option<StepEcho>,
}

impl AgentConfig {
    /// The configuration of a new answer.
    pub(super) fn new(cache: &SessionCache, tools: ToolSet) -> Self {
        Self::of_profile(Profile { employee: cache.employee.clone(), limits: cache.limits }, tools)
    }

    /// The configuration within a client's options.
    pub(super) fn within(mut self, options: &ModelOptions) -> Self {
        let employee = &mut self.employee.employee;
        employee.max_output_tokens = options.output_limit(employee.max_output_tokens);
        self
    }

    /// The configuration of a new answer outside of a session.
    pub(super) fn of_profile(profile: Profile, tools: ToolSet) -> Self {
        Self {
            employee: profile.employee,
            tools,
            limits: profile.limits,
            steps: 0,
            earlier_calls: 0,
            recalled_at: None,
            echo: None,
        }
    }
}
