//! What must hold, whatever goes wrong. Each is checked where it could first be seen to fail.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use frontdesk::model::usage::UsageSource;
use frontdesk::privacy::token::Token;
use frontdesk::privacy::unmask;
use frontdesk::session::load::Role;
use frontdesk::session::record::{OpenTurn, Status, TurnRecord};
use serde::Deserialize;
use uuid::Uuid;

use super::ledger::{Ledger, Turn};
use super::script::Script;
use super::values::{code_of, raw_or_invented_in};
use super::world::World;

/// What of a request to the model is looked at.
#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    messages: Vec<Said<'a>>,
}

#[derive(Deserialize)]
struct Said<'a> {
    role: Role,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

impl World {
    /// Nothing raw may be in what is stored there or sent there.
    pub fn check_masked(&self, place: &str, text: &str) {
        if let Some(raw) = raw_or_invented_in(text) {
            self.violated(format!("masks everywhere: {raw} is in {place}: {text}"));
        }
    }

    /// A token has one value and a value one token, in all of a user's sessions and for ever.
    pub fn check_token(&self, user: Uuid, token: &str, value: &str) {
        let mut tokens = self.ledger.tokens.borrow_mut();
        let of_user = tokens.entry(user).or_default();
        let known = of_user.values.entry(token.to_owned()).or_insert_with(|| value.to_owned());
        if known != value {
            let known = known.clone();
            return self.violated(format!("{token} of {user} is {known} and {value}"));
        }
        let known = of_user.tokens.entry(value.to_owned()).or_insert_with(|| token.to_owned());
        if known != token {
            let known = known.clone();
            self.violated(format!("{value} of {user} is {known} and {token}"));
        }
    }

    /// A turn became durable.
    pub fn opened(&self, turn: &OpenTurn) {
        let code = code_of(&turn.message).to_owned();
        self.note(|| format!("turn {} of {code} is kept", turn.turn_id));
        let asks = self.ledger.asks.borrow();
        let Some(asked) = asks.get(&code).filter(|asked| asked.session == turn.session_id) else {
            return self.violated(format!("nobody said {}", turn.message));
        };
        match asked.message.tokens_in(&turn.message) {
            None => self.violated(format!("{} was kept as {}", asked.message.text(), turn.message)),
            Some(tokens) => {
                for (token, value) in tokens {
                    self.check_token(asked.user, token, value);
                }
            }
        }
        let may_begin =
            !self.ledger.has_limits.get() || self.ledger.reserved.borrow().contains(&turn.turn_id);
        self.check(may_begin, || format!("turn {} was never reserved", turn.turn_id));
        let mut sessions = self.ledger.sessions.borrow_mut();
        let session = sessions.entry(turn.session_id).or_default();
        let before =
            session.last().and_then(|last| self.ledger.turn(*last, |last| (last.answer, last.closed)));
        self.check(before.is_none_or(|(_, closed)| closed.is_some()), || {
            "two turns of a session run at once".into()
        });
        let parent = before.map(|(answer, _)| answer);
        self.check(turn.parent_id == parent, || {
            format!(
                "turn {} follows {:?} and not {parent:?}, the answer before it",
                turn.turn_id, turn.parent_id
            )
        });
        let name = turn.client_message_id.clone();
        let is_again = name.is_some()
            && session.iter().any(|one| self.ledger.turn(*one, |one| one.name == name) == Some(true));
        self.check(!is_again, || format!("message {name:?} is answered twice"));
        session.push(turn.turn_id);
        self.ledger.turns.borrow_mut().insert(
            turn.turn_id,
            Turn {
                user: turn.user_id,
                code,
                name,
                question: turn.user_message_id,
                answer: turn.answer_id,
                closed: None,
                took: 0,
                stopped_at: None,
                is_blanked: false,
                frames: BTreeMap::new(),
            },
        );
    }

    /// A model is asked: with nothing raw, and with a history that has no gap. Which message it is, and the tokens that it is
    /// shown with what stands behind them.
    pub fn asked(&self, body: &str) -> (String, Vec<(String, String)>) {
        self.check_masked("a request to the model", body);
        let request: Request = serde_json::from_str(body).expect("a request is JSON");
        let said = |role| {
            let messages = request.messages.iter().filter(move |message| message.role == role);
            messages.map(|message| message.content.as_ref())
        };
        let codes: Vec<&str> = said(Role::User).map(code_of).collect();
        let code = codes.last().copied().unwrap_or_default().to_owned();
        let asks = self.ledger.asks.borrow();
        let Some(asked) = asks.get(&code) else {
            self.violated(format!("nobody said {code}"));
            return (code, Vec::new());
        };
        let all = self.codes(asked.session);
        let tail = &all[all.len().saturating_sub(codes.len())..];
        self.check(tail == codes, || format!("the model is shown {codes:?}, of {all:?}"));
        let content = said(Role::User).chain(said(Role::Assistant));
        let spelled = |token: Token| {
            let token = token.to_string();
            let value = self.ledger.value_of(asked.user, &token);
            self.check(value.is_some(), || format!("{token} is in a prompt and nobody's"));
            Some((token, value?))
        };
        (code, unmask::tokens(content).into_iter().filter_map(spelled).collect())
    }

