//! The second state of a turn: the answer, from the first event to the last.

use std::pin::pin;

use futures::channel::oneshot;
use futures::future::{Either, select};
use pii::url_guard::GuardedText;

use super::TurnCtx;
use super::agent_loop::AgentLoop;
use super::finish::{FinishedTurn, Outcome};
use super::log_writer::LogWriter;
use super::prepare::PreparedTurn;
use super::progress::TurnProgress;
use super::url_guards::UrlGuards;
use crate::error::Fault;
use crate::ports::Platform;
use crate::stream::client_event::ClientEvent;
use crate::stream::unmasker::EventUnmasker;

impl<P: Platform> TurnCtx<'_, P> {
    /// Answers a prepared turn, emits each event as it happens, and finishes the turn. Never fails: a failure is in the record and,
    /// for the client, in the last event.
    pub async fn answer(&self, prepared: PreparedTurn, emit: impl FnMut(&ClientEvent<'_>)) -> FinishedTurn {
        let PreparedTurn { admission, mut turn, head, mut request, mut agent, stopped, .. } = prepared;
        let session = self.session.session;
        // Do not `await` between setting `has_begun` and starting the unmasker: a client that resumes in between would get the
        // `start` frames twice or never.
        if let Some(log) = session.log.borrow_mut().as_mut() {
            log.has_begun = true;
        }
        let known = self.session.user.placeholder_map(&head.visible_placeholders, &head.policy);
        let mut progress = TurnProgress {
            answer: turn.resumed.clone().unwrap_or_default(),
            prompt_tokens: turn.prompt_tokens,
            ..TurnProgress::default()
        };
        let mut agent_loop = AgentLoop {
            ctx: *self,
            turn: &mut turn,
            agent: &mut agent,
            request: &mut request,
            policy: head.policy.clone(),
            log: LogWriter::new(*self),
            events: EventUnmasker::start(&head, known, emit),
            visible_placeholders: head.visible_placeholders.clone(),
            value_tokens: 0,
            guards: UrlGuards::new(if head.is_json { GuardedText::Json } else { GuardedText::Plain }),
        };
        let outcome = until_stopped(pin!(agent_loop.run(&mut progress)), stopped).await;
        for event in agent_loop.guards.end() {
            agent_loop.emit(&event);
        }
        agent_loop.log.flush();
        let AgentLoop { mut events, visible_placeholders, .. } = agent_loop;
        let finished = self.finish(turn, progress, outcome, &visible_placeholders);
        // Before the last event: a client that gets it may send the next message at once.
        drop(admission);
        // Do not `await` between the two: a client that resumes in between would miss the text that was held back.
        events.flush_text();
        events.end(&finished.ending.event());
        finished
    }
}

/// Runs an answer to its end, or until the user stops it.
async fn until_stopped(
    running: impl Future<Output = Result<(), Fault>> + Unpin,
    stopped: oneshot::Receiver<()>,
) -> Outcome {
    let ended = match select(running, stopped).await {
        Either::Left((ended, _)) => ended,
        Either::Right((Ok(()), _)) => return Outcome::Stopped,
        // The sender is gone, so the answer cannot be stopped any more.
        Either::Right((Err(oneshot::Canceled), running)) => running.await,
    };
    ended.map_or_else(Outcome::Failed, |()| Outcome::Complete)
}
