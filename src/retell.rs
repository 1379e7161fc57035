//! A turn told again: to a reader who comes back, and to a message that comes twice. What is told is what its log says, so it
//! is the same as the first time, frame by frame.

use pii::placeholder::Placeholder;
use pii::policy::Policy;
use uuid::Uuid;

use crate::api::chat::{Ask, Reply};
use crate::auth::User;
use crate::error::{Code, Error, Fault};
use crate::ports::{Journal, Ports, World};
use crate::session::log::TurnLog;
use crate::session::state::SessionState;
use crate::stream::event::Event;
use crate::stream::ui::{FrameId, UiEncoder};
use crate::turn::reveal;

/// The turn that was made of this message before, if the caller names it and there is still a log of it: a message that
/// comes twice is answered once.
pub fn find(state: &SessionState, ask: &Ask, journal: &impl Journal) -> Option<Uuid> {
    let named = ask.client_message_id.as_deref()?;
    let log = state.log.borrow();
    let last = log.as_ref().filter(|log| log.head.client_message_id.as_deref() == Some(named));
    last.map(|log| log.head.turn_id).or_else(|| journal.turn_of(named))
}

/// What a reader gets who comes back.
#[derive(Debug)]
pub struct Retold {
    /// The frames that they have not.
    pub frames: String,
    /// Whether the turn still runs: then more is to come, from the next event on.
    pub goes_on: bool,
}

/// The frames of a turn after that one, or of the running turn from its beginning; `None` when there is nothing to tell. To
/// lose nothing, a caller must not await between this and adding the reader to those who hear what goes on.
///
/// # Errors
/// `privacy_unavailable`, `database_unavailable`.
pub async fn frames(
    state: &SessionState,
    user: &User,
    after: Option<FrameId>,
    ports: &Ports<impl World>,
) -> Result<Option<Retold>, Error> {
    let running = state.running().map(|turn| FrameId { turn, frame: 0 });
    let Some(FrameId { turn, frame }) = after.or(running) else { return Ok(None) };
    let Some(seen) = with_log(state, &ports.journal, turn, seen) else { return Ok(None) };
    let shown = reveal(state, user, (&seen.0, &seen.1), ports).await?;
    // No await from here on, for the same reason.
    let mut encoder = UiEncoder::resuming(turn, frame);
    let mut frames = String::new();
    let tell = |log: &TurnLog| log.replay(shown, |event| frames.push_str(&encoder.encode(event)));
    with_log(state, &ports.journal, turn, tell);
    let goes_on = state.running() == Some(turn);
    Ok((goes_on || !encoder.is_behind()).then_some(Retold { frames, goes_on }))
}

/// A turn that is over, as one JSON object.
///
/// # Errors
/// Why it broke off; `privacy_unavailable`, `database_unavailable`; `internal` when there is no log of its end.
pub async fn whole(
    state: &SessionState,
    user: &User,
    turn: Uuid,
    ports: &Ports<impl World>,
) -> Result<String, Error> {
    let gone = || Fault::new(Code::Internal, "the turn ended without a log");
    let seen = with_log(state, &ports.journal, turn, seen).ok_or_else(gone)?;
    let shown = reveal(state, user, (&seen.0, &seen.1), ports).await?;
    let reply = with_log(state, &ports.journal, turn, |log| {
        let (mut text, mut sources) = (String::new(), Vec::new());
        log.replay(shown, |event| match event {
            Event::Text(more) => text.push_str(more),
            Event::Source(source) => sources.push((*source).clone()),
            _ => {}
        });
        let reply = Reply::new(&log.head, &text, sources, log.ending.as_ref().ok_or_else(gone)?)?;
        serde_json::to_string(&reply).map_err(|error| Fault::new(Code::Internal, error.to_string()))
    });
    Ok(reply.ok_or_else(gone)??)
}

/// The tokens that a turn's model was shown, and how much of their values its user sees.
fn seen(log: &TurnLog) -> (Vec<Placeholder>, Policy) {
    (log.shown(), log.head.policy.clone())
}

/// Looks into a turn's log, be it in memory or kept.
fn with_log<T>(
    state: &SessionState,
    journal: &impl Journal,
    turn: Uuid,
    look: impl FnOnce(&TurnLog) -> T,
) -> Option<T> {
    let last = state.log.borrow();
    match last.as_ref().filter(|log| log.head.turn_id == turn) {
        Some(log) => Some(look(log)),
        None => journal.log(turn).map(|log| look(&log)),
    }
}
