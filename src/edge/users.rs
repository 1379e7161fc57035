//! The User object as others call it.

use pii::mask::Author;
use pii::placeholder::Placeholder;
use pii::seal::FileKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use worker::Env;
use worker::wasm_bindgen::JsValue;

use super::platform::ask;
use crate::auth::User;
use crate::document::keep::Kept;
use crate::document::upload::Upload;
use crate::limit::bucket::Standing;
use crate::limit::quota::Entry;
use crate::memory::import::{Imported, Said};
use crate::ports::UserObject;
use crate::user::chores::Saved;
use crate::user::record::{Hidden, Refused, Wanted};

/// The binding of the User objects in `wrangler.toml`.
const USERS: &str = "USER";

/// What a User object is asked.
#[derive(Serialize, Deserialize)]
pub(super) enum UserCall {
    /// See [`UserObject::mask`].
    Mask {
        /// Whose object this is.
        user: User,
        /// What is to be masked.
        text: String,
        /// The tokens that its author was shown, if that is a model.
        shown: Option<Vec<Placeholder>>,
    },
    /// See [`UserObject::reveal`].
    Reveal {
        /// Whose object this is.
        user: User,
        /// Those in question.
        tokens: Vec<Placeholder>,
    },
    /// See [`UserObject::file_key`].
    FileKey {
        /// Whose object this is.
        user: User,
        /// The file.
        file: Uuid,
    },
    /// See [`UserObject::reserve`].
    Reserve {
        /// Whose object this is.
        user: User,
        /// What is to begin.
        wanted: Wanted,
    },
    /// See [`UserObject::settle`].
    Settle {
        /// What was spent.
        entry: Entry,
    },
    /// See [`UserObject::remember`].
    Remember {
        /// Whose object this is.
        user: Uuid,
        /// What was saved.
        saved: Saved,
    },
    /// Stores messages from elsewhere.
    Import {
        /// Whose object this is.
        user: User,
        /// With whom the conversations were.
        employee: String,
        /// What was said.
        messages: Vec<Said>,
    },
    /// See [`UserObject::keep`].
    Keep {
        /// Whose object this is.
        user: User,
        /// What was uploaded.
        upload: Upload,
    },
    /// Destroys the vault and the books.
    Erase,
}

/// The users' objects.
pub(super) struct UserObjects(pub(super) Env);

impl UserObjects {
    /// Destroys the vault of a user.
    pub(super) async fn erase(&self, user: &User) -> Result<(), Refused> {
        self.call(user.id, &UserCall::Erase).await
    }

    /// Stores messages from elsewhere.
    pub(super) async fn import(
        &self,
        user: &User,
        employee: &str,
        messages: Vec<Said>,
    ) -> Result<Imported, Refused> {
        let employee = employee.to_owned();
        self.call(user.id, &UserCall::Import { user: user.clone(), employee, messages }).await
    }

    async fn call<T: DeserializeOwned>(&self, user: Uuid, call: &UserCall) -> Result<T, Refused> {
        let failed = |error: &dyn std::fmt::Debug| Refused::Failed(format!("user object: {error:?}"));
        let users = self.0.durable_object(USERS).map_err(|error| failed(&error))?;
        let stub =
            users.get_by_name(&user.to_string()).map_err(|error| failed(&error))?.into_rpc::<JsValue>();
        let call = serde_json::to_string(call).map_err(|error| failed(&error.classify()))?;
        // What is thrown may quote what was sent.
        let answer = ask(&stub, &call).await.map_err(|_| failed(&"no answer"))?;
        let answer = answer.as_string().unwrap_or_default();
        serde_json::from_str::<Result<T, Refused>>(&answer).map_err(|error| failed(&error.classify()))?
    }
}

impl UserObject for UserObjects {
    async fn mask(&self, user: &User, text: &str, author: Author<'_>) -> Result<Hidden, Refused> {
        let shown = match author {
            Author::Outside => None,
            Author::Model(shown) => Some(shown.to_vec()),
        };
        self.call(user.id, &UserCall::Mask { user: user.clone(), text: text.to_owned(), shown }).await
    }

    async fn reveal(
        &self,
        user: &User,
        tokens: &[Placeholder],
    ) -> Result<Vec<(Placeholder, String)>, Refused> {
        self.call(user.id, &UserCall::Reveal { user: user.clone(), tokens: tokens.to_vec() }).await
    }

    async fn file_key(&self, user: &User, file: Uuid) -> Result<FileKey, Refused> {
        self.call(user.id, &UserCall::FileKey { user: user.clone(), file }).await
    }

    async fn keep(&self, user: &User, upload: Upload) -> Result<Kept, Refused> {
        self.call(user.id, &UserCall::Keep { user: user.clone(), upload }).await
    }

    async fn reserve(&self, user: &User, wanted: &Wanted) -> Result<Option<Standing>, Refused> {
        self.call(user.id, &UserCall::Reserve { user: user.clone(), wanted: wanted.clone() }).await
    }

    async fn settle(&self, user: Uuid, entry: &Entry) -> Result<(), Refused> {
        self.call(user, &UserCall::Settle { entry: entry.clone() }).await
    }

    async fn remember(&self, user: Uuid, saved: Saved) -> Result<(), Refused> {
        self.call(user, &UserCall::Remember { user, saved }).await
    }
}
