//! Asking models and hearing one out, with retries and failover until its first token.

use std::cell::RefCell;
use std::rc::Rc;

use super::answer::{AnswerDecoder, Batch};
use super::breaker::Breaker;
use super::call::Calls;
use super::candidate::Candidate;
use super::request::{Question, patience};
use super::usage::Usage;
use super::{pace, retry};
use crate::error::{Code, Fault};
use crate::ports::{Answer as _, Clock, Model, ModelError};
use crate::time::Millis;

/// Longest answer, in bytes. It must fit one row of the object's storage with room to spare.
const MAX_ANSWER_BYTES: usize = 512 * 1024;

/// What is asked, of whom, and until when.
#[derive(Debug)]
pub struct Asking {
    /// The question.
    pub question: Question,
    /// Who may answer, in the order in which they are asked.
    pub candidates: Vec<Candidate>,
    /// What is known of their health.
    pub breaker: Rc<RefCell<Breaker>>,
    /// When an answer must be over. What there is of it by then is all, as when it is too long; it is looked at whenever
    /// something comes, so a model that falls silent has its patience on top.
    pub deadline: Millis,
}

/// What was heard of an answer.
#[derive(Debug, Default)]
pub struct Heard {
    /// All of the text that came.
    pub text: String,
    /// The calls of tools that came.
    pub calls: Calls,
    /// When its first token came.
    pub first_token_at: Option<Millis>,
    /// Why the model stopped, in the AI SDK's terms; `None` when it never said.
    pub finish: Option<&'static str>,
    /// What the provider counted.
    pub usage: Option<Usage>,
    /// Requests made.
    pub attempts: u32,
}

/// What a model has just said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// More text.
    Text(&'a str),
    /// It begins to call a tool.
    Call {
        /// Which of the answer's calls this is.
        at: usize,
        /// The tool.
        name: &'a str,
    },
}

/// Asks one model after the other until there is an answer or no sense in asking again, calling `on_said` with each frame of
/// text and with each call as it comes, and with whose it is. After the first token nothing is asked again: a second answer would not continue
/// the first. What was heard is in `heard` at any moment; who drops the future stops listening, which ends the call.
///
/// # Errors
/// `model_unavailable`, `model_timeout`, `model_rejected`, `model_truncated`: what the last of them did.
pub async fn listen(
    model: &impl Model,
    clock: &impl Clock,
    asking: &Asking,
    heard: &mut Heard,
    mut on_said: impl FnMut(&Candidate, Said<'_>, Millis),
) -> Result<(), Fault> {
    let mut outcome = Err(Fault::new(Code::Internal, "there is no model to ask"));
    let mut left = asking.candidates.iter();
    while let Some(candidate) = left.next() {
        let has_another = !left.as_slice().is_empty();
        outcome = ask(model, clock, asking, candidate, has_another, heard, &mut on_said).await;
        if outcome.is_ok() || heard.has_begun() || clock.now() >= asking.deadline {
            break;
        }
    }
    outcome
}

/// Asks one model, a few times if need be.
async fn ask(
    model: &impl Model,
    clock: &impl Clock,
    asking: &Asking,
    candidate: &Candidate,
    has_another: bool,
    heard: &mut Heard,
    on_said: &mut impl FnMut(&Candidate, Said<'_>, Millis),
) -> Result<(), Fault> {
    let body = asking.question.body(&candidate.model)?;
    let mut attempts = 0;
    loop {
        attempts += 1;
        heard.attempts += 1;
        // What an earlier attempt said without a word of text is not this one's.
        (heard.finish, heard.usage) = (None, None);
        let outcome = hear_out(model, clock, asking, (candidate, &body), heard, on_said).await;
        let Err(error) = outcome else {
            asking.breaker.borrow_mut().answered(candidate);
            return Ok(());
        };
        let now = clock.now();
        if heard.has_begun() {
            // Whatever broke it, what came after the first token is an answer cut short.
            let error = if error == ModelError::Timeout { error } else { ModelError::Cut };
            return Err(retry::give_up(error, attempts));
        }
        let pause = retry::pause(attempts, has_another, error, clock.random());
        let Some(pause) = pause.filter(|pause| now + pause < asking.deadline) else {
            asking.breaker.borrow_mut().failed(candidate, error, now);
            return Err(retry::give_up(error, attempts));
        };
        clock.sleep(pause).await;
    }
}

/// One request and its answer, to the end.
async fn hear_out(
    model: &impl Model,
    clock: &impl Clock,
    asking: &Asking,
    (candidate, body): (&Candidate, &str),
    heard: &mut Heard,
    on_said: &mut impl FnMut(&Candidate, Said<'_>, Millis),
) -> Result<(), ModelError> {
    let mut answer = model.ask(candidate.provider, body, patience(&candidate.model)).await?;
    let mut decoder = AnswerDecoder::default();
    let mut last_frame = None;
    let mut gather = 0;
    loop {
        let read = answer.read(gather).await.and_then(|bytes| match bytes {
            Some(bytes) => Ok((decoder.feed(&bytes)?, false)),
            None => Ok((decoder.end()?, true)),
        });
        let (batch, is_over) = match read {
            // The model had said that it is finished; only its usage is lost.
            Err(_) if heard.finish.is_some() => return Ok(()),
            read => read?,
        };
        let done = batch.done;
        if heard.take(batch, |said| on_said(candidate, said, clock.now())) {
            let now = clock.now();
            gather = pace::gather(now.saturating_sub(last_frame.replace(now).unwrap_or(now)));
            heard.first_token_at.get_or_insert(now);
        }
        let is_too_late = !is_over && !done && clock.now() >= asking.deadline;
        if heard.text.len() + heard.calls.bytes() > MAX_ANSWER_BYTES || (is_too_late && heard.has_begun()) {
            heard.finish = Some("length");
            return Ok(());
        }
        match is_over {
            _ if done => return Ok(()),
            _ if is_too_late => return Err(ModelError::Timeout),
            false => {}
            true if heard.finish.is_some() => return Ok(()),
            true => return Err(ModelError::Cut),
        }
    }
}

impl Heard {
    /// Whether anything was said: then no other model is asked.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        !self.text.is_empty() || !self.calls.is_empty()
    }

    /// Takes what came; whether something was said.
    fn take(&mut self, batch: Batch, mut on_said: impl FnMut(Said<'_>)) -> bool {
        self.finish = batch.finish.or(self.finish);
        self.usage = batch.usage.or(self.usage);
        let is_said = !batch.text.is_empty() || !batch.calls.is_empty();
        if !batch.text.is_empty() {
            on_said(Said::Text(&batch.text));
            self.text.push_str(&batch.text);
        }
        for delta in batch.calls {
            if let Some(at) = self.calls.take(delta) {
                on_said(Said::Call { at, name: self.calls.name(at) });
            }
        }
        is_said
    }
}
