//! Asking the model and hearing it out, with retries until its first token.

use super::answer::{AnswerDecoder, Batch};
use super::usage::Usage;
use super::{pace, retry};
use crate::error::Fault;
use crate::ports::{Answer as _, Clock, Model, ModelError, Patience};
use crate::time::Millis;

/// Longest answer, in bytes. It must fit one row of the object's storage with room to spare.
const MAX_ANSWER_BYTES: usize = 512 * 1024;

/// What was heard of an answer.
#[derive(Debug, Default)]
pub struct Heard {
    /// All of the text that came.
    pub text: String,
    /// When its first token came.
    pub first_token_at: Option<Millis>,
    /// Why the model stopped, in the AI SDK's terms; `None` when it never said.
    pub finish: Option<&'static str>,
    /// What the provider counted.
    pub usage: Option<Usage>,
    /// Requests made.
    pub attempts: u32,
}

/// Asks until there is an answer or no sense in asking again, calling `on_text` with each frame of text as it
/// comes. After the first token nothing is asked again: a second answer would not continue the first. What was heard is
/// in `heard` at any moment; who drops the future stops listening, which ends the call.
///
/// # Errors
/// `model_unavailable`, `model_timeout`, `model_rejected`, `model_truncated`.
pub async fn listen(
    model: &impl Model,
    clock: &impl Clock,
    request: &str,
    patience: Patience,
    heard: &mut Heard,
    mut on_text: impl FnMut(&str, Millis),
) -> Result<(), Fault> {
    loop {
        heard.attempts += 1;
        // What an earlier attempt said without a word of text is not this one's.
        (heard.finish, heard.usage) = (None, None);
        let Err(error) = hear_out(model, clock, request, patience, heard, &mut on_text).await else {
            return Ok(());
        };
        let attempts = heard.attempts;
        if !heard.text.is_empty() {
            // Whatever broke it, what came after the first token is an answer cut short.
            let error = if error == ModelError::Timeout { error } else { ModelError::Cut };
            return Err(retry::give_up(error, attempts));
        }
        match retry::pause(attempts, error, clock.random()) {
            Some(pause) => clock.sleep(pause).await,
            None => return Err(retry::give_up(error, attempts)),
        }
    }
}

/// One request and its answer, to the end.
async fn hear_out(
    model: &impl Model,
    clock: &impl Clock,
    request: &str,
    patience: Patience,
    heard: &mut Heard,
    on_text: &mut impl FnMut(&str, Millis),
) -> Result<(), ModelError> {
    let mut answer = model.ask(request, patience).await?;
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
        if !batch.text.is_empty() {
            let now = clock.now();
            on_text(&batch.text, now);
            gather = pace::gather(now.saturating_sub(last_frame.replace(now).unwrap_or(now)));
            heard.first_token_at.get_or_insert(now);
        }
        heard.take(&batch);
        if heard.text.len() > MAX_ANSWER_BYTES {
            heard.finish = Some("length");
            return Ok(());
        }
        match is_over {
            _ if done => return Ok(()),
            false => {}
            true if heard.finish.is_some() => return Ok(()),
            true => return Err(ModelError::Cut),
        }
    }
}

impl Heard {
    fn take(&mut self, batch: &Batch) {
        self.text.push_str(&batch.text);
        self.finish = batch.finish.or(self.finish);
        self.usage = batch.usage.or(self.usage);
    }
}
