//! A streamed chat completion from request to end, with retries and failover until its first token.

use super::candidate::{Candidate, Provider};
use super::client::{Endpoint, ModelClient};
use super::decoder::{CompletionDecoder, DeltaBatch};
use super::dialect::Dialect;
use super::finish::Finish;
use super::json_output;
use super::model_error::ModelError;
use super::pace::{self, Readers};
use super::reported_usage::ReportedUsage;
use super::request::{ChatBody, timeouts};
use super::requested_call::RequestedCalls;
use super::retry;
use super::thought_details::ThoughtDetails;
use crate::chat::usage::Usage;
use crate::error::{Code, Fault};
use crate::ports::{Clock, Http, HttpBody as _};
use crate::time::Millis;
use crate::wire_form::AnswerEnd;
use tokens::count;

/// Longest completion, in bytes. It must fit one row of the object's storage with room to spare.
const MAX_COMPLETION_BYTES: usize = 512 * 1024;

/// A request to one of several models, with a deadline.
#[derive(Debug)]
pub struct CompletionRequest {
    /// The request's body, for whichever model.
    pub body: ChatBody,
    /// Models that may answer, in the order in which they are asked.
    pub candidates: Vec<Candidate>,
    /// Time at which a completion must end. The text up to then is kept, as for one that is too long. The deadline is checked
    /// when bytes arrive, so a silent model adds its idle timeout.
    pub deadline: Millis,
}

/// Partial completion of a model.
#[derive(Debug, Default)]
pub struct Completion {
    /// Text of the answer.
    pub text: String,
    /// Thoughts before it, which are billed and not part of the answer.
    pub thoughts: String,
    /// True if thoughts came in a field of their own, which some providers want back within a turn.
    pub has_thought_field: bool,
    /// Thoughts in the provider's own form, which it wants back within a turn.
    pub details: ThoughtDetails,
    /// Provider and model that answered.
    pub sender: Option<(Provider, String)>,
    /// The tool calls.
    pub calls: RequestedCalls,
    /// Arrival of the first token.
    pub first_token_at: Option<Millis>,
    /// Finish reason; `None` when the model gave none.
    pub finish: Option<Finish>,
    /// Usage, as far as the provider reported it.
    pub usage: Option<ReportedUsage>,
    /// Number of requests made.
    pub attempts: u32,
    /// True while a request is on its way or its answer comes: not in the pause after one that failed.
    pub is_asked: bool,
}

/// A piece of a completion, with the model that it comes from.
#[derive(Clone, Copy, Debug)]
pub struct DeltaFrom<'a> {
    /// Name of the model.
    pub candidate: &'a Candidate,
    /// Piece of the answer.
    pub delta: ModelDelta<'a>,
    /// Arrival, in milliseconds since 1970.
    pub at: Millis,
}

/// A piece of a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelDelta<'a> {
    /// Next piece of text.
    Text(&'a str),
    /// Next piece of thoughts.
    Thought(&'a str),
    /// The beginning of a tool call.
    Call {
        /// Position among the completion's calls.
        index: usize,
        /// Name of the tool.
        name: &'a str,
    },
}

/// A failed attempt that its provider bills, and that another attempt follows.
#[derive(Clone, Copy, Debug)]
pub struct LostAttempt<'a> {
    /// The model that was asked.
    pub candidate: &'a Candidate,
    /// Beginning of the attempt, in milliseconds since 1970.
    pub began: Millis,
    /// Code of its failure.
    pub error: Code,
    usage: Option<ReportedUsage>,
    thoughts: &'a str,
}

impl LostAttempt<'_> {
    /// Usage of the attempt: the provider's counts, and those of `prompt` and the thoughts where it reports none.
    #[must_use]
    pub fn usage_or(&self, prompt: Usage) -> Usage {
        let estimated = Usage { completion_tokens: count(self.thoughts), ..prompt };
        self.usage.map_or(estimated, |reported| reported.or(&estimated))
    }
}

