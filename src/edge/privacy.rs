//! The User object as others call it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use worker::Env;
use worker::wasm_bindgen::JsValue;

use super::platform::ask;
use crate::auth::User;
use crate::ports::Privacy;
use crate::privacy::mask::Author;
use crate::privacy::token::Token;
use crate::user::record::{Hidden, Refused};

/// The binding of the User objects in `wrangler.toml`.
const USERS: &str = "USER";

/// What a User object is asked.
#[derive(Serialize, Deserialize)]
pub(super) enum UserCall {
    /// See [`Privacy::mask`].
    Mask {
        /// Whose object this is.
        user: User,
        /// What is to be masked.
        text: String,
        /// The tokens that its author was shown, if that is a model.
        shown: Option<Vec<Token>>,
    },
    /// See [`Privacy::reveal`].
    Reveal {
        /// Whose object this is.
        user: User,
        /// Those in question.
        tokens: Vec<Token>,
    },
    /// Destroys the vault.
    Erase,
}

/// The users' objects.
pub(super) struct UserObjects(pub(super) Env);

impl UserObjects {
    /// Destroys the vault of a user.
    pub(super) async fn erase(&self, user: &User) -> Result<(), Refused> {
        self.call(user, &UserCall::Erase).await
    }

    async fn call<T: DeserializeOwned>(&self, user: &User, call: &UserCall) -> Result<T, Refused> {
        let failed = |error: &dyn std::fmt::Debug| Refused::Failed(format!("user object: {error:?}"));
        let users = self.0.durable_object(USERS).map_err(|error| failed(&error))?;
        let stub =
            users.get_by_name(&user.id.to_string()).map_err(|error| failed(&error))?.into_rpc::<JsValue>();
        let call = serde_json::to_string(call).map_err(|error| failed(&error.classify()))?;
        // What is thrown may quote what was sent.
        let answer = ask(&stub, &call).await.map_err(|_| failed(&"no answer"))?;
        let answer = answer.as_string().unwrap_or_default();
        serde_json::from_str::<Result<T, Refused>>(&answer).map_err(|error| failed(&error.classify()))?
    }
}

impl Privacy for UserObjects {
    async fn mask(&self, user: &User, text: &str, author: Author<'_>) -> Result<Hidden, Refused> {
        let shown = match author {
            Author::Outside => None,
            Author::Model(shown) => Some(shown.to_vec()),
        };
        self.call(user, &UserCall::Mask { user: user.clone(), text: text.to_owned(), shown }).await
    }

    async fn reveal(&self, user: &User, tokens: &[Token]) -> Result<Vec<(Token, String)>, Refused> {
        self.call(user, &UserCall::Reveal { user: user.clone(), tokens: tokens.to_vec() }).await
    }
}
