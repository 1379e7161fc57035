//! Invariants of turns: what must hold, whatever goes wrong. Each is checked where it could first be seen to fail.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use frontdesk::chat::usage::UsageSource;
use frontdesk::session::in_flight::InFlightTurn;
use frontdesk::session::path::InsertAt;
use frontdesk::session::record::{MessageRecord, Status, TurnRecord};
use frontdesk::time::Millis;
use pii::seal::{MasterKeys, SealedEntry, UserKey, WrappedKey};
use pii::unmask;
use uuid::Uuid;

use super::completion::MockCompletion;
use super::oracle::{Asked, Booked, KnownVault, Oracle, Turn};
use super::values::{code_of, raw_or_invented_in};
use super::world::World;

/// Milliseconds after which a record that can be delivered must have been tried: a pause between two tries, the timeouts of other
/// deliveries, and the time that a dead object sleeps.
const DELIVERY_WITHIN: Millis = 90 * 1000;

impl World {
    /// Checks that nothing raw is stored or sent.
    pub fn check_masked(&self, place: &str, text: &str) {
        if let Some(raw) = raw_or_invented_in(text) {
            self.violated(format!("masks everywhere: {raw} is in {place}: {text}"));
        }
    }

    /// The object stored a key of its user.
    pub fn key_stored(&self, user: Uuid, wrapped: &WrappedKey, master: &MasterKeys) {
        let vaults = self.oracle.vaults.borrow();
        let is_old = |vault: &&KnownVault| vault.is_erased && vault.key_id == Some(wrapped.key_id);
        let comes_back = vaults.get(&user).is_some_and(|all| all.iter().any(|vault| is_old(&vault)));
        drop(vaults);
        self.check(!comes_back, || format!("an erased key of {user} comes back"));
        self.oracle
            .vault(user, |vault| vault.is_erased |= vault.is_lost && vault.key_id != Some(wrapped.key_id));
        let opened = UserKey::open(user, wrapped, &[7; 32], master);
        let Ok((key, _)) = opened else { return self.violated("a key is stored that does not open") };
        self.oracle.vault(user, |vault| {
            let is_same = vault.key_id.is_none_or(|known| known == wrapped.key_id);
            self.check(is_same, || format!("user {user} has two keys"));
            (vault.key_id, vault.key) = (Some(wrapped.key_id), Some(key));
            (vault.is_stored, vault.is_lost) = (true, false);
        });
    }

    /// The object stored a value: a placeholder has one value and a value one placeholder, in all of a user's sessions and for ever.
    pub fn value_stored(&self, user: Uuid, entry: &SealedEntry) {
        let violation = self.oracle.vault(user, |vault| {
            let Some(Ok(value)) = vault.key.as_ref().map(|key| key.open_entry(entry)) else {
                return Some(format!("{} is stored and does not open", entry.placeholder));
            };
            let placeholder = &entry.placeholder;
            let known = vault.values.entry(placeholder.clone()).or_insert_with(|| value.clone());
            if *known != value {
                return Some(format!("{placeholder} of {user} is {known} and {value}"));
            }
            let known = vault.placeholders.entry(value.clone()).or_insert_with(|| placeholder.clone());
            (known != placeholder).then(|| format!("{value} of {user} is {known} and {placeholder}"))
        });
        violation.into_iter().for_each(|violation| self.violated(violation));
    }

    /// The object deleted a key.
    pub fn key_deleted(&self, user: Uuid) {
        self.check(self.oracle.is_erasing(user), || format!("the key of {user} is deleted unasked"));
        self.note(|| format!("the key of {user} is deleted"));
        self.oracle.emptied_at.borrow_mut().insert(user, self.now());
        self.oracle.vault(user, |vault| vault.is_erased |= vault.key_id.is_some());
    }

    /// The ledger got an entry: a reservation, or what it took, once.
    pub fn booked(&self, id: Uuid, is_reserved: bool) {
        let mut ledger = self.oracle.ledger.borrow_mut();
        let before = ledger.get(&id).copied();
        if is_reserved {
            ledger.entry(id).or_insert(Booked::Reserved);
        } else {
            ledger.insert(id, Booked::Settled);
        }
        // What Postgres told of a user's day may be told again.
        let is_own = id.get_version_num() != 5;
        let is_twice = !is_reserved && before == Some(Booked::Settled) && is_own;
        self.check(!is_twice, || format!("{id} is settled twice"));
    }

