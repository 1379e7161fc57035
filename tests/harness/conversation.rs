//! A conversation with the object of one user.

use std::pin::Pin;
use std::rc::Rc;

use frontdesk::account::ledger::spent;
use frontdesk::auth::User;
use frontdesk::config::Config;
use frontdesk::error::{Code, Error, Fault};
use frontdesk::limit::quota::{Cost, LedgerEntry, day};
use frontdesk::memory::facts::forget::{Forgettable, forget};
use frontdesk::ports::{Clock as _, Host as _};
use frontdesk::prompt::receipt::Receipt;
use frontdesk::prompt::source::Source;
use frontdesk::session::approval::{Decision, PendingApproval};
use frontdesk::session::log::TurnLog;
use frontdesk::session::record::TurnRecord;
use frontdesk::session::state::SessionOf;
use frontdesk::session::store::SessionStore;
use frontdesk::stream::client_event::ClientEvent;
use frontdesk::stream::masked_values::MaskedValues;
use frontdesk::turn::approve::ApprovalOutcome;
use frontdesk::turn::finish::FinishedTurn;
use frontdesk::turn::prepare::PreparedTurn;
use frontdesk::turn::request::TurnRequest;
use frontdesk::user::{Object, TurnReply};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::fixtures::{SESSION, config, request, user};
use super::host::StreamReader;
use super::http::Reply;
use super::platform::{Scripted, TestPlatform};

/// One object, and the platform that survives it.
pub struct TestConversation {
    pub object: Rc<Object<Scripted>>,
    pub platform: TestPlatform,
    /// The user of its requests.
    pub user: User,
}

impl Default for TestConversation {
    fn default() -> Self {
        Self::over(TestPlatform::default(), config())
    }
}

impl TestConversation {
    /// A conversation with a new object over a platform.
    pub fn over(platform: TestPlatform, config: Config) -> Self {
        let object = Object::start(Rc::new(config), Rc::clone(&platform.models), platform.ports());
        Self { object, platform, user: user() }
    }

    /// The next object over the same platform. Its predecessor dies: its tasks end, and everything that was not durable is lost.
    pub fn restart(self) -> Self {
        let Self { object, platform, user } = self;
        let config = Rc::clone(&object.config);
        platform.die();
        drop(object);
        let object = Object::start(config, Rc::clone(&platform.models), platform.ports());
        Self { object, platform, user }
    }

    /// Scripts the model's reply to its next request without one.
    pub fn model_says(&self, reply: Reply) -> &Self {
        self.platform.http.reply(reply);
        self
    }

    /// Forgets a fact, as its user does.
    pub fn forget(&self, fact: Uuid) -> Result<u64, Fault> {
        let what = Forgettable { facts: &[fact], words: &[] };
        let forgotten = self.platform.block_on(forget(&self.object.user(&self.user), what))?;
        Ok(forgotten.facts)
    }

    /// The session of most tests.
    pub fn session(&self) -> Rc<SessionOf<Scripted>> {
        self.object.session(SESSION)
    }

    /// Prepares a turn of [`SESSION`].
    pub fn prepare(&self, message: &str) -> Result<PreparedTurn, Error> {
        self.prepare_request(request(message))
    }

    /// Prepares a turn.
    pub fn prepare_request(&self, request: TurnRequest) -> Result<PreparedTurn, Error> {
        let session = self.object.session(request.session_id);
        self.platform.block_on(self.object.turn(&self.user, &session).prepare(request))
    }

    /// Answers a prepared turn of a session.
    pub fn answer(&self, session: Uuid, prepared: PreparedTurn) -> (Seen, FinishedTurn) {
        let mut seen = Seen::default();
        let finished = self.answer_to(session, prepared, |event| seen.see(event));
        (seen, finished)
    }

