//! Attempts that were paid and brought no answer: each is booked apart from the request whose next attempt follows.

use uuid::Uuid;

use super::UserCtx;
use super::ledger::recheck;
use super::paid_call::{BilledAccount, CallBill, ReservedCall};
use crate::chat::usage::Usage;
use crate::error::Fault;
use crate::limit::quota::Scoped;
use crate::model::completion::{CompletionObserver, DeltaFrom, LostAttempt};
use crate::model::pace::Readers;
use crate::ports::Platform;

/// The request whose attempts are booked.
pub struct LostAttempts<'a, P: Platform> {
    ctx: UserCtx<'a, P>,
    /// Bill of the request. An attempt is billed for its own model, at that model's price.
    bill: CallBill,
    /// Reservation of the request.
    reservation: Uuid,
    /// Usage of the prompt, where the provider reports none.
    prompt: Usage,
}

impl<'a, P: Platform> LostAttempts<'a, P> {
    /// Attempts of a request beside the turns.
    #[must_use]
    pub fn of_call(ctx: UserCtx<'a, P>, call: &ReservedCall, prompt: Usage) -> Self {
        Self::new(ctx, call.bill().clone(), call.id, prompt)
    }

    /// Attempts of a request within a reservation.
    #[must_use]
    pub const fn new(ctx: UserCtx<'a, P>, bill: CallBill, reservation: Uuid, prompt: Usage) -> Self {
        Self { ctx, bill, reservation, prompt }
    }

    /// Books an attempt, and checks that the budget suffices for another.
    ///
    /// # Errors
    /// `budget_exceeded`, `internal`.
    pub fn book(&self, lost: &LostAttempt<'_>) -> Result<(), Fault> {
        let Self { ctx, bill, .. } = self;
        let account = BilledAccount { price: lost.candidate.price, ..bill.account.clone() };
        let bill = CallBill { account, model: lost.candidate.model.clone(), ..bill.clone() };
        let call = bill.begun_at(ctx, lost.began);
        call.book_failed(ctx, &lost.usage_or(self.prompt), lost.error)?;
        let BilledAccount { user_budget, employee_budget, .. } = &self.bill.account;
        let budgets = Scoped { user: user_budget, employee: employee_budget };
        recheck(ctx, self.reservation, budgets).map_err(|error| error.into_fault("another attempt"))
    }
}

impl<P: Platform> CompletionObserver for LostAttempts<'_, P> {
    fn on_delta(&mut self, _: DeltaFrom<'_>) -> Readers {
        Readers::Absent
    }

    fn on_lost(&mut self, lost: &LostAttempt<'_>) -> Result<(), Fault> {
        self.book(lost)
    }
}