    /// The object deleted its whole outbox: turns that had ended go with it.
    pub fn outbox_deleted(&self, user: Uuid) {
        self.check(self.oracle.is_erasing(user), || format!("the outbox of {user} is deleted unasked"));
        for turn in self.oracle.turns.borrow_mut().values_mut().filter(|turn| turn.user == user) {
            turn.is_gone |= turn.status.is_some() && !turn.is_committed;
        }
    }

    /// A turn became durable.
    pub fn opened(&self, turn: &InFlightTurn) {
        let code = code_of(&turn.message).to_owned();
        self.note(|| format!("turn {} of {code} is stored", turn.turn_id));
        let asks = self.oracle.asks.borrow();
        let Some(asked) = asks.get(&code).filter(|asked| asked.session == turn.session_id) else {
            return self.violated(format!("nobody said {}", turn.message));
        };
        let emptied_at = self.oracle.emptied_at.borrow().get(&asked.user).copied();
        let is_later = emptied_at.is_none_or(|at| at <= turn.admitted_at);
        self.check(is_later, || format!("turn {} was prepared before its user was erased", turn.turn_id));
        let vault = self.oracle.present_vault(asked.user);
        self.check_question(turn, asked, vault);
        let is_reserved = self.oracle.daily_tokens.get().is_none()
            || self.oracle.ledger.borrow().contains_key(&turn.turn_id);
        self.check(is_reserved, || format!("turn {} was never reserved", turn.turn_id));
        let mut sessions = self.oracle.sessions.borrow_mut();
        let session = sessions.entry(turn.session_id).or_default();
        let runs = session.last().and_then(|last| self.oracle.turn(*last, |last| last.status.is_none()));
        self.check(runs != Some(true), || "two turns of a session run at once".into());
        let resumes = match turn.resumed {
            Some(_) => self.resumed(turn, session),
            None => {
                self.check_new(turn, asked, session);
                self.withdrawn(turn.session_id);
                None
            }
        };
        session.push(turn.turn_id);
        self.oracle.turns.borrow_mut().insert(
            turn.turn_id,
            Turn {
                user: turn.user_id,
                session: turn.session_id,
                vault,
                code,
                name: turn.client_message_id.clone(),
                question: turn.user_message_id,
                parent: turn.parent_id,
                said: turn.message.to_string(),
                answer: turn.answer_id,
                employee: turn.employee.clone(),
                resumes,
                started_at: turn.admitted_at,
                first_step: None,
                requested: 0,
                steps: Vec::new(),
                status: None,
                closed_at: None,
                took: 0,
                stored: None,
                stopped_at: None,
                is_out_of_budget: false,
                is_committed: false,
                is_gone: false,
                frames: BTreeMap::new(),
            },
        );
    }

    /// The question is stored as it was asked, with placeholders of the user's present vault.
    fn check_question(&self, turn: &InFlightTurn, asked: &Asked, vault: usize) {
        let Some(placeholders) = asked.message.placeholders_in(&turn.message) else {
            return self.violated(format!("{} was stored as {}", asked.message.text(), turn.message));
        };
        for (placeholder, value) in placeholders {
            let known = self.oracle.value_of(asked.user, vault, placeholder);
            self.check(known.as_deref() == Some(&**value), || {
                format!("{placeholder} stands for {value} in {} and for {known:?} in the vault", turn.turn_id)
            });
        }
    }

    /// A turn resumes the last answer of its session; returns the turn that it resumes.
    fn resumed(&self, turn: &InFlightTurn, session: &[Uuid]) -> Option<Uuid> {
        let last = session.last().copied();
        let same = last.and_then(|last| self.oracle.turn(last, |last| (last.question, last.answer)));
        self.check(same == Some((turn.user_message_id, turn.answer_id)), || {
            format!("turn {} resumes another answer than the last", turn.turn_id)
        });
        last
    }

    fn check_new(&self, turn: &InFlightTurn, asked: &Asked, session: &[Uuid]) {
        let name = &turn.client_message_id;
        let insert_at = match name {
            Some(name) if turn.is_regeneration => self.oracle.regenerations.borrow().get(name).cloned(),
            _ => (!turn.is_regeneration).then(|| asked.insert_at.clone()),
        };
        match insert_at {
            None => self.violated(format!("nobody asked for turn {} again", turn.turn_id)),
            Some(insert_at) => self.check_position(turn, &insert_at, session),
        }
        // Nothing is known of a message that was erased.
        let vault = self.oracle.present_vault(turn.user_id);
        let is_same = |one: &Turn| one.name == *name && one.vault == vault;
        let is_named = |one: &Uuid| self.oracle.turn(*one, |one| is_same(one)) == Some(true);
        let is_again = name.is_some() && session.iter().any(is_named);
        self.check(!is_again, || format!("message {name:?} is answered twice"));
    }