    /// Answers a prepared turn of a session, event by event. Everything before an event is durable when it is emitted.
    pub fn answer_to(
        &self,
        session: Uuid,
        prepared: PreparedTurn,
        mut emit: impl FnMut(&ClientEvent<'_>),
    ) -> FinishedTurn {
        let session = self.object.session(session);
        session.subscribers.add(self.platform.host.open_stream().0);
        let ctx = self.object.turn(&self.user, &session);
        let finished = self.platform.block_on(ctx.answer(prepared, |event| {
            self.platform.storage.confirm();
            emit(event);
        }));
        session.subscribers.close();
        finished
    }

    /// Answers a prepared turn of a session until a condition holds, and drops it there, as the death of an object does.
    pub fn answer_until(
        &self,
        session: Uuid,
        prepared: PreparedTurn,
        condition: impl Fn(&Seen) -> bool,
    ) -> Seen {
        let session = self.object.session(session);
        let ctx = self.object.turn(&self.user, &session);
        let seen = std::cell::RefCell::new(Seen::default());
        let mut answering = std::pin::pin!(ctx.answer(prepared, |event| {
            self.platform.storage.confirm();
            seen.borrow_mut().see(event);
        }));
        self.platform.run_until(answering.as_mut(), || condition(&seen.borrow()));
        seen.take()
    }

    /// Answers a message of [`SESSION`] up to the last event, without delivery.
    pub fn turn(&self, message: &str) -> Result<(Seen, FinishedTurn), Error> {
        self.turn_with(request(message))
    }

    /// Answers a message of another session.
    pub fn turn_in(&self, session: Uuid, message: &str) -> Result<(Seen, FinishedTurn), Error> {
        self.turn_with(TurnRequest { session_id: session, ..request(message) })
    }

    /// Answers a request up to the last event, without delivery.
    pub fn turn_with(&self, request: TurnRequest) -> Result<(Seen, FinishedTurn), Error> {
        let session = request.session_id;
        let prepared = self.prepare_request(request)?;
        let answered = self.answer(session, prepared);
        self.platform.storage.confirm();
        Ok(answered)
    }

    /// Sends a request as the Worker does, and returns the stream of its answer. Tasks are left to run.
    pub fn send(&self, request: TurnRequest) -> Result<StreamReader, Error> {
        let reply = self.platform.block_on(self.object.take_turn(&self.user, request))?;
        Ok(stream(reply))
    }

    /// Applies decisions on a pending approval, and answers the rest of the turn.
    pub fn decide(&self, decisions: Vec<Decision>) -> Result<(Seen, FinishedTurn), Error> {
        match self.resume_after_approval(decisions)? {
            ApprovalOutcome::Resumed(prepared) => {
                let answered = self.answer(SESSION, *prepared);
                self.platform.storage.confirm();
                Ok(answered)
            }
            ApprovalOutcome::Undecided(ids) => panic!("{ids:?} are undecided"),
        }
    }

    /// Applies decisions on a pending approval.
    pub fn resume_after_approval(&self, decisions: Vec<Decision>) -> Result<ApprovalOutcome, Error> {
        let session = self.session();
        let ctx = self.object.turn(&self.user, &session);
        self.platform.block_on(ctx.resume_after_approval(decisions))
    }

    /// Rings the alarm now, and runs everything that it starts. Returns the codes of the faults that were logged meanwhile.
    pub fn deliver(&self) -> Vec<String> {
        let before = self.platform.host.faults().len();
        self.platform.storage.ring();
        self.platform.block_on(self.object.alarm());
        self.platform.run_tasks();
        self.platform.storage.confirm();
        self.platform.host.faults().split_off(before)
    }

    /// Moves the clock to the alarm, and rings it; `false` when none is set.
    pub fn ring(&self) -> bool {
        let Some(at) = self.platform.storage.alarm() else { return false };
        self.platform.clock.set(at.max(self.now()));
        self.deliver();
        true
    }

    /// Moment of the platform's clock.
    pub fn now(&self) -> u64 {
        self.platform.clock.now()
    }

    /// Contents of the messages in the model's last request, without the persona.
    pub fn last_prompt(&self) -> Vec<String> {
        let messages = self.last_messages();
        messages.iter().skip(1).map(|message| message["content"].as_str().unwrap().to_owned()).collect()
    }

    /// Messages in the model's last request.
    pub fn last_messages(&self) -> Vec<Value> {
        self.platform.http.requests().last().unwrap()["messages"].as_array().unwrap().clone()
    }

    /// Number of sessions that were read from Postgres.
    pub fn loads(&self) -> usize {
        self.platform.postgrest.calls_of("load_session").len()
    }

    /// Records that wait for Postgres, oldest first.
    pub fn outbox(&self) -> Vec<TurnRecord> {
        self.column("SELECT record AS json FROM outbox ORDER BY position")
    }

    /// Turns in flight, as they are stored.
    pub fn in_flight(&self) -> Vec<Value> {
        self.column("SELECT turn AS json FROM in_flight_turn ORDER BY session_id")
    }

    /// The log of a turn, as it is stored.
    pub fn stored_log(&self, turn: Uuid) -> Option<TurnLog> {
        SessionStore::new(&self.platform.storage, SESSION).log(turn).unwrap()
    }

    /// The approval that [`SESSION`] waits for.
    pub fn pending_approval(&self) -> Option<PendingApproval> {
        SessionStore::new(&self.platform.storage, SESSION).approval().unwrap()
    }

    /// Reads a JSON column named `json`.
    pub fn column<T: DeserializeOwned>(&self, query: &str) -> Vec<T> {
        let rows = self.platform.storage.read(query);
        let read = |row: &Value| serde_json::from_str(row["json"].as_str().unwrap()).unwrap();
        rows.as_array().unwrap().iter().map(read).collect()
    }

    /// The first column of the first row of a query, as a number.
    pub fn number(&self, query: &str) -> u64 {
        let rows = self.platform.storage.read(query);
        rows[0].as_object().unwrap().values().next().unwrap().as_u64().unwrap()
    }

    /// Costs of today, settled and reserved.
    pub fn spent(&self) -> Cost {
        let entry = LedgerEntry {
            id: Uuid::nil(),
            employee: "prime-boss".into(),
            day: day(self.now()),
            cost: Cost::default(),
        };
        spent(&self.platform.storage, &entry).unwrap().user
    }

    /// Refuses every writing statement that names a table.
    pub fn refuse_writes(&self, table: &'static str) {
        self.platform.storage.on_statement(move |statement, _| {
            let is_write = !statement.trim_start().starts_with("SELECT");
            if is_write && statement.contains(table) {
                return Err(frontdesk::ports::SqlError("scripted".into()));
            }
            Ok(())
        });
    }

    /// Takes every statement again.
    pub fn refuse_nothing(&self) {
        self.platform.storage.without_hook();
    }

    /// The code of an error that a request ends with.
    pub fn refusal(&self, message: &str) -> Code {
        match self.turn(message) {
            Err(error) => error.code(),
            Ok((seen, _)) => panic!("it was answered: {seen:?}"),
        }
    }

    /// Polls a future once.
    pub fn poll_once<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        futures::FutureExt::now_or_never(future)
    }
}

