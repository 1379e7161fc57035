//! Replay of a turn: to a reader that comes back, and to a message that arrives twice. It follows the log, so each frame is the same
//! as the first time.

use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::PlaceholderMap;
use serde::Serialize;
use uuid::Uuid;

use super::TurnCtx;
use super::request::TurnRequest;
use crate::error::{Code, Error, Fault};
use crate::ports::Platform;
use crate::prompt::receipt::Receipt;
use crate::prompt::source::Source;
use crate::session::log::TurnLog;
use crate::session::store::SessionStore;
use crate::stream::client_event::{ClientEvent, UsageSummary};
use crate::stream::masked_values::MaskedValues;
use crate::stream::turn_event::{TurnEnding, TurnHead};
use crate::stream::ui_messages::{FrameId, UiEncoder};

/// Frames for a reader that comes back.
#[derive(Debug)]
pub struct Replay {
    /// The frames that the reader lacks.
    pub frames: String,
    /// True if the turn still runs: then further frames follow live.
    pub is_running: bool,
}

/// The answer to a request with `"stream": false`.
#[derive(Debug, Serialize)]
struct AnswerBody<'a> {
    id: Uuid,
    session_id: Uuid,
    employee: &'a str,
    model: &'a str,
    message: &'a str,
    finish_reason: &'a str,
    usage: UsageSummary,
    ttft_ms: Option<u64>,
    latency_ms: u64,
    cost_usd: Option<f64>,
    receipt: &'a Receipt,
    /// Documents with a passage in the prompt.
    sources: Vec<Source>,
    #[serde(skip_serializing_if = "MaskedValues::is_empty")]
    masked: MaskedValues,
}

impl<P: Platform> TurnCtx<'_, P> {
    /// The turn of an earlier delivery of the same message, if the client names its messages and that turn's log is kept.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn earlier_turn(&self, request: &TurnRequest) -> Result<Option<Uuid>, Fault> {
        let Some(name) = request.client_message_id.as_deref() else { return Ok(None) };
        let session = self.session.session;
        let log = session.log.borrow();
        let last = log.as_ref().filter(|log| log.head.client_message_id.as_deref() == Some(name));
        match last {
            Some(log) => Ok(Some(log.head.turn_id)),
            None => SessionStore::new(&self.session.user.ports.sql, session.id).turn_of(name),
        }
    }

    /// The frames after `after`, or of the running turn from its beginning; `None` when there is nothing to replay. Do not `await`
    /// between this and subscribing the reader: it would miss frames.
    ///
    /// # Errors
    /// `privacy_unavailable`, `database_unavailable`, `internal`.
    pub async fn replay(&self, after: Option<FrameId>) -> Result<Option<Replay>, Error> {
        let user = self.session.user;
        if after.is_none() && self.session.session.running_turn().is_none() {
            return Ok(None);
        }
        user.restore().await.map_err(|error| error.into_error("message"))?;
        // No `await` from here on, for the same reason.
        let running = self.session.session.running_turn();
        let beginning = running.map(|turn| FrameId { turn, frame: 0 });
        let Some(FrameId { turn, frame }) = after.or(beginning) else { return Ok(None) };
        let mut encoder = UiEncoder::resuming(turn, frame);
        let mut frames = String::new();
        let replayed = self.with_log(turn, |log| {
            log.replay(self.values_of(log), |event| frames.push_str(&encoder.encode(event)));
        })?;
        let is_running = running == Some(turn);
        let has_frames = replayed.is_some() && (is_running || !encoder.is_behind());
        Ok(has_frames.then_some(Replay { frames, is_running }))
    }

    /// A turn that has ended, as one JSON object.
    ///
    /// # Errors
    /// The turn's own failure; `privacy_unavailable`, `database_unavailable`; `internal` when no log has its end.
    pub async fn whole_answer(&self, turn: Uuid) -> Result<String, Error> {
        self.session.user.restore().await.map_err(|error| error.into_error("message"))?;
        let no_log = || Fault::new(Code::Internal, "the turn ended without a log");
        let body = self.with_log(turn, |log| {
            let (mut text, mut sources) = (String::new(), Vec::new());
            let mut masked = MaskedValues::default();
            log.replay(self.values_of(log), |event| match event {
                ClientEvent::Text(more) => text.push_str(more),
                ClientEvent::Source(source) => sources.push((*source).clone()),
                ClientEvent::Masked(more) => drop(masked.add((*more).clone())),
                _ => {}
            });
            let ending = log.ending.as_ref().ok_or_else(no_log)?;
            AnswerBody { sources, masked, ..AnswerBody::new(&log.head, &text, ending)? }.to_json()
        })?;
        Ok(body.ok_or_else(no_log)??)
    }

    /// Values of the placeholders that a turn's model saw, as far as a policy shows them to its user.
    fn values_of(&self, log: &TurnLog) -> impl Fn(&Policy) -> PlaceholderMap {
        let placeholders: Vec<Placeholder> = log.visible_placeholders();
        let user = self.session.user;
        move |policy| user.placeholder_map(&placeholders, policy)
    }

    /// Looks into a turn's log, in memory or in storage.
    fn with_log<T>(&self, turn: Uuid, look: impl FnOnce(&TurnLog) -> T) -> Result<Option<T>, Fault> {
        let session = self.session.session;
        let last = session.log.borrow();
        if let Some(log) = last.as_ref().filter(|log| log.head.turn_id == turn) {
            return Ok(Some(look(log)));
        }
        let store = SessionStore::new(&self.session.user.ports.sql, session.id);
        Ok(store.log(turn)?.map(|log| look(&log)))
    }
}

impl<'a> AnswerBody<'a> {
    /// The body of a turn, without its sources and masked values.
    fn new(head: &'a TurnHead, text: &'a str, ending: &'a TurnEnding) -> Result<Self, Fault> {
        let (finish_reason, summary) = match ending {
            TurnEnding::Finished { reason, summary } => (reason.as_str(), summary),
            TurnEnding::Stopped { summary } => ("stopped", summary),
            TurnEnding::Failed { code } => return Err(Fault::new(*code, format!("turn {}", head.turn_id))),
        };
        Ok(Self {
            id: head.answer_id,
            session_id: head.session_id,
            employee: &head.employee,
            model: &summary.model,
            message: text,
            finish_reason,
            usage: summary.usage,
            ttft_ms: summary.ttft_ms,
            latency_ms: summary.latency_ms,
            cost_usd: summary.cost_usd,
            receipt: &head.receipt,
            sources: Vec::new(),
            masked: MaskedValues::default(),
        })
    }

    fn to_json(&self) -> Result<String, Fault> {
        serde_json::to_string(self)
            .map_err(|error| Fault::new(Code::Internal, format!("answer: {:?}", error.classify())))
    }
}