    /// A turn stands at the position that its request gives.
    fn check_position(&self, turn: &InFlightTurn, insert_at: &InsertAt, session: &[Uuid]) {
        let turns = self.oracle.turns.borrow();
        let newest = session.last().and_then(|last| turns.get(last));
        let asked = |name: &str| {
            let mut all = session.iter().filter_map(|turn| turns.get(turn));
            all.find(|turn| turn.question.to_string() == name)
        };
        // The session of a user who was erased begins anew.
        let newest = newest.filter(|newest| !self.oracle.is_erased(newest.user, newest.vault));
        let parent = match insert_at {
            InsertAt::Newest => newest.map(|newest| newest.answer),
            InsertAt::Beginning => None,
            InsertAt::After(id) => Some(*id),
            InsertAt::InsteadOf(name) => asked(name).and_then(|turn| turn.parent),
            InsertAt::Regenerate(name) => {
                let before = name.as_ref().map_or(newest, |name| asked(name));
                let same = before.map(|before| (before.question, before.said.as_str()));
                let is_same = same == Some((turn.user_message_id, turn.message.as_str()));
                self.check(is_same, || format!("turn {} answers another question again", turn.turn_id));
                before.and_then(|before| before.parent)
            }
        };
        // Postgres drops a parent that it does not have, as long as that is parked.
        let was_dropped = turn.parent_id.is_none() && self.oracle.parked.borrow().contains(&turn.session_id);
        self.check(turn.parent_id == parent || was_dropped, || {
            format!("turn {} follows {:?} and not {parent:?}: {insert_at:?}", turn.turn_id, turn.parent_id)
        });
    }

    /// A turn got its end: the one that it deserves.
    pub fn closed(&self, record: &TurnRecord, is_recovery: bool) {
        let status = answer_of(record).status;
        self.note(|| format!("turn {} ends as {status:?} {:?}", record.turn_id, record.usage.error_code));
        let is_out_of_budget = record.usage.error_code.as_deref() == Some("budget_exceeded");
        let now = self.now();
        let known = self.oracle.turn(record.turn_id, |turn| {
            turn.took = record.usage.total_tokens.into();
            turn.stored = Some(answer_of(record).content.to_string());
            turn.is_out_of_budget = is_out_of_budget;
            turn.closed_at = Some(now);
            // An erasure stops the turns that run.
            let is_erasing = self.oracle.is_erasing(record.user_id) && status == Status::Stopped;
            let stopped_at = turn.stopped_at.or(is_erasing.then_some(now));
            let before = turn.status.replace(status);
            (before, stopped_at, turn.requested, turn.steps.clone(), turn.vault)
        });
        let Some((before, stopped_at, requested, steps, vault)) = known else {
            return self.violated(format!("a turn ends that was never stored: {}", record.turn_id));
        };
        let is_erased = self.oracle.is_erased(record.user_id, vault);
        self.check(!is_erased, || format!("turn {} ends after its user was erased", record.turn_id));
        self.check(before.is_none(), || format!("turn {} is closed twice", record.turn_id));
        self.oracle.outbox_changed_at.borrow_mut().insert(record.session_id, now);
        let last = steps.last().map(|last| last.borrow());
        let was_over = last.as_ref().and_then(|last| last.over_at);
        let is_early_stop = stopped_at.is_some_and(|at| was_over.is_none_or(|over| over > at));
        let deserved = match status {
            Status::Interrupted => is_recovery,
            Status::Stopped => stopped_at.is_some(),
            // A stop at the very moment of the end comes too late.
            _ if is_recovery || is_early_stop => false,
            Status::Complete => last.as_ref().is_some_and(|last| last.has_finished && !last.says_nothing()),
            Status::Failed if is_out_of_budget => self.oracle.daily_tokens.get().is_some(),
            Status::Failed => last
                .as_ref()
                .is_none_or(|last| if last.has_finished { last.says_nothing() } else { last.is_broken }),
        };
        self.check(deserved, || {
            format!(
                "turn {} ends as {status:?}, stopped at {stopped_at:?}, over at {was_over:?}: {last:?}",
                record.turn_id
            )
        });
        // The model has read the step in which it was stopped.
        let is_stopped_in_a_step = status == Status::Stopped
            && (requested > steps.len()
                || last.as_ref().is_none_or(|last| !last.has_begun && last.usage.is_none()));
        let has = Some(record.usage.completion_tokens);
        let has = has.filter(|_| record.usage.usage_source == UsageSource::Provider);
        // An attempt that no other follows any more is booked apart, if it had ended by then.
        let is_lost = (status == Status::Stopped || is_out_of_budget)
            && last.is_some_and(|last| !last.has_begun && last.over_at.is_some());
        let of_others = steps.get(..steps.len().saturating_sub(1)).unwrap_or_default();
        let is_booked_apart = is_lost && counted(of_others) == has;
        let counted = counted(&steps).filter(|_| !is_recovery && !is_stopped_in_a_step);
        self.check(counted == has || is_booked_apart, || {
            format!("turn {} owes {has:?} tokens and not {counted:?}", record.turn_id)
        });
        self.check_calls(record, is_recovery);
    }

