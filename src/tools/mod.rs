//! What employees can do besides talk.
#![doc = include_str!("../../docs/tools.md")]
#![allow(async_fn_in_trait)] // every caller is generic: nobody needs the futures to be `Send`

use std::cell::RefCell;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::auth::User;
use crate::config::Config;
use crate::employee::Employee;
use crate::model::price::Price;
use crate::ports::{Ports, World};
use crate::time::Millis;

pub mod approval;
pub mod call;
pub mod effects;
pub mod remote;
pub mod run;
pub mod schema;
pub mod toolbox;

mod calculator;
mod forget;
mod hand_over;
pub mod ocr;
mod recall;
mod remember;
mod sheet_export;

use self::effects::Effects;
use self::remote::Remotes;

/// A tool of Frontdesk's own.
pub trait Tool {
    /// What the model calls it by: letters, digits and `_`.
    const NAME: &'static str;
    /// What it is for, as the model is told.
    const DESCRIPTION: &'static str;
    /// What it needs.
    const NEEDS: Needs = Needs::NOTHING;
    /// What it takes. The schema that the model gets is made of it; fields that it does not have are refused.
    type Arguments: DeserializeOwned + JsonSchema;

    /// What is to be said of it besides, for one employee.
    #[must_use]
    fn note(_employee: &Employee) -> Option<String> {
        None
    }

    /// Runs. What it returns is masked before anybody sees it.
    ///
    /// # Errors
    /// [`Sorry`], which the model reads.
    async fn run<W: World>(arguments: Self::Arguments, bench: &Bench<'_, W>) -> Result<Value, Sorry>;
}

/// What a tool needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Its arguments have the user's values in the place of their tokens.
    pub values: bool,
    /// What it returns comes from where everything is masked: tokens in it are tokens.
    pub is_masked: bool,
    /// It changes something that the user cares for: they are asked first.
    pub approval: bool,
    /// How long it may take, in milliseconds.
    pub within: Millis,
    /// Tokens that its result may have.
    pub most_tokens: u32,
}

impl Needs {
    /// What a tool needs that says nothing.
    pub const NOTHING: Self =
        Self { values: false, is_masked: false, approval: false, within: 10_000, most_tokens: 1500 };
}

/// Why a tool did not do it: a sentence for the model, which says what to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorry(pub String);

impl<T: Into<String>> From<T> for Sorry {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

/// Where a tool works: whose turn it is, and what it may touch.
pub struct Bench<'a, W: World> {
    /// Whose turn it is.
    pub user: &'a User,
    /// In which session.
    pub session: Uuid,
    /// The message that is answered.
    pub question: Uuid,
    /// What it says, masked.
    pub message: &'a str,
    /// When it came.
    pub asked_at: Millis,
    /// Whether it may be remembered.
    pub remember: bool,
    /// The employee who calls.
    pub employee: &'a Employee,
    /// What its model costs, if that is known.
    pub price: Option<Price>,
    /// The deployment.
    pub config: &'a Config,
    /// The world.
    pub ports: &'a Ports<W>,
    /// What is known of remote servers.
    pub remotes: &'a Remotes,
    /// What is left to the turn to do when it is saved.
    pub effects: &'a RefCell<Effects>,
}

/// Lists the tools: each has one file, and its name here.
macro_rules! registry {
    ($($tool:ty),+ $(,)?) => {
        /// The definitions of all tools, as that employee has them.
        fn definitions(employee: &Employee) -> Vec<toolbox::Definition> {
            vec![$(toolbox::Definition::of::<$tool>(employee)),+]
        }

        /// What is wrong with the arguments of a tool, if anything is.
        fn check_named(name: &str, arguments: &Value) -> Option<String> {
            match name {
                $(<$tool>::NAME => run::check::<$tool>(arguments),)+
                _ => None,
            }
        }

        /// Runs a tool by its name; `None` when there is none of that name.
        async fn run_named<W: World>(
            name: &str,
            arguments: &Value,
            bench: &Bench<'_, W>,
        ) -> Option<Result<Value, run::Trouble>> {
            match name {
                $(<$tool>::NAME => Some(run::typed::<$tool, W>(arguments, bench).await),)+
                name => remote::call(name, arguments, bench).await.map(|result| result.map_err(run::Trouble::Sorry)),
            }
        }
    };
}

registry![
    calculator::Calculator,
    recall::Recall,
    remember::Remember,
    forget::Forget,
    hand_over::HandOver,
    sheet_export::SheetExport,
    ocr::Ocr,
];
