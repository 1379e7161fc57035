//! Completions in the form of OpenAI's API: of a session, or of a conversation that the client keeps.

use std::rc::Rc;

use futures::channel::oneshot;
use uuid::Uuid;

use super::Object;
use super::run_turn::EventStream;
use crate::auth::User;
use crate::error::{Code, Error, Fault};
use crate::ids;
use crate::limit::status::LimitStatus;
use crate::ports::{Clock, Host, Platform};
use crate::session::state::SessionOf;
use crate::session::subscribers::CompletionReader;
use crate::stream::openai_chunks::{ChunkEncoder, CompletionCollector, UsageChunk};
use crate::turn::prepare::PreparedTurn;
use crate::turn::request::{ClientConversation, ClientResults, TurnRequest};

/// A request for a completion.
#[derive(Clone, PartialEq, Eq)]
pub enum CompletionRequest {
    /// Continues a conversation that the client keeps.
    Conversation(ClientConversation),
    /// Answers a message of a session.
    Message(TurnRequest),
    /// Continues an answer of a session with the results of the client's tools.
    Results(ClientResults),
}

/// Form of a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionForm {
    /// Chunks as they come.
    Chunks(UsageChunk),
    /// One JSON object at the end.
    Whole,
}

/// The answer to a request for a completion.
pub enum CompletionReply<P: Platform> {
    /// Chunks as they come.
    Chunks(EventStream<P>),
    /// The whole completion as one JSON object, with the state of the limits that hold.
    Whole(String, LimitStatus),
}

impl<P: Platform> Object<P> {
    /// Completes a conversation.
    ///
    /// # Errors
    /// As [`crate::turn::TurnCtx::prepare`] and [`crate::turn::TurnCtx::prepare_client_turn`]; for a whole completion also the failure
    /// of the turn.
    pub async fn complete(
        self: &Rc<Self>,
        user: &User,
        request: CompletionRequest,
        form: CompletionForm,
    ) -> Result<CompletionReply<P>, Error> {
        self.refuse_during_erasure()?;
        let began = self.ports.clock.now();
        let (session, prepared) = match request {
            CompletionRequest::Conversation(conversation) => {
                let session = self.session(ids::random(&self.ports.clock));
                let prepared = self.prepare_conversation(user, &session, conversation).await;
                if prepared.is_err() {
                    self.sessions.remove(session.id);
                }
                (session, prepared)
            }
            CompletionRequest::Message(request) => {
                self.refuse_during_deletion(request.session_id)?;
                let session = self.session(request.session_id);
                let prepared = self.turn(user, &session).prepare(request).await;
                self.rebuild_memory_later(user);
                (session, prepared)
            }
            CompletionRequest::Results(results) => {
                self.refuse_during_deletion(results.session_id)?;
                let session = self.session(results.session_id);
                let prepared = self.turn(user, &session).resume_with_results(results).await;
                (session, prepared)
            }
        };
        self.deliver_vault_later(user);
        let prepared = prepared?;
        let limits = prepared.limits();
        match form {
            CompletionForm::Chunks(usage) => {
                let (stream, readable) = self.ports.host.open_stream();
                let encoder = ChunkEncoder::new(usage, began);
                session.subscribers.add_completion(CompletionReader::Chunks(stream, encoder));
                let prepared_in = Some(self.ports.clock.now().saturating_sub(began));
                self.begin(user.clone(), session, prepared);
                Ok(CompletionReply::Chunks(EventStream { readable, prepared_in, limits }))
            }
            CompletionForm::Whole => {
                let (whole, is_whole) = oneshot::channel();
                let collector = CompletionCollector::new(began);
                session.subscribers.add_completion(CompletionReader::Whole(whole, collector));
                self.begin(user.clone(), session, prepared);
                let gone = |_| Fault::new(Code::Interrupted, "the turn ended without an answer");
                Ok(CompletionReply::Whole(is_whole.await.map_err(gone)??, limits))
            }
        }
    }

    async fn prepare_conversation(
        &self,
        user: &User,
        session: &SessionOf<P>,
        conversation: ClientConversation,
    ) -> Result<PreparedTurn, Error> {
        // A session that has no turns: it caches the employee for the next requests.
        let cached = self.session(Uuid::new_v5(&user.id, conversation.employee.as_bytes()));
        let profile = self.turn(user, &cached).profile(&conversation.employee).await?;
        self.turn(user, session).prepare_client_turn(conversation, profile).await
    }
}