    /// A record goes out: neither other work nor failures of other sessions have held it back. One that was parked waits for an hour.
    pub fn attempted(&self, record: &TurnRecord, started_at: Millis) {
        let session = record.session_id;
        let changed_at = self.oracle.outbox_changed_at.borrow().get(&session).copied().unwrap_or(0);
        let retry_at = self.oracle.retry_at.borrow().get(&record.turn_id).copied().unwrap_or(0);
        let due = changed_at.max(retry_at).max(started_at);
        let is_late = self.now() > due + DELIVERY_WITHIN && !self.oracle.parked.borrow().contains(&session);
        self.check(!is_late, || {
            format!("a record of session {session} was held back for {} ms", self.now() - due)
        });
    }

    /// A record was delivered, put off until a moment, or parked.
    pub fn outbox_changed(&self, turn: Uuid, retry_at: Millis) {
        if let Some(session) = self.oracle.turn(turn, |turn| turn.session) {
            self.oracle.outbox_changed_at.borrow_mut().insert(session, self.now());
            self.oracle.retry_at.borrow_mut().insert(turn, retry_at);
        }
    }

    /// A turn goes into Postgres: in its order, unaltered, and with the answer that was given.
    pub fn committed(&self, record: &TurnRecord) {
        let answer = answer_of(record);
        let expected = self.next_of(record.session_id);
        // A turn that was refused is overtaken by those after it.
        let is_in_order =
            expected == Some(record.turn_id) || self.oracle.parked.borrow().contains(&record.session_id);
        let known = self.oracle.turn(record.turn_id, |turn| {
            turn.is_committed = true;
            (Some(turn.question), turn.user, turn.answer, turn.status)
        });
        let got = (answer.parent_id, record.user_id, answer.id, Some(answer.status));
        if known != Some(got) || !is_in_order {
            return self.violated(format!("in order, each once: {got:?} is {known:?}, {expected:?} is due"));
        }
        if let [question, _] = &record.messages[..] {
            let kept = self.oracle.turn(record.turn_id, |turn| (turn.question, turn.said.clone()));
            let is_kept = kept == Some((question.id, question.content.to_string()));
            self.check(is_kept, || format!("{} is stored and was not asked", question.content));
        }
        let Some(stored) = self.stored(record) else { return };
        let is_same = match answer.status {
            Status::Interrupted => self.is_part(record.turn_id, &stored, Joined::Stored),
            _ => self.given(record.turn_id, Joined::Stored) == stored,
        };
        self.check(is_same, || {
            let given = self.given(record.turn_id, Joined::Stored);
            format!("{stored:?} is stored of the answer {given:?} of turn {}", record.turn_id)
        });
    }

    /// The first turn of a session that Postgres lacks.
    fn next_of(&self, session: Uuid) -> Option<Uuid> {
        let sessions = self.oracle.sessions.borrow();
        let is_due =
            |turn: &&Uuid| self.oracle.turn(**turn, |turn| !turn.is_committed && !turn.is_gone) == Some(true);
        sessions.get(&session)?.iter().find(is_due).copied()
    }

