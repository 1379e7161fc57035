//! The User Durable Object: one per user, where what is the same in all of their sessions lives.

use std::rc::Rc;

use pii::mask::Author;
use serde::Serialize;
use uuid::Uuid;
use worker::{DurableObject, Env, Request, Response, State, durable_object, wasm_bindgen};

use super::clock::EdgeClock;
use super::database::PostgRest;
use super::log;
use super::model::OpenAi;
use super::strongbox::SqliteStrongbox;
use super::users::UserCall;
use crate::config::Config;
use crate::document::keep::{Kept, SavedDocument, keep};
use crate::error::Error;
use crate::memory::import::import;
use crate::ports::{Clock, Strongbox};
use crate::user::books;
use crate::user::chores::{self, REST};
use crate::user::record::Refused;
use crate::user::vault::{self, DELIVER_WITHIN, Ports, UserState};

/// See the module's documentation.
#[durable_object]
pub struct User {
    platform: State,
    desk: Result<Rc<Desk>, Error>,
}

/// What a call needs, shared with the work that outlives it.
struct Desk {
    config: Rc<Config>,
    state: UserState,
    ports: Ports<PostgRest, SqliteStrongbox, OpenAi, EdgeClock>,
}

impl DurableObject for User {
    fn new(platform: State, env: Env) -> Self {
        let desk = super::config(&env).map(|config| {
            let strongbox = SqliteStrongbox::new(platform.storage());
            let (database, model) = (PostgRest(Rc::clone(&config)), OpenAi(Rc::clone(&config)));
            let ports = Ports { database, strongbox, model, clock: EdgeClock };
            Rc::new(Desk { config, state: UserState::default(), ports })
        });
        Self { platform, desk }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let call = serde_json::from_str(&request.text().await?);
        let Ok(desk) = self.desk.clone() else { return answer(&Err::<(), _>(failed("misconfigured"))) };
        let Desk { config, state, ports } = &*desk;
        match call {
            Ok(UserCall::Mask { user, text, shown }) => {
                let author = shown.as_deref().map_or(Author::Outside, Author::Model);
                let hidden = vault::mask(state, &user, &text, author, config, ports).await;
                let desk = Rc::clone(&desk);
                self.platform.wait_until(async move { desk.deliver().await });
                answer(&hidden)
            }
            Ok(UserCall::Reveal { user, tokens }) => {
                answer(&vault::reveal(state, &user, &tokens, config, ports).await)
            }
            Ok(UserCall::FileKey { user, file }) => {
                answer(&vault::file_key(state, &user, file, config, ports).await)
            }
            Ok(UserCall::Reserve { user, wanted }) => {
                answer(&books::reserve(state, &user, &wanted, config, ports).await)
            }
            Ok(UserCall::Settle { entry }) => answer(&ports.strongbox.settle(&entry).map_err(Refused::from)),
            Ok(UserCall::Remember { user, saved }) => {
                state.chores.add(saved);
                self.catch_up_later(desk.clone(), user).await;
                answer(&Ok::<_, Refused>(()))
            }
            Ok(UserCall::Import { user, employee, messages }) => {
                let imported = import(state, &user, &employee, messages, config, ports).await;
                // When the last batch of an import is some seconds ago: until then each puts it off.
                ports.strongbox.wake_at(EdgeClock.now() + DELIVER_WITHIN).await;
                answer(&imported)
            }
            Ok(UserCall::Keep { user, upload }) => {
                let kept = keep(state, &user, upload, config, ports).await;
                if let Ok(Kept::Saved(SavedDocument { document: Some(_), .. }, _)) = &kept {
                    self.catch_up_later(desk.clone(), user.id).await;
                }
                let desk = Rc::clone(&desk);
                self.platform.wait_until(async move { desk.deliver().await });
                answer(&kept)
            }
            Ok(UserCall::Erase) => answer(&vault::erase(state, &ports.strongbox).map_err(Refused::from)),
            Err(error) => answer(&Err::<(), _>(failed(&format!("{:?}", error.classify())))),
        }
    }

    async fn alarm(&self) -> worker::Result<Response> {
        if let Ok(desk) = &self.desk {
            desk.deliver().await;
            if let Ok(Some((user, _))) = desk.ports.strongbox.kept() {
                desk.state.chores.rest();
                desk.catch_up(user).await;
            }
        }
        Response::empty()
    }
}

impl User {
    /// Does what can be done when this call is answered; and the rest, or all of it should the object die before, when the user's
    /// conversations rest.
    async fn catch_up_later(&self, desk: Rc<Desk>, user: Uuid) {
        desk.ports.strongbox.wake_at(EdgeClock.now() + REST).await;
        self.platform.wait_until(async move { desk.catch_up(user).await });
    }
}

impl Desk {
    /// Does what there is to do.
    async fn catch_up(&self, user: Uuid) {
        if let Err(fault) = chores::catch_up(&self.state, user, &self.config, &self.ports).await {
            log::fault(&fault);
        }
    }

    /// Delivers what waits.
    async fn deliver(&self) {
        if let Err(fault) = vault::deliver(&self.state, &self.ports).await {
            log::fault(&fault);
        }
    }
}

fn failed(cause: &str) -> Refused {
    Refused::Failed(format!("user object: {cause}"))
}

fn answer<T: Serialize>(outcome: &Result<T, Refused>) -> worker::Result<Response> {
    Response::from_json(outcome)
}
