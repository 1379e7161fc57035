//! Checks of the model's output, which is not trusted.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use pii::masked_text::MaskedText;
use serde::Serialize;
use uuid::Uuid;

use super::command::{asks_to_forget, asks_to_remember};
use super::extractor::{Exchange, ExtractedFact, FactBatch, FactsOutput, Forget, Number};
use super::fact::{Claim, Consent, RawFact};
use super::quote::{is_made_of, own_words};
use crate::account::paid_call::PaidCall;
use crate::error::Fault;
use crate::memory::fact::NewFact;

/// Confidence below which a fact is dropped.
const MIN_CONFIDENCE: f64 = 0.5;

/// Facts of one batch, as `save_facts` takes them.
#[derive(Debug, Serialize)]
pub(super) struct FactExtraction {
    /// Messages that need not be read again.
    pub(super) read: Vec<Uuid>,
    /// New facts, oldest first.
    pub(super) facts: Vec<NewFact>,
    /// Facts that do not hold any more.
    pub(super) ended: Vec<Uuid>,
    /// Facts that the user wants forgotten.
    pub(super) forgotten: Vec<Uuid>,
    /// Messages that ask to forget.
    pub(super) commands: Vec<Uuid>,
    pub(super) usage: PaidCall,
}

/// Facts of one batch before they are masked.
pub(super) struct RawExtraction {
    read: Vec<Uuid>,
    facts: Vec<RawFact>,
    ended: Vec<Uuid>,
    forgotten: Vec<Uuid>,
    commands: Vec<Uuid>,
    usage: PaidCall,
}

impl RawExtraction {
    /// Masks each fact.
    pub(super) fn masked(
        self,
        mask: impl Fn(&str) -> Result<MaskedText, Fault>,
    ) -> Result<FactExtraction, Fault> {
        let Self { read, facts, ended, forgotten, commands, usage } = self;
        let facts = facts.into_iter().map(|fact| {
            let masked = mask(&fact.fact)?;
            Ok(fact.masked(masked))
        });
        let facts = facts.collect::<Result<_, Fault>>()?;
        Ok(FactExtraction { read, facts, ended, forgotten, commands, usage })
    }
}

impl FactBatch {
    /// Reads the model's output. Malformed and unquoted facts are left out; `None` when the output as a whole is malformed.
    pub(super) fn extract(&self, output: &str, usage: PaidCall) -> Option<RawExtraction> {
        let answer: FactsOutput = serde_json::from_str(output).ok()?;
        let now = usage.usage.created_at;
        let mut keys = BTreeSet::new();
        let mut facts: Vec<_> = answer.facts.iter().rev().filter_map(|fact| self.fact(fact, now)).collect();
        // Of two facts about the same subject, the later one counts.
        facts.retain(|fact| keys.insert((fact.category.clone(), fact.key.clone())));
        facts.reverse();
        let known = |Number(number): Number| self.facts.get(number.checked_sub(1)?).map(|fact| fact.id);
        let asked = |forget: &Forget| {
            let exchange = self.exchange(forget.message).filter(|exchange| !exchange.offers_forget)?;
            Some((exchange.said.id, known(forget.fact)?))
        };
        let (commands, forgotten): (BTreeSet<_>, BTreeSet<_>) =
            answer.forget.iter().filter_map(asked).unzip();
        // `ended` names no message. Beside a request that the tool has, or that the user did not allow, it may mean the same.
        let ended = if self.is_left_to_tool(&answer.forget) { Vec::new() } else { answer.ended };
        Some(RawExtraction {
            read: self.message_ids(),
            ended: ended.into_iter().filter_map(known).collect(),
            forgotten: forgotten.into_iter().collect(),
            commands: commands.into_iter().collect(),
            facts,
            usage,
        })
    }

    /// True if a message asks to forget in a turn whose model had the tool `forget`.
    fn is_left_to_tool(&self, forget: &[Forget]) -> bool {
        let named = forget.iter().filter_map(|forget| self.exchange(forget.message));
        named.into_iter().any(|exchange| exchange.offers_forget)
            || self.messages.iter().any(Exchange::asks_tool_to_forget)
    }

    fn exchange(&self, Number(number): Number) -> Option<&Exchange> {
        self.messages.get(number.checked_sub(1)?)
    }

    fn fact(&self, answered: &ExtractedFact, now: DateTime<Utc>) -> Option<RawFact> {
        let exchange = self.exchange(answered.message)?;
        let said = &exchange.said;
        let is_sure = (MIN_CONFIDENCE..=1.0).contains(&answered.confidence);
        let expires_at = answered.expires.as_deref().and_then(end_of_day);
        // A request to forget says what it forgets: that must not be learned from it before the user approves.
        if exchange.asks_tool_to_forget() && !asks_to_remember(own_words(&said.text)) {
            return None;
        }
        if !is_sure || expires_at.is_some_and(|at| at <= now) {
            return None;
        }
        let ExtractedFact { category, key: about, fact, quote, .. } = answered;
        let quote = match quote.as_deref() {
            Some(quote) => quote,
            // A model that ignores the schema may have none. The message is the quote of a fact that is made of its words.
            None if is_made_of(fact, &said.text) => own_words(&said.text),
            None => "",
        };
        let reply_to = exchange.reply_to.as_ref().map(MaskedText::as_str);
        let mut fact =
            said.fact(Claim { category, about, fact, quote, reply_to, consent: Consent::Words }).ok()?;
        fact.confidence = answered.confidence;
        fact.expires_at = expires_at;
        Some(fact)
    }
}

impl Exchange {
    fn asks_tool_to_forget(&self) -> bool {
        self.offers_forget && asks_to_forget(own_words(&self.said.text))
    }
}

fn end_of_day(date: &str) -> Option<DateTime<Utc>> {
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    Some(day.succ_opt()?.and_time(NaiveTime::MIN).and_utc())
}
