//! What must hold, whatever goes wrong. Each is checked where it could first be seen to fail.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use frontdesk::model::usage::UsageSource;
use frontdesk::session::load::Role;
use frontdesk::session::record::{MessageRecord, OpenTurn, Status, TurnRecord};
use frontdesk::session::tree::Place;
use pii::placeholder::Placeholder;
use pii::unmask;
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
        let name = turn.client_message_id.clone();
        let place = match &name {
            Some(name) if turn.is_again => self.ledger.again.borrow().get(name).cloned(),
            _ => (!turn.is_again).then(|| asked.place.clone()),
        };
        let Some(place) = place else {
            return self.violated(format!("nobody asked for turn {} again", turn.turn_id));
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
        let runs = session.last().and_then(|last| self.ledger.turn(*last, |last| last.closed.is_none()));
        self.check(runs != Some(true), || "two turns of a session run at once".into());
        self.check_place(turn, &place, session);
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
                parent: turn.parent_id,
                said: turn.message.clone(),
                answer: turn.answer_id,
                script: None,
                closed: None,
                took: 0,
                stopped_at: None,
                is_blanked: false,
                frames: BTreeMap::new(),
            },
        );
    }

    /// A turn is where its asker wants it.
    fn check_place(&self, turn: &OpenTurn, place: &Place, session: &[Uuid]) {
        let turns = self.ledger.turns.borrow();
        let newest = session.last().and_then(|last| turns.get(last));
        let asked = |name: &str| {
            let mut all = session.iter().filter_map(|turn| turns.get(turn));
            all.find(|turn| turn.question.to_string() == name)
        };
        let parent = match place {
            Place::Newest => newest.map(|newest| newest.answer),
            Place::Beginning => None,
            Place::After(id) => Some(*id),
            Place::Instead(name) => asked(name).and_then(|turn| turn.parent),
            Place::Again(name) => {
                let before = name.as_ref().map_or(newest, |name| asked(name));
                let same = before.map(|before| (before.question, before.said.as_str()));
                let is_same = same == Some((turn.user_message_id, turn.message.as_str()));
                self.check(is_same, || format!("turn {} answers another question again", turn.turn_id));
                before.and_then(|before| before.parent)
            }
        };
        self.check(turn.parent_id == parent, || {
            format!("turn {} follows {:?} and not {parent:?}: {place:?}", turn.turn_id, turn.parent_id)
        });
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
        let spelled = |token: Placeholder| {
            let token = token.to_string();
            let value = self.ledger.value_of(asked.user, &token);
            self.check(value.is_some(), || format!("{token} is in a prompt and nobody's"));
            Some((token, value?))
        };
        (code, unmask::placeholders(content).into_iter().filter_map(spelled).collect())
    }

    /// The questions on the path to the turn that runs.
    fn codes(&self, session: Uuid) -> Vec<String> {
        let (sessions, turns) = (self.ledger.sessions.borrow(), self.ledger.turns.borrow());
        let all = sessions.get(&session).map(Vec::as_slice).unwrap_or_default();
        let mut codes = Vec::new();
        let mut next = all.last().and_then(|turn| turns.get(turn));
        while let Some(turn) = next {
            codes.push(turn.code.clone());
            let mut others = all.iter().filter_map(|turn| turns.get(turn));
            next = turn.parent.and_then(|parent| others.find(|turn| turn.answer == parent));
        }
        codes.reverse();
        codes
    }

    /// A turn got its end: the one that it deserves.
    pub fn closed(&self, record: &TurnRecord, is_recovery: bool) {
        let status = answer_of(record).status;
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
        let answer = answer_of(record);
        let expected =
            self.ledger.sessions.borrow().get(&record.session_id).and_then(|all| all.get(place).copied());
        // A turn that was refused is overtaken by those after it.
        let is_in_order =
            expected == Some(record.turn_id) || self.ledger.parked.borrow().contains(&record.session_id);
        let known = self
            .ledger
            .turn(record.turn_id, |turn| (Some(turn.question), turn.user, turn.answer, turn.closed));
        let got = (answer.parent_id, record.user_id, answer.id, Some(answer.status));
        if known != Some(got) || !is_in_order {
            return self.violated(format!("in order, each once: {got:?} is {known:?}, {expected:?} is due"));
        }
        if let [question, _] = &record.messages[..] {
            let kept = self.ledger.turn(record.turn_id, |turn| (turn.question, turn.said.clone()));
            let is_kept = kept == Some((question.id, question.content.clone()));
            self.check(is_kept, || format!("{} is stored and was not kept", question.content));
        }
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
        let answer = answer_of(record);
        if is_odd && (is_blanked || answer.status == Status::Interrupted) {
            return None;
        }
        let mut text = answer.content.clone();
        for token in unmask::placeholders([answer.content.as_str()]) {
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

/// Adds what a model answers to what is known of its turn, which is the one that runs.
pub fn answered(ledger: &Ledger, code: &str, script: Option<&Rc<RefCell<Script>>>) {
    let session = ledger.asks.borrow().get(code).map(|asked| asked.session);
    let running = session.and_then(|session| ledger.sessions.borrow().get(&session)?.last().copied());
    if let Some(running) = running {
        ledger.turn(running, |turn| turn.script = script.cloned());
    }
}

fn answer_of(record: &TurnRecord) -> &MessageRecord {
    record.messages.last().expect("a turn has an answer")
}
