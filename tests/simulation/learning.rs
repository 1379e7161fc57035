//! The part of Postgres that background work reads and writes: memories, facts and summaries.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use frontdesk::chat::message::{Message, Role};
use frontdesk::memory::fact::NewFact;
use frontdesk::session::record::{MessageRecord, TurnRecord};
use frontdesk::time::{Millis, timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::employees;
use super::postgres::{Postgres, SessionRow, UsageRow, millis, read, to_json};
use super::vectors;

/// Memories and facts of all users.
#[derive(Default)]
pub struct Memory {
    /// Remembered messages, by id.
    memories: RefCell<BTreeMap<Uuid, MemoryRow>>,
    facts: RefCell<Vec<FactRow>>,
}

struct MemoryRow {
    user: Uuid,
    session: Uuid,
    role: Role,
    text: String,
    tokens: u32,
    at: DateTime<Utc>,
    has_vector: bool,
    is_read: bool,
}

struct FactRow {
    user: Uuid,
    fact: NewFact,
    is_current: bool,
}

/// Summary of a session.
#[derive(Clone, Serialize)]
pub struct Summary {
    pub text: String,
    pub covers: Uuid,
    pub since: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Limited {
    p_user: Uuid,
    p_limit: usize,
}

#[derive(Deserialize)]
struct SaveEmbeddings {
    p_user: Uuid,
    p_embeddings: Vec<Embedded>,
    p_usage: Vec<CallUsage>,
}

#[derive(Deserialize)]
struct Embedded {
    id: Uuid,
    embedding: String,
}

#[derive(Deserialize)]
struct SaveFacts {
    p_user: Uuid,
    p_extraction: Extraction,
}

#[derive(Deserialize)]
struct Extraction {
    read: Vec<Uuid>,
    facts: Vec<NewFact>,
    ended: Vec<Uuid>,
    forgotten: Vec<Uuid>,
    commands: Vec<Uuid>,
    usage: CallUsage,
}

#[derive(Deserialize)]
struct CallUsage {
    id: Uuid,
    employee_slug: String,
    total_tokens: u64,
    created_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct ForgetFacts {
    p_user: Uuid,
    p_facts: Vec<Uuid>,
}

#[derive(Deserialize)]
struct Unsummarised {
    p_user: Uuid,
    p_session: Uuid,
    p_start_percent: u64,
    p_keep_percent: u64,
}

#[derive(Deserialize)]
struct SaveSummary {
    p_user: Uuid,
    p_summary: NewSummary,
}

#[derive(Deserialize)]
struct NewSummary {
    session_id: Uuid,
    covers: Uuid,
    replaces: Option<Uuid>,
    continues: bool,
    message_ids: Vec<Uuid>,
    #[serde(default)]
    summary: Option<String>,
    usage: CallUsage,
}

impl Memory {
    /// Remembers a message, without a vector.
    pub fn remember(&self, record: &TurnRecord, message: &MessageRecord) {
        if message.content.trim().is_empty() {
            return;
        }
        let row = MemoryRow {
            user: record.user_id,
            session: record.session_id,
            role: message.role,
            text: message.content.to_string(),
            tokens: message.content_tokens,
            at: message.created_at,
            has_vector: false,
            is_read: message.role != Role::User,
        };
        self.memories.borrow_mut().entry(message.id).or_insert(row);
    }

    /// Forgets a message; returns whether it was remembered.
    pub fn forget(&self, message: Uuid) -> bool {
        self.memories.borrow_mut().remove(&message).is_some()
    }

    pub fn erase(&self, user: Uuid) {
        self.memories.borrow_mut().retain(|_, memory| memory.user != user);
        self.facts.borrow_mut().retain(|row| row.user != user);
    }

    /// Number of memories without a vector, and of messages that were not read for facts.
    pub fn unfinished(&self) -> (usize, usize) {
        let memories = self.memories.borrow();
        let count =
            |is_open: fn(&MemoryRow) -> bool| memories.values().filter(|memory| is_open(memory)).count();
        (count(|memory| !memory.has_vector), count(|memory| !memory.is_read))
    }
}

impl Postgres {
    /// A page of a user's memories, newest first.
    pub fn memories(&self, user: Uuid, arguments: &str) -> String {
        #[derive(Deserialize)]
        struct Page {
            p_limit: usize,
            p_before_at: Option<DateTime<Utc>>,
            p_before_id: Option<Uuid>,
        }
        let Page { p_limit, p_before_at, p_before_id } = read(arguments);
        let before = p_before_at.zip(p_before_id);
        let memories = self.memory.memories.borrow();
        let mut own: Vec<_> = memories.iter().filter(|(_, memory)| memory.user == user).collect();
        own.sort_by_key(|(id, memory)| std::cmp::Reverse((memory.at, **id)));
        let page =
            own.into_iter().filter(|(id, memory)| before.is_none_or(|before| (memory.at, **id) < before));
        let memory = |(id, memory): (&Uuid, &MemoryRow)| {
            json!({
                "id": id, "message_id": id, "session_id": memory.session, "role": memory.role,
                "content": memory.text, "content_tokens": memory.tokens, "occurred_at": memory.at,
            })
        };
        to_json(&page.take(p_limit).map(memory).collect::<Vec<_>>())
    }

    pub fn current_facts(&self, user: Uuid) -> String {
        let facts = self.memory.facts.borrow();
        let facts = facts.iter().rev().filter(|row| row.user == user && row.is_current);
        to_json(&facts.map(|row| &row.fact).collect::<Vec<_>>())
    }

    /// Ids of a user's memories.
    pub fn memory_ids(&self, user: Uuid) -> BTreeSet<Uuid> {
        let memories = self.memory.memories.borrow();
        memories.iter().filter(|(_, memory)| memory.user == user).map(|(id, _)| *id).collect()
    }

    pub fn pending_memories(&self, arguments: &str) -> String {
        let Limited { p_user, p_limit } = read(arguments);
        let memories = self.memory.memories.borrow();
        let pending = memories.iter().filter(|(_, memory)| memory.user == p_user && !memory.has_vector);
        let pending = pending.take(p_limit).map(|(id, memory)| json!({ "id": id, "text": memory.text }));
        to_json(&pending.collect::<Vec<_>>())
    }

    pub fn save_embeddings(&self, arguments: &str) -> String {
        let SaveEmbeddings { p_user, p_embeddings, p_usage } = read(arguments);
        for usage in p_usage.iter().filter(|usage| !self.is_gone(p_user, millis(usage.created_at))) {
            self.add_usage(p_user, usage);
        }
        let mut memories = self.memory.memories.borrow_mut();
        for Embedded { id, embedding } in p_embeddings {
            if let Some(memory) = memories.get_mut(&id).filter(|memory| memory.user == p_user) {
                // A resumed answer may have been embedded as it was before.
                let is_its =
                    vectors::is_stored_of(&memory.text, &embedding) || self.world.oracle.is_resumed(id);
                self.world.check(is_its, || format!("memory {id} gets the vector of another text"));
                memory.has_vector = true;
            }
        }
        "0".into()
    }

    pub fn unread_messages(&self, arguments: &str) -> String {
        let Limited { p_user, p_limit } = read(arguments);
        let memories = self.memory.memories.borrow();
        let mut unread: Vec<_> =
            memories.iter().filter(|(_, memory)| memory.user == p_user && !memory.is_read).collect();
        unread.sort_by_key(|(id, memory)| (memory.at, **id));
        unread.truncate(p_limit);
        let Some((_, last)) = unread.last() else { return "null".into() };
        let messages =
            unread.iter().map(|(id, memory)| json!({ "id": id, "text": memory.text, "said_at": memory.at }));
        let facts = self.memory.facts.borrow();
        let facts = facts.iter().filter(|row| row.user == p_user && row.is_current).map(|row| {
            let NewFact { id, category, key, fact, .. } = &row.fact;
            json!({ "id": id, "category": category, "key": key, "fact": fact })
        });
        let account = self.account(last.session);
        to_json(&json!({
            "messages": messages.collect::<Vec<_>>(), "facts": facts.collect::<Vec<_>>(),
            "employee": account["employee"], "budgets": account["budgets"], "price": account["price"],
        }))
    }

    fn account(&self, session: Uuid) -> Value {
        let sessions = self.sessions.borrow();
        let employee = sessions.get(&session).map_or(employees::DEFAULT, |session| &session.employee);
        json!({
            "employee": employee, "price": employees::price(),
            "budgets": { "user": self.limits.budget, "employee": {} },
        })
    }

    /// Adds the usage of a background request; returns whether it is new.
    fn add_usage(&self, user: Uuid, usage: &CallUsage) -> bool {
        let row = UsageRow {
            user,
            employee: usage.employee_slug.clone(),
            tokens: usage.total_tokens,
            created_at: millis(usage.created_at),
            is_turn: false,
        };
        let is_new = !self.usage.borrow().contains_key(&usage.id);
        self.usage.borrow_mut().entry(usage.id).or_insert(row);
        is_new
    }

    pub fn save_facts(&self, arguments: &str) -> String {
        let SaveFacts { p_user, p_extraction } = read(arguments);
        let Extraction { read, facts, ended, forgotten, commands, usage } = p_extraction;
        if self.is_gone(p_user, millis(usage.created_at)) || !self.add_usage(p_user, &usage) {
            return r#"{"committed":false}"#.into();
        }
        for (id, memory) in self.memory.memories.borrow_mut().iter_mut() {
            memory.is_read |= memory.user == p_user && read.contains(id);
        }
        self.add_facts(p_user, &facts);
        for row in self.memory.facts.borrow_mut().iter_mut().filter(|row| row.user == p_user) {
            row.is_current &= !ended.contains(&row.fact.id);
        }
        let (_, mut messages) = self.forget(p_user, &forgotten);
        messages.extend(self.forget_messages(&commands));
        to_json(&json!({ "committed": true, "messages": messages }))
    }

    /// Adds facts: each closes the current fact of its key.
    pub fn add_facts(&self, user: Uuid, new: &[NewFact]) {
        let mut facts = self.memory.facts.borrow_mut();
        for fact in new {
            let is_known = facts.iter().any(|row| row.fact.id == fact.id);
            if is_known {
                continue;
            }
            for row in facts.iter_mut().filter(|row| row.user == user) {
                row.is_current &= (&row.fact.category, &row.fact.key) != (&fact.category, &fact.key);
            }
            facts.push(FactRow { user, fact: fact.clone(), is_current: true });
        }
    }

    pub fn forget_facts(&self, arguments: &str) -> String {
        let ForgetFacts { p_user, p_facts } = read(arguments);
        let (facts, messages) = self.forget(p_user, &p_facts);
        to_json(&json!({ "facts": facts, "messages": messages }))
    }

    /// Number of facts and ids of messages that are forgotten.
    fn forget(&self, user: Uuid, named: &[Uuid]) -> (usize, Vec<Uuid>) {
        let mut facts = self.memory.facts.borrow_mut();
        let is_named = |row: &&FactRow| row.user == user && named.contains(&row.fact.id);
        let keys: Vec<_> = facts
            .iter()
            .filter(is_named)
            .map(|row| (row.fact.category.clone(), row.fact.key.clone()))
            .collect();
        let is_gone = |row: &FactRow| {
            row.user == user
                && keys.iter().any(|key| *key == (row.fact.category.clone(), row.fact.key.clone()))
        };
        let sources: Vec<_> =
            facts.iter().filter(|row| is_gone(row)).map(|row| row.fact.source_message_id).collect();
        facts.retain(|row| !is_gone(row));
        (sources.len(), self.forget_messages(&sources))
    }

    /// Forgets messages with the answers to them. Returns the ids of those that were remembered.
    pub fn forget_messages(&self, messages: &[Uuid]) -> Vec<Uuid> {
        let mut gone: BTreeSet<Uuid> = messages.iter().copied().collect();
        for session in self.sessions.borrow_mut().values_mut() {
            let asked: BTreeSet<Uuid> = session
                .messages
                .values()
                .filter(|message| message.role == Role::User && messages.contains(&message.id))
                .map(|message| message.id)
                .collect();
            gone.extend(
                followers(session, &asked).filter(|one| one.role == Role::Assistant).map(|one| one.id),
            );
            if session.messages.values().any(|message| gone.contains(&message.id)) {
                session.summary = None;
            }
        }
        let forgotten = gone.iter().copied().filter(|message| self.memory.forget(*message)).collect();
        self.embed_followers_again(&gone);
        forgotten
    }

    fn embed_followers_again(&self, messages: &BTreeSet<Uuid>) {
        let mut memories = self.memory.memories.borrow_mut();
        for session in self.sessions.borrow().values() {
            let next: BTreeSet<Uuid> = followers(session, messages).map(|one| one.id).collect();
            for id in followers(session, &next).map(|one| one.id).chain(next.iter().copied()) {
                if let Some(memory) = memories.get_mut(&id) {
                    memory.has_vector = false;
                }
            }
        }
    }

    pub fn unsummarised_messages(&self, arguments: &str) -> String {
        let Unsummarised { p_user, p_session, p_start_percent, p_keep_percent } = read(arguments);
        let sessions = self.sessions.borrow();
        let Some(session) = sessions.get(&p_session).filter(|session| session.owner == p_user) else {
            return "null".into();
        };
        let budget =
            employees::profile(&session.employee).and_then(|profile| profile["token_budget"].as_u64());
        let budget = budget.unwrap_or(6000);
        let covered = session.summary.as_ref().map(|summary| summary.covers);
        let path = path_to_newest(session, covered);
        let total: u64 = path.iter().map(|message| u64::from(message.content_tokens)).sum();
        if total <= budget * p_start_percent / 100 {
            return "null".into();
        }
        let mut from_newest = 0;
        let mut older: Vec<_> = path
            .iter()
            .enumerate()
            .filter(|(depth, message)| {
                from_newest += u64::from(message.content_tokens);
                from_newest > budget * p_keep_percent / 100 && *depth > 1
            })
            .map(|(_, message)| *message)
            .collect();
        let Some(covers) = older.first().map(|message| message.id) else { return "null".into() };
        older.reverse();
        let memories = self.memory.memories.borrow();
        older.retain(|message| memories.contains_key(&message.id));
        if older.is_empty() {
            return "null".into();
        }
        let messages = older
            .iter()
            .map(|message| json!({ "id": message.id, "role": message.role, "text": message.content }));
        let is_continued =
            path.iter().any(|message| message.parent_id.is_some() && message.parent_id == covered);
        let summary = session.summary.as_ref().filter(|_| is_continued).map(|summary| &summary.text);
        drop(memories);
        let account = {
            let employee = &session.employee;
            json!({ "employee": employee, "price": employees::price(), "budgets": { "user": self.limits.budget, "employee": {} } })
        };
        to_json(&json!({
            "messages": messages.collect::<Vec<_>>(), "covers": covers, "summary": summary, "replaces": covered,
            "employee": account["employee"], "budgets": account["budgets"], "price": account["price"],
        }))
    }

    pub fn save_summary(&self, arguments: &str) -> String {
        let SaveSummary { p_user, p_summary } = read(arguments);
        let NewSummary { session_id, covers, replaces, continues, message_ids, summary, usage } = p_summary;
        if self.is_gone(p_user, millis(usage.created_at)) || !self.add_usage(p_user, &usage) {
            return r#"{"committed":false}"#.into();
        }
        let mut saved_since = None;
        let memories = self.memory.memories.borrow();
        let has_all = message_ids.iter().all(|id| memories.contains_key(id));
        let mut sessions = self.sessions.borrow_mut();
        let session = sessions.get_mut(&session_id).filter(|session| session.owner == p_user);
        if let (Some(text), Some(session), true) = (summary, session, has_all) {
            let present = session.summary.as_ref().map(|summary| summary.covers);
            let since = session.summary.as_ref().map(|summary| summary.since).filter(|_| continues);
            if present == replaces {
                let since = since.unwrap_or_else(|| timestamp(self.now()));
                session.summary = Some(Summary { text, covers, since });
                saved_since = Some(since);
            }
        }
        to_json(&json!({ "committed": true, "since": saved_since }))
    }

    fn now(&self) -> Millis {
        self.world.now()
    }
}

/// Messages right after any of those.
fn followers<'a>(session: &'a SessionRow, before: &'a BTreeSet<Uuid>) -> impl Iterator<Item = &'a Message> {
    session
        .messages
        .values()
        .filter(|message| message.parent_id.is_some_and(|parent| before.contains(&parent)))
}

/// Messages from the newest one back to the one that a summary covers, which is left out.
fn path_to_newest(session: &SessionRow, covered: Option<Uuid>) -> Vec<&Message> {
    let mut path: Vec<&Message> = Vec::new();
    let mut next = session.messages.values().next_back();
    while let Some(message) = next.filter(|message| Some(message.id) != covered) {
        path.push(message);
        let parent = message.parent_id;
        next = session.messages.values().rev().find(|one| Some(one.id) == parent);
    }
    path
}