/// The stream of a reply.
pub fn stream(reply: TurnReply<Scripted>) -> StreamReader {
    match reply {
        TurnReply::Stream(stream) => stream.readable,
        TurnReply::Whole(json, _) => panic!("no stream but {json}"),
        TurnReply::Undecided(ids) => panic!("{ids:?} are undecided"),
        TurnReply::Nothing => panic!("nothing to replay"),
    }
}

/// The events of a turn, as its client saw them.
#[derive(Debug, Default)]
pub struct Seen {
    pub text: String,
    pub thoughts: String,
    pub frames: usize,
    pub error: Option<String>,
    pub is_finished: bool,
    pub is_stopped: bool,
    pub receipt: Option<Receipt>,
    pub sources: Vec<Source>,
    /// Masked values of the question.
    pub question_masked: MaskedValues,
    /// Masked values of the answer.
    pub masked: MaskedValues,
    /// Progress of calls, step by step.
    pub calls: Vec<String>,
    /// The model that answered, as the last event says.
    pub model: Option<String>,
}

impl Seen {
    /// Notes an event.
    pub fn see(&mut self, event: &ClientEvent<'_>) {
        match event {
            ClientEvent::Start(origin) => self.question_masked = origin.parent_masked.clone(),
            ClientEvent::Receipt(receipt) => self.receipt = Some((*receipt).clone()),
            ClientEvent::Source(source) => self.sources.push((*source).clone()),
            ClientEvent::Masked(masked) => drop(self.masked.add((*masked).clone())),
            ClientEvent::Text(text) => {
                self.frames += 1;
                self.text.push_str(text);
            }
            ClientEvent::Thought(thought) => self.thoughts.push_str(thought),
            ClientEvent::Call(_, call) => self.calls.push(format!("{call:?}")),
            ClientEvent::StepFinished => self.calls.push("StepFinished".into()),
            ClientEvent::HandedOff(to) => self.calls.push(format!("HandedOff {}", to.employee)),
            ClientEvent::Finish(_, summary) => {
                self.is_finished = true;
                self.model = Some(summary.model.clone());
            }
            ClientEvent::Stopped(_) => self.is_stopped = true,
            ClientEvent::Error(error) | ClientEvent::Interrupted(error) => {
                self.error = Some((*error).to_owned());
            }
        }
    }
}