    /// The stored answer as its user would see it, unless something in it had no placeholder.
    fn stored(&self, record: &TurnRecord) -> Option<String> {
        let answer = answer_of(record);
        let all = self.oracle.completions(record.turn_id);
        if answer.status == Status::Interrupted && all.iter().any(|one| one.borrow().is_odd()) {
            return None;
        }
        let vault = self.oracle.turn(record.turn_id, |turn| turn.vault)?;
        let mut text = answer.content.to_string();
        for placeholder in unmask::placeholders([answer.content.as_str()]) {
            let placeholder = placeholder.to_string();
            text = text.replace(&placeholder, &self.oracle.value_of(record.user_id, vault, &placeholder)?);
        }
        Some(text)
    }

    /// Everything that a user may have seen of an answer by now.
    pub fn given(&self, turn: Uuid, joined: Joined) -> String {
        let mut text = String::new();
        for completion in self.parts(turn, joined) {
            joined.push(&mut text, &completion.borrow().clear_now());
        }
        text
    }

    /// Whether that may be all that is left of an answer.
    pub fn is_part(&self, turn: Uuid, text: &str, joined: Joined) -> bool {
        let mut before = String::new();
        for completion in self.parts(turn, joined) {
            let completion = completion.borrow();
            let is_here = |received: usize| {
                let mut all = before.clone();
                joined.push(&mut all, &completion.clear(received));
                all == text
            };
            if (0..=completion.received).any(is_here) {
                return true;
            }
            joined.push(&mut before, &completion.clear_now());
        }
        before == text
    }

    fn parts(&self, turn: Uuid, joined: Joined) -> Vec<Rc<RefCell<MockCompletion>>> {
        match joined {
            Joined::Stored => self.oracle.completions(turn),
            Joined::Streamed => self.oracle.turn(turn, |turn| turn.steps.clone()).unwrap_or_default(),
        }
    }

    /// A reader sees a frame: of a turn that is durable, and the same that every other reader saw.
    pub fn seen(&self, turn: Uuid, number: u32, frame: &str) {
        let known = self.oracle.turn(turn, |turn| {
            let first = turn.frames.entry(number).or_insert_with(|| frame.to_owned());
            (first != frame).then(|| first.clone())
        });
        match known {
            None => self.violated(format!("a client hears of turn {turn}, which is not stored")),
            Some(Some(first)) => self.violated(format!("frame {number} is {first} and {frame}")),
            Some(None) => {}
        }
    }
}

/// The form in which the steps of an answer are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// As one turn streams them: its own steps, one after the other.
    Streamed,
    /// As they are stored: all steps of the answer, with a blank line between two.
    Stored,
}

impl Joined {
    fn push(self, text: &mut String, step: &str) {
        if self == Self::Stored && !text.is_empty() && !step.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(step);
    }
}

/// Adds a completion to its turn, which is the one that runs; `None` for a request that is not answered yet.
pub fn answered(oracle: &Oracle, at: Step<'_>, completion: Option<&Rc<RefCell<MockCompletion>>>) {
    let session = oracle.asks.borrow().get(at.code).map(|asked| asked.session);
    let running = session.and_then(|session| oracle.sessions.borrow().get(&session)?.last().copied());
    if let Some(running) = running {
        oracle.turn(running, |turn| {
            let first = *turn.first_step.get_or_insert(at.number);
            // Another attempt takes the place of the one before.
            turn.steps.truncate(at.number.saturating_sub(first));
            turn.requested = at.number.saturating_sub(first) + 1;
            turn.steps.extend(completion.cloned());
        });
    }
}

/// A step of an answer, as its prompt tells it.
#[derive(Clone, Copy)]
pub struct Step<'a> {
    /// Code of the question.
    pub code: &'a str,
    /// Steps of the answer before it.
    pub number: usize,
}

/// Tokens that the provider reported for all steps; `None` when one was not reported.
fn counted(steps: &[Rc<RefCell<MockCompletion>>]) -> Option<u32> {
    let mut sum = 0;
    for (number, step) in steps.iter().enumerate() {
        let step = step.borrow();
        match step.usage {
            Some(tokens) => sum += tokens,
            // A step that never came is free.
            None if number > 0 && !step.has_begun => {}
            None => return None,
        }
    }
    (!steps.is_empty()).then_some(sum)
}

pub fn answer_of(record: &TurnRecord) -> &MessageRecord {
    record.messages.last().expect("a turn has an answer")
}