    fn codes(&self, session: Uuid) -> Vec<String> {
        let sessions = self.ledger.sessions.borrow();
        let turns = sessions.get(&session).map(Vec::as_slice).unwrap_or_default();
        turns.iter().filter_map(|turn| self.ledger.turn(*turn, |turn| turn.code.clone())).collect()
    }

    /// A turn got its end: the one that it deserves.
    pub fn closed(&self, record: &TurnRecord, is_recovery: bool) {
        let status = record.messages[1].status;
        self.note(|| format!("turn {} ends as {status:?}", record.turn_id));
        let script = self.ledger.script_of(record.turn_id);
        let script = script.as_ref().map(|script| script.borrow());
        let known = self.ledger.turn(record.turn_id, |turn| {
            turn.took = record.usage.total_tokens.into();
            (turn.closed.replace(status), turn.stopped_at)
        });
        let Some((before, stopped_at)) = known else {
            return self.violated(format!("a turn that was never kept ends: {}", record.turn_id));
        };
        self.check(before.is_none(), || format!("turn {} is settled twice", record.turn_id));
        let was_over = script.as_ref().and_then(|script| script.over_at);
        let deserved = match status {
            Status::Interrupted => is_recovery,
            Status::Stopped => stopped_at.is_some(),
            // Who stops it at the very moment of its end comes too late.
            _ if is_recovery || stopped_at.is_some_and(|at| was_over.is_none_or(|over| over > at)) => false,
            Status::Complete => script.as_ref().is_some_and(|script| script.has_finished),
            Status::Failed => script.as_ref().is_none_or(|script| script.is_broken && !script.has_finished),
        };
        self.check(deserved, || {
            format!(
                "turn {} ends as {status:?}, stopped at {stopped_at:?}, over at {was_over:?}: {script:?}",
                record.turn_id
            )
        });
        let counted = script.as_ref().and_then(|script| script.usage).filter(|_| !is_recovery);
        let has = Some(record.usage.completion_tokens);
        let has = has.filter(|_| record.usage.usage_source == UsageSource::Provider);
        self.check(counted == has, || {
            format!("turn {} owes {has:?} tokens and not {counted:?}", record.turn_id)
        });
    }

    /// A turn goes into Postgres: in its order, unaltered, and with the answer that was given.
    pub fn committed(&self, record: &TurnRecord, place: usize) {
        let [question, answer] = &record.messages[..] else {
            return self.violated("a turn has two messages");
        };
        let expected =
            self.ledger.sessions.borrow().get(&record.session_id).and_then(|all| all.get(place).copied());
        let known =
            expected.and_then(|id| self.ledger.turn(id, |turn| (turn.question, turn.answer, turn.closed)));
        let got = (question.id, answer.id, Some(answer.status));
        if known != Some(got) || expected != Some(record.turn_id) {
            return self.violated(format!("in order, each once: {got:?} comes where {known:?} should"));
        }
        let matches =
            self.ledger.turn(record.turn_id, |turn| (turn.code == code_of(&question.content), turn.user));
        self.check(matches == Some((true, record.user_id)), || "a question is another's".into());
        let Some(stored) = self.stored(record) else { return };
        let is_same = match answer.status {
            Status::Interrupted => self.is_part(record.turn_id, &stored),
            _ => self.given(record.turn_id) == stored,
        };
        self.check(is_same, || {
            format!("{stored:?} is stored of the answer {:?}", self.given(record.turn_id))
        });
    }

    /// The stored answer as its user would be shown it, unless something in it had no token.
    fn stored(&self, record: &TurnRecord) -> Option<String> {
        let is_odd = self.ledger.script_of(record.turn_id).is_some_and(|script| script.borrow().is_odd());
        let is_blanked = self.ledger.turn(record.turn_id, |turn| turn.is_blanked) == Some(true);
        let answer = &record.messages[1];
        if is_odd && (is_blanked || answer.status == Status::Interrupted) {
            return None;
        }
        let mut text = answer.content.clone();
        for token in unmask::tokens([answer.content.as_str()]) {
            let token = token.to_string();
            text = text.replace(&token, &self.ledger.value_of(record.user_id, &token)?);
        }
        Some(text)
    }

    /// All that a user may have seen of an answer by now.
    pub fn given(&self, turn: Uuid) -> String {
        let script = self.ledger.script_of(turn);
        script.map(|script| script.borrow().clear(script.borrow().heard)).unwrap_or_default()
    }

    /// Whether that may be all that is left of an answer.
    pub fn is_part(&self, turn: Uuid, text: &str) -> bool {
        self.ledger.script_of(turn).map_or(text.is_empty(), |script| script.borrow().is_part(text))
    }

    /// A reader sees a frame: of a turn that is durable, and the same that every other reader saw.
    pub fn seen(&self, turn: Uuid, number: u32, frame: &str) {
        let known = self.ledger.turn(turn, |turn| {
            let first = turn.frames.entry(number).or_insert_with(|| frame.to_owned());
            (first != frame).then(|| first.clone())
        });
        match known {
            None => self.violated(format!("a client hears of turn {turn}, which is not kept")),
            Some(Some(first)) => self.violated(format!("frame {number} is {first} and {frame}")),
            Some(None) => {}
        }
    }
}

/// Adds what a model answers to what is known of its message.
pub fn answered(ledger: &Ledger, code: &str, script: Option<&Rc<RefCell<Script>>>) {
    if let Some(asked) = ledger.asks.borrow_mut().get_mut(code) {
        asked.script = script.cloned();
    }
}
