//! The user's object: one for each user, which owns everything that must be serial or hot.
//!
//! It is core code over [`crate::ports`]. The Worker, the native tests and the simulator run this same object. Its requests come in
//! through `Object::handle` (in [`crate::api`], with the routes), its alarm through [`Object::alarm`].

mod alarm;
mod background;
mod background_state;
mod complete;
mod delete_session;
mod deliver;
mod erase;
mod erasure_state;
mod object;
mod run_turn;
mod session_table;

pub use self::complete::{CompletionForm, CompletionReply, CompletionRequest};
pub use self::delete_session::DeletedSession;
pub use self::object::Object;
pub use self::run_turn::{EventStream, TurnReply};
