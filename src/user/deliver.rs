//! Delivery to Postgres: of vault entries, and of finished turns.

use std::rc::Rc;

use futures::stream::{self, StreamExt};
use uuid::Uuid;

use super::Object;
use super::background_state::{Reading, SavedTurn};
use super::erase::POLL_EVERY;
use crate::account::paid_call;
use crate::auth::User;
use crate::chat::message::Role;
use crate::error::Fault;
use crate::log;
use crate::memory::facts::command::may_be_command;
use crate::memory::forget::{Forgotten, forget};
use crate::memory::{known_facts, rebuild_progress};
use crate::ports::{Clock, Host, Platform};
use crate::session::outbox::deliver_session;
use crate::session::record::{MessageRecord, Status, TurnRecord};
use crate::session::store::{has_undelivered, sessions_to_deliver, undelivered};

/// Sessions that deliver at the same time, below the six connections that an object may have open.
const MAX_CONCURRENT_DELIVERIES: usize = 4;

/// Sessions that one pass delivers: the alarm goes on with the others.
const MAX_SESSIONS: u32 = 100;

impl<P: Platform> Object<P> {
    /// Delivers all due records of a session, and plans background work for the delivered turns.
    pub(super) async fn deliver(self: &Rc<Self>, user: &User, session: Uuid) {
        self.deliver_vault_later(user);
        if !self.delivering.borrow_mut().insert(session) {
            // The delivery that runs takes later records along. A second one would send the same record again.
            return;
        }
        let has_facts = std::cell::Cell::new(false);
        let delivered = deliver_session(&self.user(user), session, |record| {
            // Until now Postgres had the question, and a page of memories that was read may have it.
            let forgotten = Forgotten { messages: record.forgotten(), ..Forgotten::default() };
            if let Err(fault) = forget(&self.user(user), &forgotten) {
                log::fault(&self.ports.host, &fault);
            }
            has_facts.set(has_facts.get() || !record.facts.is_empty());
            if record.remember {
                self.plan_work(saved_turn(record));
            }
        })
        .await;
        self.delivering.borrow_mut().remove(&session);
        if let Err(fault) = delivered.and_then(|()| self.end_delivery()) {
            log::fault(&self.ports.host, &fault);
        }
        if has_facts.get() {
            // Background work may have read the facts while Postgres did not have these yet.
            if let Err(fault) = known_facts::reload(&self.user(user)).await {
                log::fault(&self.ports.host, &fault);
            }
        }
        if self.user(user).is_spending_ageing() {
            // Not in a rest: a user who writes all the time has none for a while.
            self.start_background(User::absent(user.id));
        }
        // The calls beside a turn waited for it.
        let told = paid_call::plan_telling(&self.user(user));
        for fault in [told, self.start_due_background(user.id)].into_iter().filter_map(Result::err) {
            log::fault(&self.ports.host, &fault);
        }
    }

    /// Has memories read again that waited for the last turn on its way.
    fn end_delivery(&self) -> Result<(), Fault> {
        let sql = &self.ports.sql;
        if has_undelivered(sql)? { Ok(()) } else { rebuild_progress::end_delivery(sql) }
    }

    /// Delivers the turn of an answer that Postgres may lack; returns whether there is one.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub async fn deliver_answer(self: &Rc<Self>, user: &User, answer: Uuid) -> Result<bool, Fault> {
        let has_answer = |record: &TurnRecord| record.messages.iter().any(|message| message.id == answer);
        let Some(record) = undelivered(&self.ports.sql)?.into_iter().find(has_answer) else {
            return Ok(false);
        };
        self.deliver(user, record.session_id).await;
        // One that runs already takes it along.
        while self.delivering.borrow().contains(&record.session_id) {
            self.ports.clock.sleep(POLL_EVERY).await;
        }
        Ok(true)
    }

    /// Delivers everything of every session that is due. A slow or failing session does not hold up the others.
    pub async fn deliver_all(self: &Rc<Self>, user: &User) {
        let sql = &self.ports.sql;
        let sessions = sessions_to_deliver(sql, self.ports.clock.now(), MAX_SESSIONS);
        match sessions {
            Ok(sessions) => {
                let deliveries = sessions.into_iter().map(|session| self.deliver(user, session));
                stream::iter(deliveries).for_each_concurrent(MAX_CONCURRENT_DELIVERIES, |one| one).await;
            }
            Err(fault) => log::fault(&self.ports.host, &fault),
        }
    }

    /// Starts the delivery of vault entries that Postgres lacks, if there are any.
    pub fn deliver_vault_later(self: &Rc<Self>, user: &User) {
        if !self.account.vault.needs_delivery() {
            return;
        }
        let (object, user) = (Rc::clone(self), User::absent(user.id));
        self.ports.host.spawn(async move { object.deliver_vault(&user).await });
    }

    pub(super) async fn deliver_vault(&self, user: &User) {
        if self.is_erasing() {
            return;
        }
        if let Err(fault) = self.user(user).deliver_vault().await {
            log::fault(&self.ports.host, &fault);
        }
    }
}

fn saved_turn(record: &TurnRecord) -> SavedTurn {
    let question = record.messages.iter().find(|message| message.role == Role::User);
    let reading = question
        .map(|message| if may_be_command(&message.content) { Reading::AtOnce } else { Reading::AtRest });
    let is_complete = |message: &MessageRecord| {
        message.role == Role::Assistant && message.status == Status::Complete && !message.content.is_empty()
    };
    // An answer without its question was made again, perhaps after the first one failed.
    let is_first =
        question.is_none_or(|message| message.parent_id.is_none()) && record.messages.iter().any(is_complete);
    SavedTurn { session: record.session_id, is_first, reading }
}
