//! Context of work for one user.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::agenda::Agenda;
use super::rate::RateLimits;
use super::vault_state::VaultState;
use crate::auth::User;
use crate::chat::employee::Profile;
use crate::config::Config;
use crate::help_breaker::HelpBreaker;
use crate::limit::deployment::DeploymentSpending;
use crate::model::client::ModelClient;
use crate::model::known_models::KnownModels;
use crate::ports::{Platform, Ports};
use crate::time::Millis;

/// State of the account in memory: lost with the object, and rebuilt from its storage.
#[derive(Debug, Default)]
pub struct Account {
    /// The unlocked vault.
    pub vault: VaultState,
    /// Messages a minute, of the user and of each session.
    pub rates: RateLimits,
    /// The object's one alarm.
    pub agenda: Agenda,
    /// The employee whom the user talked to last with the user's limits, and the time of the read.
    pub profile: RefCell<Option<(Profile, Millis)>>,
    /// Spending of all users, as far as it is known here.
    pub deployment: Cell<DeploymentSpending>,
    /// Vectors of questions that failed.
    pub vectors: HelpBreaker,
    /// Answers of the deployment's recognizer that failed.
    pub recognizer: HelpBreaker,
    /// Health and dialects of the models, shared by the objects of an isolate.
    pub models: Rc<RefCell<KnownModels>>,
}

/// Everything that work for one user needs.
pub struct UserCtx<'a, P: Platform> {
    /// The user; without an access token in background work.
    pub user: &'a User,
    /// Configuration of the deployment.
    pub config: &'a Config,
    /// Ports of the platform.
    pub ports: &'a Ports<P>,
    /// The account's state in memory.
    pub account: &'a Account,
}

// Written by hand: a derive would ask the same of `P`.
impl<P: Platform> Clone for UserCtx<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Platform> Copy for UserCtx<'_, P> {}

impl<'a, P: Platform> UserCtx<'a, P> {
    /// A client of the deployment's providers.
    #[must_use]
    pub fn model_client(&self) -> ModelClient<'a, P::Http, P::Clock> {
        let Self { config, ports, account, .. } = *self;
        ModelClient { http: &ports.http, clock: &ports.clock, config, models: &account.models }
    }
}