/// Receiver of a completion's pieces and of its lost attempts.
pub trait CompletionObserver {
    /// Takes the next piece. Returns the readers of the answer, which decide how long the next pieces are gathered.
    fn on_delta(&mut self, delta: DeltaFrom<'_>) -> Readers;

    /// Books an attempt before the next one is made.
    ///
    /// # Errors
    /// Any fault: then no other attempt is made.
    fn on_lost(&mut self, lost: &LostAttempt<'_>) -> Result<(), Fault>;
}

/// Asks one model after the other until one answers or asking again makes no sense, and passes each piece to `observer` as it
/// comes. After the first token no other request is made: its answer would not continue the first. `completion` is up to date at any
/// moment, without the attempts that `observer` was told are lost; dropping the future ends the call.
///
/// # Errors
/// `model_unavailable`, `model_timeout`, `model_rejected`, `model_truncated`: the failure of the last model asked. Faults of
/// `observer`.
pub async fn stream_completion<H: Http, C: Clock>(
    client: &ModelClient<'_, H, C>,
    request: &CompletionRequest,
    completion: &mut Completion,
    observer: &mut impl CompletionObserver,
) -> Result<(), Fault> {
    let mut outcome = Err(Fault::new(Code::Internal, "no model to ask"));
    let mut left = request.candidates.iter();
    while let Some(candidate) = left.next() {
        let has_another = !left.as_slice().is_empty();
        let began = client.clock.now();
        let mut stream = Stream { client, request, completion, observer, began };
        outcome = stream.ask(candidate, has_another).await;
        let Err(fault) = &outcome else { break };
        if stream.completion.has_begun() || client.clock.now() >= request.deadline {
            break;
        }
        if has_another {
            stream.lose(candidate, fault.code)?;
        }
    }
    outcome
}

struct Stream<'a, H, C, O> {
    client: &'a ModelClient<'a, H, C>,
    request: &'a CompletionRequest,
    completion: &'a mut Completion,
    observer: &'a mut O,
    /// Beginning of the running attempt.
    began: Millis,
}

impl<H: Http, C: Clock, O: CompletionObserver> Stream<'_, H, C, O> {
    /// Asks one model, again after a pause where that may help.
    async fn ask(&mut self, candidate: &Candidate, has_another: bool) -> Result<(), Fault> {
        let (clock, models) = (self.client.clock, self.client.models);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let Err(error) = self.ask_in_a_dialect(candidate).await? else {
                models.borrow_mut().breaker.answered(candidate);
                return Ok(());
            };
            let now = clock.now();
            if self.completion.has_begun() {
                // Any failure after the first token means an answer cut short.
                let error = if error == ModelError::Timeout { error } else { ModelError::Cut };
                return Err(retry::give_up(error, attempts));
            }
            let pause = retry::pause(attempts, has_another, error, clock.random());
            let Some(pause) = pause.filter(|pause| now + pause < self.request.deadline) else {
                models.borrow_mut().breaker.failed(candidate, error, now);
                return Err(retry::give_up(error, attempts));
            };
            self.lose(candidate, retry::give_up(error, attempts).code)?;
            clock.sleep(pause).await;
        }
    }

    /// Has a failed attempt booked, if its provider bills it, and clears what it left: the next attempt begins anew.
    fn lose(&mut self, candidate: &Candidate, error: Code) -> Result<(), Fault> {
        let completion = &mut *self.completion;
        completion.is_asked = false;
        let (usage, thoughts) = (completion.usage.take(), std::mem::take(&mut completion.thoughts));
        if usage.is_none() && thoughts.is_empty() {
            return Ok(());
        }
        self.observer.on_lost(&LostAttempt {
            candidate,
            began: self.began,
            error,
            usage,
            thoughts: &thoughts,
        })
    }

    /// Asks one model, at once again in another dialect as long as it refuses the form of the request. A dialect that was accepted
    /// is kept.
    ///
    /// # Errors
    /// `internal`, when the request is no JSON.
    async fn ask_in_a_dialect(&mut self, candidate: &Candidate) -> Result<Result<(), ModelError>, Fault> {
        let Candidate { provider, model, .. } = candidate;
        let known = self.client.dialect(*provider, model);
        let mut dialect = known;
        let mut body = self.request.body.to_json(candidate, dialect)?;
        loop {
            self.completion.attempts += 1;
            self.completion.is_asked = true;
            self.began = self.client.clock.now();
            let outcome = self.receive(candidate, dialect, &body).await;
            let Err(ModelError::Refused { parameter, .. }) = outcome else {
                if dialect != known && outcome.is_ok() {
                    self.client.models.borrow_mut().dialects.learn(*provider, model, dialect);
                }
                return Ok(outcome);
            };
            let other = match parameter {
                Some(parameter) => dialect.without(parameter),
                None => dialect.strictest(),
            };
            let Some(other) = other else { return Ok(outcome) };
            let other_body = self.request.body.to_json(candidate, other)?;
            if other_body == body {
                return Ok(outcome);
            }
            (dialect, body) = (other, other_body);
        }
    }

    /// Makes one request and receives its answer to the end.
    async fn receive(
        &mut self,
        candidate: &Candidate,
        dialect: Dialect,
        body: &str,
    ) -> Result<(), ModelError> {
        // Reports of an earlier attempt without text do not belong to this one.
        (self.completion.finish, self.completion.usage) = (None, None);
        self.completion.thoughts.clear();
        self.completion.details = ThoughtDetails::default();
        (self.completion.has_thought_field, self.completion.sender) = (false, None);
        let endpoint = Endpoint { provider: candidate.provider, protocol: dialect.protocol };
        let mut response = self.client.open(endpoint, body, timeouts(&candidate.model)).await?;
        let mut decoder = CompletionDecoder::default();
        let mut last_frame = None;
        let mut gather = 0;
        loop {
            let (batch, is_over) = match response.read(gather).await {
                Ok(Some(bytes)) => (decoder.feed(&bytes), false),
                Ok(None) => (decoder.end(), true),
                // The model had finished; only its usage is lost.
                Err(_) if self.completion.finish.is_some() => return self.conclude(&decoder),
                Err(error) => return Err(error.into()),
            };
            let (failure, is_done) = (batch.failure, batch.done || is_over);
            let has_done = batch.done;
            if let Some(readers) = self.take(candidate, batch) {
                let now = self.client.clock.now();
                gather = pace::gather(now.saturating_sub(last_frame.replace(now).unwrap_or(now)), readers);
                self.completion.first_token_at.get_or_insert(now);
            }
            if let Some(error) = failure {
                // As for a connection that breaks: what had finished before is whole.
                return if self.completion.finish.is_some() { self.conclude(&decoder) } else { Err(error) };
            }
            if is_done {
                self.end_by(dialect.end, has_done);
                return self.conclude(&decoder);
            }
            if decoder.is_damaged() && !self.completion.has_begun() {
                return Err(ModelError::Cut);
            }
            let is_late = self.client.clock.now() >= self.request.deadline;
            if self.completion.bytes() > MAX_COMPLETION_BYTES || (is_late && self.completion.has_begun()) {
                self.completion.finish = Some(Finish::Length);
                return Ok(());
            }
            if is_late {
                return Err(ModelError::Timeout);
            }
        }
    }

    /// Takes another sign of the end than a finish reason, where the dialect has one. A call that breaks off has no end.
    fn end_by(&mut self, end: AnswerEnd, has_done: bool) {
        let completion = &mut *self.completion;
        let is_ended = match end {
            AnswerEnd::FinishReason => false,
            AnswerEnd::Done => has_done,
            AnswerEnd::Usage => has_done || completion.usage.is_some(),
        };
        if is_ended && completion.finish.is_none() && completion.has_begun() && completion.calls.are_whole() {
            let is_calling = !completion.calls.is_empty();
            completion.finish = Some(if is_calling { Finish::ToolCalls } else { Finish::Stop });
        }
    }

    /// Decides at the end of an answer whether it is one: it has a finish reason that says so, and something was said.
    fn conclude(&mut self, decoder: &CompletionDecoder) -> Result<(), ModelError> {
        let Self { completion, request, .. } = self;
        if completion.finish.is_none() && request.body.is_structured() && json_output::whole(&completion.text)
        {
            completion.finish = Some(Finish::Stop);
        }
        match completion.finish {
            _ if decoder.is_other_api() => Err(ModelError::OtherApi),
            _ if decoder.is_damaged() => Err(ModelError::Cut),
            None => Err(ModelError::Cut),
            Some(Finish::ContentFilter) => Ok(()),
            Some(_) if completion.has_begun() => Ok(()),
            Some(Finish::Length) => Err(ModelError::Spent),
            Some(Finish::Stop | Finish::ToolCalls) => Err(ModelError::Nothing),
        }
    }

    /// Takes one read's pieces. Returns the readers of its text or calls; `None` if it had neither.
    fn take(&mut self, candidate: &Candidate, batch: DeltaBatch) -> Option<Readers> {
        let Self { client, completion, observer, .. } = self;
        let mut emit =
            |delta: ModelDelta<'_>| observer.on_delta(DeltaFrom { candidate, delta, at: client.clock.now() });
        completion.finish = batch.finish.or(completion.finish);
        completion.usage = batch.usage.or(completion.usage);
        completion.has_thought_field |= batch.has_thought_field;
        completion.sender.get_or_insert_with(|| (candidate.provider, candidate.model.clone()));
        let mut readers = (!batch.calls.is_empty()).then_some(Readers::Absent);
        if !batch.thoughts.is_empty() {
            readers = Some(emit(ModelDelta::Thought(&batch.thoughts)));
            completion.thoughts.push_str(&batch.thoughts);
        }
        if !batch.text.is_empty() {
            readers = Some(emit(ModelDelta::Text(&batch.text)));
            completion.text.push_str(&batch.text);
        }
        batch.details.into_iter().for_each(|entry| completion.details.take(entry));
        for delta in batch.calls {
            if let Some(index) = completion.calls.take(delta) {
                readers = Some(emit(ModelDelta::Call { index, name: completion.calls.name(index) }));
            }
        }
        readers
    }
}

impl Completion {
    /// True if text or a call has arrived: then no other model is asked.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        !self.text.is_empty() || !self.calls.is_empty()
    }

    /// True if the provider bills it even if it fails.
    #[must_use]
    pub const fn is_billed(&self) -> bool {
        self.has_begun() || !self.thoughts.is_empty() || self.usage.is_some()
    }

    /// Usage of the request: the provider's counts, and those of `estimated` where it reports none.
    #[must_use]
    pub fn usage_or(&self, estimated: Usage) -> Usage {
        self.usage.map_or(estimated, |reported| reported.or(&estimated))
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.thoughts.len() + self.calls.bytes()
    }
}
